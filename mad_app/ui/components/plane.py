"""A plane on which the start of a competition is dragged, and four points move along curves."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mad_app.ui.components.choice import ChoiceComponent

_component = ChoiceComponent("plane")

Points = npt.NDArray[np.float64]
DIGITS = 4


def show_plane(
    reference: Sequence[float],
    start: Sequence[float],
    curves: Sequence[tuple[str, Points]],
    ways: Sequence[Sequence[Points]],
    *,
    axes: tuple[str, str],
    key: str,
    take: Callable[[float, float], None],
) -> None:
    """Draw the plane, [0, 1] on both axes.

    Args:
        reference: where all distances are 0.
        start: what can be dragged.
        curves: a class of style ("first", "second", each with " level" for the thick one) and segments (S, 2, 2).
        ways: of each point A, B, C, D: where it goes (K + 1, 2), and at each step but the last its gradient and its
            tangent (K, 2).
        axes: what they are called.
        key: of the component in the session.
        take: is called with another start.
    """

    def choose(place: Sequence[float]) -> None:
        x, y = place
        take(float(np.clip(x, 0, 1)), float(np.clip(y, 0, 1)))

    data: dict[str, Any] = {
        "reference": list(reference),
        "start": list(start),
        "curves": [{"style": style, "path": path_of(segments)} for style, segments in curves],
        "ways": [[np.round(part, DIGITS).tolist() for part in way] for way in ways],
        "axes": list(axes),
    }
    _component.show(data, key=key, take=choose)


def path_of(segments: Points) -> str:
    """Segments (S, 2, 2) as the path of an SVG, its y axis downward."""
    ends = np.round(segments * [1, -1] + [0, 1], DIGITS)
    return "".join(f"M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" for a, b in ends)
