"""The measures of a sheet: what its width means for the size of its text and the arrangement of its images."""

import math
from dataclasses import dataclass, replace

from mad_app.errors import ArgumentError


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
        height: of the sheet; None for that of its content.
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
    height: float | None = None

    @property
    def inner(self) -> float:
        """Width within the margins."""
        return self.width - 2 * self.margin


SMALLEST_FONT = 5.0
"""In points; smaller print cannot be read."""

MM = 25.4
"""Millimeters per inch."""

NARROWEST, WIDEST = 70, 420
"""Widths in millimeters: the narrowest at which text can be read, and the longer side of A3."""

STACKED_UP_TO = 130
"""Width in millimeters up to which the second pair stands under the first."""

WIDTHS: dict[str, Format] = {
    "single": Format(3.4, 6.5, 9.0, True, 0.03, 0.06, 0.1, 1.2, 9.3, 300),
    "double": Format(7.0, 6.5, 10.0, False, 0.03, 0.08, 0.2, 1.3, 9.3, 300),
    "slide": Format(12.8, 12.0, 18.0, False, 0.2, 0.13, 0.35, 2.4, 12.0, 150),
    "16:9": Format(12.8, 12.0, 18.0, False, 0.2, 0.13, 0.35, 1.8, 7.2, 150, height=7.2),
}
"""Widths by name: 3.4 inches are a column of a paper, 7.0 inches two, 12.8 inches a slide."""


def format_of(width: str, font_size: float | None = None) -> Format:
    """The measures of a sheet.

    Args:
        width: a name of WIDTHS, or a number of millimeters.
        font_size: of its text, in points; None for that of the width.

    Raises:
        ArgumentError: there is no such width, or the text does not fit it.
    """
    form = WIDTHS[width] if width in WIDTHS else _of_millimeters(width)
    if font_size is None:
        return form
    if not SMALLEST_FONT <= font_size <= form.largest_font:
        limits = f"from {SMALLEST_FONT:g} to {form.largest_font:g} points"
        raise ArgumentError("font_size", f"must be {limits} for width {width}, got {font_size:g}")
    return replace(form, font=font_size, curve_height=form.curve_height * max(1.0, font_size / form.font))


def _of_millimeters(width: str) -> Format:
    """The measures of one or two columns of another width."""
    text = width.strip().lower().removesuffix("mm")
    try:
        millimeters = float(text)
    except ValueError:
        raise ArgumentError("width", f"must be one of {', '.join(WIDTHS)}, or millimeters, got {width!r:.60}") from None
    if not NARROWEST <= millimeters <= WIDEST:
        raise ArgumentError("width", f"must be from {NARROWEST} to {WIDEST} millimeters, got {width!r:.60}")
    like = WIDTHS["single" if millimeters <= STACKED_UP_TO else "double"]
    inches = millimeters / MM
    font, largest = (math.floor(2 * size * inches / like.width) / 2 for size in (like.font, like.largest_font))
    return replace(like, width=inches, font=min(like.font, font), largest_font=largest)
