"""What a visitor may choose of a figure, how an address carries it, and the command that makes the same file."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from mad_app.figures import (
    EARLIER_PARTS,
    FORMATS,
    PARTS,
    SMALLEST_FONT,
    THEMES,
    Kind,
    Moving,
    Part,
    SheetOptions,
    ThemeName,
    Width,
    animation_bytes,
    figure_bytes,
)
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


@dataclass(frozen=True, kw_only=True)
class FigureForm:
    """What is chosen of a figure.

    Attributes:
        file: the kind of file.
        show: parts of the sheet, in the order of PARTS.
        width: of the sheet.
        font_size: in points; the default of the width if None.
        theme: its colors.
        dpi: dots per inch of a PNG; None for whole pixels.
    """

    file: FileKind = "pdf"
    show: tuple[Part, ...] = tuple(PARTS)
    width: Width = "double"
    font_size: float | None = None
    theme: ThemeName = "light"
    dpi: int | None = None

    @property
    def moves(self) -> bool:
        """Whether it is an animation, to which the options of the sheet do not apply."""
        return self.file in ("gif", "webp")

    def options(self) -> SheetOptions:
        """The options of the sheet."""
        return {"width": self.width, "font_size": self.font_size, "theme": self.theme, "show": self.show}


def draw(run: Run, form: FigureForm) -> bytes:
    """The file that is chosen; the command of `command_of` makes the same."""
    if form.moves:
        return animation_bytes(run, cast(Moving, form.file), theme=form.theme)
    dpi = form.dpi if form.file == "png" else None
    return figure_bytes(run, cast(Kind, form.file), dpi=dpi, **form.options())


def command_of(folder: Path, form: FigureForm) -> str:
    """The command line that makes the same file, given the record's folder.

    Example:
        >>> command_of(Path("runs/a"), FigureForm(file="png", show=("pairs", "others"), theme="dark", dpi=300))
        'python -m mad_app figure runs/a --show pairs,others --width double --theme dark --dpi 300 --out figure.png'
    """
    words = ["animate" if form.moves else "figure", str(folder)]
    if not form.moves:
        words += ["--show", ",".join(form.show), "--width", form.width]
        words += ["--font-size", f"{form.font_size:g}"] if form.font_size is not None else []
    words += ["--theme", form.theme]
    words += ["--dpi", str(form.dpi)] if form.file == "png" and form.dpi else []
    return shlex.join(["python", "-m", "mad_app", *words, "--out", f"figure.{form.file}"])


def to_query(form: FigureForm) -> dict[str, str]:
    """The form as parameters of an address; defaults are left out."""
    default = FigureForm()
    query: dict[str, str] = {}
    for name in ("file", "width", "theme"):
        if getattr(form, name) != getattr(default, name):
            query[name] = getattr(form, name)
    query |= {"show": ",".join(form.show)} if form.show != default.show else {}
    query |= {"font-size": f"{form.font_size:g}"} if form.font_size is not None else {}
    query |= {"dpi": str(form.dpi)} if form.dpi else {}
    return query


def from_query(query: Mapping[str, str]) -> FigureForm:
    """The form that an address carries; for what is not allowed the default is taken.

    Example:
        >>> from_query({"width": "single", "show": "maps,legs", "font-size": "99", "dpi": "300"})
        FigureForm(file='pdf', show=('maps',), width='single', font_size=None, theme='light', dpi=300)
    """
    default = FigureForm()
    named = [EARLIER_PARTS.get(part, part) for part in query.get("show", "").split(",")]
    width: Width = _one_of(query.get("width"), FORMATS, default.width)
    dpi = query.get("dpi", "")
    return FigureForm(
        file=_one_of(query.get("file"), FILES, default.file),
        show=tuple(part for part in PARTS if part in named) or default.show,
        width=width,
        font_size=_font_size(query.get("font-size"), width),
        theme=_one_of(query.get("theme"), THEMES, default.theme),
        dpi=next((allowed for allowed in RESOLUTIONS if dpi == str(allowed)), None),
    )


def _one_of(text: str | None, allowed: Mapping[Any, object], default: Any) -> Any:
    return text if text in allowed else default


def _font_size(text: str | None, width: Width) -> float | None:
    try:
        size = float(text) if text else FORMATS[width].font
    except ValueError:
        return None
    fits = SMALLEST_FONT <= size <= FORMATS[width].largest_font and size != FORMATS[width].font
    return size if fits else None
