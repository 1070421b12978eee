"""The program and its commands.

Results go to standard output, progress and errors to standard error. Exit codes: 0; 1 for a failure; 2 for an argument
that cannot be used; 130 after Ctrl-C. What takes long to import (PyTorch, Matplotlib, Streamlit) is imported where it
is needed, so that help is quick.
"""

import importlib.metadata
import logging
from collections.abc import Mapping
from typing import Any

import click

from mad_app.cli.app import app
from mad_app.cli.campaign import campaign
from mad_app.cli.compete import compete, resume
from mad_app.cli.directions import directions
from mad_app.cli.draw import animate, curve, figure, page, sheet
from mad_app.cli.lesson import lesson
from mad_app.cli.measure import measure, metrics
from mad_app.cli.running import INTERRUPTED
from mad_app.cli.series import level_sweep_command, preset, seeds
from mad_app.cli.tournament import tournament
from mad_app.metrics import OUT_OF_MEMORY, MetricFailed, MetricUnavailable, is_out_of_memory
from mad_app.records.text import quotable

COMMANDS = (
    compete, resume, level_sweep_command, seeds, preset, campaign, tournament, directions,
    figure, animate, sheet, curve, page, lesson, measure, metrics, app
)  # fmt: skip

EARLIER_NAMES: Mapping[str, str] = {"ladder": "level-sweep"}
"""Earlier names of commands, which go on working and are not listed."""


class _Program(click.Group):
    """Reports every expected failure in one sentence, without a stack trace."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, EARLIER_NAMES.get(cmd_name, cmd_name))

    def invoke(self, ctx: click.Context) -> Any:
        logging.getLogger("jax._src.callback").disabled = True  # what it prints is reported in a sentence
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except click.ClickException as error:
            text = error.format_message()  # what it quotes may come from a file, or be as long as one
            if (shown := "\n".join(map(quotable, text.split("\n")))) == text:
                raise
            if isinstance(error, click.UsageError):
                raise click.UsageError(shown, error.ctx) from error
            raise click.ClickException(shown) from error
        except (ValueError, MetricFailed, MetricUnavailable, OSError) as error:
            raise click.ClickException(
                OUT_OF_MEMORY if is_out_of_memory(error) else quotable(_message(error))
            ) from error
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise click.ClickException(OUT_OF_MEMORY) from error
        except KeyboardInterrupt as error:
            click.echo("interrupted", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from error


def _message(error: Exception) -> str:
    """An error without Python's own number for it."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        try:
            click.echo(f"mad_app {importlib.metadata.version('mad_app')}")
        except importlib.metadata.PackageNotFoundError:
            click.echo("mad_app, run from a source tree that is not installed")
        context.exit()


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]}, commands=COMMANDS)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
def program() -> None:
    """Maximum Differentiation competitions between perceptual image metrics.

    From a distorted copy of a picture, each of two metrics is raised and lowered as far as possible while the other
    keeps its value: four images that show where the two disagree.
    """
