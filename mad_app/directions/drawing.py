"""What a figure shows of principal distortions, with its caption."""

from mad_app.directions.findings import CHANGE, GRAY_LEVEL, Findings
from mad_app.directions.words import ending, names_of
from mad_app.figures.distortions import DistortionsDrawing, magnifications
from mad_app.figures.text import metric_title, number


def caption(found: Findings) -> str:
    """What the figure shows, in sentences."""
    factors = magnifications(found.directions, CHANGE)
    magnified = " and ".join(", ".join(map(number, factors[half::2])) for half in (0, 1))
    shown = (
        f"{'Both' if found.count == 1 else 'All'} change the original equally, by a root mean square of {CHANGE:g} "
        f"({round(CHANGE / GRAY_LEVEL)}/255), clipped to [0, 1]; by themselves they are magnified {magnified} times "
        f"further, around gray{'. All channels change alike' if found.settings.get('gray') else ''}."
    )
    scale = (
        "Sensitivity: the root of the metric's second-order form at the original, relative to white noise of the same "
        "size; its inverse is the threshold."
    )
    squares = [f"The form of {metric_title(one.name)} is of {one.form_of}." for one in found.metrics
               if one.kind == "squares"]  # fmt: skip
    regularization = f"Regularization {float(found.settings['regularization']):g}."
    return " ".join([*_kind(found), *_pairs(found), shown, scale, *squares, regularization, ending(found)])


def _kind(found: Findings) -> list[str]:
    """What the distortions are, in sentences."""
    names, count = [metric_title(one.name) for one in found.metrics], found.count
    if len(names) == 1:
        ends = "it sees most and least" if count == 1 else f"it sees most ({count}) and least ({count})"
        return [f"Eigen-distortions of {names[0]} (Berardino et al. 2017): the small changes {ends}."]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    kind = f"Principal distortions of {listed} (Feather et al. 2025): the small changes they disagree about most."
    first, second = ("first", "second") if count == 1 else ("upper ones", "lower ones")
    seen = f"{names[0]} is the more sensitive to the {first}, {names[1]} to the {second}."
    return [kind, seen] if len(names) == 2 else [kind]


def _pairs(found: Findings) -> list[str]:
    """What the columns of several pairs are, in sentences."""
    if found.count == 1:
        return []
    names = [metric_title(one.name) for one in found.metrics]
    above = {
        1: "λ is the eigenvalue of the second-order form, relative to the mean one.",
        2: f"Ratio: sensitivity of {names[0]} by that of {names[-1]}.",
    }.get(len(names), "Ratio: the highest sensitivity by the lowest.")
    return [f"A column is a pair, orthogonal to the others. {above}"]


def measures_of(found: Findings) -> list[str]:
    """What stands above each change: the eigenvalue for one metric, the ratio of the sensitivities of several."""
    measures = []
    for of_change in zip(*(one.sensitivities for one in found.metrics), strict=True):
        if len(of_change) == 1:
            measures.append(f"λ = {number(of_change[0] ** 2)}")
        else:
            up, low = of_change if len(of_change) == 2 else (max(of_change), min(of_change))
            measures.append(f"ratio {number(up / low)}" if low > 0 else "ratio ∞")
    return measures


def drawing_of(found: Findings) -> DistortionsDrawing:
    """What a figure shows."""
    return DistortionsDrawing(
        reference=found.reference,
        images=found.images,
        directions=found.directions,
        change=CHANGE,
        names=names_of(found),
        measures=measures_of(found),
        metrics=[metric_title(one.name) for one in found.metrics],
        sensitivities=[one.sensitivities for one in found.metrics],
        caption=caption(found),
    )
