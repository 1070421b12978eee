"""What a visitor may choose of a figure, how a URL carries it, and the command that makes the same file."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from mad_app.figures import (
    FORMATS,
    PARTS,
    SMALLEST_FONT,
    THEMES,
    Kind,
    Moving,
    Part,
    SheetOptions,
    ThemeName,
    Width,
    animation_bytes,
    figure_bytes,
)
from mad_app.records import Run

FileKind = Literal["pdf", "svg", "png", "gif", "webp"]

FILES: dict[FileKind, str] = {
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""Kinds of files, to what a browser calls them."""

RESOLUTIONS = (150, 300, 600)
"""Dots an inch of a PNG, beside that at which every pixel is whole dots."""


@dataclass(frozen=True, kw_only=True)
class FigureChoices:
    """What a figure shall be.

    Attributes:
        file: the kind of file.
        show: parts of the sheet, in the order of PARTS.
        width: of the sheet.
        font_size: in points; the usual one of the width if None.
        theme: its colors.
        dpi: dots an inch of a PNG; None for whole pixels.
    """

    file: FileKind = "pdf"
    show: tuple[Part, ...] = tuple(PARTS)
    width: Width = "double"
    font_size: float | None = None
    theme: ThemeName = "light"
    dpi: int | None = None

    @property
    def moves(self) -> bool:
        """Whether it is a moving picture, to which the sheet's choices do not apply."""
        return self.file in ("gif", "webp")

    def options(self) -> SheetOptions:
        """Those of the sheet."""
        return {"width": self.width, "font_size": self.font_size, "theme": self.theme, "show": self.show}


def draw(run: Run, choices: FigureChoices) -> bytes:
    """The file that is chosen; the command of `command_of` makes the same."""
    if choices.moves:
        return animation_bytes(run, cast(Moving, choices.file), theme=choices.theme)
    dpi = choices.dpi if choices.file == "png" else None
    return figure_bytes(run, cast(Kind, choices.file), dpi=dpi, **choices.options())


def command_of(folder: Path, choices: FigureChoices) -> str:
    """The command line that makes the same file, given the record's folder.

    Example:
        >>> command_of(Path("runs/a"), FigureChoices(file="png", show=("pairs", "others"), theme="dark", dpi=300))
        'python -m mad_app figure runs/a --show pairs,others --width double --theme dark --dpi 300 --out figure.png'
    """
    words = ["animate" if choices.moves else "figure", str(folder)]
    if not choices.moves:
        words += ["--show", ",".join(choices.show), "--width", choices.width]
        words += ["--font-size", f"{choices.font_size:g}"] if choices.font_size is not None else []
    words += ["--theme", choices.theme]
    words += ["--dpi", str(choices.dpi)] if choices.file == "png" and choices.dpi else []
    return shlex.join(["python", "-m", "mad_app", *words, "--out", f"figure.{choices.file}"])


def to_query(choices: FigureChoices) -> dict[str, str]:
    """The choices as parameters of a URL; what is as usual is left out."""
    usual = FigureChoices()
    query: dict[str, str] = {}
    for name in ("file", "width", "theme"):
        if getattr(choices, name) != getattr(usual, name):
            query[name] = getattr(choices, name)
    query |= {"show": ",".join(choices.show)} if choices.show != usual.show else {}
    query |= {"font-size": f"{choices.font_size:g}"} if choices.font_size is not None else {}
    query |= {"dpi": str(choices.dpi)} if choices.dpi else {}
    return query


def from_query(query: Mapping[str, str]) -> FigureChoices:
    """The choices that a URL carries; whatever in it is not allowed is as usual instead.

    Example:
        >>> from_query({"width": "single", "show": "maps,legs", "font-size": "99", "dpi": "300"})
        FigureChoices(file='pdf', show=('maps',), width='single', font_size=None, theme='light', dpi=300)
    """
    usual = FigureChoices()
    named = query.get("show", "").split(",")
    width: Width = _one_of(query.get("width"), FORMATS, usual.width)
    dpi = query.get("dpi", "")
    return FigureChoices(
        file=_one_of(query.get("file"), FILES, usual.file),
        show=tuple(part for part in PARTS if part in named) or usual.show,
        width=width,
        font_size=_font_size(query.get("font-size"), width),
        theme=_one_of(query.get("theme"), THEMES, usual.theme),
        dpi=next((allowed for allowed in RESOLUTIONS if dpi == str(allowed)), None),
    )


def _one_of(text: str | None, allowed: Mapping[Any, object], usual: Any) -> Any:
    return text if text in allowed else usual


def _font_size(text: str | None, width: Width) -> float | None:
    try:
        size = float(text) if text else FORMATS[width].font
    except ValueError:
        return None
    fits = SMALLEST_FONT <= size <= FORMATS[width].largest_font and size != FORMATS[width].font
    return size if fits else None
