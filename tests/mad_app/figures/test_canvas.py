"""Text is broken into lines where a reader expects it."""

import pytest

from mad_app.figures.canvas import Canvas, drawing
from mad_app.figures.themes import LIGHT

SENTENCE = "For 1 − SSIM, C and D differ equally from the original, to within 5 % of it."


@pytest.mark.parametrize("width", [tenths / 10 for tenths in range(8, 31)])
def test_a_name_and_a_percentage_stay_on_one_line(width: float) -> None:
    with drawing():
        canvas = Canvas(4, 1, font=9, theme=LIGHT, dpi=100)
        lines = canvas.wrap(SENTENCE, width)
        assert max(map(canvas.measure, lines)) <= width
    words = " ".join(lines).split()
    assert words == SENTENCE.split()
    assert any("1 − SSIM," in " ".join(line.split()) for line in lines)
    assert any("5 %" in " ".join(line.split()) for line in lines)


def test_where_a_line_has_no_room_for_a_name_it_is_broken_rather_than_cut() -> None:
    with drawing():
        canvas = Canvas(4, 1, font=9, theme=LIGHT, dpi=100)
        room = canvas.measure("HaarPSI") + 0.01
        assert canvas.wrap("1 − HaarPSI", room) == ["1 −", "HaarPSI"]
