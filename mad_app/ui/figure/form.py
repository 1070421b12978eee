"""What a visitor may choose of a figure, how an address carries it, and the command that makes the same file."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from mad_app.errors import ArgumentError
from mad_app.figures.animation import Moving, animation_bytes
from mad_app.figures.canvas import Kind
from mad_app.figures.export import figure_bytes
from mad_app.figures.options import SEVERAL, SHEET_SETTINGS, SheetSettings
from mad_app.records import Run

FileKind = Literal["pdf", "svg", "png", "gif", "webp"]

FILES: dict[FileKind, str] = {
    "pdf": "application/pdf",
    "svg": "image/svg+xml",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
}
"""Kinds of files, to what a browser calls them."""

RESOLUTIONS = (150, 300, 600)
"""Dots per inch of a PNG, beside that at which every pixel is a whole number of dots."""

ALWAYS_GIVEN = ("show", "width", "theme")
"""Options that a command gives even at their defaults, so that nobody has to know the defaults."""


@dataclass(frozen=True, kw_only=True)
class FigureForm(SheetSettings):
    """What is chosen of a figure: the options of the sheet, and of its file.

    Attributes:
        file: the kind of file.
        dpi: dots per inch of a PNG; None for whole pixels.
    """

    file: FileKind = "pdf"
    dpi: int | None = None

    @property
    def moves(self) -> bool:
        """Whether it is an animation, to which the options of the sheet do not apply but for its theme."""
        return self.file in ("gif", "webp")

    def options(self) -> dict[str, Any]:
        """The options of the sheet."""
        return {name: getattr(self, name) for name in SHEET_SETTINGS}

    def texts(self) -> dict[str, str]:
        """The options of the sheet that are not at their defaults, by name, as they are typed."""
        return {
            name: declared.text(value)
            for name, declared in SHEET_SETTINGS.items()
            if (value := getattr(self, name)) != declared.default
        }


def fitting(form: FigureForm, runs: int) -> FigureForm:
    """The form without what does not apply to so many runs.

    Example:
        >>> form = fitting(FigureForm(file="gif", show="pairs,differences,curves", rows="a,b"), 2)
        >>> form.file, form.show, form.rows
        ('pdf', 'pairs,differences', 'a,b')
    """
    names = form.row_names
    if names is not None and (runs == 1 or len(names) != runs):
        form = replace(form, rows=None)
    if runs == 1:
        return form
    parts = [part for part in form.parts or () if part in SEVERAL]
    return replace(form, show=",".join(parts) or None, file="pdf" if form.moves else form.file)


def draw(runs: Sequence[Run], form: FigureForm) -> bytes:
    """The file that is chosen; the command of `command_of` makes the same."""
    if form.moves:
        return animation_bytes(runs[0], cast(Moving, form.file), theme=form.theme)
    dpi = form.dpi if form.file == "png" else None
    return figure_bytes(runs, cast(Kind, form.file), dpi=dpi, **form.options())


def command_of(folders: Sequence[Path], form: FigureForm) -> str:
    """The command line that makes the same file, given the records' folders.

    Example:
        >>> command_of([Path("runs/a")], FigureForm(file="png", show="AB", drift=False, dpi=300))
        'python -m mad_app figure runs/a --show AB --width double --theme light --no-drift --dpi 300 --out figure.png'
    """
    words = ["animate" if form.moves else "figure", *map(str, folders)]
    for name, declared in SHEET_SETTINGS.items():
        value = getattr(form, name)
        if (
            value is None
            or (form.moves and name != "theme")
            or (value == declared.default and name not in ALWAYS_GIVEN)
        ):
            continue
        option = declared.option if value is not False else f"no-{declared.option}"
        words += [f"--{option}", *([] if isinstance(value, bool) else [declared.text(value)])]
    words += ["--dpi", str(form.dpi)] if form.file == "png" and form.dpi else []
    return shlex.join(["python", "-m", "mad_app", *words, "--out", f"figure.{form.file}"])


def to_query(form: FigureForm) -> dict[str, str]:
    """The form as parameters of an address; defaults are left out."""
    query = {SHEET_SETTINGS[name].option: text for name, text in form.texts().items()}
    query |= {"file": form.file} if form.file != FigureForm.file else {}
    return query | ({"dpi": str(form.dpi)} if form.dpi else {})


def from_query(query: Mapping[str, str]) -> FigureForm:
    """The form that an address carries; for what is not allowed the default is taken.

    Example:
        >>> found = from_query({"width": "single", "show": "maps", "font-size": "99", "dpi": "300"})
        >>> found.width, found.show, found.font_size, found.dpi
        ('single', 'differences', None, 300)
    """
    dpi = query.get("dpi", "")
    form = FigureForm(
        file=next((kind for kind in FILES if kind == query.get("file")), FigureForm.file),
        dpi=next((allowed for allowed in RESOLUTIONS if dpi == str(allowed)), None),
    )
    for name, declared in SHEET_SETTINGS.items():
        if (text := query.get(declared.option)) is not None:
            form = with_option(form, name, text)
    return form


def with_option(form: FigureForm, name: str, text: str) -> FigureForm:
    """The form with another value of an option of the sheet; unchanged if that cannot be used."""
    try:
        return replace(form, **{name: SHEET_SETTINGS[name].parse(text)})  # type: ignore[arg-type]
    except ArgumentError:
        return form
