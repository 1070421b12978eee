"""Campaigns that are started from the page: each in a process of its own, which ends with the server.

    python -m mad_app.jobs.campaigns ROOT ID WORKERS [retry]

runs a campaign that the folder of the runs knows (`campaigns.status`) in worker processes, once it was checked. When
its standard input ends, because the server has, the runs at work stop after their step, and the process ends. All that
it says is in the folder, so that any process can look on.
"""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

from mad_app.campaigns import LocalProcesses, execute, mistakes, read_campaign
from mad_app.campaigns.status import Known, find_campaign
from mad_app.errors import ArgumentError
from mad_app.jobs.environment import server_environment
from mad_app.jobs.priority import yield_to_the_page
from mad_app.records import RecordError

STANDARD_INPUT = 0
RUNS_PER_WORKER = 2
"""Handed out at once, so that no worker waits for its next."""


class CampaignProcesses:
    """The processes that a server started."""

    def __init__(self) -> None:
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self, root: Path, known: Known, *, workers: int, retry_failed: bool) -> None:
        """Run a campaign, unless this server runs one already.

        Raises:
            RecordError: it does; OSError: no process could be started.
        """
        with self._lock:
            if any(process.poll() is None for process in self._started.values()):
                raise RecordError("a campaign runs already: wait for it, or stop it first")
            known.write(replace(known.status, problems=()))
            command = [sys.executable, "-m", __name__, str(root), known.id, str(workers)]
            self._started[known.id] = subprocess.Popen(
                [*command, *(["retry"] if retry_failed else [])],
                env=server_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def is_alive(self, identity: str) -> bool:
        """Whether this server's process of a campaign is alive."""
        with self._lock:
            process = self._started.get(identity)
            return process is not None and process.poll() is None


def run_known(root: Path, identity: str, workers: int, *, retry_failed: bool, ended: threading.Event) -> None:
    """Check a campaign and run it; why it cannot be run is kept in its status.

    Args:
        root: the folder of the runs.
        identity: of the campaign.
        workers: how many processes.
        retry_failed: whether runs that failed are tried again.
        ended: whether nobody wants it any longer.
    """
    known = find_campaign(root, identity)
    if known is None:
        return
    try:
        problems = mistakes(known.text())
        if not problems:
            campaign, _ = read_campaign(known.text(), known.status.name)
            with LocalProcesses(workers) as executor:
                at_once = RUNS_PER_WORKER * workers
                execute(
                    campaign,
                    root,
                    executor,
                    at_once=at_once,
                    retry_failed=retry_failed,
                    should_stop=ended.is_set,
                )
    except (RecordError, ArgumentError) as error:
        problems = [str(error)]
    if problems and (after := find_campaign(root, identity)):
        after.write(replace(after.status, problems=tuple(problems)))


def main(root: str, identity: str, workers: str, *options: str) -> None:
    """Run a campaign until it is done or the standard input ends."""
    yield_to_the_page()
    ended = threading.Event()
    threading.Thread(target=_await_end, args=(ended,), daemon=True).start()
    run_known(Path(root), identity, int(workers), retry_failed="retry" in options, ended=ended)


def _await_end(ended: threading.Event) -> None:
    while os.read(STANDARD_INPUT, 1):  # not sys.stdin, which the program's end would wait for
        pass
    ended.set()


if __name__ == "__main__":
    main(*sys.argv[1:])
