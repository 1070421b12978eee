"""Animations: their frames, and the files that hold them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.figures.animation import (
    FIRST_MS,
    GAP,
    LAST_MS,
    LEAST_CELL,
    SIDE,
    Moving,
    animation_bytes,
    frames_of,
    save_animation,
)
from mad_app.images import to_uint8
from mad_app.records import RecordError

from .sheet_runs import broken_run, make_sheet_run


def test_frames_lead_from_the_start_to_the_end() -> None:
    run = make_sheet_run()
    frames = frames_of(run)
    for image in frames[0].images:
        np.testing.assert_array_equal(image, run.start)
    np.testing.assert_allclose(255 * frames[-1].images, run.images_8bit, atol=1e-4)
    assert [frame.share for frame in frames] == sorted(frame.share for frame in frames)
    assert {frame.at for frame in frames[1:-1]} == {"blended from start to end"}


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_plays_for_ever_from_start_to_end(kind: Moving) -> None:
    run = make_sheet_run((16, 16))
    content = animation_bytes(run, kind)
    assert content == animation_bytes(run, kind)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == kind.upper()
        assert picture.n_frames == len(frames_of(run))
        assert picture.info["loop"] == 0
        durations = []
        for i in range(picture.n_frames):
            picture.seek(i)
            picture.load()
            durations.append(picture.info["duration"])
    assert durations[0] == FIRST_MS
    assert durations[-1] == LAST_MS


def test_webp_shows_the_very_pixels() -> None:
    run = make_sheet_run((16, 16))
    with Image.open(io.BytesIO(animation_bytes(run, "webp"))) as picture:
        picture.seek(picture.n_frames - 1)
        shown = np.asarray(picture.convert("RGB"))
    wanted = to_uint8(run.finals[0]).repeat(SIDE // 16, 0).repeat(SIDE // 16, 1)
    left = 2 * GAP + SIDE
    columns = shown[:, left : left + SIDE]
    tops = [y for y in range(len(columns) - SIDE) if np.array_equal(columns[y], wanted[0])]
    assert any(np.array_equal(columns[y : y + SIDE], wanted) for y in tops)


@pytest.mark.parametrize("shape", [(160, 20), (20, 160)])
def test_an_animation_of_a_picture_that_is_not_square_has_room_for_its_text(shape: tuple[int, int]) -> None:
    run = make_sheet_run(shape)
    with Image.open(io.BytesIO(animation_bytes(run, "webp"))) as picture:
        picture.seek(picture.n_frames - 1)
        page = np.asarray(picture.convert("RGB"))
    factor = max(1, round(SIDE / max(shape)))
    wanted = to_uint8(run.finals[1]).repeat(factor, 0).repeat(factor, 1)
    left = 3 * GAP + 2 * max(LEAST_CELL, wanted.shape[1])
    columns = page[:, left : left + wanted.shape[1]]
    assert any(np.array_equal(columns[y : y + len(wanted)], wanted) for y in range(len(columns)))


def test_text_that_is_hard_to_draw_is_drawn() -> None:
    with Image.open(io.BytesIO(animation_bytes(broken_run(), "webp", theme="dark"))) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (0x14, 0x16, 0x1A)


def test_an_animation_is_written_whole_or_refused(tmp_path: Path) -> None:
    run = make_sheet_run((16, 16))
    save_animation(run, tmp_path / "a.GIF")
    assert (tmp_path / "a.GIF").read_bytes().startswith(b"GIF89a")
    with pytest.raises(ValueError, match=r"path must end in \.gif, \.webp, got"):
        save_animation(run, tmp_path / "a.mp4")
    with pytest.raises(RecordError, match="could not be saved: No such file or directory"):
        save_animation(run, tmp_path / "nowhere" / "a.gif")
