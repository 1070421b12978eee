"""A record that is written late: the same record, in one version, or from its first checkpoint on."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mad_app.competition import DEFAULT_SOLVER
from mad_app.metrics import get_metric
from mad_app.records import State, load_record, load_summary, state_of
from mad_app.records.files import RUN_FILE
from mad_app.records.storage import read_arrays, read_json
from mad_app.request import Request
from mad_app.runs import materialize, resume_run, run_competition
from mad_app.runs.run import compete_into, source_of
from mad_app.runs.stores import FolderStore, LateStore

REQUEST = Request(image="coffee", size=16, first="ssim", second="mse", steps=4, others="none")
OF_THE_MOMENT = ("id", "created", "seconds")


def run_late(root: Path, names: list[str], should_stop: Callable[[], bool] = lambda: False) -> Path:
    """The folder of a run; `names` gets what is announced before that is there."""

    def announce(name: str) -> None:
        assert not (root / name).exists()
        names.append(name)

    with contextlib.ExitStack() as locks:
        store = LateStore(FolderStore(root, locks, announce=announce))
        compete_into(
            store,
            REQUEST,
            materialize(REQUEST),
            source=source_of(REQUEST),
            solver=DEFAULT_SOLVER,
            resolve=get_metric,
            on_progress=lambda _: None,
            should_stop=should_stop,
        )
        assert store.folder
        return store.folder


def content(folder: Path) -> dict[str, object]:
    document = {key: value for key, value in read_json(folder / RUN_FILE).items() if key not in OF_THE_MOMENT}
    arrays = {path.name: read_arrays(path, ()) for path in folder.glob("*.npz")}
    return {"run": document, "arrays": {n: {k: v.tolist() for k, v in a.items()} for n, a in arrays.items()}} | {
        path.name: path.read_bytes() for path in folder.glob("*.png")
    }


def test_the_record_is_that_of_a_run_which_is_written_from_the_start(tmp_path: Path) -> None:
    names = list[str]()
    late = run_late(tmp_path, names)
    assert names == [late.name]
    assert content(late) == content(run_competition(REQUEST, tmp_path))


def test_a_run_that_is_stopped_goes_on_from_its_first_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mad_app.runs.recorder.SECONDS_BETWEEN_CHECKPOINTS", -1.0)
    names, seen = list[str](), list[bool]()

    def should_stop() -> bool:
        seen.append(bool(names))
        return len(seen) > 2

    folder = run_late(tmp_path, names, should_stop)
    assert seen[0] is False
    assert any(seen)  # it was there while the run went on
    assert state_of(load_summary(folder)) is State.RESUMABLE
    resume_run(folder)
    whole = load_record(run_competition(REQUEST, tmp_path))
    np.testing.assert_array_equal(load_record(folder).finals, whole.finals)
