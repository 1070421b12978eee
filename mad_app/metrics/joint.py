"""Two metrics evaluated together: each part that they consist of once, and JAX before PyTorch.

JAX computes on a thread of its own, so what it is given first goes on while PyTorch computes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import jax

from mad_app.metrics.from_jax import BoundJaxMetric
from mad_app.metrics.protocol import BoundMetric
from mad_app.metrics.sums import BoundSum, add_weighted

T = TypeVar("T")

Positions = tuple[tuple[int, ...], ...]
Weights = tuple[jax.Array | None, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Joint:
    """Bound metrics as sums of distinct parts.

    Attributes:
        parts: the parts of all metrics, each once; those in JAX come first.
        positions: of each metric, where its parts are in `parts`.
        weights: of each metric, the weights of its parts, float32 (parts,); None for one that is no sum.
    """

    parts: tuple[BoundMetric, ...]
    positions: Positions
    weights: Weights

    @property
    def in_jax(self) -> list[BoundJaxMetric] | None:
        """The parts, if all are in JAX."""
        found = [part for part in self.parts if isinstance(part, BoundJaxMetric)]
        return found if len(found) == len(self.parts) else None

    def value_and_grad(self, images: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
        """Of each metric, distances (N,) and gradients (N, H, W, 3) of images (N, H, W, 3)."""
        return mixed([part.value_and_grad(images) for part in self.parts], self.positions, self.weights)


def joint(metrics: Sequence[BoundMetric]) -> Joint:
    """Bound metrics, taken apart."""
    of_each = [metric.parts if isinstance(metric, BoundSum) else (metric,) for metric in metrics]
    distinct = {id(part): part for parts in of_each for part in parts}
    ordered = sorted(distinct, key=lambda key: not isinstance(distinct[key], BoundJaxMetric))
    return Joint(
        parts=tuple(distinct[key] for key in ordered),
        positions=tuple(tuple(ordered.index(id(part)) for part in own) for own in of_each),
        weights=tuple(metric.weights if isinstance(metric, BoundSum) else None for metric in metrics),
    )


def mixed(values: Sequence[T], positions: Positions, weights: Weights) -> list[T]:
    """The values of each metric, from those of all parts; a pure function of arrays."""
    return [
        values[own[0]] if of_own is None else add_weighted(of_own, [values[position] for position in own])
        for own, of_own in zip(positions, weights, strict=True)
    ]
