"""Principal distortions in words."""

from mad_app.directions.findings import Findings
from mad_app.figures.text import metric_title, number

OUTCOMES = {
    "converged": "The search converged",
    "max_steps": "The search ended before it converged",
    "stopped": "The search was stopped by the user",
    "stalled": "The search ended where rounding let no step improve it",
}


def names_of(found: Findings) -> tuple[str, str]:
    """What the first and the second distortion of a pair are called."""
    return ("most noticeable", "least noticeable") if len(found.metrics) == 1 else ("first", "second")


def verdict_of(found: Findings) -> str:
    """The sensitivities and how the search ended, a sentence a line."""
    first, second = names_of(found)
    ones = "" if found.count == 1 else "s"
    lines = [
        f"{metric_title(one.name)}: sensitivity {', '.join(map(number, one.sensitivities[::2]))} to the {first} "
        f"distortion{ones} and {', '.join(map(number, one.sensitivities[1::2]))} to the {second}, relative to white "
        "noise of the same size."
        for one in found.metrics
    ]
    return "\n".join([*lines, ending(found)])


def ending(found: Findings) -> str:
    """How the search ended, in a sentence."""
    residuals = " and ".join(", ".join(map(number, found.residuals[half::2])) for half in (0, 1))
    return f"{OUTCOMES[found.outcome]} after {found.steps} steps; residuals {residuals}."
