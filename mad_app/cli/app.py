"""Opening the app: Streamlit, with the project's own configuration wherever it is started from.

The configuration is `.streamlit/config.toml` of the checkout; an installed package carries it as `mad_app/ui/config`.
"""

import contextlib
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mad_app.cli.options import Command
from mad_app.jobs.capacity import runs_asked_for
from mad_app.jobs.environment import server_environment
from mad_app.jobs.rights import describe_rights, rights_environment
from mad_app.jobs.sharing import SHARED, describe_limits, free_port, network_address

PACKAGE = Path(__file__).resolve().parents[1]
APP = PACKAGE / "served.py"


@click.command(cls=Command, context_settings={"ignore_unknown_options": True}, options_metavar="")
@click.option("--open-to-all", is_flag=True, help="Let every visitor rename, delete and stop all runs.")
@click.option("--share", is_flag=True, help="Let other machines of the network open the app, within limits.")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def app(options: tuple[str, ...], open_to_all: bool, share: bool) -> None:
    """Open the app in the browser.

    OPTIONS are those of `streamlit run`, such as --server.port 8600. With --share the server listens to the network and
    prints its address, also as a QR code.
    """
    try:
        runs_asked_for()  # a wrong value is reported here rather than on a page
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        options = (*shared_options(options), *options) if share else options
    except OSError as error:
        raise click.ClickException(str(error)) from error
    raise click.exceptions.Exit(open_app(options, open_to_all=open_to_all, share=share))


def open_app(options: Sequence[str] = (), *, open_to_all: bool = False, share: bool = False) -> int:
    """Run the app's server until it ends or is interrupted.

    Args:
        options: of `streamlit run`, such as `["--server.port", "8600"]`; they win over the project's configuration.
        open_to_all: let every visitor change all runs.
        share: hold visitors to the limits of a shared server, and print its address.

    Returns:
        The server's exit status, 0 after Ctrl-C.
    """
    command = [sys.executable, "-m", "streamlit", "run", str(APP), *configuration_options(), *options]
    environment = server_environment() | rights_environment(open_to_all=open_to_all)
    click.echo(describe_rights(environment), err=True)
    if share:
        environment[SHARED] = "1"
        _print_invitation(shared_address(options))
    server = subprocess.Popen(command, env=environment)
    try:
        with _ended_together(server):
            return server.wait()
    except KeyboardInterrupt:
        server.wait()
        return 0


@contextlib.contextmanager
def _ended_together(server: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Inside this context the server is asked to end when this process is, as by `kill` or a service manager."""
    if threading.current_thread() is not threading.main_thread():  # where no handler can be set
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def shared_options(options: Sequence[str]) -> list[str]:
    """The options that let other machines open the app, but for what is given already.

    Raises:
        OSError: no port is free.
    """
    shared = [] if streamlit_option(options, "server.port") else [f"--server.port={free_port()}"]
    return ["--server.address=0.0.0.0", "--server.headless=true", *shared]


def shared_address(options: Sequence[str]) -> str:
    """Where other machines open the app that is started with these options.

    Example:
        >>> shared_address(["--server.port", "8600", "--server.baseUrlPath=mad"]).partition("//")[2].partition(":")[2]
        '8600/mad'
    """
    path = (streamlit_option(options, "server.baseUrlPath") or "").strip("/")
    return f"http://{network_address()}:{streamlit_option(options, 'server.port')}/{path}"


def streamlit_option(options: Sequence[str], name: str) -> str | None:
    """The value of an option of `streamlit run`, given as --name=value or --name value; the last one wins.

    Example:
        >>> streamlit_option(["--server.port=1", "--server.port", "2"], "server.port")
        '2'
    """
    found = None
    for i, option in enumerate(options):
        given, equals, value = option.partition("=")
        if given == f"--{name}":
            found = value if equals else options[i + 1] if i + 1 < len(options) else None
    return found


def _print_invitation(address: str) -> None:
    import segno  # of the extra `app`, as Streamlit is, without which the other commands work

    click.echo(f"\nOthers open {address}\n{describe_limits()}\n", err=True)
    segno.make(address).terminal(out=sys.stderr, compact=True)


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
