"""What is done to a picture before a run is said, a small one keeps its size, and earlier records still reproduce."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.images import bundled_path, from_uint8, load_image, save_png, to_uint8
from mad_app.records import Keyframes, Origin, is_resumable, load_record, save_run
from mad_app.request import Request
from mad_app.runs import resume_run, run_competition
from mad_app.runs.materialize import materialize, picture_notes
from mad_app.runs.reproduce import reproduction_of, request_for_page
from tests.mad_app.images.pictures import encode, ramp
from tests.mad_app.images.profiles import ADOBE_RGB, rgb_profile
from tests.mad_app.record_examples import make_run


def test_what_is_done_to_the_picture_is_said(tmp_path: Path) -> None:
    path = tmp_path / "Mine.png"
    path.write_bytes(encode(ramp(20, 20), "PNG", icc_profile=rgb_profile("Adobe RGB (1998)", ADOBE_RGB, 2.2)))
    assert picture_notes(Request(image=str(path), size=64)) == [
        f"{path}: converted from Adobe RGB (1998) to sRGB",
        f"{path}: its 20 × 20 pixels are not enlarged to a longer side of 64",
    ]
    assert picture_notes(Request(image=None)) == picture_notes(Request(image="cat")) == []


def test_a_record_tells_what_was_done_to_its_picture_also_after_it_was_continued(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(encode(ramp(20, 20), "PNG", icc_profile=rgb_profile("Adobe RGB (1998)", ADOBE_RGB, 2.2)))
    request = Request(image=str(path), size=64, first="gmsd", second="mse", steps=6, others="none")
    steps = itertools.count()
    folder = run_competition(request, tmp_path / "runs", should_stop=lambda: next(steps) > 1)
    notes = (
        "converted from Adobe RGB (1998) to sRGB",
        "its 20 × 20 pixels are not enlarged to a longer side of 64",
    )
    for stopped in (True, False):
        origin = load_record(folder).origin
        assert origin is not None
        assert origin.notes == notes
        assert is_resumable(folder) is stopped
        if stopped:
            resume_run(folder)


def test_a_record_tells_the_true_size_and_its_command_gives_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)).save(path)
    request = Request(image=str(path), size=64, first="gmsd", second="mse", steps=1, others="none")
    run = load_record(run_competition(request, tmp_path / "runs"))
    assert run.origin is not None
    assert (run.origin.width, run.origin.height) == (24, 20)
    again = materialize(reproduction_of(run))
    np.testing.assert_array_equal(again.reference, run.reference)
    np.testing.assert_array_equal(again.start, run.start)


def test_a_mask_and_a_start_of_a_small_picture_lie_on_it(tmp_path: Path) -> None:
    names = ("picture", "start", "mask")
    for seed, name in enumerate(names):
        save_png(tmp_path / f"{name}.png", np.random.default_rng(seed).random((20, 30, 3), np.float32))
    image, start, mask = (str(tmp_path / f"{name}.png") for name in names)
    made = materialize(Request(image=image, start_file=start, mask=mask, size=64))
    assert made.reference.shape == made.start.shape == (20, 30, 3)
    assert made.mask is not None
    assert made.mask.shape == (20, 30)


@pytest.mark.parametrize(("side", "is_copy"), [(256, True), (172, False), (64, False)])
def test_a_record_of_a_picture_that_was_enlarged_reproduces_on_its_own_copy(
    side: int, is_copy: bool, tmp_path: Path
) -> None:
    """Earlier versions enlarged the bundled picture of 172 × 172 pixels where more were asked for."""
    with Image.open(bundled_path("handwriting")) as picture:
        square = picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
    reference = from_uint8(np.asarray(square))
    run = make_run(
        settings={"image": "handwriting", "size": side, "extent": 1.0, "first": "ssim", "second": "mse"},
        origin=Origin.of(reference, "bundled", "handwriting"),
        reference=reference,
        start=reference,
        finals=np.stack([reference] * 4),
        images_8bit=np.stack([to_uint8(reference)] * 4),
        keyframes=Keyframes.empty(),
    )
    saved = load_record(save_run(run, tmp_path / "runs"))
    request = reproduction_of(saved)
    assert (request.image != "handwriting") == is_copy
    assert (request_for_page(saved)[0].image == f"{saved.id}/reference.png") == is_copy
    np.testing.assert_array_equal(to_uint8(materialize(request).reference), np.asarray(square))
    assert load_image(bundled_path("handwriting"), size=side).shape[0] == min(side, 172)
