"""The options of a sheet: its width, size of text, theme and parts."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, TypedDict, cast

from mad_app.errors import ArgumentError
from mad_app.figures.canvas import DARK, LIGHT, Theme

Width = Literal["single", "double", "slide"]
Part = Literal["pairs", "maps", "curves", "others"]

PARTS: dict[Part, str] = {
    "pairs": "the four images in their two pairs, with the values of both metrics",
    "maps": "what changed, as amplified differences from the original",
    "curves": "both metrics over the steps, with the level that each kept",
    "others": "the values of all other metrics",
}
"""What a sheet can show, to what that is, in the order from top to bottom."""

EARLIER_PARTS: dict[str, Part] = {"jury": "others"}
"""Earlier names of parts, which commands and addresses may still use."""

ThemeName = Literal["light", "dark"]

THEMES: dict[ThemeName, Theme] = {"light": LIGHT, "dark": DARK}


class SheetOptions(TypedDict, total=False):
    """The options of `mad_sheet`, with its defaults."""

    width: Width
    font_size: float | None
    theme: ThemeName
    show: Collection[Part] | None


@dataclass(frozen=True)
class Format:
    """Measures of a sheet in inches, but `font` in points.

    Attributes:
        width: of the sheet.
        font: size of all text.
        largest_font: with larger text, the values would not fit under the images.
        stacked: whether the second pair stands under the first.
        margin: around the sheet.
        gap: between the images of a pair.
        gutter: between groups.
        curve_height: of the curves.
        page: height of the page on which the sheet must fit, if it can.
        dpi: fewest dots per inch of a PNG.
    """

    width: float
    font: float
    largest_font: float
    stacked: bool
    margin: float
    gap: float
    gutter: float
    curve_height: float
    page: float
    dpi: int

    @property
    def inner(self) -> float:
        """Width within the margins."""
        return self.width - 2 * self.margin


SMALLEST_FONT = 5.0
"""In points; smaller print cannot be read."""

FORMATS: dict[Width, Format] = {
    "single": Format(3.4, 6.5, 9.0, True, 0.03, 0.06, 0.1, 1.2, 9.3, 300),
    "double": Format(7.0, 6.5, 10.0, False, 0.03, 0.08, 0.2, 1.3, 9.3, 300),
    "slide": Format(12.8, 12.0, 18.0, False, 0.2, 0.13, 0.35, 2.4, 12.0, 150),
}


def sheet_format(width: Width, font_size: float | None = None) -> Format:
    """The measures of a sheet, with text of another size if given; raises ArgumentError for one that does not fit."""
    _check("width", width, FORMATS)
    form = FORMATS[width]
    if font_size is None:
        return form
    if not SMALLEST_FONT <= font_size <= form.largest_font:
        limits = f"from {SMALLEST_FONT:g} to {form.largest_font:g} points"
        raise ArgumentError("font_size", f"must be {limits} for width {width}, got {font_size:g}")
    return replace(form, font=font_size, curve_height=form.curve_height * max(1.0, font_size / form.font))


def theme_called(name: ThemeName) -> Theme:
    """The theme of that name; raises ArgumentError if there is none."""
    _check("theme", name, THEMES)
    return THEMES[name]


def check_parts(show: Collection[str] | None) -> tuple[Part, ...] | None:
    """The parts under today's names, at least one; None is passed on. Raises ArgumentError for others."""
    if show is None:
        return None
    if not show:
        raise ArgumentError("show", f"must name at least one of {', '.join(PARTS)}")
    named = tuple(EARLIER_PARTS.get(part, part) for part in show)
    for part in named:
        _check("show", part, PARTS)
    return cast(tuple[Part, ...], named)


def _check(argument: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise ArgumentError(argument, f"must be one of {', '.join(known)}, got {given!r}")
