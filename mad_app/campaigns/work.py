"""One run of a campaign, in whatever process an executor calls it.

Arguments and answer are plain values; results travel through the folder of the runs, which every worker must reach
under the same path. A process that ran one run keeps what it has loaded and compiled for the next.

    .campaign/claims/<id>/     in the folder of the runs: locked while the run of a request is computed; `run` names it
"""

import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mad_app.campaigns.outcomes import DONE, FAILED, FOLDER
from mad_app.competition import DEFAULT_SOLVER
from mad_app.compilation_cache import use_compilation_cache
from mad_app.metrics import (
    OUT_OF_MEMORY,
    KnownMetric,
    MetricFailed,
    MetricUnavailable,
    is_out_of_memory,
    resolve_metric,
)
from mad_app.records import DiskFullError, LockedError, RecordError, State, load_summary, run_lock, state_of
from mad_app.records.storage import refusals, staged_file
from mad_app.request import request_from, request_id
from mad_app.runs import materialize, resume_run, source_of
from mad_app.runs.run import compete_into
from mad_app.runs.stores import FolderStore, LateStore

STOPPED, NO_ROOM, BUSY = "stopped", "no room", "busy"
"""How a run can end, besides `DONE` and `FAILED`: asked to stop, refused by a full disk, or being run elsewhere."""

SECONDS_BETWEEN_LOOKS = 0.2
"""How often a worker looks whether the campaign was stopped."""

_ROOT = Path(__file__).resolve().parents[2]

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables that say how many threads a process computes with, read when PyTorch and NumPy are imported."""


def worker_environment(threads: int) -> dict[str, str]:
    """The environment that a worker needs before it imports anything.

    What the present environment has is kept. JAX leaves the memory of a GPU to all, and this very package is found.

    Args:
        threads: with how many a worker computes.
    """
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    wanted = {**dict.fromkeys(THREADS, str(threads)), "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return {**wanted, **{name: os.environ[name] for name in wanted if name in os.environ}} | {
        "PYTHONPATH": os.pathsep.join(paths)
    }


def work(settings: Mapping[str, Any], root: str, resumable: str | None, directory: str, stop: str) -> dict[str, Any]:
    """Run a competition, or go on with it, unless it is done.

    Args:
        settings: of its request.
        root: the folder of the runs.
        resumable: name of an unfinished run of this request in it, if there is one.
        directory: the present directory of the campaign, from which files and modules are named.
        stop: a file; once it exists, the run stops after its step, with a checkpoint.

    Returns:
        Its `state`; the name of its `run`, if there is one; the `reason` of a failure; of a run that is done its
        `bytes`; and, if it was done from its start on, `seconds`.
    """
    _prepare(directory)
    began, root_folder = time.monotonic(), Path(root)
    claim = root_folder / FOLDER / "claims" / request_id(settings)
    try:
        with refusals(f"{claim} could not be made"):
            claim.mkdir(parents=True, exist_ok=True)
        with run_lock(claim):
            known = _claimed(claim) or resumable
            done = _run(settings, root_folder, known, claim / "run", _Stop(Path(stop)))
    except LockedError:
        return {"state": BUSY}
    except DiskFullError:
        return {"state": NO_ROOM}
    except Exception as error:  # the reason is kept, and the other runs go on
        return {"state": FAILED, "reason": _sentence(error)}
    if done is None or state_of(load_summary(done)) is not State.FINISHED:
        return {"state": STOPPED}
    outcome: dict[str, Any] = {
        "state": DONE,
        "run": done.name,
        "bytes": sum(file.stat().st_size for file in done.iterdir()),
    }
    return outcome if done.name == known else {**outcome, "seconds": round(time.monotonic() - began, 3)}


def _run(
    settings: Mapping[str, Any], root: Path, known: str | None, claim: Path, should_stop: Callable[[], bool]
) -> Path | None:
    """The folder of the run, which is finished unless it was stopped; None where it was stopped before it began."""
    begun = root / known if known else None
    state = _state(begun)
    if state is State.FINISHED or should_stop():
        return begun if state is State.FINISHED else None
    if begun is not None and state is State.RESUMABLE:
        return resume_run(begun, resolve=_resolve, should_stop=should_stop)
    request = request_from(settings)
    with contextlib.ExitStack() as locks:
        store = LateStore(FolderStore(root, locks, announce=functools.partial(_write_claim, claim)))
        compete_into(
            store,
            request,
            materialize(request),
            source=source_of(request),
            solver=DEFAULT_SOLVER,
            resolve=_resolve,
            on_progress=lambda _: None,
            should_stop=should_stop,
        )
        return store.folder


def _write_claim(claim: Path, run: str) -> None:
    """Keep which run the request's is."""
    with refusals(f"{claim} could not be written"), staged_file(claim) as file:
        file.write_text(run)


def _state(folder: Path | None) -> State | None:
    """The state of a run; None where there is none that can be read."""
    try:
        return state_of(load_summary(folder)) if folder is not None and folder.is_dir() else None
    except RecordError:
        return None


def _claimed(claim: Path) -> str | None:
    """The name of the run that an earlier worker began."""
    try:
        return (claim / "run").read_text() or None
    except OSError:
        return None


class _Stop:
    """Whether a file exists, looked up now and then."""

    def __init__(self, file: Path) -> None:
        self._file, self._looked, self._found = file, 0.0, False

    def __call__(self) -> bool:
        if not self._found and time.monotonic() - self._looked > SECONDS_BETWEEN_LOOKS:
            self._found, self._looked = self._file.exists(), time.monotonic()
        return self._found


@functools.cache
def _prepare(directory: str) -> None:
    """Work from the campaign's directory, and keep what is compiled."""
    if Path.cwd() != Path(directory):
        os.chdir(directory)
    if directory not in sys.path:
        sys.path.append(directory)
    use_compilation_cache()


@functools.cache
def _resolve(name: str) -> KnownMetric:
    """One metric per name and process, so that it is loaded and compiled once."""
    return resolve_metric(name)


def _sentence(error: Exception) -> str:
    if is_out_of_memory(error):
        return OUT_OF_MEMORY
    text = " ".join(str(error).split())
    expected = isinstance(error, ValueError | OSError | MetricFailed | MetricUnavailable)
    return text if text and expected else f"{type(error).__name__}: {text}".rstrip(": ")
