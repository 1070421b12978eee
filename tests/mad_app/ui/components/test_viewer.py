"""What the viewer is sent is true to the record, bit for bit, also of records without keyframes."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from mad_app.images import to_uint8
from mad_app.records import History, Keyframes, Maps
from mad_app.ui.components.viewer.viewer import viewer_data
from tests.mad_app.record_examples import HEIGHT, WIDTH, make_keyframes, make_run


def levels(picture: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def frames(picture: str) -> np.ndarray:
    """A strip, frame by frame."""
    strip = levels(picture)
    return strip.reshape(-1, HEIGHT, *strip.shape[1:])


def make_maps(steps: list[int]) -> Maps:
    values = np.random.default_rng(0).random((2, len(steps), 4, HEIGHT, WIDTH))
    return Maps.of(np.array(steps), *values)


def test_each_strip_holds_the_frames_of_its_image_and_ends_with_the_record() -> None:
    run = make_run()
    data = json.loads(json.dumps(viewer_data(run, None)))
    assert data["size"] == [HEIGHT, WIDTH]
    assert data["steps"] == [0, 3, 4]
    np.testing.assert_array_equal(levels(data["reference"]), to_uint8(run.reference))
    for i, strip in enumerate(data["images"]):
        np.testing.assert_array_equal(frames(strip)[:2], make_keyframes().images[:, i])
        np.testing.assert_array_equal(frames(strip)[2], to_uint8(run.finals[i]))
    assert data["maps"] == []


def test_a_record_without_keyframes_has_its_start_and_its_end() -> None:
    run = make_run(keyframes=Keyframes.empty())
    data = viewer_data(run, None)
    assert data["steps"] == (0, 4)
    for i, strip in enumerate(data["images"]):
        np.testing.assert_array_equal(frames(strip), [to_uint8(run.start), to_uint8(run.finals[i])])


def test_a_record_that_has_only_begun_has_one_frame() -> None:
    history = History(np.array([0]), *np.ones((3, 1, 4)))
    data = viewer_data(make_run(keyframes=Keyframes.empty(), history=history), None)
    assert data["steps"] == (0,)
    assert [len(frames(strip)) for strip in data["images"]] == [1] * 4


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
    first, second = viewer_data(run, maps)["maps"]
    assert first["frames"] == second["frames"] == shown
    assert len(first["peaks"]) == len(shown)
    if shown:
        kept = [k for k, step in enumerate(steps) if step in (0, 3, 4)]
        np.testing.assert_array_equal(frames(second["images"][1]), maps.second[kept, 1])
        assert second["largest"] == pytest.approx(maps.second_peak[kept].max())
