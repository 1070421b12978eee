"""What a figure shows of principal distortions, with its caption."""

from mad_app.directions.findings import CHANGE, GRAY_LEVEL, Findings
from mad_app.directions.words import ending, names_of
from mad_app.figures.distortions import DistortionsDrawing, magnifications
from mad_app.figures.text import metric_title, number


def caption(found: Findings) -> str:
    """What the figure shows, in sentences."""
    first, second = (number(one) for one in magnifications(found.directions, CHANGE))
    shown = (
        f"Both change the original equally, by a root mean square of {CHANGE:g} ({round(CHANGE / GRAY_LEVEL)}/255), "
        f"clipped to [0, 1]; by themselves they are magnified {first} and {second} times further, around gray."
    )
    scale = (
        "Sensitivity: the root of the metric's second-order form at the original, relative to white noise of the same "
        "size; its inverse is the threshold."
    )
    squares = [f"The form of {metric_title(one.name)} is of {one.form_of}." for one in found.metrics
               if one.kind == "squares"]  # fmt: skip
    regularization = f"Regularization {float(found.settings['regularization']):g}."
    return " ".join([*_kind(found), shown, scale, *squares, regularization, ending(found)])


def _kind(found: Findings) -> list[str]:
    """What the distortions are, in sentences."""
    names = [metric_title(one.name) for one in found.metrics]
    if len(names) == 1:
        return [f"Eigen-distortions of {names[0]} (Berardino et al. 2017): the small changes it sees most and least."]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    kind = f"Principal distortions of {listed} (Feather et al. 2025): the small changes they disagree about most."
    seen = f"{names[0]} is the more sensitive to the first, {names[1]} to the second."
    return [kind, seen] if len(names) == 2 else [kind]


def drawing_of(found: Findings) -> DistortionsDrawing:
    """What a figure shows."""
    return DistortionsDrawing(
        reference=found.reference,
        images=found.images,
        directions=found.directions,
        change=CHANGE,
        names=names_of(found),
        metrics=[metric_title(one.name) for one in found.metrics],
        sensitivities=[one.sensitivities for one in found.metrics],
        caption=caption(found),
    )
