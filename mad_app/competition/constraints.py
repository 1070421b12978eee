"""Constraints on the images as a change of variables: every parameter vector in the box [0, 1] is an admissible image.

Let s be the start, and l and h the least and greatest values that a pixel may take: black and white, at most the
maximum change away from s, and s itself outside the mask.

Parametrization. The solver works on params p in [0, 1], each of which stands for an image x:

    x = p                               without constraints
    x = l + (h − l) p                   with gray, mask or maximum change
    x = clip(s + L(2 p − 1), l, h)      with a limit on the spatial frequency of the change

L is the orthogonal projection on the low spatial frequencies (DCT-II), up to the same number of cycles per pixel in all
directions. Of a gray image, the first channel of p is all three of x.

Projection. Clipping at l and h adds high frequencies. After each step, p is projected to where little is clipped, by
alternating projections on the low frequencies and on the box l … h (von Neumann 1949; Boyle & Dykstra 1986). The edge
of a mask is sharp all the same.

Gradients. Metrics are differentiated with respect to p by the chain rule (`pullback`), so a direction tangent to the
level set in p is tangent to it in x.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from mad_app.competition.inputs import Mask, checked_image, checked_mask
from mad_app.competition.settings import DEFAULT_SOLVER, Settings, SolverOptions
from mad_app.errors import ArgumentError
from mad_app.images import Image8Bit
from mad_app.metrics import BoundMetric

Band = tuple[Array, Array, Array]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["start", "low", "width", "high", "band"],
    meta_fields=["gray", "unconstrained", "projections", "slack"],
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Parametrization:
    """The map between params and admissible images.

    Attributes:
        start: s, (H, W, 3).
        low: l, (H, W, 3).
        width: h − l, rounded down so that l + width is at most h.
        high: h, (H, W, 3).
        band: the low frequencies: orthonormal cosines down the image (K, H) and across it (L, W), and which products
            of both, bool (K, L); None for all frequencies.
        gray: whether the first channel is all three.
        unconstrained: whether every image is admissible, so that params and images are the same.
        projections: number of alternating projections.
        slack: how far a value may be clipped and still count as free to move.
    """

    start: Array
    low: Array
    width: Array
    high: Array
    band: Band | None
    gray: bool
    unconstrained: bool
    projections: int
    slack: float

    def to_params(self, image: Array) -> Array:
        """The params of an image (H, W, 3); if it is not admissible, of one near it."""
        if self.unconstrained:
            return image
        if self.band is not None:
            return jnp.clip(0.5 + (image - self.start) / 2, 0, 1)
        return jnp.clip((image - self.low) / jnp.where(self.width > 0, self.width, 1), 0, 1)

    def to_images(self, params: Array) -> Array:
        """The images of params (N, H, W, 3)."""
        return params if self.unconstrained else _to_images(self, params)

    def project(self, params: Array) -> Array:
        """Params (N, H, W, 3) near the given ones, of images whose change is nearly limited to the band."""
        return params if self.band is None else _project(self, self.band, params)

    def pullback(self, params: Array, gradients: Array) -> Array:
        """Gradients with respect to the images of params, (N, H, W, 3), as gradients with respect to the params."""
        return gradients if self.unconstrained else _pullback(self, params, gradients)

    def compose(self, metric: BoundMetric) -> BoundMetric:
        """The metric as a function of params. The metric's own program runs, so it is compiled once."""
        return metric if self.unconstrained else _OfParams(self, metric)

    def bounds_8bit(self, settings: Settings) -> tuple[Image8Bit, Image8Bit]:
        """Least and greatest 8-bit values, about the start as it is saved, (H, W, 3) each."""
        values = np.rint(np.asarray(self.start) * np.float32(255))
        reach = 255 if settings.max_change is None else np.floor(255 * settings.max_change + 1e-6)
        reach = np.where(np.asarray(self.low) < np.asarray(self.high), reach, 0)
        low, high = (np.clip(values + sign * reach, 0, 255).astype(np.uint8) for sign in (-1, 1))
        return low, high


def parametrization(
    start: npt.ArrayLike, settings: Settings, mask: Mask | None = None, *, solver: SolverOptions = DEFAULT_SOLVER
) -> Parametrization:
    """The parametrization of the images that the settings admit.

    Args:
        start: float32 or float64 (H, W, 3) in [0, 1].
        settings: of which `gray`, where None is no, `max_change` and `low_pass` count.
        mask: bool (H, W), true where the images may change; None for everywhere.
        solver: of which `projections` and `projection_slack` count.

    Raises:
        ArgumentError: the start or the mask is not as above, no pixel may change, or the start is not gray but the
            settings ask for gray.
    """
    s = checked_image(start, "start")
    if settings.gray and not (s == s[..., :1]).all():
        raise ArgumentError("start", "must be gray in a gray competition: its three channels differ")
    reach = np.float32(1 if settings.max_change is None else settings.max_change)
    low, high = np.maximum(s - reach, 0), np.minimum(s + reach, 1)
    if mask is not None:
        mask = checked_mask(mask, s.shape)
        low, high = (np.where(mask[..., None], bound, s) for bound in (low, high))
    width = high - low
    width = np.where(low + width > high, np.nextafter(width, np.float32(0)), width)
    arrays = {"start": s, "low": low, "width": width, "high": high}
    return Parametrization(
        **{name: jnp.asarray(array) for name, array in arrays.items()},
        band=None if settings.low_pass is None else _low_frequencies(s.shape, settings.low_pass),
        gray=bool(settings.gray),
        unconstrained=not settings.gray and settings.max_change is None and settings.low_pass is None and mask is None,
        projections=solver.projections,
        slack=solver.projection_slack,
    )


def _low_frequencies(shape: tuple[int, ...], low_pass: float) -> Band:
    """The cosines of up to `low_pass` cycles per shorter side along each axis, and which products are of no more."""
    bases, cycles = [], []
    for length in shape[:2]:
        scale = length / min(shape[:2])
        index = np.arange(int(min(length, 2 * low_pass * scale + 1)))
        basis = np.cos(np.pi * index[:, None] * (np.arange(length) + 0.5) / length)
        bases.append(jnp.asarray(basis / np.linalg.norm(basis, axis=1, keepdims=True), jnp.float32))
        cycles.append(index / 2 / scale)
    return bases[0], bases[1], jnp.asarray(np.hypot(cycles[0][:, None], cycles[1]) <= low_pass)


@jax.jit
def _to_images(to: Parametrization, params: Array) -> Array:
    channels = 1 if to.gray else 3
    start, low, width, high = (array[None, ..., :channels] for array in (to.start, to.low, to.width, to.high))
    free = params[..., :channels]
    if to.band is None:
        images = low + width * free
    else:
        target = start + _band_limited(to.band, 2 * free - 1)
        # the gradient passes a little beyond the bounds, so that a value at a bound can return
        inside = (target >= low - to.slack) & (target <= high + to.slack) & (low < high)
        passing = jnp.where(inside, target, 0)
        images = jnp.clip(jax.lax.stop_gradient(target), low, high) + (passing - jax.lax.stop_gradient(passing))
    return jnp.broadcast_to(images, params.shape)


@jax.jit
def _project(to: Parametrization, band: Band, params: Array) -> Array:
    start, low, high = (array[None] for array in (to.start, to.low, to.high))

    def alternate(_: int, change: Array) -> Array:
        clipped = jnp.clip(start + change, low, high) - start
        return _band_limited(band, jnp.where(low < high, clipped, change))

    change = jax.lax.fori_loop(0, to.projections, alternate, _band_limited(band, 2 * params - 1))
    return jnp.clip(0.5 + change / 2, 0, 1)


@jax.jit
def _pullback(to: Parametrization, params: Array, gradients: Array) -> Array:
    _, pull = jax.vjp(partial(_to_images, to), params)
    (pulled,) = pull(gradients)
    return pulled


def _band_limited(band: Band, change: Array) -> Array:
    """L, image by image and channel by channel."""
    rows, columns, kept = band
    einsum = partial(jnp.einsum, precision="highest")  # a GPU's default, TensorFloat-32, has 10 bits
    spectrum = einsum("kh,lw,nhwc->nklc", rows, columns, change) * kept[None, :, :, None]
    return einsum("kh,lw,nklc->nhwc", rows, columns, spectrum)


@dataclass(frozen=True, eq=False)
class _OfParams:
    """A metric as a function of params."""

    parametrization: Parametrization
    metric: BoundMetric

    def distances(self, params: Array) -> Array:
        return self.metric.distances(self.parametrization.to_images(params))

    def value_and_grad(self, params: Array) -> tuple[Array, Array]:
        values, gradients = self.metric.value_and_grad(self.parametrization.to_images(params))
        return values, self.parametrization.pullback(params, gradients)
