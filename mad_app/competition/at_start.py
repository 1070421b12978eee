"""What a competition begins with: the values of both metrics at the start, and the levels that can be given."""

from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np

from mad_app.competition.constraints import parametrization
from mad_app.competition.initialization import highest_level
from mad_app.competition.inputs import Mask, checked_image, with_gray_resolved
from mad_app.competition.settings import DEFAULT_SOLVER, Role, Settings, SolverOptions
from mad_app.images import ImageArray
from mad_app.metrics import Metric
from mad_app.metrics.sums import bind_together

Range = tuple[float, float]


def values_at_start(
    reference: ImageArray,
    start: ImageArray,
    metrics: Mapping[Role, Metric],
    settings: Settings,
    *,
    mask: Mask | None = None,
    solver: SolverOptions = DEFAULT_SOLVER,
) -> dict[Role, float]:
    """The distance of the start by each metric, as a competition finds it: the levels, unless others are given.

    Args:
        reference: float32 (H, W, 3), sRGB in [0, 1].
        start: likewise.
        metrics: by role.
        settings: of which the constraints count.
        mask: bool (H, W), true where the images may change; None for everywhere.
        solver: the constants.

    Raises:
        ArgumentError: an array is not as above, or a metric does not fit.
    """
    begun = checked_image(start, "start", shape=reference.shape)
    to = parametrization(begun, with_gray_resolved(settings, reference, begun), mask, solver=solver)
    images = jnp.asarray(to.to_images(to.to_params(to.start)[None]))
    bound = bind_together(jnp.asarray(reference), tuple(metrics.values()), len(images))
    # not `distances`, which would be compiled for this alone
    return {role: float(metric.value_and_grad(images)[0][0]) for role, metric in zip(metrics, bound, strict=True)}


def levels_in_reach(
    reference: ImageArray,
    start: ImageArray,
    metrics: Mapping[Role, Metric],
    settings: Settings,
    *,
    mask: Mask | None = None,
    solver: SolverOptions = DEFAULT_SOLVER,
) -> dict[Role, Range]:
    """Between which levels the start can be brought to one; there may be higher ones.

    Arguments and errors as of `values_at_start`. The lowest is the value of the admissible image nearest to the
    reference, 0 without constraints; the highest is where Newton's method along the metric's gradient ends.
    """
    begun = checked_image(start, "start", shape=reference.shape)
    to = parametrization(begun, with_gray_resolved(settings, reference, begun), mask, solver=solver)
    params, nearest = to.to_params(to.start), to.to_params(jnp.asarray(reference))
    ranges: dict[Role, Range] = {}
    for role, metric in metrics.items():
        bound = to.compose(metric.bind(jnp.asarray(reference)))
        lowest = float(np.asarray(bound.value_and_grad(jnp.asarray(nearest)[None])[0])[0])
        ranges[role] = (max(lowest, 0.0), highest_level(params, bound, solver))
    return ranges
