"""The README: its Python runs, its commands exist, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest

from mad_app.cli.main import program

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def _commands() -> list[str]:
    return [line for block in _blocks("bash") for line in block.splitlines() if "python -m mad_app" in line]


@pytest.mark.parametrize("block", _blocks("python"))
def test_python_runs(block: str) -> None:
    exec(compile(block, "README.md", "exec"), {})


def test_there_are_two_lines_to_start_with() -> None:
    install = "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python -m "
    assert f"{install}mad_app app\n" in README
    assert f"{install}pytest\n" in README


@pytest.mark.parametrize("line", _commands())
def test_commands_and_options_exist(line: str) -> None:
    _, name, *words = shlex.split(line.rpartition(" -m ")[2], comments=True)
    command = program.get_command(click.Context(program), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
    headings = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)", README, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings
