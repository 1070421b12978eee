"""Every character of a text is set in the font that is asked for, or by Matplotlib's own math in its place."""

import re

import pytest

from mad_app.figures.export import figure_bytes, mad_sheet
from mad_app.figures.typefaces import DEFAULT_TYPEFACE, FONT, LATEX, typeface_called

from .sheet_runs import make_sheet_run
from .shown import assert_nothing_overlaps_or_is_cut_off, texts_of

RUN = make_sheet_run((16, 16), "m:my_metric", "mse", scale=1.234e-7)


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("A differs", ("A differs", False)),
        ("1.23×10⁻¹² → 0", (r"1.23${\times}$10$^{-12} {\to}$0", True)),
        ("a_b <5 $ – “x” Zürich日", (r"a${\_}$b ${<}$5 \$ | " + '\\x" Zurich?', True)),
        ("5 $", ("5 $", False)),
    ],
)
def test_computer_modern_has_what_it_lacks_from_math(text: str, typeset: tuple[str, bool]) -> None:
    assert typeface_called(LATEX).typeset(text) == typeset


def test_the_default_font_has_powers_of_ten_and_no_math() -> None:
    assert DEFAULT_TYPEFACE.typeset("$x$ 1.2×10⁻⁷ 日") == ("$x$ 1.2×10⁻⁷ ?", False)
    assert typeface_called(None) == typeface_called(FONT.lower()) == DEFAULT_TYPEFACE


def test_a_font_without_raised_digits_raises_its_own() -> None:
    text, is_math = typeface_called("cmss10").typeset("10⁻⁷ $")
    assert is_math
    assert text == r"10$^{\mathregular{−7}}$ \$" or FONT in typeface_called("cmss10").normal


@pytest.mark.parametrize("width", ["single", "double"])
def test_a_sheet_in_computer_modern_fits(width: str) -> None:
    figure = mad_sheet(RUN, width=width, font=LATEX)
    assert_nothing_overlaps_or_is_cut_off(figure, 6.5)
    assert {text.get_fontfamily()[0] for text in texts_of(figure)} == {"cmr10", "cmb10"}


def test_a_pdf_in_computer_modern_has_no_other_text_font() -> None:
    pdf = figure_bytes(RUN, "pdf", font=LATEX, show="pairs")
    fonts = {name.decode() for name in re.findall(rb"/FontName /(?:[A-Z]{6}\+)?([A-Za-z0-9-]+)", pdf)}
    assert len(fonts) > 2
    assert all(name.lower().startswith("cm") for name in fonts)
    assert b"<text" not in figure_bytes(RUN, "svg", font=LATEX, show="pairs"), "its letters are elsewhere"
