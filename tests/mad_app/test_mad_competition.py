"""One call runs a competition in memory: the same as by a command or a request, from any kind of picture and metric."""

import importlib.util
import itertools
import json
import re
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

import mad_app
from mad_app import Crop, Request, Result, Settings, get_metric, load_run, mad_competition, resume_run, run_competition
from mad_app.competition import Reason
from mad_app.errors import ArgumentError
from mad_app.images import save_png
from mad_app.runs.materialize import materialize
from mad_app.runs.reproduce import command_of, reproduction_of
from tests.mad_app.cli.command_line import invoke
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, reference_and_start

REFERENCE, START = reference_and_start()
PART = Crop(left=0.25, width=0.75, height=0.5)
STEPS = Settings(steps=4)


def quick(**changes: Any) -> Result:
    """A competition whose metrics cost nothing."""
    arguments = {"reference": REFERENCE, "first": SQUARE_NORM, "second": FORM, "settings": STEPS, "progress": False}
    return mad_competition(**arguments | {"start": START} | changes)


@pytest.fixture(scope="module")
def result() -> Result:
    return mad_competition("coffee", "ssim", "mse", size=24, crop=PART, seed=3, settings=STEPS, progress=False)


def assert_same(one: Result, other: Result) -> None:
    for name in ("reference", "start", "images", "quantized"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for column in ("step", "first", "second", "drift"):
        np.testing.assert_array_equal(getattr(one.history, column), getattr(other.history, column))
    assert (one.levels, one.outcomes, one.verdict) == (other.levels, other.outcomes, other.verdict)
    assert one.maps is not None
    assert other.maps is not None
    np.testing.assert_array_equal(one.maps.first, other.maps.first)


def test_command_request_and_call_give_the_same_bits(result: Result, tmp_path: Path) -> None:
    request = Request(
        image="coffee", first="ssim", second="mse", size=24, seed=3, steps=4, others="none", **asdict(PART)
    )
    assert_same(result, load_run(run_competition(request, tmp_path / "request")))
    words = command_of(request).split()[3:-1]
    assert_same(result, load_run(invoke(*words, tmp_path / "command").stdout.strip()))
    kept = mad_competition(
        "coffee", "ssim", "mse", size=24, crop=PART, seed=3, settings=STEPS, progress=False, save=tmp_path / "kept"
    )
    assert_same(result, kept)
    assert kept.run.folder is not None
    assert kept.run.request_id == load_run(next((tmp_path / "request").iterdir())).run.request_id


def test_a_result_comes_back_from_its_folder(result: Result, tmp_path: Path) -> None:
    loaded = load_run(result.save(tmp_path))
    assert_same(loaded, result)
    assert_same(load_run(loaded.save(tmp_path / "again")), result)


def test_the_values_are_those_of_the_pictures_that_people_see(result: Result) -> None:
    for name in ("ssim", "mse"):
        measured = get_metric(name)(result.reference, np.stack([result.start, *result.quantized / np.float32(255)]))
        table = [result.values[name][image] for image in ("start", "A", "B", "C", "D")]
        np.testing.assert_allclose(table, measured, rtol=1e-5)
        assert result.levels[name] == pytest.approx(table[0], rel=1e-6)
    assert np.abs(result.history.drift[-1]).max() < 1e-3


def test_the_table_needs_no_pandas(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = result.values
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert result.values == frame.to_dict()


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_an_array_of_any_framework_gives_the_same_run(result: Result, framework: str) -> None:
    first = np.moveaxis(result.reference, 2, 0)[None]
    picture = jnp.asarray(first) if framework == "jax" else torch.tensor(first)
    other = mad_competition(picture, get_metric("ssim"), "mse", seed=3, settings=STEPS, progress=False)
    assert_same(other, result)
    assert other.run.origin is not None
    assert other.run.origin.source == "array"


# ---- an interrupt, and what a record says --------------------------------------------------------------------


def test_an_interrupt_leaves_a_valid_result_that_can_be_continued(tmp_path: Path) -> None:
    def brightness_error(reference: Any, image: Any) -> Any:
        return jnp.mean((reference - image) ** 2 * (1.5 - reference))

    calls, before = itertools.count(), signal.getsignal(signal.SIGINT)

    class Bar(mad_app.call.tqdm):  # type: ignore[misc]
        def update(self, steps: float = 1) -> None:
            if next(calls) == 5:
                signal.raise_signal(signal.SIGINT)
            super().update(steps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mad_app.call, "tqdm", Bar)
        stopped = quick(first=brightness_error, settings=Settings(steps=60))
    assert signal.getsignal(signal.SIGINT) == before
    assert stopped.metrics == ("brightness_error", "form")
    assert stopped.stopped
    assert stopped.outcomes == (Reason.STOPPED.value,) * 4
    assert stopped.verdict.endswith("Each image was stopped by the user.")
    assert stopped.history.step[-1] < 60
    assert np.abs(stopped.history.drift[-1]).max() < 1e-4
    by_name = {"brightness_error": mad_app.metric_from(brightness_error, name="brightness_error"), "form": FORM}
    whole = load_run(resume_run(stopped.save(tmp_path), resolve=by_name.__getitem__))
    assert not whole.stopped
    assert whole.history.step[-1] > stopped.history.step[-1]


def test_damage_to_what_a_result_can_do_without_is_said(tmp_path: Path) -> None:
    folder = quick().save(tmp_path)
    document = json.loads((folder / "run.json").read_text())
    document["files"] |= {"maps": "maps.npz", "checkpoint": "checkpoint.npz"}
    (folder / "run.json").write_text(json.dumps(document))
    for name in ("maps.npz", "checkpoint.npz"):
        (folder / name).write_bytes(b"damaged")
    found = load_run(folder)
    assert found.maps is found.checkpoint is None
    about_maps, about_checkpoint = found.run.faults
    assert about_maps.startswith("the maps of the metrics cannot be shown: ")
    assert about_checkpoint.startswith("the run cannot be continued: ")


def test_a_start_and_a_mask_given_as_arrays_are_no_settings_of_the_record(tmp_path: Path) -> None:
    mask = np.zeros(REFERENCE.shape[:2], bool)
    mask[:9] = True
    found = quick(start=START.astype(np.float64), mask=mask)
    assert found.run.settings.keys().isdisjoint({"distortion", "strength", "seed", "start_file", "mask"})
    assert "seed" not in repr(found.page())
    np.testing.assert_array_equal(found.images[:, 9:], np.broadcast_to(START[9:], (4, 7, 16, 3)))
    assert (found.images[:, :9] != START[:9]).any()
    run = load_run(found.save(tmp_path)).run
    assert run.given == ("start", "mask")
    copied = materialize(reproduction_of(run))
    for name in ("reference", "start"):
        np.testing.assert_allclose(getattr(copied, name), getattr(run, name), atol=0.5 / 255 + 1e-6)


# ---- what is refused -----------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "range": (
        "reference",
        r"\[0, 1\], got float64 from -1 to 1",
        {"reference": np.linspace(-1, 1, 768).reshape(16, 16, 3)},
    ),
    "ambiguous": ("reference", r"is ambiguous: its shape \(3, 16, 3\)", {"reference": np.zeros((3, 16, 3))}),
    "nothing": ("reference", "must be a picture", {"reference": None}),
    "no file": ("reference", "none.png does not exist", {"reference": "none.png"}),
    "too large": ("reference", "pixels on a side", {"reference": np.zeros((16, 9000), np.uint8), "start": None}),
    "size": ("size", "leave it out", {"size": 64}),
    "crop": ("crop", "leave it out", {"crop": PART}),
    "box": ("crop", "must be a Crop, got tuple", {"crop": (0, 0, 8, 8)}),
    "two starts": ("strength", "a start is given", {"strength": 0.2}),
    "start's shape": ("start", r"must have the reference's shape \(16, 16, 3\)", {"start": START[:8]}),
    "mask": ("mask", "must be bool", {"mask": np.ones((16, 16))}),
    "metric": ("first", "must be .*got int", {"first": 7}),
    "name": ("second", "no-metric", {"second": "no-metric"}),
    "function": ("first", "raised", {"first": lambda reference, image: reference.nothing(image)}),
    "twice": ("second", "another metric", {"second": SQUARE_NORM}),
    "request": ("settings", "must be Settings, got Request", {"settings": Request()}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_the_name_of_its_argument(case: str) -> None:
    argument, problem, changes = REFUSED[case]
    with pytest.raises(ArgumentError) as caught:
        quick(**changes)
    assert caught.value.argument == argument
    assert re.search(problem, caught.value.problem)


# ---- what is shown -------------------------------------------------------------------------------------------


def test_jupyter_shows_the_images_the_verdict_and_the_viewer(tmp_path: Path) -> None:
    save_png(tmp_path / "<b>.png", REFERENCE)
    found = quick(reference=tmp_path / "<b>.png", size=16)
    html = found._repr_html_()
    assert html.count("data:image/png;base64,") >= 4
    assert "<b>" not in html
    (srcdoc,) = re.findall(r'srcdoc="([^"]*)"', html)
    assert "&amp;lt;b&amp;gt;.png" in srcdoc
    for line in found.verdict.splitlines():
        assert line in html
    assert found.page(tmp_path / "run.html") == (tmp_path / "run.html").read_text()
    assert '"maps":[{' in found.page()
    assert "Map of square-norm" in [text.get_text() for text in found.figure(show="AB,metric-maps").texts]


def test_it_is_drawn_into_files(result: Result, tmp_path: Path) -> None:
    figure = result.figure(tmp_path / "figure.png", width="single", show=("pairs",))
    assert figure.get_figwidth() == pytest.approx(3.4)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert result.animate(tmp_path / "run.gif") == (tmp_path / "run.gif").read_bytes() == result.animate(kind="gif")
