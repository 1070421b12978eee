"""The start images of a competition: a picture distorted in one way, at a strength in natural units, from a seed.

Contract: images are float32 (H, W, 3), sRGB in [0, 1], before and after. Strength 0 is exactly the identity. The mean
squared error grows with the size of the strength. It never falls, for any picture, where pixels change in place (noise,
blur, contrast, brightness, saturation, hue, blockiness, salt-and-pepper), and stays 0 only where there is nothing to
lose: color in a gray picture, contrast in a flat one. Where pixels move (shift, rotation, warp) it grows until the
movement exceeds the picture's structure: a texture that has lost its match loses no more. For the codecs it grows in
the large, and may fall by a hair from one quality to the next. Negative strengths, where allowed, act the other way.

A recorded name, strength and seed give the same picture again; the codecs also depend on the version Pillow carries.
"""

import io
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.images import ImageArray, check_image, from_uint8, luminance, to_uint8

Apply = Callable[[ImageArray, float, np.random.Generator], npt.NDArray[np.floating]]

BLOCK = 8  # pixels: the side of a JPEG block
WARP_SCALE = 1 / 16  # how far the warp's field is smoothed, as a part of the longer side


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """A way to distort a picture.

    Attributes:
        name: what it is called in the table and on the command line.
        title: a heading for people.
        help: one sentence: what is done, and what its strength means.
        unit: what strength is measured in.
        minimum: least strength; below 0 where the distortion has two directions.
        maximum: greatest strength.
        default: a strength that is plainly visible.
        whole: strength must be a whole number.
        random: the result depends on the seed.
        apply: image, strength, generator → the distorted image before it is clipped to [0, 1].
    """

    name: str
    title: str
    help: str
    unit: str
    minimum: float = 0.0
    maximum: float
    default: float
    whole: bool = False
    random: bool = False
    apply: Apply


def distort(image: npt.ArrayLike, name: str, *, strength: float, seed: int) -> ImageArray:
    """Distort an image.

    Args:
        image: float32 (H, W, 3) in [0, 1].
        name: a row of DISTORTIONS.
        strength: in the row's unit, from its minimum to its maximum; 0 returns a copy of the image.
        seed: at least 0; the same seed gives the same picture. Rows that are not random take no notice of it.

    Returns:
        float32 (H, W, 3) in [0, 1].

    Raises:
        ValueError: `image` breaks its contract, `name` is unknown, or `strength` or `seed` is not allowed.

    Example:
        >>> gray = np.full((8, 8, 3), 0.5, np.float32)
        >>> distort(gray, "brightness", strength=0.25, seed=0)[0, 0].tolist()
        [0.75, 0.75, 0.75]
    """
    array = check_image(image, "image")
    row = get_distortion(name)
    check_strength(row, strength)
    generator = np.random.default_rng(_check_seed(seed))
    if strength == 0:
        return array.copy()
    return np.clip(row.apply(array, float(strength), generator), 0, 1).astype(np.float32)


def get_distortion(name: str) -> Distortion:
    """The row of DISTORTIONS called `name`.

    Raises:
        ValueError: there is none; lists those there are.
    """
    if name not in DISTORTIONS:
        raise ValueError(f"no distortion is called {name!r}; there are {', '.join(DISTORTIONS)}")
    return DISTORTIONS[name]


def check_strength(row: Distortion, strength: float) -> None:
    """Refuse a strength that a distortion does not have; raises ArgumentError."""
    if not row.minimum <= strength <= row.maximum:  # also refuses NaN
        raise ValueError(
            f"strength of {row.name} must lie between {row.minimum:g} and {row.maximum:g} ({row.unit}), got {strength}"
        )
    if row.whole and strength != math.floor(strength):
        raise ValueError(f"strength of {row.name} must be a whole number ({row.unit}), got {strength}")


def _check_seed(seed: int) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        raise ValueError(f"seed must be a whole number, got {seed!r}") from None
    if number < 0:
        raise ValueError(f"seed must be at least 0, got {number}")
    return number


def _noise(image: ImageArray, strength: float, generator: np.random.Generator) -> npt.NDArray[np.floating]:
    return image + strength * generator.standard_normal(image.shape)


def _blur(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    return _diffuse(_diffuse(image, strength, axis=0), strength, axis=1)


def _jpeg(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    """Chroma at half resolution, as cameras and the web store it."""
    buffer = io.BytesIO()
    Image.fromarray(to_uint8(image)).save(buffer, "JPEG", quality=100 - int(strength), subsampling="4:2:0")
    return _decode(buffer)


def _webp(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    buffer = io.BytesIO()
    Image.fromarray(to_uint8(image)).save(buffer, "WEBP", quality=100 - int(strength), method=4)
    return _decode(buffer)


def _contrast(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    return image + strength * (float(luminance(image).mean()) - image)


def _brightness(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    return image + np.float32(strength)


def _saturation(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    return image + strength * (luminance(image)[..., None] - image)


def _hue(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    """Rotation about the gray axis; up to 120° each pixel moves ever farther, even where it is clipped at the gamut."""
    cosine, sine = math.cos(math.radians(strength)), math.sin(math.radians(strength))
    shifted = np.roll(np.eye(3), 1, axis=0)  # red → green → blue → red
    rotation = cosine * np.eye(3) + (1 - cosine) / 3 + sine / math.sqrt(3) * (shifted - shifted.T)
    return image @ rotation.T


def _blockiness(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    means = image.astype(np.float64)
    for axis in (0, 1):
        length = image.shape[axis]
        starts = np.arange(0, length, BLOCK)
        counts = np.diff(np.append(starts, length))
        sums = np.add.reduceat(means, starts, axis=axis)
        means = np.repeat(sums / np.expand_dims(counts, (1 - axis, 2)), counts, axis=axis)
    return image + strength * (means - image)


def _salt_and_pepper(image: ImageArray, strength: float, generator: np.random.Generator) -> npt.NDArray[np.floating]:
    """The pixels hit at a strength are among those hit at a greater one."""
    hit = generator.random(image.shape[:2]) < strength
    color = generator.integers(0, 2, image.shape[:2])
    return np.where(hit[..., None], color[..., None], image).astype(np.float32)


def _shift(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    columns = np.arange(image.shape[1]) - int(strength)
    return image[:, _mirror(columns, image.shape[1])]


def _rotation(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    cosine, sine = math.cos(math.radians(strength)), math.sin(math.radians(strength))
    middle_row, middle_column = (image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2
    rows, columns = np.indices(image.shape[:2], dtype=np.float64)
    down, right = rows - middle_row, columns - middle_column
    return _sample(image, middle_row + cosine * down + sine * right, middle_column - sine * down + cosine * right)


def _warp(image: ImageArray, strength: float, generator: np.random.Generator) -> npt.NDArray[np.floating]:
    """A smooth random field of movements whose largest is `strength` pixels long."""
    scale = WARP_SCALE * max(image.shape[:2])
    field = generator.standard_normal((*image.shape[:2], 2))
    field = _diffuse(_diffuse(field, scale, axis=0), scale, axis=1)
    field *= strength / np.linalg.norm(field, axis=2).max()
    rows, columns = np.indices(image.shape[:2], dtype=np.float64)
    return _sample(image, rows + field[..., 0], columns + field[..., 1])


def _decode(buffer: io.BytesIO) -> ImageArray:
    """The picture a codec makes of its own output."""
    with Image.open(buffer) as picture:
        return from_uint8(np.asarray(picture.convert("RGB")))


def _diffuse(values: npt.NDArray[np.floating], sigma: float, *, axis: int) -> npt.NDArray[np.float64]:
    """Convolve one axis with the discrete Gaussian of variance sigma², the border mirrored.

    Its transfer function is exp(−sigma² (1 − cos ω)): the heat equation on the grid. Its weights are positive for
    every sigma and it damps every frequency more as sigma grows, so values stay in range and the error grows.
    Source: T. Lindeberg, "Scale-space for discrete signals", IEEE PAMI 12(3), 1990.
    """
    length = values.shape[axis]
    mirrored = np.concatenate([values, np.flip(values, axis)], axis).astype(np.float64)
    spectrum = np.fft.rfft(mirrored, axis=axis)
    gain = np.exp(-(sigma**2) * (1 - np.cos(np.pi * np.arange(length + 1) / length)))
    shape = [1] * values.ndim
    shape[axis] = length + 1
    smooth = np.fft.irfft(spectrum * gain.reshape(shape), 2 * length, axis=axis)
    return np.take(smooth, np.arange(length), axis=axis)


def _sample(
    image: ImageArray, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Values of an image (H, W, 3) between its pixels, at rows and columns (H, W), by cubic interpolation.

    Source: R. Keys, "Cubic convolution interpolation for digital image processing", IEEE ASSP 29(6), 1981, a = −1/2.
    """
    top, left = np.floor(rows), np.floor(columns)
    row_weights, column_weights = _cubic_weights(rows - top), _cubic_weights(columns - left)
    result = np.zeros(image.shape)
    for i in range(4):
        near_row = _mirror(top.astype(int) + i - 1, image.shape[0])
        for j in range(4):
            near_column = _mirror(left.astype(int) + j - 1, image.shape[1])
            result += (row_weights[i] * column_weights[j])[..., None] * image[near_row, near_column]
    return result


def _cubic_weights(t: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Weights of the pixels at −1, 0, 1 and 2 for a point at t in [0, 1); they add up to 1."""
    return (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )


def _mirror(index: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
    """Indices folded back into [0, length), the border pixel repeated: … 1 0 | 0 1 … n−1 | n−1 n−2 …"""
    folded = index % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)


DISTORTIONS: dict[str, Distortion] = {
    row.name: row
    for row in (
        Distortion(
            name="noise",
            title="White noise",
            help="Adds independent Gaussian noise to every value; strength is its standard deviation, white being 1.",
            unit="pixel value",
            maximum=1.0,
            default=0.1,
            random=True,
            apply=_noise,
        ),
        Distortion(
            name="blur",
            title="Blur",
            help="Smooths with a Gaussian; strength is its standard deviation in pixels.",
            unit="pixels",
            maximum=32.0,
            default=2.0,
            apply=_blur,
        ),
        Distortion(
            name="jpeg",
            title="JPEG",
            help="Stores the picture as JPEG and reads it back; strength is 100 − quality: 90 means quality 10.",
            unit="100 − quality",
            maximum=99.0,
            default=85.0,
            whole=True,
            apply=_jpeg,
        ),
        Distortion(
            name="webp",
            title="WebP",
            help="Stores the picture as lossy WebP and reads it back; strength is 100 − quality: 90 means quality 10.",
            unit="100 − quality",
            maximum=100.0,
            default=95.0,
            whole=True,
            apply=_webp,
        ),
        Distortion(
            name="contrast",
            title="Less contrast",
            help="Draws all values towards the picture's mean gray; strength is the fraction of contrast lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.5,
            apply=_contrast,
        ),
        Distortion(
            name="brightness",
            title="Brightness",
            help="Adds strength to every value, white being 1; negative darkens.",
            unit="pixel value",
            minimum=-0.5,
            maximum=0.5,
            default=0.15,
            apply=_brightness,
        ),
        Distortion(
            name="saturation",
            title="Less color",
            help="Draws every pixel towards the gray of its luminance; strength is the fraction of color lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.7,
            apply=_saturation,
        ),
        Distortion(
            name="hue",
            title="Hue",
            help="Turns every color about the gray axis by this angle, red towards green; negative the other way.",
            unit="degrees",
            minimum=-120.0,
            maximum=120.0,
            default=30.0,
            apply=_hue,
        ),
        Distortion(
            name="blockiness",
            title="Blockiness",
            help="Draws every pixel towards the mean of its block of 8 × 8; strength is the fraction of detail lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.6,
            apply=_blockiness,
        ),
        Distortion(
            name="salt-and-pepper",
            title="Salt and pepper",
            help="Makes random pixels black or white; strength is the fraction of pixels hit.",
            unit="fraction of pixels",
            maximum=1.0,
            default=0.05,
            random=True,
            apply=_salt_and_pepper,
        ),
        Distortion(
            name="shift",
            title="Shift",
            help="Moves the picture to the right by whole pixels, the border mirrored; negative to the left.",
            unit="pixels",
            minimum=-16.0,
            maximum=16.0,
            default=2.0,
            whole=True,
            apply=_shift,
        ),
        Distortion(
            name="rotation",
            title="Rotation",
            help="Turns the picture about its middle, counterclockwise, the border mirrored; negative clockwise.",
            unit="degrees",
            minimum=-15.0,
            maximum=15.0,
            default=2.0,
            apply=_rotation,
        ),
        Distortion(
            name="warp",
            title="Warp",
            help="Moves pixels along a smooth random field; strength is the length of its longest movement.",
            unit="pixels",
            maximum=8.0,
            default=3.0,
            random=True,
            apply=_warp,
        ),
    )
}
"""Name → distortion. A new row is tested by being here."""
