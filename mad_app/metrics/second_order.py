"""The second-order form of a metric at a reference: how it sees small changes, whatever their direction.

Close to the reference r, a smooth distance is a quadratic form of the change,

    d(r + v) = ½ vᵀ M v + O(‖v‖³),   M positive semidefinite,

because d is 0 at r and nowhere smaller. √(vᵀ M v) is the metric's sensitivity to v. M is never built: `product` applies
it to a vector, by the gradient of the gradient of d, or as 2 JᵀJ where d is a sum of squared differences with the
Jacobian J. If the distance is the squared distance of responses with Gaussian noise, M is their Fisher information
matrix up to a factor (Berardino, Ballé, Laparra, Simoncelli: Eigen-Distortions of Hierarchical Representations,
NeurIPS 2017).

A mean of norms, as LASI is, grows like ‖v‖ and has no such form; the mean of the squares of its norms has one and
stands for it (`OF_SQUARES`). Where not even that is so, the metric is refused (`REFUSED`).

Wasserstein distortion is smooth but where its features are constant, as in a part of a picture without any texture: its
standard deviations have a kink there, and the form holds for changes far below a gray level only. A visible one is seen
several times as well as the form says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.metrics.failure import failures_of
from mad_app.metrics.protocol import Metric
from mad_app.metrics.registry import LISTED_METRICS
from mad_app.metrics.sums import SumMetric

Kind = Literal["distance", "squares"]
"""What the form is of: the distance itself, or the squares of the norms of which the distance is the mean."""

Product = Callable[[np.ndarray], np.ndarray]
"""v -> M v, both (H, W, 3)."""

OF_SQUARES: Mapping[str, str] = {
    "lasi": "the mean of the squared distances of its embeddings, element by element",
    "nlpd": "the mean of the mean squares of its levels",
}
"""Metrics that are means of norms → what their forms are of."""

REFUSED: Mapping[str, str] = {
    "gmsd": "it is the standard deviation of a map, the root of a polynomial of the fourth degree",
    "mdsi": "it is a root of the mean deviation of a map",
    "vif": "it is the modulus of a number that changes in proportion to a small change",
}
"""Metrics without a second-order form → why."""

TRIED = (0.01, 0.005)
"""Sizes (root mean square) of the change by which a metric of one's own is tried."""

SMALLEST_GROWTH = 3.0
"""From the smaller to the larger, by the first: 4 for a quadratic form, 2 for a norm."""


@runtime_checkable
class TwiceDifferentiable(Protocol):
    """A bound metric whose distance can be differentiated twice, where it is smooth enough."""

    def second_derivative(self, reference: jax.Array) -> Product:
        """The second derivative at the reference that the metric is bound to, as a product."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class QuadraticForm:
    """The second-order form of a metric at a reference.

    Attributes:
        metric: its name.
        kind: what it is the form of.
        product: v -> M v, both (H, W, 3); computed in float32.
    """

    metric: str
    kind: Kind
    product: Product


def second_order_form(metric: Metric, reference: jax.Array) -> QuadraticForm:
    """The second-order form of a metric at a reference.

    Args:
        metric: a metric of the table, a sum of such, or one made by `metric_from`.
        reference: float32 (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: the metric has no such form, or the reference does not suit it.

    Example:
        >>> from mad_app.metrics import get_metric
        >>> form = second_order_form(get_metric("mse"), jnp.zeros((4, 4, 3)))
        >>> form.product(np.ones((4, 4, 3)))[0, 0].round(4).tolist()
        [0.0417, 0.0417, 0.0417]
    """
    base = metric.name.partition(":")[0]
    if base in REFUSED:
        raise _refusal(metric.name, REFUSED[base])
    if isinstance(metric, SumMetric):
        return _of_sum(metric, reference)
    bound = metric.bind(reference)
    if not isinstance(bound, TwiceDifferentiable):
        raise _refusal(metric.name, "it gives no second derivatives")
    if base not in LISTED_METRICS:
        _check_growth(metric, reference)
    kind: Kind = "squares" if base in OF_SQUARES else "distance"
    with failures_of(metric.name):
        form = QuadraticForm(metric=metric.name, kind=kind, product=bound.second_derivative(reference))
    _check_product(form, reference.shape)
    return form


def _of_sum(metric: SumMetric, reference: jax.Array) -> QuadraticForm:
    if norms := [part.name for _, part in metric.terms if part.name.partition(":")[0] in OF_SQUARES]:
        raise _refusal(metric.name, f"{norms[0]} in it grows in proportion to a small change")
    forms = [(weight, second_order_form(part, reference)) for weight, part in metric.terms]

    def product(v: np.ndarray) -> np.ndarray:
        total: np.ndarray = sum((weight * form.product(v) for weight, form in forms), np.zeros(v.shape))
        return total

    return QuadraticForm(metric=metric.name, kind="distance", product=product)


def _check_product(form: QuadraticForm, shape: tuple[int, ...]) -> None:
    """Refuse a form that is not finite, or 0, along a random change."""
    v = np.random.default_rng(0).standard_normal(shape)
    along = float(np.vdot(v, form.product(v)))
    if not np.isfinite(along) or along <= 0:
        raise _refusal(form.metric, f"its second derivative along a random change is {along:g}")


def _check_growth(metric: Metric, reference: jax.Array) -> None:
    """Refuse a metric of one's own that does not grow like the square of a small change."""
    change = np.random.default_rng(0).standard_normal(reference.shape)
    images = [np.asarray(reference) + size * change for size in TRIED]
    larger, smaller = np.asarray(metric.bind(reference).distances(jnp.asarray(np.stack(images), jnp.float32)), float)
    if not larger >= SMALLEST_GROWTH * smaller > 0:
        raise _refusal(
            metric.name, f"a random change half as large gives {smaller:g} instead of {larger:g}, not about a quarter"
        )


def _refusal(name: str, why: str) -> ArgumentError:
    return ArgumentError("metrics", f"cannot hold {name}, which has no second-order form at the reference: {why}")
