"""What the viewer is sent is true to the record, bit for bit, also of records without keyframes."""

import base64
import io
import json
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mad_app.figures.web_page.pictures import FOR_FILES, Encode, PictureTable, to_jpeg, to_png, to_webp
from mad_app.figures.web_page.viewer_data import viewer_data
from mad_app.images import to_uint8
from mad_app.records import History, Keyframes, Maps
from tests.mad_app.record_examples import HEIGHT, WIDTH, make_keyframes, make_run


def levels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))


def frames(data: dict[str, Any], positions: list[int]) -> list[np.ndarray]:
    return [levels(data["pictures"][position]) for position in positions]


def make_maps(steps: list[int]) -> Maps:
    values = np.random.default_rng(0).random((2, len(steps), 4, HEIGHT, WIDTH))
    return Maps.of(np.array(steps), *values)


def test_each_image_has_its_frames_and_ends_with_the_record() -> None:
    run = make_run()
    data = json.loads(json.dumps(viewer_data(run, None)))
    assert data["size"] == [HEIGHT, WIDTH]
    assert data["steps"] == [0, 3, 4]
    np.testing.assert_array_equal(frames(data, [data["reference"]])[0], to_uint8(run.reference))
    for i, shown in enumerate(data["images"]):
        np.testing.assert_array_equal(frames(data, shown)[:2], make_keyframes().images[:, i])
        np.testing.assert_array_equal(frames(data, shown)[2], to_uint8(run.finals[i]))
    assert data["maps"] == []


def test_a_record_without_keyframes_has_its_start_and_its_end() -> None:
    run = make_run(keyframes=Keyframes.empty())
    data = viewer_data(run, None)
    assert data["steps"] == (0, 4)
    for i, shown in enumerate(data["images"]):
        np.testing.assert_array_equal(frames(data, shown), [to_uint8(run.start), to_uint8(run.finals[i])])


def test_a_record_that_has_only_begun_has_one_frame() -> None:
    history = History(np.array([0]), *np.ones((3, 1, 4)))
    data = viewer_data(make_run(keyframes=Keyframes.empty(), history=history), None)
    assert data["steps"] == (0,)
    assert [len(shown) for shown in data["images"]] == [1] * 4


def test_numbers_and_sentences_are_those_of_the_step() -> None:
    run = make_run()
    labels = viewer_data(run, None)["labels"]
    first, second, drift = labels["values"][1][2]
    assert float(first) == pytest.approx(run.history.first[3, 2], abs=5e-3)
    assert float(second) == pytest.approx(run.history.second[3, 2], abs=5e-3)
    assert drift.endswith(" %")
    assert labels["values"][2][3][2] == "+0.2 %"  # at the end, that of the 8-bit image
    assert labels["values"][2][1][0] == "0.100"
    assert labels["alone"][2][1].startswith("B differs from the original by 0.100 for LASI:20 and by")
    assert [len(pair) for pair in labels["sentences"]] == [2, 2, 2]
    assert labels["sentences"][0] != labels["sentences"][1]
    assert labels["names"][1] == "B: LASI:20 as low as possible"


@pytest.mark.parametrize(("steps", "shown"), [([0, 3, 4], [0, 1, 2]), ([4], [2]), ([2, 3, 9], [1]), ([9], [])])
def test_maps_belong_to_their_frames(steps: list[int], shown: list[int]) -> None:
    run = make_run()
    maps = make_maps(steps)
    data = viewer_data(run, maps)
    first, second = data["maps"]
    assert first["frames"] == second["frames"] == shown
    assert len(first["peaks"]) == len(shown)
    if shown:
        kept = [k for k, step in enumerate(steps) if step in (0, 3, 4)]
        np.testing.assert_array_equal(frames(data, second["images"][1]), maps.second[kept, 1])
        assert second["largest"] == pytest.approx(maps.second_peak[kept].max())


def test_few_frames_are_the_start_some_between_and_the_end_and_only_those_between_may_have_loss() -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(4)
    run = make_run(
        history=History(np.arange(5), *np.ones((3, 5, 4))),
        keyframes=Keyframes(steps, rng.integers(0, 256, (4, 4, HEIGHT, WIDTH, 3), np.uint8)),
    )
    lossy = replace(FOR_FILES[0], between=partial(to_jpeg, quality=50), frames=3)
    data = viewer_data(run, None, lossy)
    assert data["steps"] == (0, 2, 4)
    for i, shown in enumerate(data["images"]):
        start, between, end = frames(data, shown)
        np.testing.assert_array_equal(start, run.keyframes.images[0, i])
        np.testing.assert_array_equal(end, run.images_8bit[i])
        assert between.tolist() != run.keyframes.images[2, i].tolist()


def test_equal_pictures_are_sent_once_unless_one_may_have_loss() -> None:
    run = make_run(keyframes=Keyframes.empty())
    data = viewer_data(run, None)
    assert len({shown[0] for shown in data["images"]}) == 1
    table, picture = PictureTable(), to_uint8(run.reference)
    assert [table.add(picture, encode) for encode in (to_png, to_png, to_webp)] == [0, 0, 1]


@pytest.mark.parametrize("encode", [to_png, to_webp])
@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH, 3), (HEIGHT, WIDTH)])
def test_exact_encodings_are_exact(encode: Encode, shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = levels(encode(picture))
    np.testing.assert_array_equal(found[..., 0] if found.ndim > picture.ndim else found, picture)
