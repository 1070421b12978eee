"""Lesson "Fidelity or texture?": which of two copies is nearer, as Wasserstein distortion pools more widely.

Wasserstein distortion compares the distributions that features have around each place. At σ = 1 the neighborhood is the
place itself, so every detail has to be where it is in the original. At σ = 16 only means and deviations over many
pixels count, so another piece of the same texture is near. As the squared Wasserstein distance of two distributions is
at most the mean squared difference of their samples, however these are paired, a copy's distance falls with σ, apart
from what the border does to it.

Source: Qiu, Wagner, Ballé, Theis: Wasserstein Distortion: Unifying Fidelity and Realism, CISS 2024, arXiv 2310.03629.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from mad_app.declaration import check_settings, setting
from mad_app.distortions import DISTORTIONS, distort
from mad_app.errors import ArgumentError
from mad_app.images import ImageArray, check_image
from mad_app.lessons.lesson import check_choice

SIGMAS = (1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8, 3.4, 4.0, 4.8, 5.7, 6.7, 8.0, 9.5, 11.3, 13.5, 16.0)
"""Pooling widths that can be chosen, in pixels: four to an octave, rounded."""

BLOCK, TILE = 4, 16
"""Sides in pixels: of what is shuffled, and of what it is shuffled in."""

REACH = 2
"""How far a pixel is taken from, in pixels, in rows and in columns."""


@dataclass(frozen=True)
class Copy:
    """A kind of copy.

    Attributes:
        title: its name on a page.
        make: from the image and a multiple of the usual strength.
    """

    title: str
    make: Callable[[ImageArray, float], ImageArray]


@dataclass(frozen=True)
class TextureState:
    """What is compared.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    first: str = setting("blur", label="Copy A", help="What was done to it.", group="start")
    second: str = setting("warp", label="Copy B", help="What was done to it.", group="start")
    strength: float = setting(
        1.0,
        label="Strength of A",
        help="In multiples of the usual one.",
        group="start",
        minimum=0.5,
        maximum=2.0,
    )
    sigma: float = setting(
        SIGMAS[0],
        label="Pooling width σ",
        help="In pixels: 1 compares place by place, 16 the statistics of a neighborhood.",
        group="metrics",
        unit="pixels",
        minimum=SIGMAS[0],
        maximum=SIGMAS[-1],
    )

    def __post_init__(self) -> None:
        check_settings(self)
        check_choice("first", self.first, FAITHFUL)
        check_choice("second", self.second, TEXTURED)
        if self.sigma not in SIGMAS:
            raise ArgumentError("sigma", f"must be one of {', '.join(f'{s:g}' for s in SIGMAS)}, got {self.sigma:g}")


@dataclass(frozen=True, eq=False)
class Curves:
    """The distances of two copies over the pooling width.

    Attributes:
        copies: A and B, (H, W, 3).
        values: of each at each of SIGMAS, (2, 17).
    """

    copies: tuple[ImageArray, ImageArray]
    values: npt.NDArray[np.float64]

    @property
    def flips(self) -> list[float]:
        """The widths at which the curves cross, by linear interpolation over log σ."""
        return crossings(SIGMAS, self.values[0] - self.values[1])

    def at(self, sigma: float) -> tuple[float, float]:
        """Both values at one of SIGMAS."""
        first, second = self.values[:, SIGMAS.index(sigma)].tolist()
        return first, second


def crossings(sigmas: npt.ArrayLike, differences: npt.ArrayLike) -> list[float]:
    """Where a sampled curve changes its sign, by linear interpolation over log σ.

    Example:
        >>> crossings([1, 4, 16], [1, -1, -2]), crossings([1, 4, 16], [1, 0, 2])
        ([2.0], [])
    """
    logs, values = np.log(np.asarray(sigmas, np.float64)), np.asarray(differences, np.float64)
    known = np.flatnonzero(values)
    pairs = [(i, j) for i, j in pairwise(known) if values[i] * values[j] < 0]
    parts = [(i, j, values[i] / (values[i] - values[j])) for i, j in pairs]
    return [float(np.exp(logs[i] + part * (logs[j] - logs[i]))) for i, j, part in parts]


def make_copy(reference: npt.ArrayLike, name: str, strength: float = 1.0) -> ImageArray:
    """A copy of an image.

    Args:
        reference: float32 (H, W, 3) in [0, 1].
        name: of COPIES.
        strength: in multiples of the usual one; what is shuffled or scattered has none.

    Raises:
        ArgumentError: the image or the name cannot be used.
    """
    check_choice("name", name, COPIES)
    return COPIES[name].make(check_image(reference, "reference"), strength)


def curves(reference: npt.ArrayLike, first: str, second: str, strength: float = 1.0) -> Curves:
    """The distances of two copies over the pooling width.

    Args:
        reference: float32 (H, W, 3) in [0, 1], at least 64 pixels on each side.
        first: name of copy A, as in `make_copy`.
        second: of copy B.
        strength: of copy A, in multiples of the usual one.

    Raises:
        ArgumentError: the image or a name cannot be used.
        MetricUnavailable: the trained weights are not available.
    """
    from mad_app.metrics.wasserstein import wasserstein_curve  # imports torch

    image = check_image(reference, "reference")
    copies = make_copy(image, first, strength), make_copy(image, second)
    return Curves(copies, wasserstein_curve(jnp.asarray(image), jnp.stack(copies), SIGMAS))


def shuffle_blocks(image: ImageArray, block: int = BLOCK, tile: int = TILE) -> ImageArray:
    """Put the blocks of each tile in another order, which keeps every value of the tile and moves it a little.

    Args:
        image: (H, W, 3).
        block: side of a block in pixels; what is left at the right and the lower border stays.
        tile: side of a tile in pixels.

    Example:
        >>> image = np.arange(48, dtype=np.float32).reshape(4, 4, 3) / 48
        >>> shuffled = shuffle_blocks(image, block=2, tile=4)
        >>> bool((shuffled == image).all()), bool((np.sort(shuffled, None) == np.sort(image, None)).all())
        (False, True)
    """
    generator, shuffled = np.random.default_rng(0), image.copy()
    height, width = (side - side % block for side in image.shape[:2])
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            places = [
                (row, column)
                for row in range(top, min(top + tile, height), block)
                for column in range(left, min(left + tile, width), block)
            ]
            for (row, column), source in zip(places, generator.permutation(places), strict=True):
                part = image[source[0] : source[0] + block, source[1] : source[1] + block]
                shuffled[row : row + block, column : column + block] = part
    return shuffled


def scatter(image: ImageArray, reach: int = REACH) -> ImageArray:
    """Take every pixel from a random place near its own, as behind frosted glass; the border is mirrored.

    Args:
        image: (H, W, 3).
        reach: farthest distance in rows and in columns.
    """
    shifts = np.random.default_rng(0).integers(-reach, reach + 1, (2, *image.shape[:2]))
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    rows, columns = np.indices(image.shape[:2]) + reach + shifts
    return padded[rows, columns]


def _distorted(name: str, usual: float) -> Copy:
    """A copy with one of the program's distortions, from seed 0."""
    distortion = DISTORTIONS[name]

    def make(image: ImageArray, strength: float) -> ImageArray:
        asked = min(strength * usual, distortion.maximum)
        return distort(image, name, strength=round(asked) if distortion.whole else asked, seed=0)

    return Copy(distortion.title, make)


FAITHFUL: Mapping[str, Copy] = {
    "blur": _distorted("blur", 1.5),
    "noise": _distorted("noise", 0.1),
    "jpeg": _distorted("jpeg", 80.0),
    "blockiness": _distorted("blockiness", 0.5),
}
"""Copies whose structures stay in their places."""

TEXTURED: Mapping[str, Copy] = {
    "warp": _distorted("warp", 8.0),
    "shift": _distorted("shift", 2.0),
    "scatter": Copy("Scattered pixels", lambda image, _: scatter(image)),
    "shuffle": Copy("Shuffled blocks", lambda image, _: shuffle_blocks(image)),
}
"""Copies that keep what the texture is made of, and move it."""

COPIES: Mapping[str, Copy] = {**FAITHFUL, **TEXTURED}


def python_of(state: TextureState) -> str:
    """The lines that give the lesson's numbers for the image `reference`."""
    return f"""from mad_app.lessons.texture import curves

found = curves(reference, "{state.first}", "{state.second}", strength={state.strength:g})  # .copies, .values
found.at({state.sigma:g}), found.flips
"""
