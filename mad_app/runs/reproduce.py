"""What runs a competition again: the choices of the page, and words for a shell and for Python."""

import shlex
from dataclasses import asdict, fields, replace
from pathlib import Path

from mad_app.images import BUNDLED, Crop
from mad_app.records import Run
from mad_app.runs import Request, request_of

COPY = "reference.png"
"""A record's own copy of its picture."""

SAID = ("size", "first", "second", "distortion", "strength", "steps", "seed")
"""Settings that are said even where they are as usual, so that nobody has to know what is usual."""


def request_again(run: Run) -> Request:
    """What asks for the same run from elsewhere: where the picture is no bundled one, the record's own copy of it.

    Files that lie over the picture pixel by pixel fit the picture itself only.
    """
    request = request_of(run)
    if request.image in BUNDLED or run.folder is None or request.mask or request.start_file:
        return request
    path, here = (run.folder / COPY).resolve(), Path.cwd()
    image = path.relative_to(here) if path.is_relative_to(here) else path
    return replace(request, image=str(image), **asdict(Crop()))


def command_of(request: Request) -> str:
    """The command line of a request.

    Example:
        >>> command_of(Request(image="my cat.png", steps=50))[:71]
        "python -m mad_app compete 'my cat.png' --size 128 --first lasi --second"
    """
    options = {name: value for name, value in _said(request).items() if name != "image"}
    words = [word for name, value in options.items() for word in _option(name, value)]
    image = request.image or COPY
    image = f"./{image}" if image.startswith("-") else image
    return shlex.join(["python", "-m", "mad_app", "compete", image, *words, "--out", "runs"])


def python_of(request: Request) -> str:
    """The Python of a request."""
    arguments = "".join(f"    {name}={value!r},\n" for name, value in _said(request).items())
    return (
        f"from mad_app import Request, run_competition\n\nrequest = Request(\n{arguments})\n"
        'run_competition(request, "runs")'
    )


def _option(name: str, value: str | float) -> list[str]:
    option = "--start" if name == "start_file" else f"--{name.replace('_', '-')}"
    return [option] if value is True else [option, str(value)]


def _said(request: Request) -> dict[str, str | float]:
    """The settings that are not as usual, and those that are said in any case."""
    values = {item.name: getattr(request, item.name) for item in fields(Request)}
    return {
        item.name: values[item.name]
        for item in fields(Request)
        if item.name in ("image", *SAID) or values[item.name] != item.default
    }
