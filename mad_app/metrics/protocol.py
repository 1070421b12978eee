"""The protocol of a metric: a distance of images to a reference, and its gradient.

An image here is a float32 JAX array (H, W, 3), sRGB in [0, 1]; a batch is (N, H, W, 3). A distance is 0 for identical
images and grows as they differ; an adapter turns a similarity s into 1 − s. `contract.check_metric` tests a metric
against every sentence of this file.
"""

from typing import Any, Literal, Protocol, runtime_checkable

import jax


class BoundMetric(Protocol):
    """A metric bound to one reference; what depends on the reference alone is computed once."""

    def distances(self, images: jax.Array) -> jax.Array:
        """Distance of each image to the reference.

        Args:
            images: float32 (N, H, W, 3) in [0, 1], of the reference's shape.

        Returns:
            float32 (N,); each depends on its own image alone.

        Raises:
            ValueError: the images are not of the reference's shape and type.
        """
        ...

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distance of each image, and the gradient of each distance with respect to its own image.

        The gradient is finite wherever the distance is, identical images included; where a distance has a kink
        (a root at 0), it is the gradient of the part without the kink.

        Args:
            images: float32 (N, H, W, 3) in [0, 1], of the reference's shape.

        Returns:
            float32 (N,) and float32 (N, H, W, 3).

        Raises:
            ValueError: the images are not of the reference's shape and type.
        """
        ...


class Metric(Protocol):
    """A differentiable distance between images."""

    @property
    def name(self) -> str:
        """The name by which it is requested, and its key in a record."""
        ...

    def bind(self, reference: jax.Array) -> BoundMetric:
        """Bind the metric to a reference.

        Args:
            reference: float32 (H, W, 3) in [0, 1].

        Raises:
            ValueError: the reference is not such an image, or smaller than the metric's smallest image.
        """
        ...

    def __call__(self, reference: Any, images: Any) -> Any:
        """Distance of one image or of several to a reference, for use outside a competition.

        It can be differentiated in the framework of the arrays, whatever the metric is written in: JAX arrays by
        `jax.grad`, also under `jit` and `vmap`; PyTorch tensors by autograd.

        Args:
            reference: a picture: NumPy, JAX or PyTorch array (H, W), (H, W, 3), (3, H, W) or (1, 3, H, W), uint8 or
                floating point in [0, 1], or a Pillow image.
            images: one picture, likewise, or several: (N, H, W, 3) or (N, 3, H, W).

        Returns:
            float32 () for one image, (N,) for several: a tensor if either argument is one, otherwise a JAX array.

        Raises:
            ValueError: an argument is not as above, or too small for the metric, or their sizes differ.
        """
        ...


@runtime_checkable
class KnownMetric(Metric, Protocol):
    """A metric that describes itself for the record; every metric built by this package is one."""

    @property
    def minimum_size(self) -> int:
        """The smallest height and width it accepts, in pixels."""
        ...

    @property
    def weights(self) -> str | None:
        """Source of its trained weights, with version and SHA-256; None for a metric without any."""
        ...

    def maps(self, reference: jax.Array, images: jax.Array) -> jax.Array | None:
        """Where each image differs from the reference.

        Args:
            reference: float32 (H, W, 3) in [0, 1].
            images: float32 (N, H, W, 3) in [0, 1].

        Returns:
            A distance ≥ 0 per pixel, (N, H, W), whose mean is the image's distance, exactly or nearly so; None for a
            metric whose formula has no such map.
        """
        ...

    def __add__(self, other: "KnownMetric", /) -> "KnownMetric":
        """The sum of two metrics, a metric, too."""
        ...

    def __radd__(self, other: Literal[0], /) -> "KnownMetric":
        """The metric itself, so that `sum` adds metrics."""
        ...

    def __mul__(self, weight: float, /) -> "KnownMetric":
        """The metric times a finite number above 0.

        Raises:
            ValueError: the number is not.
        """
        ...

    def __rmul__(self, weight: float, /) -> "KnownMetric":
        """The same."""
        ...


class MetricUnavailable(RuntimeError):
    """A metric cannot be used here; the message says what to install or where to put which file."""
