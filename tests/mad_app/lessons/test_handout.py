"""Hand-outs: one page that all lessons fit on, answers on the teacher's copy alone, and the command that writes one."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mad_app.cli.main import program
from mad_app.errors import ArgumentError
from mad_app.figures import handout as drawn
from mad_app.figures import number
from mad_app.figures.canvas import drawing
from mad_app.figures.handout import PicturePanel, handout_bytes
from mad_app.lessons import LESSONS
from mad_app.lessons.brush import paint
from mad_app.lessons.by_hand import ByHandState, read
from mad_app.lessons.contours import interpolate
from mad_app.lessons.handout import PANELS, handout_of, make_handout, plain
from mad_app.lessons.level_sets import LevelSetsState, bundled_values

IMAGE = np.random.default_rng(0).random((32, 32, 3), np.float32)


@pytest.mark.parametrize("name", LESSONS)
def test_the_teachers_copy_fits_on_one_page_in_a_size_that_can_be_read(name: str) -> None:
    rows = [[PicturePanel(IMAGE, ("caption", "caption"))] * 6] * 2
    with drawing():
        figure = drawn._draw(handout_of(LESSONS[name], rows, teacher=True))
    texts = [text for text in figure.texts if text.get_text().strip()]
    assert min(text.get_position()[1] for text in texts) * drawn.HEIGHT > drawn.MARGIN - 0.1
    assert min(text.get_fontsize() for text in texts) >= 6
    words = " ".join(text.get_text() for text in texts).replace("\xa0", " ")
    for note in LESSONS[name].notes:
        assert plain(note).replace("\xa0", " ").split(".")[0] in words


@pytest.mark.parametrize("name", ["mad", "lasi"])
def test_a_student_gets_no_answer(name: str) -> None:
    student, teacher = (handout_of(LESSONS[name], [], teacher=teacher) for teacher in (False, True))
    assert (student.right, teacher.right) == (None, LESSONS[name].prediction.right)
    assert not student.answer_sections
    assert [heading for heading, _ in teacher.answer_sections] == ["What you should see", "Notes"]
    assert _pages(make_handout(name, IMAGE)) == 1


def test_the_hand_out_has_the_plane_with_the_curves_of_the_page() -> None:
    ((plane, four),) = PANELS["level-sets"](IMAGE, LevelSetsState(), False)
    values, start = bundled_values("contrast", "A"), plane.points["start"]
    assert {"O", "start", "P", "A"} <= plane.points.keys()
    for i in plane.thick:
        curve, is_second = plane.curves[i]
        along = interpolate(values[is_second], curve)
        assert along == pytest.approx(np.full(along.shape, interpolate(values[is_second], start)), rel=0.1)
    assert four.image.shape[0] > 2 * 64


def test_a_student_draws_where_the_teacher_has_the_engines_answer() -> None:
    state = ByHandState()
    (student,) = PANELS["by-hand"](IMAGE, state, False)
    np.testing.assert_array_equal(student[-1].image, IMAGE)
    assert student[1].caption[1] == f"MSE {number(read(IMAGE, IMAGE, 'mse', 'ssim', noise=0.1).target)}"
    (painted,) = PANELS["by-hand"](IMAGE, ByHandState(strokes="p2.60.500.500"), False)
    np.testing.assert_array_equal(painted[-1].image, paint(IMAGE, "p2.60.500.500"))


def test_the_address_is_a_code_that_has_its_dark_corners() -> None:
    handout = handout_of(LESSONS["mad"], [], teacher=False, address="https://example.org/lessons?lesson=mad")
    assert handout.code is not None
    assert handout.code.shape[0] == handout.code.shape[1] >= 21
    for rows, columns in ((slice(7), slice(7)), (slice(7), slice(-7, None)), (slice(-7, None), slice(7))):
        corner = handout.code[rows, columns]  # the three finder patterns
        assert corner[0].all()
        assert corner[2:5, 2:5].all()
        assert not corner[1, 1:6].any()
    assert _pages(handout_bytes(handout)) == 1


def test_the_command_writes_a_page_and_refuses_what_it_cannot(tmp_path: Path) -> None:
    path = tmp_path / "handout.pdf"
    done = CliRunner().invoke(program, ["lesson", "mad", "--out", str(path), "--teacher"])
    assert (done.exit_code, done.stdout.strip()) == (0, str(path))
    assert _pages(path.read_bytes()) == 1
    for words in (["nope", "--out", str(path)], ["mad", "--out", str(tmp_path / "handout.doc")]):
        refused = CliRunner().invoke(program, ["lesson", *words])
        assert refused.exit_code == 2
        assert "must" in refused.stderr
    with pytest.raises(ArgumentError, match="name must be one of mad"):
        make_handout("nope", IMAGE)


def _pages(content: bytes) -> int:
    assert content.startswith(b"%PDF")
    return len(re.findall(rb"/Type /Page\b", content))
