"""The README: its Python and its commands run, its links lead somewhere."""

import re
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from mad_app.cli.main import program
from mad_app.images import save_png
from mad_app.request import Request
from mad_app.runs import run_competition
from mad_app.runs.series import level_sweep, run_series

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()

SMALL = {
    "size": "24",
    "steps": "1",
    "count": "2",
    "first": "ssim",
    "second": "mse",
    "others": "none",
    "names": "mse",
    "metrics": "ssim,mse",
    "levels": "0.009,0.01",
}
"""What makes a command quick, by the name of the option's value."""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def _commands() -> list[list[str]]:
    """The words after "python -m mad_app" of every command."""
    lines = [line for block in _blocks("bash") for line in block.splitlines() if "python -m mad_app" in line]
    return [shlex.split(line.rpartition(" -m mad_app ")[2], comments=True) for line in lines]


@pytest.mark.parametrize("block", _blocks("python"))
def test_python_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})


def test_there_are_two_lines_to_start_with() -> None:
    install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python -m "
    assert f"{install}mad_app app\n" in README
    assert f"{install}pytest\n" in README


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that was stopped after its first step, and a series."""
    root = tmp_path_factory.mktemp("records")
    request = Request(first="ssim", second="mse", size=24, steps=2, others="none")
    run_competition(request, root, should_stop=lambda: True).rename(root / "RUN")
    run_series(level_sweep(request, "second", [0.009, 0.01]), root / "series").folder.rename(root / "SERIES")
    return root


@pytest.fixture
def _workplace(tmp_path: Path, records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The present folder holds what the commands name: pictures, a metric, and records in runs."""
    shutil.copytree(records, tmp_path / "runs")
    for name in ("face", "other", "reference", "image"):
        picture = np.random.default_rng(len(name)).random((24, 24, 3), np.float32)
        save_png(tmp_path / f"{name}.png", picture)
    (own,) = (block for block in _blocks("python") if "def blurred_mse" in block)
    (tmp_path / "my_metrics.py").write_text(own)
    (tmp_path / "campaign.toml").write_text(*_blocks("toml"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_commands_and_options_exist(words: list[str]) -> None:
    command = program.get_command(click.Context(program), words[0])
    assert command is not None
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert {word for word in words[1:] if word.startswith("--")} <= options


def _is_run(words: list[str]) -> bool:
    """Servers, long series, campaigns, tournaments and the shelf have their own tests; a campaign is only planned."""
    return (
        words[:2] != ["page", "shelf"]
        and words[0] not in ("app", "preset", "tournament")
        and (words[0] != "campaign" or bool({"--dry-run", "--status"} & {*words}))
    )


@pytest.mark.usefixtures("_workplace")
@pytest.mark.parametrize("words", [words for words in _commands() if _is_run(words)], ids=" ".join)
def test_commands_run(words: list[str]) -> None:
    command = program.get_command(click.Context(program), words[0])
    assert command is not None
    own = any(":" in word for word in words)
    options = {option.name: option.opts[0] for option in command.params if isinstance(option, click.Option)}
    small = [word for name, value in SMALL.items() if name in options and not (own and name == "first")
             for word in (options[name], value)]  # fmt: skip
    result = CliRunner(catch_exceptions=False).invoke(program, [*words, *small])
    assert result.exit_code == 0, result.stderr
    assert result.stdout


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
    headings = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)", README, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings


def test_files_that_the_text_names_exist() -> None:
    named = set(re.findall(r"`((?:mad_app|lasi|tests)/[\w/.]+)`", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
