"""The caption of a figure: what is seen and every setting, in plain text and for LaTeX."""

from collections.abc import Collection

from mad_app.figures.options import PARTS, Part
from mad_app.figures.sheet import gain_of
from mad_app.figures.text import LETTERS, metric_title, number, outcomes, percentage, verdict
from mad_app.records import Run, without_folders

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "×": r"$\times$",
    "→": r"$\to$",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "–": "--",
    "…": r"\dots{}",
    '"': "''",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_LAST_LETTER = 0x24F
"""Beyond the letters of Latin scripts, LaTeX needs packages that a text may not have."""


def caption(run: Run, show: Collection[Part] | None = None) -> str:
    """The caption of a run's sheet in plain text, one paragraph.

    Args:
        run: a competition.
        show: the parts that the sheet shows; all by default.
    """
    shown = PARTS if show is None else show
    texts = [_subject(run)]
    if "pairs" in shown or "maps" in shown:
        texts += [f"{LETTERS[2 * pair]} (left) and {LETTERS[2 * pair + 1]}: {verdict(run, pair)}" for pair in (0, 1)]
    texts += [_corner(run, i) for i in range(len(LETTERS))]
    if "maps" in shown:
        gains = ", ".join(f"{LETTERS[2 * pair : 2 * pair + 2]} × {gain_of(run, pair):g}" for pair in (0, 1))
        texts.append(f"Maps: differences from the reference times a gain ({gains}), zero is mid gray.")
    if "curves" in shown:
        texts.append("Curves: both metrics over the steps; dashed, the level at which each was held.")
    if "jury" in shown:
        texts.append("Table: what all other metrics say of the start and of the four images.")
    return " ".join([*texts, outcomes(run), *_origin(run)])


def latex_caption(run: Run, show: Collection[Part] | None = None) -> str:
    """The same as LaTeX's caption command, for any engine, without packages."""
    return f"\\caption{{{to_latex(caption(run, show))}}}"


def to_latex(text: str) -> str:
    """Text that LaTeX sets as it is; what it could not set without packages becomes a question mark.

    Example:
        >>> to_latex("my_photo 50 % → 1 − SSIM")
        'my\\\\_photo 50 \\\\% $\\\\to$ 1 $-$ SSIM'
    """
    return "".join(_LATEX.get(character) or _latin(character) for character in " ".join(text.split()))


def _latin(character: str) -> str:
    return character if character.isascii() or (character.isalpha() and ord(character) <= _LAST_LETTER) else "?"


def _subject(run: Run) -> str:
    settings, (rows, columns, _) = without_folders(run.settings), run.reference.shape
    first, second = (metric_title(name) for name in (run.images[0].optimized, run.images[0].fixed))
    picture = settings.get("image") or "an image"
    distortion = " ".join(str(settings[key]) for key in ("distortion", "strength") if settings.get(key) is not None)
    start = f" From a copy with {distortion} (seed {run.seed})," if distortion else " From a distorted copy,"
    return (
        f"Maximum Differentiation competition between {first} and {second} on {picture}, {columns} × {rows} pixels."
        f"{start} each metric is driven up and down for {run.history.step[-1]} steps while the other is held."
    )


def _corner(run: Run, i: int) -> str:
    """What became of one of the four images."""
    result = run.images[i]
    driven, held = (metric_title(name) for name in (result.optimized, result.fixed))
    before, after = result.start.get(result.optimized), result.seen.get(result.optimized)
    return (
        f"{LETTERS[i]}: {result.direction} {driven}, {number(before)} → {number(after)}, with {held} held at "
        f"{number(result.level)} (drift {percentage(result.drift_seen)})."
    )


def _origin(run: Run) -> list[str]:
    """All settings, versions and the device."""
    told = without_folders(run.settings)
    settings = ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items() if version)
    made = f"Computed in {run.seconds:.0f} s on {run.device}" + (f" with {versions}." if versions else ".")
    return [f"Settings: {settings}.", made, *([f"Record {run.id}."] if run.id else [])]
