"""Principal distortions in words, and what a figure shows of them."""

from mad_app.directions.result import CHANGE, GRAY_LEVEL, Distortions
from mad_app.figures.distortions import DistortionsDrawing, magnifications
from mad_app.figures.text import metric_title, number

OUTCOMES = {
    "converged": "The search converged",
    "max_steps": "The search used all its steps",
    "stopped": "The search was stopped by the user",
    "stalled": "The search ended where rounding let no step improve it",
}

ORDINALS = ("first", "second")


def titles(found: Distortions) -> tuple[str, str]:
    """What each distortion is, for the head of a column."""
    names = [metric_title(one.name) for one in found.metrics]
    if len(names) == 1:
        return f"most noticeable for {names[0]}", f"least noticeable for {names[0]}"
    if len(names) == 2:
        return f"{names[0]} sees it, {names[1]} less", f"{names[1]} sees it, {names[0]} less"
    return "first distortion", "second distortion"


def verdict(found: Distortions) -> str:
    """The sensitivities and how the search ended, a sentence a line."""
    lines = [
        f"{metric_title(one.name)}: sensitivity {number(one.sensitivities[0])} to the first distortion and "
        f"{number(one.sensitivities[1])} to the second, relative to white noise of the same size."
        for one in found.metrics
    ]
    return "\n".join([*lines, ending(found)])


def ending(found: Distortions) -> str:
    """How the search ended, in a sentence."""
    residuals = " and ".join(number(one) for one in found.residuals)
    return f"{OUTCOMES[found.outcome]} after {found.steps} steps; residuals {residuals}."


def caption(found: Distortions) -> str:
    """What the figure shows, in sentences."""
    names = [metric_title(one.name) for one in found.metrics]
    if len(names) == 1:
        kind = f"Eigen-distortions of {names[0]} (Berardino et al. 2017): the most and the least noticeable small change."
    else:
        listed = f"{', '.join(names[:-1])} and {names[-1]}"
        kind = f"Principal distortions of {listed} (Feather et al. 2025): the small changes they disagree about most."
    first, second = (number(one) for one in magnifications(found.directions, CHANGE))
    shown = (
        f"Both change the original equally, by a root mean square of {CHANGE:g} ({round(CHANGE / GRAY_LEVEL)}/255); "
        f"by themselves they are magnified {first} and {second} times further, around gray."
    )
    scale = (
        "Sensitivity: of the metric's second-order form at the original, relative to white noise of the same size (1); "
        "its inverse is the threshold."
    )
    squares = [f"For {metric_title(one.name)}: {one.form_of}." for one in found.metrics if one.kind == "squares"]
    regularization = number(float(found.settings["regularization"]))
    return " ".join([kind, shown, scale, *squares, f"Regularization {regularization}.", ending(found)])


def drawing_of(found: Distortions) -> DistortionsDrawing:
    """What a figure shows."""
    return DistortionsDrawing(
        reference=found.reference,
        images=found.images,
        directions=found.directions,
        change=CHANGE,
        titles=titles(found),
        metrics=[metric_title(one.name) for one in found.metrics],
        sensitivities=[one.sensitivities for one in found.metrics],
        caption=caption(found),
    )
