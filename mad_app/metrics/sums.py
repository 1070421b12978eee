"""Weighted sums of metrics: `lasi + 0.5 * lpips` is a metric like any other.

    d(x) = Σ wᵢ dᵢ(x),   wᵢ > 0

A sum of distances is a distance: 0 at identity, larger is worse. Its gradient is the sum of the gradients, so the parts
may belong to different frameworks. Each part is evaluated once, also where two sums share it (`bind_together`).
"""

import operator
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import reduce
from numbers import Real
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp

from mad_app.metrics.protocol import BoundMetric, KnownMetric, Metric
from mad_app.metrics.sum_names import checked_weight, sum_name

T = TypeVar("T")


class Summable:
    """What makes a metric a term of sums: `a + b`, `0.5 * a`, `sum([a, b])`.

    Example:
        >>> from mad_app.metrics import get_metric
        >>> (get_metric("mse") + 0.5 * get_metric("lasi")).name
        '0.5*lasi+mse'
    """

    __array_ufunc__ = None
    """A number of NumPy leaves the multiplication to the metric."""

    def __add__(self, other: object) -> KnownMetric:
        return weighted_sum([_term(1.0, self), _term(1.0, other)]) if isinstance(other, Summable) else NotImplemented

    def __radd__(self, other: object) -> KnownMetric:
        """Of `sum`, which begins with 0."""
        return weighted_sum([_term(1.0, self)]) if other == 0 else NotImplemented

    def __mul__(self, weight: object) -> KnownMetric:
        """The metric times a number.

        Raises:
            ArgumentError: the number is not finite and above 0.
        """
        if not isinstance(weight, Real) or isinstance(weight, bool):
            return NotImplemented
        return weighted_sum([_term(checked_weight(float(weight)), self)])

    __rmul__ = __mul__

    @property
    def in_jax(self) -> bool:
        """Whether all that it computes is in JAX."""
        return False

    def compile_binding(self, reference: jax.Array) -> None:
        """Compile what `bind` runs for a reference (H, W, 3), if anything is compiled."""

    def compile_gradient(self, reference: jax.Array, images: int) -> None:
        """Compile what the gradients of so many images run, bound to a reference (H, W, 3), if anything is compiled."""

    def without_graph(self, shape: tuple[int, ...]) -> tuple[str, ...]:  # noqa: ARG002
        """Names of the parts whose kernels the host launches one by one, since their capture as a graph failed.

        Args:
            shape: of the reference, (H, W, 3).
        """
        return ()


class Term(NamedTuple):
    """A metric of a sum, and its weight."""

    weight: float
    metric: KnownMetric


def weighted_sum(terms: Sequence[Term]) -> KnownMetric:
    """The sum of metrics; the sums among them are taken apart, and a metric that occurs twice counts once.

    Args:
        terms: at least one.

    Returns:
        The sum; a metric alone with a weight of 1 as it is.

    Raises:
        ArgumentError: a weight is not finite and above 0.
    """
    merged: list[Term] = []
    for weight, metric in (part for term in terms for part in _parts_of(term)):
        known = next((i for i, other in enumerate(merged) if is_same(other.metric, metric)), None)
        if known is None:
            merged.append(Term(weight, metric))
        else:
            merged[known] = Term(merged[known].weight + weight, metric)
    if len(merged) == 1 and merged[0].weight == 1:
        return merged[0].metric
    ordered = sorted(merged, key=lambda term: term.metric.name)
    for weight, _ in ordered:
        checked_weight(weight)
    weights: dict[str, float] = {}
    for weight, metric in ordered:
        weights[metric.name] = weights.get(metric.name, 0.0) + weight
    return SumMetric(name=sum_name(weights), terms=tuple(ordered))


def renamed(metric: Summable, name: str) -> KnownMetric:
    """A metric under another name."""
    return cast(KnownMetric, replace(cast(Any, metric), name=name))


def _term(weight: float, metric: object) -> Term:
    return Term(weight, cast(KnownMetric, metric))


def _parts_of(term: Term) -> list[Term]:
    if isinstance(term.metric, SumMetric):
        return [Term(term.weight * weight, metric) for weight, metric in term.metric.terms]
    return [term]


@dataclass(frozen=True, kw_only=True)
class SumMetric(Summable):
    """A weighted sum of metrics.

    Attributes:
        name: the canonical name, such as "lasi+0.5*lpips-alex".
        terms: weights and metrics, none of which is a sum.
    """

    name: str
    terms: tuple[Term, ...]

    @property
    def minimum_size(self) -> int:
        """The largest of the parts."""
        return max(metric.minimum_size for _, metric in self.terms)

    @property
    def weights(self) -> str | None:
        """The sources of the parts' trained weights."""
        sources = [f"{metric.name}: {metric.weights}" for _, metric in self.terms if metric.weights]
        return "; ".join(sources) or None

    @property
    def in_jax(self) -> bool:
        """Whether all parts are in JAX."""
        return all(cast(Summable, metric).in_jax for _, metric in self.terms)

    def without_graph(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Those of the parts."""
        parts = (cast(Summable, metric).without_graph(shape) for _, metric in self.terms)
        return tuple(name for part in parts for name in part)

    def bind(self, reference: jax.Array) -> "BoundSum":
        """Bind each part to a reference (H, W, 3).

        Raises:
            ArgumentError: as the parts.
        """
        return self.bound_by(lambda metric: metric.bind(reference))

    def bound_by(self, bind: Callable[[KnownMetric], BoundMetric]) -> "BoundSum":
        """The sum of what a function makes of each part."""
        weights = jnp.asarray([weight for weight, _ in self.terms], jnp.float32)
        return BoundSum(weights=weights, parts=tuple(bind(metric) for _, metric in self.terms))

    def __call__(self, reference: Any, images: Any) -> Any:
        """Distance of one image, a scalar, or of several, (N,), to a reference; as `Metric.__call__`."""
        return reduce(operator.add, (weight * metric(reference, images) for weight, metric in self.terms))

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """The sum of the parts' maps (N, H, W); None if a part has none."""
        maps = [metric.maps(reference, images) for _, metric in self.terms]
        known = [of_part for of_part in maps if of_part is not None]
        if len(known) < len(maps):
            return None
        return add_weighted(jnp.asarray([weight for weight, _ in self.terms], jnp.float32), known)


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundSum:
    """A sum of metrics bound to one reference.

    Attributes:
        weights: float32 (parts,).
        parts: the metrics, bound to the reference.
    """

    weights: jax.Array
    parts: tuple[BoundMetric, ...]

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3)."""
        return add_weighted(self.weights, [part.distances(images) for part in self.parts])

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and the gradient of each image's own distance, (N, H, W, 3)."""
        return add_weighted(self.weights, [part.value_and_grad(images) for part in self.parts])


@jax.jit
def _add_weighted(weights: jax.Array, values: list[T]) -> T:
    def add(*arrays: jax.Array) -> jax.Array:
        return reduce(operator.add, (weight * array for weight, array in zip(weights, arrays, strict=True)))

    return cast(T, jax.tree.map(add, *values))


def add_weighted(weights: jax.Array, values: Sequence[T]) -> T:
    """Σ wᵢ vᵢ of equal trees of arrays."""
    return cast(T, _add_weighted(weights, list(values)))


def bind_together(reference: jax.Array, metrics: Sequence[Metric], images: int) -> list[BoundMetric]:
    """Bind metrics to a reference (H, W, 3), whose gradients are wanted next.

    A metric that several of them have in common is bound once. What JAX runs for the gradients is compiled beside the
    binding, in threads.

    Args:
        reference: float32 (H, W, 3).
        metrics: any number.
        images: of how many images at a time the gradients will be asked.

    Raises:
        ArgumentError: as `Metric.bind`.
    """
    known: list[tuple[Metric, BoundMetric]] = []

    def bind(metric: Metric) -> BoundMetric:
        for other, bound in known:
            if is_same(other, metric):
                return bound
        if isinstance(metric, Summable):
            aside.submit(metric.compile_gradient, reference, images)  # an error will be met by the gradient
        known.append((metric, metric.bind(reference)))
        return known[-1][1]

    with ThreadPoolExecutor(thread_name_prefix="compile") as aside:
        return [metric.bound_by(bind) if isinstance(metric, SumMetric) else bind(metric) for metric in metrics]


def is_same(one: Metric, other: Metric) -> bool:
    """Whether two metrics compute the same by the same functions."""
    return one is other or (isinstance(one, Summable) and one == other)
