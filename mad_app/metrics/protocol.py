"""What the engine asks of a metric: a distance to a fixed reference, and its gradient.

An image here is a float32 JAX array (H, W, 3), sRGB in [0, 1]; a batch is (N, H, W, 3). A distance is 0 between
identical images and grows as they differ; similarities are turned round in their adapters.
"""

from typing import Protocol

import jax


class Comparison(Protocol):
    """One metric against one reference; what depends on the reference alone is computed once."""

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances of a batch (N, H, W, 3) to the reference, as (N,)."""
        ...

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and, for each image, the gradient of its own distance: (N, H, W, 3)."""
        ...


class Metric(Protocol):
    """A differentiable distance between images."""

    name: str

    def against(self, reference: jax.Array) -> Comparison:
        """Prepare comparisons with a reference (H, W, 3).

        Raises:
            ValueError: the reference is smaller than the metric's smallest image.
        """
        ...
