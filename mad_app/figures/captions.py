"""The captions of a figure: a long one with every setting, a short one, and an environment for LaTeX."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, Unpack

from mad_app.figures.comparison import common_contest, common_phrases, row_labels
from mad_app.figures.corners import gain_of
from mad_app.figures.latex import to_latex
from mad_app.figures.measures import MM, WIDTHS
from mad_app.figures.metric_maps import maps_sentence, metric_maps
from mad_app.figures.options import Part, SheetOptions, SheetSettings, sheet_settings
from mad_app.figures.several import several_parts
from mad_app.figures.sheet import parts_of, shown_pairs
from mad_app.figures.text import (
    drift_sentence,
    extreme_phrase,
    length_phrases,
    measured_images,
    metric_title,
    number,
    outcome_sentence,
    pair_sentence,
    picture_phrases,
    start_phrase,
    typeset_powers,
)
from mad_app.records import Maps, Run, without_folders


def caption(
    runs: Run | Sequence[Run], *, moving: bool = False, maps: Maps | None = None, **options: Unpack[SheetOptions]
) -> str:
    """The caption of a sheet or animation in plain text, one paragraph. Values are those of the 8-bit images.

    Args:
        runs: a competition, or several.
        moving: whether the figure is an animation of a run, which has no parts.
        maps: as in `mad_sheet`.
        **options: of the sheet, likewise.

    Raises:
        ArgumentError: as `mad_sheet`.
    """
    several, chosen = _as_runs(runs), sheet_settings(**options)
    one = several[0] if len(several) == 1 else None
    texts = _of_run(one, chosen, maps, moving=moving) if one else _of_runs(several, chosen, maps)
    return typeset_powers(" ".join(texts))


def short_caption(runs: Run | Sequence[Run], **options: Unpack[SheetOptions]) -> str:
    """What a sheet or animation shows, in one sentence; arguments as in `caption`."""
    several, chosen = _as_runs(runs), sheet_settings(**options)
    first, second = ("one metric", "the other")
    if common_contest(several):
        first, second = (metric_title(name) for name in _competing(several[0]))
    on = f" on {picture_phrases(several[0])[0]}" if len(_pictures(several)) == 1 else ""
    subject = f"Maximum Differentiation competition between {first} and {second}{on}"
    if len(several) > 1:
        subject = subject.replace("competition", f"competitions ({len(several)} runs)", 1)
    (pair, *more), letters = shown_pairs(chosen.parts or ()) or (0, 1), chosen.letters
    optimized, fixed = (second, first) if pair else (first, second)
    differ = f"differ as much and as little as possible for {optimized} and equally for {fixed}"
    other = f", {letters[2]} and {letters[3]} the other way round" if more else ""
    return f"{subject}: {letters[2 * pair]} and {letters[2 * pair + 1]} {differ}{other}."


class Captions(NamedTuple):
    """What a figure shows, in words.

    Attributes:
        long: with all settings, as `caption`.
        short: in one sentence, as `short_caption`.
        latex: LaTeX's environment, with both.
    """

    long: str
    short: str
    latex: str


def captions_of(
    runs: Run | Sequence[Run],
    file: str = "figure.pdf",
    *,
    moving: bool = False,
    maps: Maps | None = None,
    **options: Unpack[SheetOptions],
) -> Captions:
    """The captions of a sheet or animation.

    Args:
        runs: a competition, or several.
        file: what LaTeX's environment includes.
        moving: as in `caption`.
        maps: likewise.
        **options: likewise.
    """
    several, chosen = _as_runs(runs), sheet_settings(**options)
    long = caption(several, moving=moving, maps=maps, **options)
    short = short_caption(several, **options)
    width = r"\linewidth" if chosen.width in WIDTHS else f"{chosen.form.width * MM:g}mm"
    lines = [
        r"\begin{figure}",
        r"  \centering",
        rf"  \includegraphics[width={width}]{{{file}}}",
        rf"  \caption[{{{to_latex(short)}}}]{{{to_latex(long)}}}",
        rf"  \label{{fig:{_slug(several)}}}",
        r"\end{figure}",
    ]
    return Captions(long, short, "\n".join(lines))


def _as_runs(runs: Run | Sequence[Run]) -> tuple[Run, ...]:
    return (runs,) if isinstance(runs, Run) else tuple(runs)


def _competing(run: Run) -> tuple[str, str]:
    return run.results[0].optimized, run.results[0].fixed


def _pictures(runs: Sequence[Run]) -> set[str]:
    return {picture_phrases(run)[0] for run in runs}


def _slug(runs: Sequence[Run]) -> str:
    """A label of the two metrics and the picture."""
    words = [metric_title(name) for name in _competing(runs[0])] if common_contest(runs) else ["metrics"]
    text = " ".join([*words, *sorted(_pictures(runs))[:1]] if len(_pictures(runs)) == 1 else words).lower()
    return "mad-" + "-".join(re.findall(r"[a-z0-9]+", text))


def _of_run(run: Run, options: SheetSettings, maps: Maps | None, *, moving: bool) -> list[str]:
    """The sentences of the caption of one run."""
    if moving:
        described = [*_pairs(run, options.letters), _frames(run)]
    else:
        described = _parts(run, parts_of(run, options), options, maps)
    values = f"Values of the four images are those of {measured_images(run)}."
    return [_subject(run), *described, values, outcome_sentence(run, options.letters), *_origin(run)]


def _of_runs(runs: Sequence[Run], options: SheetSettings, maps: Maps | None) -> list[str]:
    """The sentences of the caption of several: what is common once, then what each run shows."""
    contest, shared, parts = common_contest(runs), common_phrases(runs), several_parts(options)
    between = f" between {' and '.join(metric_title(name) for name in _competing(runs[0]))}" if contest else ""
    roles = (
        f"{options.letters[2 * pair]} and {options.letters[2 * pair + 1]} for the {('first', 'second')[pair]} metric"
        for pair in shown_pairs(parts)
    )
    texts = [
        f"Maximum Differentiation competitions{between}, one in each row"
        + f": {', '.join(shared)}" * bool(shared)
        + ".",
        "From the start, each metric was raised and lowered as far as possible while the other kept its value: "
        f"{', '.join(roles)}.",
    ]
    for run, label in zip(runs, row_labels(runs, options), strict=True):
        pairs = (pair_sentence(run, pair, options.letters) for pair in shown_pairs(parts))
        texts.append(f"{label}: {' '.join(pairs)} {outcome_sentence(run, options.letters)}")
        texts += _maps(run, parts, options, maps)
    measured = " and ".join(sorted({measured_images(run) for run in runs}))
    ids = [run.id for run in runs if run.id]
    return [*texts, f"Values are those of {measured}.", *([f"Records {', '.join(ids)}."] if ids else [])]


def _parts(run: Run, shown: Collection[Part], options: SheetSettings, maps: Maps | None) -> list[str]:
    """What the parts of a sheet show."""
    letters, pairs = options.letters, shown_pairs(shown)
    texts = _pairs(run, letters, pairs) if pairs else [_image(run, i, letters) for i in range(len(run.results))]
    texts += _maps(run, shown, options, maps)
    if "curves" in shown:
        texts.append("Curves: both metrics over the steps; dashed, the level that each kept.")
    if "others" in shown:
        images = "the four images" if len(pairs) != 1 else " and ".join(letters[2 * pairs[0] : 2 * pairs[0] + 2])
        texts.append(f"Table: the values of all other metrics for the start and {images}.")
    if options.box is not None and pairs:
        texts.append("A framed part of each image is shown enlarged in its corner.")
    return texts


def _maps(run: Run, shown: Collection[Part], options: SheetSettings, maps: Maps | None) -> list[str]:
    """How much the differences are amplified, and what the maps of the metrics and their scales are."""
    letters, pairs, texts = options.letters, shown_pairs(shown), []
    if "differences" in shown:
        gains = (f"{letters[2 * pair]} and {letters[2 * pair + 1]} × {gain_of(run, pair):g}" for pair in pairs)
        texts.append(f"Differences from the original, amplified ({', '.join(gains)}); no change is mid gray.")
    if "metric-maps" in shown:
        texts.append(maps_sentence(metric_maps(run, maps)))
    return texts


def _pairs(run: Run, letters: Sequence[str], pairs: Sequence[int] = (0, 1)) -> list[str]:
    """What the pairs show, and each of their images."""
    images = [2 * pair + k for pair in pairs for k in (0, 1)]
    return [pair_sentence(run, pair, letters) for pair in pairs] + [_image(run, i, letters) for i in images]


def _frames(run: Run) -> str:
    """What an animation shows one after the other."""
    between = "images of the steps between" if len(run.keyframes.step) else "blends of the two"
    return f"Animation: the original and the start stay; the four images go from the start to the end, with {between}."


def _subject(run: Run) -> str:
    first, second = (metric_title(name) for name in _competing(run))
    _, *seed = length_phrases(run)
    return (
        f"Maximum Differentiation competition between {first} and {second} on {', '.join(picture_phrases(run))}. "
        f"From the start ({', '.join([start_phrase(run.settings), *seed])}), each metric was raised and lowered "
        f"as far as possible in {run.history.step[-1]} steps while the other kept its value."
    )


def _image(run: Run, i: int, letters: Sequence[str]) -> str:
    """What one of the four images is, and its values."""
    result = run.results[i]
    before, after = result.start.get(result.optimized), result.reported.get(result.optimized)
    kept = f"{drift_sentence(result.fixed, result.reported_drift)} (level {number(result.level)})"
    return f"{letters[i]}: {extreme_phrase(i, result.optimized)}, {number(before)} → {number(after)}; {kept}."


def _origin(run: Run) -> list[str]:
    """All settings, versions and the device."""
    known = without_folders(run.settings)
    settings = ", ".join(f"{name} {value}" for name, value in known.items() if value is not None)
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items() if version)
    made = f"Computed in {run.seconds:.0f} s on {run.device}" + (f" with {versions}." if versions else ".")
    return [f"Settings: {settings}.", made, *([f"Record {run.id}."] if run.id else [])]
