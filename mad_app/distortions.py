"""The start images of a competition: a picture distorted in one way, at a strength in natural units, from a seed.

Images are float32 (H, W, 3), sRGB in [0, 1], before and after. Strength 0 is exactly the identity. The mean squared
error grows with the magnitude of the strength. It never decreases, for any picture, where pixels change in place
(noise, blur, contrast, brightness, saturation, hue, blockiness, salt-and-pepper), and stays 0 only where a picture
lacks what is removed: color in a gray picture, contrast in a flat one. Where pixels move (shift, rotation, warp) it
grows until the movement exceeds the size of the picture's structures. For the codecs it grows overall, but can decrease
slightly from one quality to the next. Negative strengths, where allowed, act in the opposite direction.

The same name, strength and seed give the same image. The codecs also depend on the version of Pillow, rotation and warp
on that of SciPy, whose interpolation (cubic B-splines) may differ between versions by rounding.
"""

import io
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images import AnyImage, ImageArray, as_image, from_uint8, luminance, to_uint8

Apply = Callable[[ImageArray, float, np.random.Generator], npt.NDArray[np.floating]]

BLOCK = 8  # pixels: the side of a JPEG block
BORDER = "reflect"  # SciPy's name of a mirrored border: … 1 0 | 0 1 … n−1 | n−1 n−2 …
WARP_SCALE = 1 / 16  # standard deviation of the warp's smoothing, as a fraction of the longer side


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """A way to distort a picture.

    Attributes:
        name: its name in DISTORTIONS, on the command line and in records.
        title: its name on a page.
        help: one sentence: what it does, and what its strength means.
        unit: of the strength.
        minimum: smallest strength; below 0 where the distortion has two directions.
        maximum: largest strength.
        default: a strength that is clearly visible.
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


def distort(image: AnyImage, distortion: str, *, strength: float, seed: int) -> ImageArray:
    """Distort an image.

    Args:
        image: a picture as an array or of Pillow, as `mad_app.images.as_image` takes it.
        distortion: a name of DISTORTIONS.
        strength: in the distortion's unit, from its minimum to its maximum; 0 returns a copy of the image.
        seed: at least 0; of the random numbers, if the distortion is random.

    Returns:
        float32 (H, W, 3) in [0, 1].

    Raises:
        ArgumentError: `image` is not of this form, `distortion` is unknown, or `strength` or `seed` is out of range.

    Example:
        >>> gray = np.full((8, 8, 3), 0.5, np.float32)
        >>> distort(gray, "brightness", strength=0.25, seed=0)[0, 0].tolist()
        [0.75, 0.75, 0.75]
    """
    array = as_image(image, "image")
    known = get_distortion(distortion)
    check_strength(known, strength)
    generator = np.random.default_rng(_check_seed(seed))
    if strength == 0:
        return array.copy()
    return np.clip(known.apply(array, float(strength), generator), 0, 1).astype(np.float32)


def get_distortion(distortion: str) -> Distortion:
    """The distortion of a name.

    Raises:
        ArgumentError: there is none; lists those that exist.

    Example:
        >>> get_distortion("blur").unit
        'pixels'
    """
    if distortion not in DISTORTIONS:
        raise ArgumentError("distortion", f"must be one of {', '.join(DISTORTIONS)}, got {distortion!r}")
    return DISTORTIONS[distortion]


def check_strength(distortion: Distortion, strength: float) -> None:
    """Check that a distortion has a strength.

    Raises:
        ArgumentError: it is out of the distortion's range, or not whole where it must be.
    """
    name, unit = distortion.name, distortion.unit
    if not distortion.minimum <= strength <= distortion.maximum:  # also false for NaN
        limits = f"between {distortion.minimum:g} and {distortion.maximum:g} ({unit})"
        raise ArgumentError("strength", f"of {name} must lie {limits}, got {strength}")
    if distortion.whole and strength != math.floor(strength):
        raise ArgumentError("strength", f"of {name} must be a whole number ({unit}), got {strength}")


def _check_seed(seed: int) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        raise ArgumentError("seed", f"must be a whole number, got {seed!r}") from None
    if number < 0:
        raise ArgumentError("seed", f"must be at least 0, got {number}")
    return number


def _noise(image: ImageArray, strength: float, generator: np.random.Generator) -> npt.NDArray[np.floating]:
    return image + strength * generator.standard_normal(image.shape)


def _blur(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    return _diffuse(_diffuse(image, strength, axis=0), strength, axis=1)


def _jpeg(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    """Chroma at half resolution, as cameras and web pages store it."""
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
    """Rotation about the gray axis; up to 120° the change of each pixel grows, even where it is clipped to [0, 1]."""
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
    """The pixels replaced at a strength are also replaced at a larger one."""
    hit = generator.random(image.shape[:2]) < strength
    color = generator.integers(0, 2, image.shape[:2])
    return np.where(hit[..., None], color[..., None], image).astype(np.float32)


def _shift(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    from scipy import ndimage  # not at the top: most programs only add noise, and it takes a while

    shifted: ImageArray = ndimage.shift(image, (0, int(strength), 0), order=0, mode=BORDER)
    return shifted


def _rotation(image: ImageArray, strength: float, _: np.random.Generator) -> npt.NDArray[np.floating]:
    """Counterclockwise about the middle of the picture."""
    cosine, sine = math.cos(math.radians(strength)), math.sin(math.radians(strength))
    middle_row, middle_column = (image.shape[0] - 1) / 2, (image.shape[1] - 1) / 2
    rows, columns = np.indices(image.shape[:2], dtype=np.float64)
    down, right = rows - middle_row, columns - middle_column
    return _interpolate(image, middle_row + cosine * down + sine * right, middle_column - sine * down + cosine * right)


def _warp(image: ImageArray, strength: float, generator: np.random.Generator) -> npt.NDArray[np.floating]:
    """Displacement by a smooth random field whose longest vector has `strength` pixels."""
    scale = WARP_SCALE * max(image.shape[:2])
    field = generator.standard_normal((*image.shape[:2], 2))
    field = _diffuse(_diffuse(field, scale, axis=0), scale, axis=1)
    field *= strength / np.linalg.norm(field, axis=2).max()
    rows, columns = np.indices(image.shape[:2], dtype=np.float64)
    return _interpolate(image, rows + field[..., 0], columns + field[..., 1])


def _decode(buffer: io.BytesIO) -> ImageArray:
    """The picture in a codec's output."""
    with Image.open(buffer) as picture:
        return from_uint8(np.asarray(picture.convert("RGB")))


def _diffuse(values: npt.NDArray[np.floating], sigma: float, *, axis: int) -> npt.NDArray[np.float64]:
    """Convolve one axis with the discrete Gaussian of variance sigma², the border mirrored.

    Its transfer function is exp(−sigma² (1 − cos ω)), the solution of the heat equation on the grid. Unlike those of a
    sampled Gaussian (`scipy.ndimage.gaussian_filter`), its variance is sigma² for every sigma, and it attenuates every
    frequency more as sigma grows: the values stay in [0, 1], and the error grows with sigma.
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


def _interpolate(
    image: ImageArray, rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Values of an image (H, W, 3) at rows and columns (H, W), by cubic B-splines."""
    from scipy import ndimage

    channels = [
        ndimage.map_coordinates(channel, (rows, columns), np.float64, order=3, mode=BORDER)
        for channel in np.moveaxis(image, 2, 0)
    ]
    return np.stack(channels, axis=2)


DISTORTIONS: dict[str, Distortion] = {
    row.name: row
    for row in (
        Distortion(
            name="noise",
            title="White noise",
            help="Adds independent Gaussian noise to every value; strength is its standard deviation, white being 1.",
            unit="standard deviation, 0–1",
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
            help="Moves all values towards the picture's mean gray; strength is the fraction of contrast lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.5,
            apply=_contrast,
        ),
        Distortion(
            name="brightness",
            title="Brightness",
            help="Adds strength to every value, white being 1; negative darkens.",
            unit="change of every value, white being 1",
            minimum=-0.5,
            maximum=0.5,
            default=0.15,
            apply=_brightness,
        ),
        Distortion(
            name="saturation",
            title="Less color",
            help="Moves every pixel towards the gray of its luminance; strength is the fraction of color lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.7,
            apply=_saturation,
        ),
        Distortion(
            name="hue",
            title="Hue",
            help="Rotates every color about the gray axis by this angle, red towards green; negative the other way.",
            unit="degrees",
            minimum=-120.0,
            maximum=120.0,
            default=30.0,
            apply=_hue,
        ),
        Distortion(
            name="blockiness",
            title="Blockiness",
            help="Moves every pixel towards the mean of its block of 8 × 8; strength is the fraction of detail lost.",
            unit="fraction lost",
            maximum=1.0,
            default=0.6,
            apply=_blockiness,
        ),
        Distortion(
            name="salt-and-pepper",
            title="Salt and pepper",
            help="Makes random pixels black or white; strength is their fraction.",
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
            help="Rotates the picture about its middle, counterclockwise, the border mirrored; negative clockwise.",
            unit="degrees",
            minimum=-15.0,
            maximum=15.0,
            default=2.0,
            apply=_rotation,
        ),
        Distortion(
            name="warp",
            title="Warp",
            help="Moves pixels along a smooth random field; strength is the length of its longest displacement.",
            unit="pixels",
            maximum=8.0,
            default=3.0,
            random=True,
            apply=_warp,
        ),
    )
}
"""Distortions by name. Tests run over all of them, so a new one is tested by being here."""
