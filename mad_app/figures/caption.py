"""The caption of a figure: what it shows, and every setting, in plain text and for LaTeX."""

from collections.abc import Collection

from mad_app.figures.options import PARTS, Part
from mad_app.figures.sheet import gain_of
from mad_app.figures.text import (
    drift_sentence,
    image_title,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    picture_phrases,
    start_phrase,
)
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
"""Letters beyond those of Latin scripts need LaTeX packages that a text may not have."""


def caption(run: Run, show: Collection[Part] | None = None) -> str:
    """The caption of a run's sheet in plain text, one paragraph.

    Args:
        run: a competition.
        show: the parts that the sheet shows; all by default.
    """
    shown = PARTS if show is None else show
    texts = [_subject(run)]
    if "pairs" in shown or "maps" in shown:
        texts += [pair_sentence(run, pair) for pair in (0, 1)]
    texts += [_image(run, i) for i in range(len(run.images))]
    if "maps" in shown:
        gains = ", ".join(f"{letters} × {gain_of(run, pair):g}" for pair, letters in enumerate(("A and B", "C and D")))
        texts.append(f"Maps: differences from the original, amplified ({gains}); no change is mid gray.")
    if "curves" in shown:
        texts.append("Curves: both metrics over the steps; dashed, the level that each kept.")
    if "others" in shown:
        texts.append("Table: the values of all other metrics for the start and the four images.")
    return " ".join([*texts, outcome_sentence(run), *_origin(run)])


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
    first, second = (metric_title(name) for name in (run.images[0].optimized, run.images[0].fixed))
    return (
        f"Maximum Differentiation competition between {first} and {second} on {', '.join(picture_phrases(run))}. "
        f"From the start ({start_phrase(run.settings)}, seed {run.seed}), each metric was raised and lowered as far as "
        f"possible in {run.history.step[-1]} steps while the other kept its value."
    )


def _image(run: Run, i: int) -> str:
    """What one of the four images is, and its values."""
    result = run.images[i]
    before, after = result.start.get(result.optimized), result.seen.get(result.optimized)
    kept = f"{drift_sentence(result.fixed, result.drift_seen)} (level {number(result.level)})"
    return f"{image_title(i, result.optimized)}, {number(before)} → {number(after)}; {kept}."


def _origin(run: Run) -> list[str]:
    """All settings, versions and the device."""
    known = without_folders(run.settings)
    settings = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items() if version)
    made = f"Computed in {run.seconds:.0f} s on {run.device}" + (f" with {versions}." if versions else ".")
    return [f"Settings: {settings}.", made, *([f"Record {run.id}."] if run.id else [])]
