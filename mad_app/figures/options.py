"""The options of a sheet, declared once: the command line, the page, its address and the reproduced command follow.

`measures.py` has what a width means.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from mad_app.declaration import Setting, check_settings, setting, settings_of
from mad_app.errors import ArgumentError
from mad_app.figures.inset import Box, parse_box
from mad_app.figures.measures import Format, format_of
from mad_app.figures.text import LETTERS
from mad_app.figures.themes import Theme, theme_called

if TYPE_CHECKING:
    from mad_app.figures.typefaces import Typeface

Part = Literal["AB", "CD", "differences", "metric-maps", "curves", "others"]

PARTS: dict[Part, str] = {
    "AB": "the images A and B, with the values of both metrics",
    "CD": "the images C and D, likewise",
    "differences": "what changed, as amplified differences from the original",
    "metric-maps": "where each metric finds differences, as maps below the images",
    "curves": "both metrics over the steps, with the level that each kept",
    "others": "the values of all other metrics",
}
"""What a sheet can show, to what that is, in the order from top to bottom."""

PAIRS: tuple[Part, Part] = ("AB", "CD")
"""The parts that are pairs of images."""

UNASKED: tuple[Part, ...] = tuple(part for part in PARTS if part != "metric-maps")
"""What a sheet of one run shows where nothing is asked for, if it fits."""

SEVERAL: tuple[Part, ...] = ("AB", "CD", "differences", "metric-maps")
"""What a sheet of several runs can show."""

BOTH_PAIRS = "pairs"
"""Stands for both pairs where parts are named."""

_NAMES: Mapping[str, tuple[Part, ...]] = {
    BOTH_PAIRS: PAIRS,
    "jury": ("others",),
    "maps": ("differences",),
    **{name: (part,) for part in PARTS for name in (part, part.lower())},
}
"""What a part may be called, also by an earlier name."""

NOTHING = "none"
"""In place of a text that the program would write: none at all."""

LONGEST_TITLE, LONGEST_FOOTER, LONGEST_LABEL, LONGEST_ROW = 200, 1000, 16, 120
"""Characters of a text that people write."""

ENDS = ("original", "start")
"""Names of the first two images."""


@dataclass(frozen=True, kw_only=True)
class SheetSettings:
    """What is chosen of a sheet; every text is as it is typed.

    Attributes:
        show: names of the PARTS to show, with commas between them; None for what fits.
        width: one of `measures.WIDTHS`, or a number of millimeters.
        font: name of a font, or latex; None for DejaVu Sans.
        font_size: of all text but a title, in points; None for that of the width.
        theme: one of `themes.THEMES`.
        title: above the sheet; None for the two metrics, NOTHING for none.
        footer: below the sheet; None for the settings and why each image ended, NOTHING for none.
        drift: whether how well the fixed metrics kept their levels is under the images.
        sentence: whether a sentence above each pair says how far its images are from the original.
        labels: names of the four images, with commas between them, perhaps after those of the original and the start.
        rows: names of the runs, with commas between them; None for what distinguishes them.
        inset: left, top, width and height of a part that is shown enlarged, as fractions of the picture.

    Raises:
        ArgumentError: an option cannot be used.
    """

    show: str | None = setting(
        None,
        label="Parts of the sheet",
        help=f"Of {','.join(PARTS)}, those to show; {BOTH_PAIRS} is AB,CD. Of several runs: {','.join(SEVERAL)}.",
        group="figure",
        none="what fits",
    )
    width: str = setting(
        "double",
        label="Width",
        help="single or double (columns), slide, 16:9 (a slide of that shape), or millimeters such as 120.",
        group="figure",
    )
    font: str | None = setting(
        None,
        label="Font",
        help="The name of an installed font; latex is Computer Modern, as in LaTeX.",
        group="figure",
        none="DejaVu Sans",
    )
    font_size: float | None = setting(
        None,
        label="Text size (points)",
        help="Of all text.",
        group="figure",
        unit="points",
        none="6.5; slides: 12",
    )
    theme: str = setting("light", label="Theme", help="light or dark.", group="figure")
    title: str | None = setting(
        None, label="Title", help=f"Text above the sheet; {NOTHING}: no title.", group="figure", none="the metrics"
    )
    footer: str | None = setting(
        None, label="Footer", help=f"Text below the sheet; {NOTHING}: no text.", group="figure", none="the settings"
    )
    drift: bool = setting(
        True, label="Drift", help="Say how well each fixed metric kept its level, under the images.", group="figure"
    )
    sentence: bool = setting(
        True, label="Sentences", help="Say what each pair shows in a sentence above it.", group="figure"
    )
    labels: str | None = setting(
        None,
        label="Names of the images",
        help="Four names with commas between them, or six with those of the original and the start.",
        group="figure",
        none="A,B,C,D",
    )
    rows: str | None = setting(
        None,
        label="Names of the runs",
        help="Of several runs, a name for each row, with commas between them.",
        group="figure",
        none="what distinguishes them",
    )
    inset: str | None = setting(
        None,
        label="Enlarged part",
        help="left,top,width,height of a part to show enlarged on each image, as fractions from 0 to 1.",
        group="figure",
        none="none",
    )

    def __post_init__(self) -> None:
        check_settings(self)
        object.__setattr__(self, "show", _canonical_parts(self.show))
        _ = self.form, self.names, self.box, self.row_names, self.colors, self.font and self.typeface
        for name, longest in (("title", LONGEST_TITLE), ("footer", LONGEST_FOOTER)):
            if len(getattr(self, name) or "") > longest:
                raise ArgumentError(name, f"must have at most {longest} characters, got {len(getattr(self, name))}")

    @cached_property
    def form(self) -> Format:
        """The measures of the sheet."""
        return format_of(self.width, self.font_size)

    @cached_property
    def typeface(self) -> "Typeface":
        """Of all text."""
        from mad_app.figures.typefaces import typeface_called  # imports Matplotlib, which a command's help needs not

        return typeface_called(self.font)

    @cached_property
    def colors(self) -> Theme:
        """Of the sheet."""
        return theme_called(self.theme)

    @property
    def parts(self) -> tuple[Part, ...] | None:
        """What is asked for, None for what fits."""
        return None if self.show is None else _parts(self.show)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the original, the start and the four images."""
        given = LETTERS if self.labels is None else _texts("labels", self.labels, LONGEST_LABEL)
        if len(given) not in (4, 6):
            raise ArgumentError(
                "labels", f"must be four or six names with commas between them, got {self.labels!r:.80}"
            )
        if len(set(given)) < len(given):
            raise ArgumentError("labels", f"must be different names, got {self.labels!r:.80}")
        return tuple(given) if len(given) == 6 else (*ENDS, *given)

    @property
    def letters(self) -> tuple[str, ...]:
        """Names of the four images."""
        return self.names[2:]

    @cached_property
    def row_names(self) -> tuple[str, ...] | None:
        """Names of the runs, None for what distinguishes them."""
        return None if self.rows is None else _texts("rows", self.rows, LONGEST_ROW)

    @cached_property
    def box(self) -> Box | None:
        """The part that is shown enlarged."""
        return None if self.inset is None else parse_box(self.inset)


SHEET_SETTINGS: Mapping[str, Setting] = settings_of(SheetSettings)
"""Every option of a sheet by name."""


class SheetOptions(TypedDict, total=False):
    """What functions take for the fields of `SheetSettings`; a list is as its items with commas between them."""

    show: str | Collection[str] | None
    width: str | float
    font: str | None
    font_size: float | None
    theme: str
    title: str | None
    footer: str | None
    drift: bool
    sentence: bool
    labels: str | Collection[str] | None
    rows: str | Collection[str] | None
    inset: str | Collection[float] | None


def sheet_settings(**options: Unpack[SheetOptions]) -> SheetSettings:
    """The settings of these options.

    Raises:
        ArgumentError: an option cannot be used.
        TypeError: there is no option of that name.

    Example:
        >>> sheet_settings(show=["AB", "CD", "maps"], inset=(0.1, 0.1, 0.2, 0.2), width=120).show
        'pairs,differences'
    """
    typed: dict[str, Any] = {name: _as_typed(name, value) for name, value in options.items()}
    return SheetSettings(**typed)


def _as_typed(name: str, value: Any) -> Any:
    if isinstance(value, Collection) and not isinstance(value, str):
        return ",".join(map(str, value))
    return f"{value:g}" if name == "width" and isinstance(value, int | float) else value


def _canonical_parts(show: str | None) -> str | None:
    """Today's names of the parts, in their order."""
    if show is None:
        return None
    parts = _parts(show)
    both = all(part in parts for part in PAIRS)
    named = [BOTH_PAIRS, *(part for part in parts if part not in PAIRS)] if both else list(parts)
    return ",".join(named)


def _parts(show: str) -> tuple[Part, ...]:
    """The parts that a text names, in their order, at least one."""
    named = [name.strip() for name in show.split(",")]
    if not any(named):
        raise ArgumentError("show", f"must name at least one of {BOTH_PAIRS}, {', '.join(PARTS)}")
    found: set[Part] = set()
    for name in named:
        _check_choice("show", name, _NAMES, (BOTH_PAIRS, *PARTS))
        found |= set(_NAMES[name])
    if "metric-maps" in found and not found & {*PAIRS, "differences"}:
        found |= set(PAIRS)  # maps are below images
    return tuple(part for part in PARTS if part in found)


def _texts(name: str, text: str, longest: int) -> tuple[str, ...]:
    """Names with commas between them, none of which is empty or too long."""
    texts = tuple(part.strip() for part in text.split(","))
    if not all(texts):
        raise ArgumentError(name, f"must be names with commas between them, got {text!r:.80}")
    if any(len(part) > longest for part in texts):
        raise ArgumentError(name, f"must have at most {longest} characters each, got {max(texts, key=len)!r:.140}")
    return texts


def _check_choice(argument: str, given: str, known: Collection[str], listed: Collection[str] = ()) -> None:
    if given not in known:
        raise ArgumentError(argument, f"must be one of {', '.join(listed or known)}, got {given!r:.60}")
