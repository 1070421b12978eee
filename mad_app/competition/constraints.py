"""The admissible pictures: where the four images may go, written so that every step of the engine stays among them.

With s the start, and l and h the least and greatest values that a pixel may take (black and white; at most the largest
change away from s; s itself outside the mask), the engine walks among points z in [0, 1], each of which stands for

    x = l + (h − l) z                            a picture
    x = s + P(2 z − 1), cut off at l and h       where changes shall be smooth

P is the orthogonal projection on the low spatial frequencies (DCT-II, mirrored borders). What l and h cut off is not
smooth, so after each step z is drawn to where little is cut off, by alternating projections on the low frequencies and
on the pictures between l and h (von Neumann 1949); the edge of a mask cuts all the same. Of a gray picture, the first
channel of z is all three of x. So every z is admissible whatever the steps, and the metrics are differentiated with
respect to z: by the chain rule both gradients come out projected, and what is tangent to the held metric's level in z
is so in x. Without constraints z is x itself.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from mad_app.competition.settings import Settings
from mad_app.metrics import BoundMetric

PROJECTIONS = 16
"""How often after a step."""
SLACK = 0.5 / 255
"""How much may be cut off a value that still counts as free to move: less than is seen in 8 bits."""
Mask = npt.NDArray[np.bool_]
Band = tuple[Array, Array, Array]


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["start", "low", "width", "high", "band"],
    meta_fields=["gray", "whole"],
)
@dataclass(frozen=True, kw_only=True, eq=False)
class Parametrization:
    """The admissible pictures round a start.

    Attributes:
        start: s, (H, W, 3).
        low: l, (H, W, 3).
        width: h − l, rounded down so that l + width is at most h.
        high: h, (H, W, 3).
        band: what a smooth change may hold: orthonormal cosines down the picture (K, H) and across it (L, W), and
            which products of both, (K, L); None for everything.
        gray: whether the first channel is all three.
        whole: whether every picture is admissible.
    """

    start: Array
    low: Array
    width: Array
    high: Array
    band: Band | None
    gray: bool
    whole: bool

    def points(self, picture: Array | None = None) -> Array:
        """The point of a picture (H, W, 3), or, if it is not admissible, of one near it; of the start if None."""
        picture = self.start if picture is None else picture
        if self.whole:
            return picture
        if self.band is not None:
            return jnp.clip(0.5 + (picture - self.start) / 2, 0, 1)
        return jnp.clip((picture - self.low) / jnp.where(self.width > 0, self.width, 1), 0, 1)

    def pictures(self, points: Array) -> Array:
        """The pictures of points (N, H, W, 3)."""
        return points if self.whole else _pictures(self, points)

    def project(self, points: Array) -> Array:
        """Points (N, H, W, 3) of pictures that are nearly as smooth as they shall be, near the given ones."""
        return points if self.band is None else _drawn_in(self, self.band, points)

    def pullback(self, points: Array, gradients: Array) -> Array:
        """Gradients with respect to the pictures of points, (N, H, W, 3), as such with respect to the points."""
        return gradients if self.whole else _pulled_back(self, points, gradients)

    def comparison(self, of: BoundMetric) -> BoundMetric:
        """The metric as a function of points; it is the metric's own program that runs, compiled once for all."""
        return of if self.whole else _OfPoints(self, of)

    def bounds_8bit(self, settings: Settings) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Least and greatest 8-bit values, about the start as it is saved, (H, W, 3) each."""
        levels = np.rint(np.asarray(self.start) * np.float32(255))
        reach = 255 if settings.max_change is None else np.floor(255 * settings.max_change + 1e-6)
        reach = np.where(np.asarray(self.low) < np.asarray(self.high), reach, 0)
        low, high = (np.clip(levels + way * reach, 0, 255).astype(np.uint8) for way in (-1, 1))
        return low, high


def admissible(start: npt.ArrayLike, settings: Settings, mask: Mask | None = None) -> Parametrization:
    """The pictures that the settings admit.

    Args:
        start: float32 (H, W, 3) in [0, 1].
        settings: of which `gray`, `max_change` and `low_pass` count.
        mask: bool (H, W), true where the picture may change; None for everywhere.

    Raises:
        ValueError: nothing may change, or the start is none of the admissible pictures.
    """
    s = np.asarray(start, np.float32)
    if settings.gray and not (s == s[..., :1]).all():
        raise ValueError("a gray competition needs a gray start: all three channels of each pixel must be equal")
    reach = np.float32(1 if settings.max_change is None else settings.max_change)
    low, high = np.maximum(s - reach, 0), np.minimum(s + reach, 1)
    if mask is not None:
        if mask.shape != s.shape[:2]:
            raise ValueError(f"the mask must have the picture's {s.shape[:2]} pixels, got {mask.shape}")
        if not mask.any():
            raise ValueError("the mask lets no pixel change: it must be white where the picture may change")
        low, high = (np.where(mask[..., None], bound, s) for bound in (low, high))
    width = high - low
    width = np.where(low + width > high, np.nextafter(width, np.float32(0)), width)
    band = None if settings.low_pass is None else _low_frequencies(s.shape, settings.low_pass)
    free = not settings.gray and settings.max_change is None and settings.low_pass is None and mask is None
    arrays = {"start": s, "low": low, "width": width, "high": high}
    return Parametrization(
        **{name: jnp.asarray(array) for name, array in arrays.items()},
        band=band, gray=settings.gray, whole=free,
    )  # fmt: skip


def _low_frequencies(shape: tuple[int, ...], low_pass: float) -> Band:
    """The cosines of up to `low_pass` cycles a picture along each axis, and which products are within that circle."""
    bases, cycles = [], []
    for length in shape[:2]:
        index = np.arange(min(length, int(2 * low_pass) + 1))
        basis = np.cos(np.pi * index[:, None] * (np.arange(length) + 0.5) / length)
        bases.append(jnp.asarray(basis / np.linalg.norm(basis, axis=1, keepdims=True), jnp.float32))
        cycles.append(index / 2)
    return bases[0], bases[1], jnp.asarray(np.hypot(cycles[0][:, None], cycles[1]) <= low_pass)


@jax.jit
def _pictures(space: Parametrization, points: Array) -> Array:
    channels = 1 if space.gray else 3
    start, low, width, high = (
        array[None, ..., :channels] for array in (space.start, space.low, space.width, space.high)
    )
    free = points[..., :channels]
    if space.band is None:
        moved = low + width * free
    else:
        wanted = start + _smooth(space.band, 2 * free - 1)
        inside = (wanted >= low - SLACK) & (wanted <= high + SLACK) & (low < high)  # at the edge it may still turn back
        moving = jnp.where(inside, wanted, 0)
        moved = jnp.clip(jax.lax.stop_gradient(wanted), low, high) + (moving - jax.lax.stop_gradient(moving))
    return jnp.broadcast_to(moved, points.shape)


@jax.jit
def _drawn_in(space: Parametrization, band: Band, points: Array) -> Array:
    start, low, high = (array[None] for array in (space.start, space.low, space.high))

    def projected(_: int, change: Array) -> Array:
        cut = jnp.clip(start + change, low, high) - start
        return _smooth(band, jnp.where(low < high, cut, change))

    change = jax.lax.fori_loop(0, PROJECTIONS, projected, _smooth(band, 2 * points - 1))
    return jnp.clip(0.5 + change / 2, 0, 1)


@jax.jit
def _pulled_back(space: Parametrization, points: Array, gradients: Array) -> Array:
    _, pull = jax.vjp(partial(_pictures, space), points)
    (pulled,) = pull(gradients)
    return pulled


def _smooth(band: Band, change: Array) -> Array:
    """P, image by image and channel by channel."""
    rows, columns, kept = band
    spectrum = jnp.einsum("kh,lw,nhwc->nklc", rows, columns, change) * kept[None, :, :, None]
    return jnp.einsum("kh,lw,nklc->nhwc", rows, columns, spectrum)


@dataclass(frozen=True, eq=False)
class _OfPoints:
    """A metric as a function of points."""

    space: Parametrization
    of: BoundMetric

    def distances(self, points: Array) -> Array:
        return self.of.distances(self.space.pictures(points))

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        values, gradients = self.of.value_and_grad(self.space.pictures(points))
        return values, self.space.pullback(points, gradients)
