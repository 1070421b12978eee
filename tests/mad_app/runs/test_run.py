"""A run is asked for in one value, is on disk from its first step, goes on where it stopped, and its record is true."""

import contextlib
import dataclasses
import errno
import itertools
import json
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from mad_app.competition import CORNERS, Reason
from mad_app.competition.settings import SolverOptions
from mad_app.errors import ArgumentError
from mad_app.images import bundled_path, from_uint8, load_image, save_png, to_uint8
from mad_app.metrics import JaxMetric, KnownMetric, get_metric
from mad_app.metrics.sums import Summable
from mad_app.records import (
    UNFINISHED,
    DiskFullError,
    Keyframes,
    Origin,
    RecordError,
    Run,
    State,
    is_resumable,
    load_checkpoint,
    load_maps,
    load_record,
    replace_run,
    room,
    save_checkpoint,
    save_series,
    state_of,
)
from mad_app.request import Request, request_id
from mad_app.runs import Progress, record_competition, recorder, request_of, resume_run, run_competition, stores
from mad_app.runs.materialize import GRAY_NOTE, load_mask, make_start, materialize, read_reference
from mad_app.runs.reproduce import command_of, reproduction_of
from tests.mad_app.competition.quadratics import FORM, SIZE, SQUARE_NORM, metric_of, square_norms
from tests.mad_app.record_examples import assert_same_result, fail_on_call

REQUEST = Request(image="coffee", size=24, first="ssim", second="mse", strength=0.1, seed=3, steps=8, others="none")
QUICK = dataclasses.replace(REQUEST, first="square-norm", second="form", size=SIZE)
"""A request whose metrics cost nothing."""


def quick_metric(name: str) -> KnownMetric:
    return {"square-norm": SQUARE_NORM, "form": FORM}[name]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportsCompiling(JaxMetric):
    """A metric that reports when it begins to be compiled."""

    begun: threading.Event = dataclasses.field(default_factory=threading.Event)

    def compile_binding(self, reference: jax.Array) -> None:
        self.begun.set()
        super().compile_binding(reference)


def test_the_first_metric_is_compiled_while_the_second_is_loaded(tmp_path: Path) -> None:
    first = ReportsCompiling(**{item.name: getattr(SQUARE_NORM, item.name) for item in dataclasses.fields(JaxMetric)})

    def resolve(name: str) -> KnownMetric:
        if name == "square-norm":
            return first
        assert first.begun.wait(60)
        return FORM

    folder = run_competition(QUICK, tmp_path, resolve=resolve)
    assert_same_result(folder, run_competition(QUICK, tmp_path, resolve=quick_metric))


# ---- the record is true ----------------------------------------------------------------------------------------------


def test_the_record_says_what_was_computed_without_a_cuda_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_record(run_competition(QUICK, tmp_path, resolve=quick_metric))
    monkeypatch.setattr(Summable, "without_graph", lambda metric, shape: (f"{metric.name} at {shape}",))
    without = load_record(run_competition(QUICK, tmp_path, resolve=quick_metric))
    size = f"({SIZE}, {SIZE}, 3)"
    assert without.device == f"{run.device}, form at {size} and square-norm at {size} without a CUDA graph"


def test_the_record_says_what_can_be_measured_on_its_pictures(tmp_path: Path) -> None:
    folder = run_competition(REQUEST, tmp_path)
    run = load_record(folder)
    metrics = {name: get_metric(name).bind(jnp.asarray(run.reference)) for name in ("ssim", "mse")}
    start = {name: float(metric.distances(jnp.asarray(run.start)[None])[0]) for name, metric in metrics.items()}
    for i, result in enumerate(run.results):
        saved = load_image(folder / result.file)
        for name, metric in metrics.items():
            value, value_8bit = metric.distances(jnp.asarray([run.finals[i], saved]))
            assert result.start[name] == pytest.approx(start[name], rel=1e-6)
            assert result.final[name] == pytest.approx(float(value), rel=1e-5)
            if name == result.fixed:
                assert result.level == pytest.approx(start[name], rel=1e-6)
                assert result.drift == pytest.approx(float(value) / start[name] - 1, abs=1e-5)
                assert result.drift_8bit == pytest.approx(float(value_8bit) / start[name] - 1, abs=1e-5)
                assert abs(result.drift) < 1e-3


def test_the_record_says_how_it_was_made(tmp_path: Path) -> None:
    run = load_record(run_competition(REQUEST, tmp_path))
    expected = [("ssim", "mse", "max"), ("ssim", "mse", "min"), ("mse", "ssim", "max"), ("mse", "ssim", "min")]
    assert [(result.optimized, result.fixed, result.direction) for result in run.results] == expected
    assert {result.outcome for result in run.results} == {Reason.BUDGET.value}
    assert request_of(run) == dataclasses.replace(REQUEST, gray=False)
    assert run.solver == dataclasses.asdict(SolverOptions())
    assert run.request_id == request_id(dataclasses.asdict(REQUEST))
    assert run.origin == Origin.of(run.reference, "bundled", "coffee")
    assert run.others == ()
    assert run.seed == 3
    assert run.weights.keys() == {"ssim", "mse"}
    assert run.results[0].final.keys() == {"ssim", "mse"}
    np.testing.assert_array_equal(run.history.step, range(9))
    np.testing.assert_array_equal(run.reference, read_reference(REQUEST).image)
    np.testing.assert_array_equal(run.start, make_start(REQUEST, run.reference))
    assert not is_resumable(run.folder or "")


def test_a_picture_given_as_an_array_is_recorded_as_one(tmp_path: Path) -> None:
    picture = np.full((16, 24, 3), 0.5, np.float32)
    request = Request(first="ssim", second="mse", steps=2, others="none")
    run = load_record(run_competition(request, tmp_path, reference=picture))
    np.testing.assert_array_equal(run.reference, picture)
    assert run.origin == Origin.of(picture, "array", None, (GRAY_NOTE,))
    assert (run.origin.width, run.origin.height) == (24, 16)
    assert run.settings["image"] is None
    assert run.settings.keys().isdisjoint({"size", "left", "top", "extent"})
    assert request_of(run) == dataclasses.replace(request, image=None, gray=run.settings["gray"])
    assert run.finals.shape == (4, 16, 24, 3)
    other = load_record(run_competition(request, tmp_path, reference=picture / 2))
    assert other.request_id == run.request_id
    assert other.origin is not None
    assert other.origin.sha256 != run.origin.sha256


@pytest.mark.parametrize("change", [{"image": "coffee"}, {"size": 64}, {"left": 0.1}, {"extent": 0.5}])
def test_an_array_and_settings_of_a_picture_are_refused_together(tmp_path: Path, change: dict[str, object]) -> None:
    request = Request(first="ssim", second="mse", **change)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="the picture is given as an array") as caught:
        run_competition(request, tmp_path / "runs", reference=np.full((16, 16, 3), 0.5, np.float32))
    assert caught.value.argument == next(iter(change))
    assert not (tmp_path / "runs").exists()


def test_a_picture_that_was_decoded_before_is_recorded_as_what_it_is(tmp_path: Path) -> None:
    request = dataclasses.replace(QUICK, image="mine.jpg")
    materials = materialize(request, read_reference(QUICK).image)
    folder = record_competition(request, materials, tmp_path, source="upload", resolve=quick_metric)
    run = load_record(folder)
    assert run.origin == Origin.of(materials.reference, "upload", "mine.jpg")
    assert request_of(run) == dataclasses.replace(request, gray=False)


def test_the_others_that_are_asked_for_are_measured_and_no_more(tmp_path: Path) -> None:
    request = dataclasses.replace(REQUEST, steps=1, others="ms-ssim, gmsd,ssim")
    run = load_record(run_competition(request, tmp_path))
    assert list(run.results[0].final) == ["ms-ssim", "gmsd", "ssim", "mse"]
    assert run.others == ("ms-ssim", "gmsd")
    assert run.results[0].final["ms-ssim"] is None  # the picture is too small for it
    assert run.results[0].final["gmsd"] is not None
    assert run.settings["others"] == "ms-ssim, gmsd,ssim"


def test_others_that_there_are_none_of_are_refused_before_the_run(tmp_path: Path) -> None:
    request = dataclasses.replace(REQUEST, others="ssim,nothing")
    with pytest.raises(ArgumentError, match=r"names of metrics, .*, got 'nothing'") as caught:
        run_competition(request, tmp_path / "runs")
    assert caught.value.argument == "others"
    assert not (tmp_path / "runs").exists()


def test_a_resumed_run_goes_on_with_its_own_solver(tmp_path: Path) -> None:
    solver = dataclasses.replace(SolverOptions(), step_size=0.02)
    whole = run_competition(QUICK, tmp_path / "whole", solver=solver, resolve=quick_metric)
    asked = itertools.count(1)
    folder = run_competition(
        QUICK, tmp_path / "s", solver=solver, resolve=quick_metric, should_stop=lambda: next(asked) >= 3
    )
    resume_run(folder, resolve=quick_metric)
    assert_same_result(folder, whole)
    assert load_record(folder).solver["step_size"] == 0.02


# ---- a full disk -----------------------------------------------------------------------------------------------------


def test_a_run_that_finds_no_room_when_it_starts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on_call(monkeypatch, "array", 1, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DiskFullError, match="there is no room on the disk: the run could not be saved in"):
        run_competition(QUICK, tmp_path, resolve=quick_metric)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", ["save_checkpoint", "replace_run", "save_maps"])
def test_a_run_waits_for_room_on_the_disk_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    whole = run_competition(QUICK, tmp_path / "whole", resolve=quick_metric)
    monkeypatch.setattr(recorder, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(room, "SECONDS_BETWEEN_TRIES", 0.0)
    original, left = getattr(stores, writer), iter(range(3))

    def full_for_a_while(*arguments: object, **options: object) -> None:
        if next(left, None) is not None:
            raise DiskFullError("there is no room on the disk: …")
        original(*arguments, **options)

    monkeypatch.setattr(stores, writer, full_for_a_while)
    waited: list[bool] = []
    folder = run_competition(
        QUICK, tmp_path / "full", resolve=quick_metric, on_progress=lambda now: waited.append(now.waiting_for_room)
    )
    assert waited.count(True) == 3
    assert not waited[-1]
    assert_same_result(folder, whole)
    assert load_maps(folder) is not None


def test_a_run_can_be_stopped_while_it_waits_for_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS_BETWEEN_TRIES", 0.0)
    waiting: list[bool] = []
    with monkeypatch.context() as patch:
        fail_on_call(patch, "replace", 3, OSError(errno.ENOSPC, "No space left on device"))
        folder = run_competition(
            QUICK,
            tmp_path / "stopped",
            resolve=quick_metric,
            on_progress=lambda now: waiting.append(now.waiting_for_room),
            should_stop=lambda: waiting[-1],
        )
    assert waiting[-2:] == [True, False]
    assert is_resumable(folder)
    assert {image.outcome for image in load_record(folder).results} == {UNFINISHED}
    resume_run(folder, resolve=quick_metric)
    assert_same_result(folder, run_competition(QUICK, tmp_path / "whole", resolve=quick_metric))


def test_another_refusal_of_the_disk_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RecordError("the disk is broken")

    monkeypatch.setattr(stores, "replace_run", refuse)
    with pytest.raises(RecordError, match="the disk is broken"):
        run_competition(QUICK, tmp_path, resolve=quick_metric)


# ---- the way there ---------------------------------------------------------------------------------------------------


def test_the_record_holds_keyframes_and_maps_of_both_metrics(tmp_path: Path) -> None:
    run = load_record(run_competition(REQUEST, tmp_path))
    assert run.keyframes.step.tolist() == list(range(8))
    np.testing.assert_array_equal(run.keyframes.images[0, 2], to_uint8(run.start))
    maps = load_maps(run.folder or "")
    assert maps is not None
    assert maps.step.tolist() == list(range(9))
    means = (maps.second / 255 * maps.second_peak[..., None, None]).mean(axis=(2, 3))
    np.testing.assert_allclose(means[-1], run.history.second[-1], rtol=0.02)  # mse, in 8 bits
    np.testing.assert_allclose(means[3], run.history.second[3], rtol=0.02)


def test_a_stopped_run_maps_its_end_only(tmp_path: Path) -> None:
    asked = itertools.count(1)
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, should_stop=lambda: next(asked) >= 5)
    maps = load_maps(folder)
    assert maps is not None
    assert maps.step.tolist() == [5]
    assert load_record(folder).keyframes.step.tolist() == list(range(5))
    assert load_checkpoint(folder).keyframes.step.tolist() == list(range(5))


def test_two_runs_are_the_same_bit_for_bit(tmp_path: Path) -> None:
    assert_same_result(run_competition(REQUEST, tmp_path), run_competition(REQUEST, tmp_path))


# ---- stopped, and resumed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps_before", [1, 5])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path: Path, steps_before: int) -> None:
    asked = itertools.count(1)
    folder = run_competition(REQUEST, tmp_path / "stopped", should_stop=lambda: next(asked) >= steps_before)
    stopped = load_record(folder)
    assert {result.outcome for result in stopped.results} == {Reason.STOPPED.value}
    assert stopped.history.step[-1] == steps_before
    assert max(abs(result.drift or 0) for result in stopped.results) < 1e-3
    assert resume_run(folder) == folder
    assert_same_result(folder, run_competition(REQUEST, tmp_path / "whole"))
    assert load_record(folder).created == stopped.created
    assert load_record(folder).seconds > stopped.seconds


def test_a_run_stopped_at_every_step_gets_to_its_end(tmp_path: Path) -> None:
    folder = run_competition(QUICK, tmp_path / "stopped", resolve=quick_metric, should_stop=lambda: True)
    for _ in range(2):
        asked = itertools.count()
        resume_run(folder, resolve=quick_metric, should_stop=lambda asked=asked: next(asked) >= 3)
    assert load_checkpoint(folder).step.index == 5
    resume_run(folder, resolve=quick_metric)
    assert_same_result(folder, run_competition(QUICK, tmp_path / "whole", resolve=quick_metric))


def test_what_a_run_is_killed_with_in_any_step_can_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    whole = run_competition(QUICK, tmp_path / "whole", resolve=quick_metric)

    class Killed(BaseException):
        """Nothing catches it."""

    for step in range(8):

        def die(progress: Progress, step: int = step) -> None:
            if progress.step.index == step:
                raise Killed

        with pytest.raises(Killed):
            run_competition(QUICK, tmp_path / str(step), resolve=quick_metric, on_progress=die)
        (folder,) = (tmp_path / str(step)).iterdir()
        found = load_record(folder)
        assert {result.outcome for result in found.results} == {UNFINISHED}
        assert request_of(found) == dataclasses.replace(QUICK, gray=False)
        assert load_checkpoint(folder).step.index == step
        resume_run(folder, resolve=quick_metric)
        assert_same_result(folder, whole)


def test_checkpoints_keep_their_distance_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    monkeypatch.setattr(stores, "save_checkpoint", lambda _, checkpoint: saved.append(checkpoint.step.index))
    run_competition(QUICK, tmp_path, resolve=quick_metric)
    assert saved == []
    monkeypatch.setattr(recorder, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    run_competition(QUICK, tmp_path, resolve=quick_metric)
    assert saved == list(range(1, 9))[: len(saved)]
    assert len(saved) == 7


def test_a_run_is_computed_once_at_a_time(tmp_path: Path) -> None:
    refused: list[str] = []

    def try_to_resume(progress: Progress) -> None:
        with pytest.raises(RecordError, match="is being run by process") as caught:
            resume_run(progress.folder, resolve=quick_metric)
        if not progress.restoration:
            refused.append(str(caught.value))

    asked = itertools.count(1)
    stop = lambda: next(asked) >= 3  # noqa: E731
    folder = run_competition(QUICK, tmp_path / "a", resolve=quick_metric, on_progress=try_to_resume, should_stop=stop)
    assert len(refused) == 6
    resume_run(folder, resolve=quick_metric, on_progress=try_to_resume)
    assert len(refused) > 8
    assert_same_result(folder, run_competition(QUICK, tmp_path / "whole", resolve=quick_metric))
    assert not (folder / ".lock").exists()


def test_a_run_without_its_checkpoint_is_not_called_finished(tmp_path: Path) -> None:
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, should_stop=lambda: True)
    (folder / "checkpoint.npz").unlink()
    assert state_of(load_record(folder)) is State.LOST
    with pytest.raises(
        RecordError, match=r"unfinished and cannot be continued, because its checkpoint\.npz is missing"
    ):
        resume_run(folder, resolve=quick_metric)


def test_a_run_can_be_resumed_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, should_stop=lambda: True)
    monkeypatch.chdir(folder)
    assert resume_run(".", resolve=quick_metric) == folder
    assert state_of(load_record(folder)) is State.FINISHED


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, should_stop=lambda: True)
    checkpoint = load_checkpoint(folder)
    step = checkpoint.step
    save_checkpoint(folder, dataclasses.replace(checkpoint, step=dataclasses.replace(step, index=9)))
    with pytest.raises(RecordError, match="is at step 9, but the run has 8 steps"):
        resume_run(folder, resolve=quick_metric)
    smaller = dataclasses.replace(step, images=step.images[:, :-1])
    save_checkpoint(folder, dataclasses.replace(checkpoint, step=smaller, keyframes=Keyframes.empty()))
    with pytest.raises(RecordError, match="has images of shape"):
        resume_run(folder, resolve=quick_metric)
    strange = dataclasses.replace(step, state={name: np.array("text") for name in step.state})
    save_checkpoint(folder, dataclasses.replace(checkpoint, step=strange))
    with pytest.raises(RecordError, match=r"the checkpoint of .* cannot be continued"):
        resume_run(folder, resolve=quick_metric)


def test_a_picture_whose_name_is_not_utf_8_gives_a_record_that_can_be_shown(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"b\xff.png")).write_bytes(bundled_path("coffee").read_bytes())
    except OSError:
        pytest.skip("this file system takes no such name")
    request = dataclasses.replace(QUICK, image=str(tmp_path / os.fsdecode(b"b\xff.png")))
    run = load_record(run_competition(request, tmp_path / "runs", resolve=quick_metric))
    assert run.origin is not None
    assert str(run.settings["image"]).endswith("b\ufffd.png")
    assert str(run.origin.name).encode()
    assert command_of(reproduction_of(run)).encode()
    with pytest.raises(ArgumentError, match="image holds characters that no record can hold: rename the file"):
        save_series("repeated_seeds", "seed", [dataclasses.asdict(request)], tmp_path)


@pytest.mark.parametrize("name", ["a\x00b", "a" * 200, "<b>"])
def test_a_metric_that_no_record_can_name_is_refused_before_the_run(tmp_path: Path, name: str) -> None:
    metrics = {"square-norm": metric_of(name, square_norms), "form": FORM}
    with pytest.raises(ArgumentError, match="first cannot be recorded: its name"):
        run_competition(QUICK, tmp_path / "runs", resolve=metrics.__getitem__)
    assert not (tmp_path / "runs").exists()


def test_there_is_nothing_to_resume_in_a_finished_run(tmp_path: Path) -> None:
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric)
    with pytest.raises(RecordError, match="is finished: there is nothing to resume"):
        resume_run(folder, resolve=quick_metric)


def test_settings_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, should_stop=lambda: True)
    run, checkpoint = load_record(folder), load_checkpoint(folder)
    damaged = dataclasses.replace(run, settings={**run.settings, "distortion": "fog"})
    replace_run(damaged, folder, checkpoint=checkpoint)
    with pytest.raises(RecordError, match=r"cannot be run: distortion must be one of .*, got 'fog'"):
        resume_run(folder, resolve=quick_metric)


# ---- progress and outcome --------------------------------------------------------------------------------------------


def test_progress_is_reported_at_the_start_after_each_step_and_at_the_end(tmp_path: Path) -> None:
    reported: list[Progress] = []
    folder = run_competition(QUICK, tmp_path, resolve=quick_metric, on_progress=reported.append)
    returning = [progress for progress in reported if progress.restoration]
    assert [progress.restoration.step for progress in returning if progress.restoration] == [*range(len(returning))]
    assert {(progress.step.index, progress.restoration.index) for progress in returning if progress.restoration} == {
        (7, 8)
    }
    assert reported[8 : 8 + len(returning)] == returning
    reported = [progress for progress in reported if not progress.restoration]
    assert [progress.step.index for progress in reported] == [*range(9), 8, 8]
    assert [progress.step.reasons is None for progress in reported] == [True] * 8 + [False] * 3
    assert [progress.lacking for progress in reported] == [None] * 8 + ["values", "maps", None]
    assert {progress.folder for progress in reported} == {folder}
    assert {progress.steps for progress in reported} == {8}
    assert reported[0].seconds_left is None
    assert reported[-1].seconds_left == 0
    assert all(before.seconds <= after.seconds for before, after in itertools.pairwise(reported))


@pytest.mark.parametrize("killed", [False, True])
def test_the_images_are_in_the_record_first_then_all_values_then_the_maps(tmp_path: Path, killed: bool) -> None:
    asked = dataclasses.replace(REQUEST, others="gmsd")
    seen: dict[str | None, tuple[Run, bool, bool]] = {}

    class Killed(BaseException):
        """Nothing catches it."""

    deaths = [Killed] if killed else []

    def look(progress: Progress) -> None:
        if progress.step.reasons is not None:
            folder = progress.folder
            seen[progress.lacking] = load_record(folder), is_resumable(folder), load_maps(folder) is not None
            if deaths:
                raise deaths.pop()

    with contextlib.suppress(Killed):
        run_competition(asked, tmp_path / "run", on_progress=look)
    (folder,) = (tmp_path / "run").iterdir()
    if killed:
        resume_run(folder, on_progress=look)
    assert [(kept, mapped) for _, kept, mapped in seen.values()] == [(True, False), (False, False), (False, True)]
    assert list(seen) == ["values", "maps", None]
    early, complete = seen["values"][0], seen[None][0]
    assert (early.others, complete.others) == ((), ("gmsd",))
    np.testing.assert_array_equal(early.finals, complete.finals)
    for result, later in zip(early.results, complete.results, strict=True):
        assert result.final == pytest.approx({name: later.final[name] for name in ("ssim", "mse")}, rel=1e-5)
        assert result.start == pytest.approx({name: later.start[name] for name in ("ssim", "mse")}, rel=1e-5)
        assert (result.final_8bit, later.final["gmsd"] is None) == (None, False)
        assert result.outcome == later.outcome == Reason.BUDGET.value
    assert_same_result(folder, run_competition(asked, tmp_path / "whole"))
    assert {path.name for path in folder.iterdir()} == {path.name for path in (tmp_path / "whole").glob("*/*")}


def test_the_speed_is_that_of_late_without_the_first_step_which_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first step takes 100 s and each further one 2 s, or 8 s; so it is again when the run is resumed.

    What its callers do in between, here 1000 s each time, does not count.
    """
    Reported = dict[int, tuple[float | None, float | None]]

    def reported_by(run: Callable[..., Path], seconds: list[float], stop_at: int | None = None) -> Reported:
        began, ended = (1000 * np.arange(len(seconds)) + offset for offset in (0, np.array(seconds)))
        clock = iter([*np.column_stack([began, ended]).flat, 1e6])
        monkeypatch.setattr(recorder, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        reported: list[Progress] = []

        def report(progress: Progress) -> None:
            if not progress.restoration:
                reported.append(progress)

        run(resolve=quick_metric, on_progress=report, should_stop=lambda: len(reported) == stop_at)
        return {progress.step.index: (progress.speed, progress.seconds_left) for progress in reported}

    stopped = reported_by(partial(run_competition, QUICK, tmp_path), [0, 100, 2, 2, 2], stop_at=4)
    assert stopped == {0: (None, None), 1: (None, None), 2: (0.5, 12), 3: (0.5, 10), 4: (0.5, 8)}
    (folder,) = tmp_path.iterdir()
    resumed = reported_by(partial(resume_run, folder), [100, 8, 2, 2, 2])
    assert resumed == {4: (None, None), 5: (0.125, 24), 6: (0.5, 4), 7: (0.5, 2), 8: (0.5, 0)}


def test_a_metric_that_fails_midway_leaves_a_record_that_says_so(tmp_path: Path) -> None:
    limit = 1.1 * float(SQUARE_NORM.bind(jnp.asarray(read_reference(QUICK).image)).distances(_start(QUICK))[0])
    failing = metric_of(
        "square-norm", lambda r, x: square_norms(r, x) + jnp.where(square_norms(r, x) > limit, jnp.nan, 0)
    )
    metrics: Mapping[str, KnownMetric] = {"square-norm": failing, "form": FORM}
    request = dataclasses.replace(QUICK, steps=50, max_change=0.05)
    folder = run_competition(request, tmp_path, resolve=metrics.__getitem__)
    run = load_record(folder)
    outcomes = [result.outcome for result in run.results]
    assert outcomes[0] == Reason.NOT_FINITE.value
    assert Reason.NOT_FINITE.value not in outcomes[1:]
    assert run.history.step[-1] >= 1
    assert run.results[1].final_8bit is not None
    assert run.results[1].final["square-norm"] is not None
    assert np.isfinite(run.finals).all()
    assert not is_resumable(folder)
    json.loads((folder / "run.json").read_text(), parse_constant=pytest.fail)


def _start(request: Request) -> jnp.ndarray:
    return jnp.asarray(make_start(request, read_reference(request).image))[None]


# ---- constraints -----------------------------------------------------------------------------------------------------


def test_what_is_transparent_in_a_mask_may_not_change(tmp_path: Path) -> None:
    levels = np.full((24, 24, 4), 255, np.uint8)
    levels[12:, :, 3] = 0
    Image.fromarray(levels).save(tmp_path / "mask.png")
    request = dataclasses.replace(REQUEST, mask=str(tmp_path / "mask.png"))
    np.testing.assert_array_equal(load_mask(request, read_reference(request).image), levels[..., 3] > 0)
    Image.new("RGB", (24, 24)).save(tmp_path / "mask.png")
    with pytest.raises(ArgumentError, match="lets no pixel change"):
        materialize(request)


def test_a_mask_and_a_start_from_files_are_in_the_record_and_hold_when_resumed(tmp_path: Path) -> None:
    mask = np.zeros((24, 24, 3), np.float32)
    mask[:12] = 1
    start = make_start(REQUEST, read_reference(REQUEST).image)
    for name, picture in (("mask.png", mask), ("start.png", start)):
        save_png(tmp_path / name, picture)
    files = {"mask": str(tmp_path / "mask.png"), "start_file": str(tmp_path / "start.png")}
    request = dataclasses.replace(REQUEST, max_change=0.1, **files)  # type: ignore[arg-type]
    asked = itertools.count(1)
    folder = run_competition(request, tmp_path / "runs", should_stop=lambda: next(asked) >= 3)
    for name in ("mask.png", "start.png"):
        (tmp_path / name).unlink()
    resume_run(folder)
    run = load_record(folder)
    assert request_of(run) == dataclasses.replace(request, gray=False)
    np.testing.assert_array_equal(run.mask, mask[..., 0] == 1)
    np.testing.assert_array_equal(run.start, from_uint8(to_uint8(start)))
    for picture in run.images_8bit:
        np.testing.assert_array_equal(picture[12:], to_uint8(start)[12:])
    assert (run.images_8bit[:, :12] != to_uint8(start)[:12]).any(axis=(1, 2, 3)).all()
    assert np.abs(run.finals - run.start).max() <= 0.1 + 1e-7
    assert np.abs([result.drift_8bit or 0 for result in run.results]).max() < 0.005


def test_a_gray_competition_is_gray_throughout(tmp_path: Path) -> None:
    request = dataclasses.replace(REQUEST, gray=True)
    run = load_record(run_competition(request, tmp_path))
    for images in (run.reference[None], run.start[None], run.finals, run.images_8bit):
        np.testing.assert_array_equal(images, np.repeat(images[..., :1], 3, axis=3))
    np.testing.assert_array_equal(run.reference, materialize(request).reference)
    assert np.std(run.start - run.reference) == pytest.approx(0.1, rel=0.2)


def test_a_given_level_is_the_records(tmp_path: Path) -> None:
    run = load_record(run_competition(dataclasses.replace(REQUEST, second_level=0.02), tmp_path))
    for result in run.results[:2]:
        assert result.level == pytest.approx(0.02, rel=1e-6)
        assert result.final["mse"] == pytest.approx(0.02, rel=1e-3)
    assert run.history.second[0] == pytest.approx(0.02, rel=1e-4)
    assert (run.results[0].start["mse"] or 1) < 0.012


@pytest.mark.parametrize("name", ["mask", "start_file"])
def test_a_file_that_does_not_lie_over_the_picture_is_refused(tmp_path: Path, name: str) -> None:
    save_png(tmp_path / "wide.png", np.full((20, 30, 3), 0.5, np.float32))
    request = dataclasses.replace(REQUEST, **{name: str(tmp_path / "wide.png")})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"wide\.png has 30 × 20 pixels, but needs 24 × 24 or "):
        run_competition(request, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("start", ["coffee", str(bundled_path("coffee"))])
def test_a_start_of_the_size_of_the_uncut_picture_is_cut_with_it(start: str) -> None:
    request = dataclasses.replace(REQUEST, start_file=start)
    reference = read_reference(request).image
    np.testing.assert_array_equal(make_start(request, reference), reference)


@pytest.mark.parametrize(
    ("change", "argument", "advice"),
    [
        ({"start_file": "coffee"}, "start_file", "is the same image as the picture"),
        ({"distortion": "hue", "gray": True}, "distortion", "hue changes nothing in this picture, however strong"),
        ({"distortion": "hue", "image": "cameraman"}, "distortion", "choose another distortion or picture"),
        ({"strength": 0.0}, "strength", "0 changes nothing in this picture: choose a stronger one"),
    ],
)
def test_a_start_that_is_the_picture_is_refused_with_advice_that_fits(
    change: dict[str, Any], argument: str, advice: str
) -> None:
    with pytest.raises(ArgumentError, match=advice) as caught:
        materialize(dataclasses.replace(REQUEST, strength=change.pop("strength", None), **change))
    assert caught.value.argument == argument


# ---- what may be asked -----------------------------------------------------------------------------------------------


def test_a_request_has_the_strength_of_its_distortion_by_default() -> None:
    assert Request().strength == 0.1
    assert Request(distortion="blur").strength == 2
    assert Request(distortion="brightness", strength=-0.2).strength == -0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distortion": "fog"}, "distortion must be one of .*, got 'fog'"),
        ({"seed": -1}, "seed must be at least 0 and at most 2147483647, got -1"),
        ({"steps": 0}, "steps must be at least 1 and at most 1000000000, got 0"),
        ({"max_change": 0.0}, "max_change must be at least 0.003922 and at most 1, got 0.0"),
        ({"extent": 0.0}, r"extent must be at least 0.05 and at most 1, got 0.0"),
        ({"second": "lasi"}, "second must be another metric than the first, got 'lasi' twice"),
    ],
)
def test_a_request_out_of_range_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Request(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 8}, "size must be at least 16"),
        ({"image": "nowhere.png"}, "nowhere.png does not exist"),
        ({"strength": 5.0}, "strength of noise must lie between 0 and 1"),
        ({"strength": 0.0}, "strength 0 changes nothing"),
        ({"first": "nothing"}, "got 'nothing'"),
        ({"first": "ms-ssim"}, "must have at least 161×161 pixels for ms-ssim, got 24×24"),
    ],
)
def test_a_run_that_cannot_begin_leaves_nothing_behind(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_competition(dataclasses.replace(REQUEST, **change), tmp_path / "runs")  # type: ignore[arg-type]
    assert not (tmp_path / "runs").exists()


def test_the_four_images_lie_in_the_order_of_the_corners(tmp_path: Path) -> None:
    run = load_record(run_competition(QUICK, tmp_path, resolve=quick_metric))
    names = {"first": "square-norm", "second": "form"}
    assert [result.optimized for result in run.results] == [names[corner.optimized] for corner in CORNERS]
    start, end = run.history.first[0], run.history.first[-1]
    assert end[0] > start[0] > end[1]
