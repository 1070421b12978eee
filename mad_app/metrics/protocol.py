"""What the engine asks of a metric: a distance to a fixed reference, and its gradient.

An image here is a float32 JAX array (H, W, 3), sRGB in [0, 1]; a batch is (N, H, W, 3). A distance is 0 between
identical images and grows as they differ; similarities are turned round in their adapters. `contract.check_metric`
tests a metric against every sentence of this file.
"""

from typing import Protocol

import jax


class BoundMetric(Protocol):
    """One metric against one reference; what depends on the reference alone is computed once."""

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances of a batch (N, H, W, 3) to the reference, as (N,) float32.

        Raises:
            ValueError: the images are not of the reference's shape and type.
        """
        ...

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distances (N,) and, for each image, the gradient of its own distance: (N, H, W, 3).

        The gradient is finite wherever the distance is, identical images included; where a distance has a kink
        (a root at 0), it is the gradient of the part without the kink.

        Raises:
            ValueError: the images are not of the reference's shape and type.
        """
        ...


class Metric(Protocol):
    """A differentiable distance between images."""

    @property
    def name(self) -> str:
        """How the metric is asked for, and its key in a record."""
        ...

    def bind(self, reference: jax.Array) -> BoundMetric:
        """Prepare comparisons with a reference (H, W, 3).

        Raises:
            ValueError: the reference is no image, or smaller than the metric's smallest image.
        """
        ...


class KnownMetric(Metric, Protocol):
    """A metric of which a record can say more; all that this package builds are such."""

    @property
    def minimum_size(self) -> int:
        """The smallest height and width it takes, in pixels."""
        ...

    @property
    def weights(self) -> str | None:
        """Where its trained weights came from, with version and SHA-256; None for a metric without any."""
        ...

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Where it sees the difference of each image (N, H, W, 3): a distance ≥ 0 a pixel, (N, H, W), whose mean is
        the image's distance, exactly or nearly so; None for a metric whose formula holds no such map."""
        ...


class MetricUnavailable(RuntimeError):
    """A metric cannot be had here; the message says what to install or where to put which file."""
