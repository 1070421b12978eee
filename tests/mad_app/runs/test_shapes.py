"""Pictures of any shape through a run, gray pictures stay gray, and earlier records give the same pixels again."""

import itertools
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.competition import Settings, compete
from mad_app.errors import ArgumentError
from mad_app.figures.export import figure_bytes
from mad_app.figures.web_page.page import run_page
from mad_app.figures.web_page.viewer_data import viewer_data
from mad_app.images import SquareCrop, from_uint8, is_gray
from mad_app.metrics import get_metric
from mad_app.records import SHELF_RUNS, is_resumable, load_record, shelf_root
from mad_app.request import Request, request_id
from mad_app.runs import request_of, resume_run, run_competition
from mad_app.runs.materialize import GRAY_NOTE, materialize, picture_notes
from mad_app.runs.reproduce import reproduction_of

QUICK = Request(first="ssim", second="mse", steps=4, others="none", size=32)
SCHEMA_3 = Path(__file__).parent / "data/schema_3"
LEVELS = np.random.default_rng(0).integers(0, 256, (20, 60, 3), np.uint8)


@pytest.fixture
def wide(tmp_path: Path) -> str:
    """A picture three times as wide as high."""
    Image.fromarray(LEVELS).save(tmp_path / "wide.png")
    return str(tmp_path / "wide.png")


def test_a_wide_picture_goes_through_a_run_its_continuation_its_figure_and_its_page(wide: str, tmp_path: Path) -> None:
    steps = itertools.count()
    request = replace(QUICK, image=wide, size=48, low_pass=6)
    folder = run_competition(request, tmp_path / "runs", should_stop=lambda: next(steps) > 0)
    assert is_resumable(folder)
    run = load_record(resume_run(folder))
    assert run.finals.shape == (4, 16, 48, 3)
    assert run.origin is not None
    assert (run.origin.width, run.origin.height) == (48, 16)
    whole = load_record(run_competition(request, tmp_path / "again"))
    np.testing.assert_array_equal(run.finals, whole.finals)
    assert reproduction_of(whole).size == 48
    assert figure_bytes(run, "png").startswith(b"\x89PNG")
    assert viewer_data(run, None)["size"] == [16, 48]
    assert b"wide.png, 48 \xc3\x97 16 pixels" in run_page(run)


def test_a_mask_and_a_start_are_cut_as_the_picture_is(wide: str, tmp_path: Path) -> None:
    white = np.zeros((20, 60), np.uint8)
    white[:, 30:] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    Image.fromarray(LEVELS[::-1].copy()).save(tmp_path / "start.png")
    crop = {"left": 0.25, "width": 0.5, "top": 0.1, "height": 0.8}
    files = {"mask": str(tmp_path / "mask.png"), "start_file": str(tmp_path / "start.png")}
    made = materialize(replace(QUICK, image=wide, **crop, **files))
    np.testing.assert_array_equal(made.reference, from_uint8(LEVELS[2:18, 15:45]))
    np.testing.assert_array_equal(made.start, from_uint8(LEVELS[::-1][2:18, 15:45]))
    assert made.mask is not None
    np.testing.assert_array_equal(made.mask, np.broadcast_to(np.arange(30) >= 15, (16, 30)))


def test_a_size_beyond_this_machine_is_refused_with_both_limits(wide: str) -> None:
    with pytest.raises(ArgumentError, match=r"size must be at most 1024 on a CPU \(2048 on a GPU\), got 1025"):
        materialize(replace(QUICK, image=wide, size=1025))


# ---- gray ------------------------------------------------------------------------------------------------------------


def test_a_gray_picture_stays_gray_unless_colors_are_asked_for(tmp_path: Path) -> None:
    request = replace(QUICK, image="cameraman", size=16)
    run = load_record(run_competition(request, tmp_path))
    assert run.settings["gray"] is True
    assert is_gray(run.finals)
    assert run.origin is not None
    assert run.origin.notes == (GRAY_NOTE,)
    assert run.request_id == request_id(asdict(request))
    assert picture_notes(request) == [f"cameraman: {GRAY_NOTE}"]
    colored = load_record(run_competition(replace(request, gray=False), tmp_path))
    assert colored.settings["gray"] is False
    assert not is_gray(colored.finals)
    assert picture_notes(replace(request, gray=False)) == picture_notes(replace(request, gray=True)) == []
    assert reproduction_of(colored).gray is False
    assert load_record(run_competition(replace(QUICK, size=16), tmp_path)).settings["gray"] is False


def test_a_start_with_colors_brings_colors_into_a_gray_picture(wide: str, tmp_path: Path) -> None:
    Image.fromarray(LEVELS[..., 0]).save(tmp_path / "gray.png")
    asked = replace(QUICK, image=str(tmp_path / "gray.png"), size=60)
    assert materialize(asked).gray
    assert not materialize(replace(asked, start_file=wide)).gray


def test_arrays_that_are_gray_compete_in_gray() -> None:
    reference = np.repeat(np.random.default_rng(1).random((16, 16, 1), np.float32), 3, axis=2)
    start = np.clip(reference + np.float32(0.1), 0, 1)
    arguments = (reference, start, get_metric("ssim"), get_metric("mse"))
    (*_, last), (*_, asked) = (compete(*arguments, Settings(steps=2, gray=gray)) for gray in (None, True))
    np.testing.assert_array_equal(last.images, asked.images)


# ---- earlier versions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHELF_RUNS)
def test_a_record_of_schema_3_asks_for_the_same_pixels(name: str, tmp_path: Path) -> None:
    """The shelf's runs as they were recorded then; their arrays are those of today."""
    folder = shutil.copytree(shelf_root() / name, tmp_path / name)
    shutil.copy(SCHEMA_3 / f"{name}.json", folder / "run.json")
    run = load_record(folder)
    request = request_of(run)
    assert isinstance(request.crop(), SquareCrop)
    assert run.schema == 3
    assert isinstance(request.gray, bool)
    if request.mask is None:
        made = materialize(request)
        np.testing.assert_array_equal(made.reference, run.reference)
        np.testing.assert_array_equal(made.start, run.start)
        assert request_id(asdict(request)) == run.request_id


def test_the_square_of_an_earlier_version_is_run_on_the_same_pixels_also_of_a_wide_picture(wide: str) -> None:
    for settings, columns in (({"left": 0.0}, slice(0, 20)), ({"extent": 1.0}, slice(20, 40))):
        made = materialize(Request(image=wide, size=64, **settings))  # type: ignore[arg-type]
        np.testing.assert_array_equal(made.reference, from_uint8(LEVELS[:, columns]))
