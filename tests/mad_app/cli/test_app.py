"""The command that starts the page: its configuration, where runs live, and its end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mad_app.cli.app import APP, configuration_options
from mad_app.jobs.paths import runs_root
from mad_app.jobs.sharing import free_port
from tests.mad_app.cli.command_line import ROOT
from tests.mad_app.patience import wait_until


def test_the_configuration_becomes_options(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\naddress = "localhost"\nmaxUploadSize = 20\n[theme.dark]\nlinkUnderline = true\n')
    assert configuration_options(file) == [
        "--server.address=localhost",
        "--server.maxUploadSize=20",
        "--theme.dark.linkUnderline=true",
    ]
    file.write_text("[theme]\nheadingFontSizes = [1, 2]\n")
    with pytest.raises(ValueError, match=r"theme\.headingFontSizes"):
        configuration_options(file)


def test_the_project_listens_to_this_machine_only_and_reports_to_nobody() -> None:
    options = configuration_options()
    assert "--server.address=localhost" in options
    assert "--browser.gatherUsageStats=false" in options
    assert APP.is_file()


def test_runs_live_where_the_variable_says_else_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path / "mine"))
    assert runs_root() == tmp_path / "mine"
    monkeypatch.delenv("MAD_APP_RUNS")
    monkeypatch.chdir(tmp_path)
    assert runs_root() == tmp_path / "runs"


@pytest.mark.skipif(sys.platform != "linux", reason="ends a group of processes by its number")
def test_the_server_ends_with_the_command(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "mad_app", "app", f"--server.port={port}", "--server.headless=true"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MAD_APP_RUNS": str(tmp_path), "MAD_APP_PREPARE": "off"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            wait_until(lambda: is_open(port), 60)
            process.terminate()
            process.wait(timeout=60)
            wait_until(lambda: not is_open(port), 60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
