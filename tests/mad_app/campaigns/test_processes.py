"""Worker processes: they live as long as the command, die without harm, and nothing is lost or done twice."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from mad_app.campaigns import LocalProcesses, Outcomes, execute, read_campaign, survey
from mad_app.cli.running import INTERRUPTED
from tests.mad_app.campaigns.examples import TEXT, requests_in
from tests.mad_app.cli.command_line import ROOT

LONG = f"{TEXT}seed = [0, 1, 2]\n".replace("steps = 4", "steps = 100")


def test_a_worker_that_dies_is_replaced_and_all_have_their_environment() -> None:
    with LocalProcesses(1) as executor:
        assert executor.submit(os.getenv, "XLA_PYTHON_CLIENT_PREALLOCATE").result() == "false"
        assert executor.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        first = executor.submit(os.getpid).result()
        assert executor.submit(os.getpid).result() == first != os.getpid()
        with pytest.raises(BrokenProcessPool):
            executor.submit(os.kill, first, signal.SIGKILL).result()
        assert executor.submit(os.getpid).result() not in (first, os.getpid())
    assert "XLA_PYTHON_CLIENT_PREALLOCATE" not in os.environ or os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_command_that_ends_leaves_no_worker_and_another_goes_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "campaign.toml").write_text(LONG)
    command = [sys.executable, "-m", "mad_app", "campaign", "campaign.toml", "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        lines = iter(process.stderr)
        assert any(line.startswith("1/3") for line in lines)
        if number is signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does: to the workers, too
        else:
            process.send_signal(number)
        errors = process.stderr.read()
        assert process.wait(timeout=60) == code
    assert "Traceback" not in errors
    _wait_for_end_of_group(process.pid)
    campaign, _ = read_campaign(LONG)
    root = tmp_path / "runs"
    assert 1 <= len(survey(campaign, root).done) < 3
    with ThreadPoolExecutor(1) as executor:
        assert len(execute(campaign, root, executor).done) == 3
    assert requests_in(root) == sorted(campaign.requests)
    assert Outcomes(root).failures() == {}


def _wait_for_end_of_group(group: int) -> None:
    for _ in range(1000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("a worker outlived its command")
