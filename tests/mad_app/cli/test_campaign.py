"""The command `campaign`: what it prints, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mad_app.cli import campaign as cli
from tests.mad_app.campaigns.examples import TEXT
from tests.mad_app.cli.command_line import assert_refused, invoke


class _Threads(ThreadPoolExecutor):
    """In the place of worker processes, which take seconds to start."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cli, "LocalProcesses", _Threads)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "campaign.toml"
    path.write_text(TEXT + "seed = [0, 1]\nsecond_level = [0.01, 1000]\n")
    return path


def test_a_campaign_is_planned_run_and_reported(file: Path) -> None:
    planned = invoke("campaign", file, "--dry-run")
    assert planned.stdout.splitlines()[0] == "4 runs, 0 done, 4 left"
    assert "time: unknown" in planned.stdout
    assert not Path("runs").exists()
    ran = invoke("campaign", file)
    assert (ran.exit_code, ran.stdout) == (1, "runs\n")
    assert "2/4 done  2 failed" in ran.stderr
    status = invoke("campaign", file, "--status")
    assert status.exit_code == 0
    assert status.stdout.splitlines()[0] == "4 runs, 2 done, 0 left, 2 failed"
    assert status.stdout.count("failed: cat, ssim against mse") == 2
    file.write_text(TEXT + "seed = [0, 1, 2]\nsecond_level = 0.01\n")
    planned = invoke("campaign", file, "--dry-run")
    assert planned.stdout.splitlines()[0] == "3 runs, 2 done, 1 left"
    assert "time: 0:0" in planned.stdout
    assert invoke("campaign", file).exit_code == 0


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ('sead = 1\nimage = "nowhere.png"', [], "did you mean seed?"),
        ('sead = 1\nimage = "nowhere.png"', [], "image nowhere.png does not exist"),
        (TEXT, ["--slurm", "--workers", "2"], "exclude each other"),
        (TEXT, ["--slurm-option", "timeout_min=3"], "--slurm-option is for --slurm"),
        (TEXT, ["--slurm", "--slurm-option", "minutes"], "must have the form KEY=VALUE"),
        (TEXT, ["--gpus", "0.5"], "--gpus is for --ray"),
        (TEXT, ["--gpus", "nan"], "'nan' is not a number"),
        (TEXT, ["--ray", "auto", "--gpus", "inf"], "'--gpus': inf is not in the range"),
        (TEXT, ["--workers", "1000000000"], "'--workers': 1000000000 is not in the range"),
        (TEXT, ["--dry-run", "--slurm", "--ray", "auto"], "exclude each other"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_runs(
    file: Path, text: str, options: list[Any], message: str
) -> None:
    file.write_text(text)
    assert_refused(invoke("campaign", file, *options), message, code=2)
    assert list(file.parent.iterdir()) == [file]


def test_an_executor_whose_package_is_missing_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    monkeypatch.delitem(__import__("sys").modules, "mad_app.campaigns.ray", raising=False)
    assert_refused(invoke("campaign", file, "--ray", "auto"), "pip install 'mad_app[ray]'", code=2)
