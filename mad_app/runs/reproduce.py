"""What runs a competition again: the choices of the page, and words for a shell and for Python."""

import shlex
from dataclasses import asdict, fields, replace
from pathlib import Path

from mad_app.images import BUNDLED, Crop
from mad_app.records import Run, Summary
from mad_app.runs import Request, request_of
from mad_app.ui.components.form import Form, from_query

COPY = "reference.png"
"""A record's own copy of its picture."""

SAID = ("size", "first", "second", "distortion", "strength", "steps", "seed")
"""Settings that are said even where they are as usual, so that nobody has to know what is usual."""


def choices_of(run: Run | Summary) -> Form:
    """What a visitor would choose for a run, on the record's own copy of a picture that is not bundled; what no visitor
    can choose is as usual."""
    texts = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in run.settings.items()}
    if texts.get("image") not in BUNDLED:
        texts |= {"image": f"{run.id}/{COPY}"} | {name: str(value) for name, value in asdict(Crop()).items()}
    return from_query(texts)


def asks_for(now: Request, request: Request, run: Run | None) -> bool:
    """Whether `now` asks for the same as the `request` of a run, perhaps on the record's own copy of its picture."""
    if now == request or run is None or run.folder is None:
        return now == request
    return now == replace(request, image=str(run.folder / COPY), **asdict(Crop()))


def without_control(request: Request, run: Run) -> list[str]:
    """Settings of a run that no address can carry, for people."""
    chosen = choices_of(run).request(request.image or COPY)
    ignored = {"image", *asdict(Crop())}
    names = [item.name for item in fields(Request) if item.name not in ignored]
    return [name.replace("_", " ") for name in names if getattr(chosen, name) != getattr(request, name)]


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
