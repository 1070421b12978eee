"""Options that several commands share, and how a refused argument is reported.

The options of a competition are made from the declaration of its settings.
"""

import math
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from mad_app.declaration import Setting
from mad_app.distortions import DISTORTIONS
from mad_app.errors import ArgumentError
from mad_app.images import DEFAULT_IMAGE, ImageError
from mad_app.records import shelf_folder
from mad_app.request import REQUEST_SETTINGS, Request, in_groups

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

LARGEST_SHOWN = 1e6
"""A greatest value above this is not mentioned in the help: nobody comes near it."""

_KINDS: Mapping[type, Any] = {int: click.INT, float: click.FLOAT, str: click.STRING, bool: click.BOOL}
_CHOICES = {"distortion": tuple(DISTORTIONS)}

_STRENGTHS = "\n".join(
    f"  {row.name:<16} {row.minimum:g} to {row.maximum:g} ({row.unit}); default {row.default:g}"
    for row in DISTORTIONS.values()
)
EPILOG = f"\b\nStrengths:\n{_STRENGTHS}"

OUT = click.option(
    "--out", type=click.Path(path_type=Path), default="runs", show_default=True, help="Folder of the runs."
)


class Folder(click.Path):
    """A folder that exists, under its own name also where it is given as "." or ends in ".."; or a run of the shelf."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder; refuses what is none."""
        if (on_shelf := shelf_folder(str(value).rstrip("/"))) is not None and not Path(str(value)).exists():
            return on_shelf
        folder = Path(str(super().convert(value, param, ctx)))
        if not folder.is_dir():  # a pipe or a device
            self.fail(f"{folder} is no folder.", param, ctx)
        return folder.resolve() if folder.name in ("", "..") else folder


class FileName(click.types.StringParamType):
    """The name of a file, or of a bundled picture, which is not empty."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it is."""
        if not value:
            self.fail("the name is empty.", param, ctx)
        return str(super().convert(value, param, ctx))


class FiniteRange(click.FloatRange):
    """A number within limits, which NaN is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; refuses what is none, or lies outside."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


RUN = click.argument("run", type=Folder())
SERIES = click.argument("series", type=Folder())


def file_option(endings: str) -> Callable[[Decorated], Decorated]:
    """The file that a command writes, as `path`; `endings` are what its name may end in, such as ".gif or .webp"."""
    help_ = f"A name that ends in {endings}."
    return click.option("--out", "path", type=click.Path(path_type=Path), required=True, help=help_)


DRAWING = file_option(".pdf, .svg or .png")
ANIMATION = file_option(".gif or .webp")
PAGE = file_option(".html")
SERIES_WIDTH = click.option("--width", default="double", show_default=True, help="double (columns), or slide.")
THEME = click.option("--theme", default="light", show_default=True, help="light or dark.")


_GIVEN_BY = {"reference": "image", "start": "start_file", "metric": "names"}
"""An argument of a function, to the parameter of a command that gave it, where that is called otherwise."""


class Command(click.Command):
    """A command that shows a refused argument under the name that was typed, and exits with 2.

    A refused argument that no parameter of the command gave, such as one in a record, is a failure.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["typed"] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ArgumentError as error:
            if _parameter_of(error, ctx) is None:
                raise click.ClickException(refusal(error, ctx)) from error
            raise click.UsageError(refusal(error, ctx), ctx) from error
        except ImageError as error:
            raise click.UsageError(str(error), ctx) from error


def report_under(parameter: str, argument: str) -> None:
    """Let a refused argument be reported under the parameter of the present command that gave it."""
    click.get_current_context().meta.setdefault("given by", {})[argument] = parameter


def refusal(error: ValueError, context: click.Context | None = None) -> str:
    """An error in a sentence; a refused argument under the name that was typed, or else under its label."""
    if not isinstance(error, ArgumentError):
        return str(error)
    context = context or click.get_current_context()
    declared, parameter = REQUEST_SETTINGS.get(error.argument), _parameter_of(error, context)
    if parameter is not None:
        return f"{_typed_name(parameter, context)} {error.problem}"
    name = error.argument.replace("_", " ") if declared is None else declared.label
    return f"{name[:1].lower()}{name[1:]} {error.problem}"


def was_typed(name: str) -> bool:
    """Whether a parameter of the present command was given, rather than left at its default."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


class SettingOption(click.Option):
    """An option whose earlier names work but are not listed."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, text = record
        for alias in (*self.opts[1:], *self.secondary_opts[1:]):
            names = names.replace(f", {alias}", "")
        return names, text


def competition_options(command: Decorated) -> Decorated:
    """Let a command ask for a competition: the picture, an option for each setting, and the folder of the runs."""
    names = [one.name for one in in_groups() if one.name != "image"]
    return image_argument()(setting_options(*names)(OUT(command)))


def image_argument(default: str = DEFAULT_IMAGE) -> Callable[[Decorated], Decorated]:
    """The picture, as a file or the name of a bundled one."""
    return click.argument("image", default=default, type=FileName())


def setting_options(*names: str) -> Callable[[Decorated], Decorated]:
    """Options for these settings, in this order."""

    def decorate(command: Decorated) -> Decorated:
        for name in reversed(names):
            command = option_of(REQUEST_SETTINGS[name])(command)
        return command

    return decorate


def option_of(declared: Setting) -> Callable[[Decorated], Decorated]:
    """The option of one setting: names, type, default, range and help as declared."""
    names = [f"--{name.replace('_', '-')}" for name in (declared.option, *declared.aliases)]
    if declared.kind is bool and declared.default is not False:
        names = [f"{name}/--no-{name.removeprefix('--')}" for name in names]
    choices = _CHOICES.get(declared.name)
    kind = FileName() if declared.file else _KINDS[declared.kind]
    return click.option(
        *names,
        declared.name,
        cls=SettingOption,
        type=click.Choice(choices) if choices else kind,
        is_flag=declared.kind is bool,
        default=None if declared.inferred else declared.default,
        hidden=declared.hidden,
        metavar="IMAGE" if declared.file else None,
        help=f"{declared.help}{_default_and_range(declared)}",
    )


def request_of_options(asked: Mapping[str, Any], *, decided: Mapping[str, str] | None = None) -> Request:
    """The request of the present command's options.

    Args:
        asked: the value of each setting.
        decided: names of settings that another option decides, to a sentence that says so.

    Raises:
        click.UsageError: an option was typed that another decides.
        ArgumentError: a value is out of its range.
    """
    decided = dict(decided or {})
    if asked["start_file"] is not None:
        decided |= dict.fromkeys(("distortion", "strength"), "--start takes the place of a distortion")
    for name, why in decided.items():
        if was_typed(name):
            raise click.UsageError(f"{why}: leave out --{REQUEST_SETTINGS[name].option}")
    return Request(**asked)


def _default_and_range(declared: Setting) -> str:
    default = declared.none if declared.default is None else declared.text(declared.default)
    notes = [] if isinstance(declared.default, bool) else [f"default: {default}"]
    notes += filter(None, [_range(declared)])
    return f"  [{'; '.join(notes)}]" if notes else ""


def _range(declared: Setting) -> str:
    low, high = declared.minimum, declared.maximum
    high = None if high is None or high > LARGEST_SHOWN else high
    if declared.above is not None:
        return f"above {declared.above:g}" + ("" if high is None else f", at most {high:g}")
    if low is not None and high is not None:
        return f"{low:.3g} to {high:g}"
    return "" if low is None else f"at least {low:.3g}"


def _parameter_of(error: ArgumentError, context: click.Context) -> click.Parameter | None:
    """The parameter of the command that gave the argument that is refused."""
    known = {parameter.name: parameter for parameter in context.command.params}
    given_by = context.meta.get("given by", {}).get(error.argument, error.argument)
    return known.get(given_by) or known.get(_GIVEN_BY.get(given_by, given_by))


def _typed_name(parameter: click.Parameter, context: click.Context) -> str:
    """The name of a parameter as it was typed."""
    if not isinstance(parameter, click.Option):
        return parameter.human_readable_name.removesuffix("...")
    typed: Collection[str] = {word.partition("=")[0] for word in context.meta["typed"]}
    return next((name for name in parameter.opts if name in typed), parameter.opts[0])
