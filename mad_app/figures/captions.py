"""The caption of a figure: what it shows, and every setting, in plain text and for LaTeX."""

import re
from collections.abc import Collection

from mad_app.figures.canvas import drawing
from mad_app.figures.options import FORMATS, Part
from mad_app.figures.sheet import gain_of, parts_of
from mad_app.figures.text import (
    drift_sentence,
    image_title,
    measured_images,
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

_POWER = re.compile(r"(?<![\w.])(\d(?:\.\d+)?)e([-+−]?\d+)(?!\w|\.\w)")
"""A number such as 9.21e-4."""


def caption(run: Run, show: Collection[Part] | None = None, *, moving: bool = False) -> str:
    """The caption of a run's sheet or animation in plain text, one paragraph. Values are those of the 8-bit images.

    Args:
        run: a competition.
        show: the parts that the sheet was asked to show; by default those of a sheet of two columns.
        moving: whether the figure is an animation, which has no parts.
    """
    texts = [_subject(run)]
    if moving:
        described = [*_pairs(run), _frames(run)]
    else:
        with drawing():
            shown = parts_of(run, FORMATS["double"], show)
        described = _parts(run, shown)
    values = f"Values of the four images are those of {measured_images(run)}."
    return " ".join([*texts, *described, values, outcome_sentence(run), *_origin(run)])


def latex_caption(run: Run, show: Collection[Part] | None = None, *, moving: bool = False) -> str:
    """The same as LaTeX's caption command, for any engine, without packages."""
    return f"\\caption{{{to_latex(caption(run, show, moving=moving))}}}"


def to_latex(text: str) -> str:
    """Text that LaTeX sets as it is; what it could not set without packages becomes a question mark.

    Example:
        >>> to_latex("my_photo 50 % → 1 − SSIM, 9.21e-4")
        'my\\\\_photo 50 \\\\% $\\\\to$ 1 $-$ SSIM, $9.21\\\\times10^{-4}$'
    """
    words, done = [], 0
    line = " ".join(text.split())
    for power in _POWER.finditer(line):
        exponent = int(power[2].replace("−", "-"))
        words += [_set(line[done : power.start()]), rf"${power[1]}\times10^{{{exponent}}}$"]
        done = power.end()
    return "".join([*words, _set(line[done:])])


def _set(text: str) -> str:
    """Text without numbers that are powers of ten."""
    return "".join(_LATEX.get(character) or _latin(character) for character in text)


def _parts(run: Run, shown: Collection[Part]) -> list[str]:
    """What the parts of a sheet show."""
    texts = _pairs(run) if "pairs" in shown or "maps" in shown else [_image(run, i) for i in range(len(run.images))]
    if "maps" in shown:
        gains = ", ".join(f"{letters} × {gain_of(run, pair):g}" for pair, letters in enumerate(("A and B", "C and D")))
        texts.append(f"Maps: differences from the original, amplified ({gains}); no change is mid gray.")
    if "curves" in shown:
        texts.append("Curves: both metrics over the steps; dashed, the level that each kept.")
    if "others" in shown:
        texts.append("Table: the values of all other metrics for the start and the four images.")
    return texts


def _pairs(run: Run) -> list[str]:
    """What both pairs show, and each of the four images."""
    return [pair_sentence(run, pair) for pair in (0, 1)] + [_image(run, i) for i in range(len(run.images))]


def _frames(run: Run) -> str:
    """What an animation shows one after the other."""
    between = "images of the steps between" if len(run.keyframes.step) else "blends of the two"
    return f"Animation: the original and the start stay; the four images go from the start to the end, with {between}."


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
