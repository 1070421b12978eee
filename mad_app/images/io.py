"""Pictures in and out, and the one form they have in between.

Contract: in mad_app an image is a NumPy array, float32 (H, W, 3), sRGB in [0, 1]. Files are decoded to it here and
nowhere else, and what a file may cost in bytes and pixels is checked before it is decoded.

What decoding does: EXIF rotation is applied; of an animation the first frame is taken; gray becomes three equal
channels; transparency is laid on white, unless another ground is asked for; 16-bit gray keeps its precision; palettes,
1-bit, CMYK and 16-bit color become 8-bit RGB. Color profiles (ICC) are ignored: numbers are taken as sRGB, as the
authors of the metrics took theirs.
"""

import io
import operator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

ImageArray: TypeAlias = npt.NDArray[np.float32]
ImageSource: TypeAlias = str | Path | BinaryIO | bytes

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000  # a 50-megapixel camera; as float32 it takes 600 MB
MIN_SIZE, MAX_SIZE = 16, 1024  # side of the square `load_image(size=…)` returns, in pixels
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM")  # each decoded by Pillow alone
SMALLEST_EXTENT = 0.05
DEFAULT_IMAGE = "cat"
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709

_DEEPEST_GREY = 65535  # white in Pillow's 16-bit gray modes
_MEND = "open it in an image editor and export it as PNG or JPEG"


class ImageError(ValueError):
    """A file cannot be taken as a picture; the message names it and says how to mend it, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class BundledImage:
    """A picture that comes with the program.

    Attributes:
        name: what it is called in the table, on the command line and in its file's name.
        title: a heading for people.
        good_for: what it is good for, in some words.
        path: its PNG file.
    """

    name: str
    title: str
    good_for: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Crop:
    """Which square of a picture is taken; by default the largest one about the middle.

    Attributes:
        left: where it lies between the left border (0) and the right one (1).
        top: where it lies between the upper border (0) and the lower one (1).
        extent: its side as a part of the picture's shorter one, in [SMALLEST_EXTENT, 1].

    Raises:
        ValueError: an attribute is out of its range.
    """

    left: float = 0.5
    top: float = 0.5
    extent: float = 1.0

    def __post_init__(self) -> None:
        for name, low in (("left", 0.0), ("top", 0.0), ("extent", SMALLEST_EXTENT)):
            if not low <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [{low:g}, 1], got {getattr(self, name)}")

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, upper, right and lower border of the square in a picture of that many pixels.

        Example:
            >>> Crop().box(30, 20), Crop(left=1, extent=0.5).box(30, 20)
            ((5, 0, 25, 20), (20, 5, 30, 15))
        """
        side = max(1, round(self.extent * min(width, height)))
        left, top = int(self.left * (width - side)), int(self.top * (height - side))
        return left, top, left + side, top + side


WHOLE_CROP = Crop()


def load_image(
    source: ImageSource,
    *,
    size: int | None = None,
    crop: Crop = WHOLE_CROP,
    name: str | None = None,
    background: Literal["white", "black"] = "white",
) -> ImageArray:
    """Read a picture from a path, from bytes, or from a file opened for reading bytes.

    Args:
        source: PNG, JPEG, WebP, GIF, BMP, TIFF, JPEG 2000 or PNM; at most MAX_BYTES and MAX_PIXELS.
        size: side in pixels, 16 to 1024: the square of `crop` is cut out and resampled to it (Lanczos, antialiased).
            Without it the whole picture is returned in its own size.
        crop: which square is cut out for `size`.
        name: what messages call the picture; by default its path, or "the picture".
        background: what transparency is laid on.

    Returns:
        float32 (H, W, 3), sRGB in [0, 1]; (size, size, 3) with `size`.

    Raises:
        ImageError: the source is missing, empty, too large, truncated or not a picture.
        ValueError: size is not a whole number from 16 to 1024.

    Example:
        >>> load_image(bundled_path("coffee"), size=64).shape
        (64, 64, 3)
    """
    checked_size = None if size is None else _check_size(size)
    called = _called(source, name)
    picture = _decode(_read(source, called), called, background)
    if checked_size is not None:
        picture = _resample(picture.crop(crop.box(*picture.size)), checked_size)
    return _to_array(picture)


def load_small(source: ImageSource, *, side: int, name: str | None = None) -> ImageArray:
    """The whole picture, made smaller until its longer side has at most `side` pixels; otherwise as `load_image`.

    Example:
        >>> max(load_small(bundled_path("coffee"), side=64).shape)
        64
    """
    called = _called(source, name)
    picture = _decode(_read(source, called), called)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _to_array(picture)


def save_png(path: str | Path, image: npt.ArrayLike) -> None:
    """Write an image (H, W, 3) in [0, 1] as 8-bit PNG, each value rounded to the nearest level.

    Raises:
        ValueError: `image` breaks the contract.
        OSError: the file cannot be written.
    """
    Image.fromarray(to_uint8(image)).save(path, format="PNG")


def to_uint8(image: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """The nearest 8-bit levels of an image: uint8 (H, W, 3).

    Raises:
        ValueError: `image` breaks the contract.

    Example:
        >>> to_uint8(np.full((1, 1, 3), 0.5, np.float32)).tolist()
        [[[128, 128, 128]]]
    """
    levels: npt.NDArray[np.uint8] = np.rint(check_image(image, "image") * np.float32(255)).astype(np.uint8)
    return levels


def from_uint8(array: npt.ArrayLike) -> ImageArray:
    """The image of 8-bit levels, uint8 (H, W, 3), as float32 in [0, 1]; `to_uint8` gives the levels back.

    Raises:
        ValueError: `array` is not uint8 (H, W, 3).
    """
    levels = np.asarray(array)
    if levels.dtype != np.uint8 or levels.ndim != 3 or levels.shape[2] != 3 or levels.size == 0:
        raise ValueError(f"array must be uint8 (H, W, 3), got {levels.dtype} {levels.shape}")
    return levels.astype(np.float32) / np.float32(255)


def check_image(image: npt.ArrayLike, name: str) -> ImageArray:
    """Return `image` as a NumPy array if it keeps the contract.

    Args:
        image: a NumPy or JAX array.
        name: the argument as the user typed it; it opens the message.

    Returns:
        float32 (H, W, 3) in [0, 1], the same memory where possible.

    Raises:
        ValueError: wrong dtype, shape or range, or not finite; says what is needed and what was given.
    """
    array = np.asarray(image)
    if array.dtype != np.float32:
        raise ValueError(f"{name} must be float32 with values in [0, 1], got {array.dtype}")
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise ValueError(f"{name} must have shape (H, W, 3), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite, got {np.count_nonzero(~np.isfinite(array))} values that are NaN or ±∞"
        )
    low, high = array.min(), array.max()
    if low < 0 or high > 1:
        raise ValueError(f"{name} must have values in [0, 1], got values from {low:g} to {high:g}")
    return array


def crop_square(image: npt.ArrayLike, size: int, *, left: float = 0.5, top: float = 0.5) -> ImageArray:
    """Cut a square of `size` pixels out of an image, without resampling.

    Args:
        image: (H, W, 3) in [0, 1].
        size: side in pixels, 1 to min(H, W).
        left: where it lies between the left border (0) and the right one (1).
        top: where it lies between the upper border (0) and the lower one (1).

    Returns:
        (size, size, 3), a copy.

    Raises:
        ValueError: `size` is larger than the image, or `left` or `top` is outside [0, 1].
    """
    array = check_image(image, "image")
    height, width, _ = array.shape
    if not 1 <= size <= min(height, width):
        raise ValueError(f"size must lie between 1 and the image's shorter side {min(height, width)}, got {size}")
    for argument, value in (("left", left), ("top", top)):
        if not 0 <= value <= 1:
            raise ValueError(f"{argument} must lie in [0, 1], got {value}")
    row, column = round(top * (height - size)), round(left * (width - size))
    return array[row : row + size, column : column + size].copy()


def luminance(image: npt.ArrayLike) -> ImageArray:
    """Luma of each pixel, (H, W), on the sRGB values as they are; of a gray picture, its gray.

    Source: ITU-R BT.709.
    """
    array = np.asarray(image, np.float32)
    red, green, blue = np.moveaxis(array, -1, 0)
    return np.clip(green + LUMA[0] * (red - green) + LUMA[2] * (blue - green), 0, 1)


def to_gray(image: npt.ArrayLike) -> ImageArray:
    """An image (H, W, 3) with its luminance in all three channels."""
    return np.repeat(luminance(image)[..., None], 3, axis=2)


def resize_square(image: npt.ArrayLike, size: int) -> ImageArray:
    """Resample a square image (S, S, 3) to (size, size, 3) with an antialiased Lanczos filter.

    Raises:
        ValueError: the image is not square, or `size` is not a whole number from 16 to 1024.
    """
    array = check_image(image, "image")
    if array.shape[0] != array.shape[1]:
        raise ValueError(f"image must be square, got {array.shape}")
    side = _check_size(size)
    channels = [_to_array(_resample(Image.fromarray(array[..., k]), side))[..., 0] for k in range(3)]
    return np.stack(channels, axis=2)


def bundled_path(name: str) -> Path:
    """The PNG file of a bundled picture.

    Raises:
        ValueError: there is no such picture; lists those there are.
    """
    if name not in BUNDLED:
        raise ValueError(f"no bundled picture is called {name!r}; there are {', '.join(BUNDLED)}")
    return BUNDLED[name].path


def _called(source: ImageSource, name: str | None) -> str:
    """What messages call the picture."""
    return name or (str(source) if isinstance(source, str | Path) else "the picture")


def _check_size(size: int) -> int:
    """`size` as a whole number of pixels within its limits, or a ValueError."""
    try:
        side = operator.index(size)
    except TypeError:
        raise ValueError(f"size must be a whole number of pixels, got {size!r}") from None
    if not MIN_SIZE <= side <= MAX_SIZE:
        raise ValueError(f"size must lie between {MIN_SIZE} and {MAX_SIZE} pixels, got {side}")
    return side


def _read(source: ImageSource, called: str) -> bytes:
    """All bytes of the source, never more than MAX_BYTES of them."""
    if isinstance(source, bytes):
        content = source
    elif isinstance(source, str | Path):
        content = _read_file(Path(source), called)
    else:
        content = source.read(MAX_BYTES + 1)
    if not content:
        raise ImageError(f"{called} is empty: choose a file that holds a picture")
    if len(content) > MAX_BYTES:
        raise ImageError(f"{called} has more than {MAX_BYTES // 10**6} MB: scale it down or save it as JPEG")
    return content


def _read_file(path: Path, called: str) -> bytes:
    """The first MAX_BYTES + 1 bytes of a regular file."""
    try:
        if path.is_file():
            with path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"{called} cannot be opened ({error.strerror}): check its name and permissions") from error
    raise ImageError(f"{called} does not exist or is not a file: check the path")


def _decode(content: bytes, called: str, background: str = "white") -> Image.Image:
    """The first frame, upright, in Pillow's mode RGB, or in mode F with gray in [0, 1]."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_pixels(picture.size, called)
            picture.load()
            return _flatten(ImageOps.exif_transpose(picture), called, background)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"{called} is not a picture of a known kind, or its beginning is damaged: {_MEND}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(_too_many_pixels(called)) from error
    except Exception as error:  # damaged files raise a dozen types, from struct.error to SyntaxError
        raise ImageError(f"{called} is damaged, cut short or of a rare kind: {_MEND}") from error


def _check_pixels(size: tuple[int, int], called: str) -> None:
    """Refuse, by its header alone, a picture too large to decode."""
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(f"{_too_many_pixels(called)} (it has {width} × {height})")


def _too_many_pixels(called: str) -> str:
    return f"{called} has more than {MAX_PIXELS // 10**6} million pixels: scale it down first"


def _flatten(picture: Image.Image, called: str, background: str) -> Image.Image:
    """Reduce any of Pillow's modes to RGB, or to F with gray in [0, 1]."""
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _flatten_deep_gray(picture, called)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    over = picture.convert("RGBA")
    flat = Image.new("RGBA", over.size, background)
    flat.alpha_composite(over)
    return flat.convert("RGB")


def _flatten_deep_gray(picture: Image.Image, called: str) -> Image.Image:
    """Gray of 16 bits a pixel, or floating point already in [0, 1], as mode F."""
    values = np.asarray(picture)
    white = 1 if picture.mode == "F" else _DEEPEST_GREY
    if not (values.min() >= 0 and values.max() <= white):  # also true of NaN
        raise ImageError(f"{called} has gray values outside 0…{white}: save it with 8 or 16 bits a channel")
    return Image.fromarray((values / white).astype(np.float32))


def _resample(picture: Image.Image, size: int) -> Image.Image:
    """A square picture at another size; at its own size, the picture itself."""
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _to_array(picture: Image.Image) -> ImageArray:
    """Mode RGB or F as float32 (H, W, 3) in [0, 1]."""
    if picture.mode == "RGB":
        return from_uint8(np.asarray(picture))
    gray = np.clip(np.asarray(picture, np.float32), 0, 1)  # Lanczos overshoots beside edges
    return np.repeat(gray[..., None], 3, axis=2)


def _find_folder() -> Path:
    """Where the bundled pictures lie: inside the installed package, or beside it in a source checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "assets" / "images"
    return installed if installed.is_dir() else package.parent / "assets" / "images"


_FOLDER = _find_folder()


def _bundled(name: str, title: str, good_for: str) -> BundledImage:
    return BundledImage(name=name, title=title, good_for=good_for, path=_FOLDER / f"{name}.png")


BUNDLED: dict[str, BundledImage] = {
    row.name: row
    for row in (
        _bundled("cat", "Chelsea the cat", "fur, sharp eyes against a soft background, warm color"),
        _bundled("astronaut", "Eileen Collins", "a human face, strong colors, small lettering"),
        _bundled("raccoon", "Raccoon among leaves", "foliage, fur, saturated greens"),
        _bundled("coffee", "Cup of coffee", "a colorful object, smooth porcelain beside wood grain"),
        _bundled("cameraman", "Cameraman", "the classical scene in gray: a person, buildings, grass, plain sky"),
        _bundled("stairs", "Steel stairs", "architecture in gray: straight edges, railings, deep shadow"),
        _bundled("rocket", "Rocket at dusk", "a smooth sky, lattice towers, bright lamps"),
        _bundled("retina", "Retina", "smooth color with fine vessels, a black surround"),
        _bundled("galaxies", "Galaxies", "small bright objects on black"),
        _bundled("grass", "Grass", "dense natural texture in gray"),
        _bundled("gravel", "Gravel", "coarse natural texture in gray"),
        _bundled("bricks", "Brick wall", "a building's regular pattern in perspective, in gray"),
        _bundled("handwriting", "Handwriting", "text: thin dark strokes on paper, in gray"),
        _bundled("zone-plate", "Zone plate", "drawn: every spatial frequency and direction"),
        _bundled("gratings", "Gratings", "drawn: four periods at four contrasts"),
        _bundled("edges", "Edges", "drawn: flat colors, straight and round edges"),
        _bundled("gradients", "Gradients", "drawn: soft light without edge or texture"),
        _bundled("dead-leaves", "Dead leaves", "drawn: occluding discs with the statistics of natural edges"),
    )
}
"""Name → picture; photographs first, then drawings. Origins and licenses are in assets/images/LICENSES.md."""
