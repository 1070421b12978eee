"""Metrics that give values but no gradient: they are measured beside the others, and cannot compete.

`bind` gives what every metric gives, and distances; asking for a gradient is refused with the reason, so that such a
metric is refused as the optimized and as the fixed metric of a competition. Their packages are no requirement of this
one: each is imported when its metric is built, if it is installed.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from mad_app.errors import ArgumentError
from mad_app.images import AnyImage
from mad_app.images.encode import Picture
from mad_app.metrics.call import call_metric
from mad_app.metrics.contract import checked_images, checked_reference, distances_of
from mad_app.metrics.package_files import version_of
from mad_app.metrics.sums import Summable

Distance = Callable[[np.ndarray, np.ndarray], float]
"""Reference and image, each float32 (H, W, 3) in [0, 1] and writable -> distance: 0 for identical images, larger for
worse ones."""


@dataclass(frozen=True, kw_only=True)
class ValueMetric(Summable):
    """A metric without a gradient.

    Attributes:
        name: how it is asked for.
        distance: of one image to a reference.
        no_gradient: why it has no gradient, in a clause.
        minimum_size: smallest height and width in pixels.
        weights: the package and its version, for a record.
    """

    name: str
    distance: Distance
    no_gradient: str
    minimum_size: int = 1
    weights: str | None = None

    def bind(self, reference: jax.Array) -> "BoundValueMetric":
        """Prepare comparisons with a reference (H, W, 3).

        Raises:
            ValueError: the reference is no image, or too small.
        """
        reference = checked_reference(reference, metric=self.name, minimum_size=self.minimum_size)
        return BoundValueMetric(metric=self, reference=reference)

    def __call__(self, reference: AnyImage, images: AnyImage) -> Any:
        """Distance of one image, a scalar, or of several, (N,), to a reference; it has no gradient."""
        return call_metric(self, reference, images, traced=self._refuse, torch=self._of_tensors)

    def _of_tensors(self, reference: Any, images: Any) -> Any:
        given = (jnp.asarray(tensor.detach().cpu().permute(0, 2, 3, 1).numpy()) for tensor in (reference, images))
        original, several = given
        return images.new_tensor(np.asarray(distances_of(self, original[0], several)))

    def _refuse(self, *_: object) -> NoReturn:
        raise ArgumentError("images", f"cannot be traced by JAX: {self.no_gradient}")

    def maps(self, reference: jax.Array, images: jax.Array) -> None:
        """None: there are no maps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundValueMetric:
    """A metric without a gradient, against one reference."""

    metric: ValueMetric
    reference: jax.Array

    def distances(self, images: jax.Array) -> jax.Array:
        """Distances (N,) of images (N, H, W, 3); values beyond [0, 1], by rounding, count as 0 and 1."""
        images = checked_images(images, self.reference.shape)
        reference = np.array(self.reference)  # a copy: some packages refuse the read-only memory of a JAX array
        clipped = np.clip(np.asarray(images), 0, 1)
        return jnp.asarray([self.metric.distance(reference, image) for image in clipped], jnp.float32)

    def value_and_grad(self, images: jax.Array) -> NoReturn:
        """Refused.

        Raises:
            ArgumentError: always; the message says why there is no gradient.
        """
        del images
        raise ArgumentError("metric", f"cannot be {self.metric.name} in a competition: {self.metric.no_gradient}")


def build_ssimulacra2(name: str, minimum_size: int) -> ValueMetric:
    """100 − SSIMULACRA 2, of the images rounded to 8 bits: 0 for identical ones, about 10 where differences show."""
    from ssimulacra2 import compute_ssimulacra2

    def distance(reference: np.ndarray, image: np.ndarray) -> float:
        files = (io.BytesIO(Picture.png(picture).content) for picture in (reference, image))
        return 100 - float(compute_ssimulacra2(*files))

    return _value_metric(name, minimum_size, distance, distribution="ssimulacra2")


def build_flip(name: str, minimum_size: int) -> ValueMetric:
    """The mean of LDR-FLIP at the package's default of 67 pixels per degree; in [0, 1]."""
    from flip_evaluator import evaluate

    def distance(reference: np.ndarray, image: np.ndarray) -> float:
        _, mean, _ = evaluate(reference, image, "LDR", applyMagma=False)
        return float(mean)

    return _value_metric(name, minimum_size, distance, distribution="flip-evaluator")


def _value_metric(name: str, minimum_size: int, distance: Distance, *, distribution: str) -> ValueMetric:
    return ValueMetric(
        name=name,
        distance=distance,
        no_gradient=f"the package {distribution} gives values only, no gradient",
        minimum_size=minimum_size,
        weights=f"{distribution} {version_of(distribution)}",
    )
