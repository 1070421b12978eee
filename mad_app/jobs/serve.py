"""A worker process: it does one thing after the other, as the server asks, and prepares itself while nothing is asked.

    python -m mad_app.jobs.serve [prepare]

Each line of its standard input is a request, as JSON, and has a line of answer on its standard output:

    {"run": "runs/.jobs/<id>"}
        runs a job to its end (`worker`): {"memory": …}, the bytes that the process then takes
    {"measure": settings of a request, "reference": float32 (H, W, 3) in base64, "shape": [H, W, 3], "levels": whether}
        measures the start: {"values": {"first": …, "second": …}, "levels": {"first": [lowest, highest], …}}, or
        {"problem": …}, why there are no values
    {"explain": folder of a record, "step": one of which it has the images}
        the arrows of the method there, as `explained` says, or {"problem": …}, why there are none
    {"directions": folder of a search}
        searches principal distortions, as `searches` says: {"memory": …}, as for a job
    {"check": text of a campaign's file}
        {"problems": …}, every mistake in it, a sentence each

When the standard input ends, because the server has, the present job is stopped and the process ends.
"""

import base64
import contextlib
import json
import os
import queue
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import jax.numpy as jnp
import numpy as np

from mad_app.campaigns import mistakes
from mad_app.competition import compete, levels_in_reach, values_at_start
from mad_app.competition.settings import Role
from mad_app.compilation_cache import use_compilation_cache
from mad_app.garbage import search_seldom
from mad_app.jobs.explained import explain_record
from mad_app.jobs.folder import JobFolder
from mad_app.jobs.priority import PREPARING, RUNNING, set_priority, yield_to_the_page
from mad_app.jobs.searches import search_in
from mad_app.jobs.worker import Reporter, work
from mad_app.metrics import KnownMetric, MetricUnavailable, get_metric
from mad_app.request import Request, labeled, request_from
from mad_app.runs import compile_step_of, materialize, metrics_of, run_competition
from mad_app.runs.materialize import Materials

Preparation = Callable[[Callable[[], None]], object]
"""Does something before it is needed; calls its argument as often as it can, which raises where somebody waits."""

ROLES: tuple[Role, Role] = ("first", "second")

COMPILED_FOR = ("first", "second", "gray", "mask", "max_change", "low_pass")
"""The settings that compiled programs depend on, beside the shape of the picture."""

QUIET_SECONDS = 10.0
"""How long nothing is asked before something is prepared again; runs often follow each other."""


def main(*, prepares: bool) -> None:
    """Do what is asked until nobody can ask any more."""
    answers = _take_standard_output()
    yield_to_the_page()
    search_seldom()
    use_compilation_cache()
    inbox = Inbox()
    for request in inbox.requests(list(PREPARATIONS) if prepares else []):
        if prepares:
            inbox.compile_beside(request)
        answer = _answer(inbox, request)
        if prepares:
            inbox.expect_run(request)
        with contextlib.suppress(BrokenPipeError):  # the server has ended, as the reader will notice
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
    os._exit(0)  # at once, although a thread still reads


class Inbox:
    """The requests of the server.

    Attributes:
        reporter: of the job that runs; None while none does.

    Args:
        source: file descriptor that they are read from.
    """

    def __init__(self, source: int = 0) -> None:
        self._source = source
        self._expected: list[Preparation] = []
        self._known: set[str] = set()
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="compile")
        self.reporter: Reporter | None = None
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def requests(self, preparations: list[Preparation]) -> Iterator[dict[str, Any]]:
        """The requests until the server has ended; before the first one, and in long pauses, what is to be prepared.

        What an expected run needs is prepared at once.
        """
        pause = 0.0
        while True:
            to_do = self._expected or preparations
            with contextlib.suppress(queue.Empty):
                request = self._requests.get(timeout=0.0 if self._expected else pause if to_do else None)
                if request is None:
                    return
                pause = QUIET_SECONDS
                yield request
                continue
            if self._may_prepare() and self._prepare(to_do[0]):
                to_do.pop(0)

    def expect_run(self, answered: Mapping[str, Any]) -> None:
        """After a start was measured, expect a run from it and prepare its first step; after all else, nothing."""
        self._expected.clear()
        if self._has_news(answered):
            about = _what_is_compiled_for(answered)
            self._expected.append(partial(prepare_first_step, answered, lambda: self._known.add(about)))

    def compile_beside(self, request: Mapping[str, Any]) -> None:
        """Before a start is measured, begin to compile the solver's step for a run from it, if none was expected yet.

        Whatever else is asked for waits until what was begun has ended.
        """
        if self._has_news(request):
            self._aside.submit(prepare_step, request)
        else:
            self._aside.submit(int).result()

    def _has_news(self, request: Mapping[str, Any]) -> bool:
        return "measure" in request and _what_is_compiled_for(request) not in self._known

    def _may_prepare(self) -> bool:
        """Whether nothing is asked; then the priority is low until something is."""
        with self._lock:
            free = self._requests.empty()
            set_priority(PREPARING if free else RUNNING)
        return free

    def _prepare(self, prepare: Preparation) -> bool:
        """Prepare something; false if it was broken off. Where it fails, a run that needs it will say so."""
        try:
            prepare(self._break_off)
        except _Wanted:
            return False
        except MetricUnavailable:
            pass
        except Exception:  # whatever it is, runs of other metrics may succeed
            traceback.print_exc()
        return True

    def _break_off(self) -> None:
        if not self._requests.empty():
            raise _Wanted

    def _read(self) -> None:
        """Take the requests in; when they end, stop the job, and the process at once if there is no step to lose."""
        with open(self._source, "rb", closefd=False) as lines:  # not sys.stdin, which the program's end would wait for
            for line in lines:
                with self._lock:
                    self._requests.put(json.loads(line))
                    set_priority(RUNNING)
        reporter = self.reporter
        if reporter is None or reporter.status.phase.early:
            os._exit(0)
        reporter.orphaned = True
        self._requests.put(None)


def _answer(inbox: Inbox, request: Mapping[str, Any]) -> dict[str, Any]:
    if "run" in request:
        return {"memory": _run(inbox, request["run"])}
    if "directions" in request:
        search_in(Path(request["directions"]))
        return {"memory": memory_in_use()}
    if "check" in request:
        return {"problems": mistakes(request["check"])}
    return explain(request) if "explain" in request else measure_start(request)


def explain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The arrows of the method at a step of a record."""
    try:
        return explain_record(Path(asked["explain"]), asked["step"])
    except (ValueError, OSError, RuntimeError) as error:
        return {"problem": labeled(error)}


def measure_start(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The values of both metrics at the start of a competition, and between which levels it can be brought to one."""
    try:
        request, materials = _what_is_measured(asked)
        metrics: dict[Role, KnownMetric] = dict(zip(ROLES, metrics_of(request, get_metric), strict=True))
        measure = {"values": values_at_start} | ({"levels": levels_in_reach} if asked["levels"] else {})
        images = materials.reference, materials.start
        settings = request.settings()
        return {name: of(*images, metrics, settings, mask=materials.mask) for name, of in measure.items()}
    except (ValueError, OSError, RuntimeError) as error:
        return {"problem": labeled(error)}


def _what_is_compiled_for(asked: Mapping[str, Any]) -> str:
    """Starts to be measured that need the same compiled programs have the same text."""
    return json.dumps([asked["shape"], {name: asked["measure"].get(name) for name in COMPILED_FOR}])


def _what_is_measured(asked: Mapping[str, Any]) -> tuple[Request, Materials]:
    """The request, with what its picture says of gray, and its arrays."""
    request = request_from(asked["measure"])
    pixels = np.frombuffer(base64.b64decode(asked["reference"]), np.float32).reshape(asked["shape"])
    materials = materialize(request, pixels)
    return replace(request, gray=materials.gray), materials


class _Wanted(Exception):
    """Somebody waits for something else than what is prepared."""


def prepare_metrics(break_off: Callable[[], None]) -> None:
    """Import the frameworks, and load what the page's first metrics need."""
    for name in (Request().first, Request().second, "ssim"):
        get_metric(name)
        break_off()


def prepare_programs(break_off: Callable[[], None]) -> None:
    """Compile what the page's first competition needs, from the values of its start to its record, piece by piece."""
    request = Request(steps=1, others="none")
    materials, metrics = materialize(request), metrics_of(request, get_metric)
    for metric in metrics:
        bound = metric.bind(jnp.asarray(materials.reference))
        break_off()
        bound.value_and_grad(jnp.asarray(materials.start)[None])
        break_off()
    with tempfile.TemporaryDirectory() as folder:
        run_competition(request, folder, on_progress=lambda _: break_off())


def prepare_step(asked: Mapping[str, Any]) -> None:
    """Compile the solver's step for a run from a start that is being measured; not where one program has all of a run.

    Args:
        asked: the request for the measurement.
    """
    with contextlib.suppress(ValueError, OSError, RuntimeError):  # which the run says
        request, materials = _what_is_measured(asked)
        compile_step_of(request, materials, metrics_of(request, get_metric))


def prepare_first_step(asked: Mapping[str, Any], done: Callable[[], None], break_off: Callable[[], None]) -> None:
    """Compile what a run from a start that was measured needs for its first step, and its return to the level beside.

    A run that comes meanwhile waits for nothing that it would not compile itself.

    Args:
        asked: the request for the measurement.
        done: called at the end.
        break_off: as of any preparation.
    """
    with contextlib.suppress(ValueError, OSError):  # which the run says
        request, materials = _what_is_measured(asked)
        images, metrics = (materials.reference, materials.start), metrics_of(request, get_metric)
        steps = compete(*images, *metrics, request.settings(), mask=materials.mask)
        break_off()
        next(steps)
    done()


PREPARATIONS: tuple[Preparation, ...] = (prepare_metrics, prepare_programs)
"""What a process does before it is asked for anything."""


def _run(inbox: Inbox, path: str) -> int:
    """Run the job in a folder; returns the memory that the process takes afterwards."""
    folder = JobFolder(Path(path))
    with _printing_to(folder.path / "log.txt"):
        reporter = Reporter(folder)
        inbox.reporter = reporter
        work(reporter)
        inbox.reporter = None
    return memory_in_use()


def memory_in_use() -> int:
    """Bytes of memory that the process takes; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _take_standard_output() -> BinaryIO:
    """The standard output for the answers alone; what is printed goes where errors go."""
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


@contextlib.contextmanager
def _printing_to(log: Path) -> Iterator[None]:
    """Inside this context what is printed, and what errors there are, are added to a file."""
    before = os.dup(2)
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        yield
    finally:
        for stream in (1, 2):
            os.dup2(before, stream)
        os.close(before)


if __name__ == "__main__":
    main(prepares="prepare" in sys.argv[1:])
