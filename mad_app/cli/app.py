"""Opening the app: Streamlit, with the project's own configuration wherever it is started from.

The configuration is `.streamlit/config.toml` of the checkout; an installed package carries it as `mad_app/ui/config`.
"""

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import Command
from mad_app.jobs.capacity import runs_asked_for
from mad_app.jobs.environment import server_environment
from mad_app.jobs.rights import describe_rights, rights_environment

PACKAGE = Path(__file__).resolve().parents[1]
APP = PACKAGE / "app.py"


@click.command(cls=Command, context_settings={"ignore_unknown_options": True}, options_metavar="")
@click.option("--open-to-all", is_flag=True, help="Let every visitor rename, delete and stop all runs.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def app(options: tuple[str, ...], open_to_all: bool) -> None:
    """Open the app in the browser.

    OPTIONS are those of `streamlit run`, such as --server.port 8600.
    """
    try:
        runs_asked_for()  # a wrong value is reported here rather than on a page
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    raise click.exceptions.Exit(open_app(options, open_to_all=open_to_all))


def open_app(options: Sequence[str] = (), *, open_to_all: bool = False) -> int:
    """Run the app's server until it ends or is interrupted.

    Args:
        options: of `streamlit run`, such as `["--server.port", "8600"]`; they win over the project's configuration.
        open_to_all: let every visitor change all runs.

    Returns:
        The server's exit status, 0 after Ctrl-C.
    """
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *configuration_options(), *options]
    environment = server_environment() | rights_environment(open_to_all=open_to_all)
    click.echo(describe_rights(environment), err=True)
    server = subprocess.Popen(command, env=environment)
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.wait()
        return 0


def configuration_options(file: Path | None = None) -> list[str]:
    """The project's configuration as options of `streamlit run`.

    Example:
        >>> "--browser.gatherUsageStats=false" in configuration_options()
        True
    """
    with (file or _configuration_file()).open("rb") as opened:
        return [f"--{name}={text}" for name, text in _flat(tomllib.load(opened))]


def _configuration_file() -> Path:
    """In an installed package, or in the source checkout."""
    installed = PACKAGE / "ui" / "config" / "config.toml"
    return installed if installed.is_file() else PACKAGE.parent / ".streamlit" / "config.toml"


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and values; lists cannot be given as options."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, bool):
            yield prefix + key, str(value).lower()
        elif isinstance(value, str | int | float):
            yield prefix + key, str(value)
        else:
            raise ValueError(f"{prefix}{key} in the configuration must be text, a number, true or false, got {value!r}")
