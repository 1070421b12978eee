"""Conversion of a decoded picture to sRGB, by what its file says of its colors.

In this order, as PNG (third edition) has it: code points (cICP, in PNG and AVIF), an ICC profile, a gamma (gAMA). Code
points of sRGB and of BT.709, an sRGB profile and the gamma of sRGB change no value. A profile is converted by LittleCMS
to the relative colorimetric intent with black point compensation, so that colors inside sRGB stay what they are and
those outside are clipped. What cannot be honored is said in a note, and the values are taken as sRGB.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

SRGB_GAMMA = 0.45455
"""The gAMA of sRGB: PNG, third edition, 11.3.2.2."""

GAMMA_TOLERANCE = 0.005
GAMMAS = (0.1, 2.0)
"""Values of gAMA outside this range are taken for damage; a linear file has 1."""

SRGB_PRIMARIES = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""White, red, green and blue of sRGB and BT.709, as x, y; the order of cHRM."""

PRIMARIES_TOLERANCE = 0.005

PLAIN_PRIMARIES = frozenset({1, 2})
"""Code points of the primaries of BT.709, and of none: ITU-T H.273, table 2."""

PLAIN_TRANSFERS = frozenset({1, 2, 6, 13, 14, 15})
"""Code points of sRGB, of BT.709 and those equal to it, and of none: ITU-T H.273, table 3."""

SAME = 1
"""Largest difference, in 8-bit levels, between sRGB and a profile that is taken for it."""

NAME_LENGTH = 60
"""Most characters of a profile's name that a note quotes."""

Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class ColorCoding:
    """What a file says of its colors.

    Attributes:
        code_points: of its primaries and its transfer function (cICP).
        profile: an ICC profile; empty for one that is damaged.
        gamma: exponent from light to sample (gAMA).
        primaries: as SRGB_PRIMARIES (cHRM).
    """

    code_points: tuple[int, int] | None = None
    profile: bytes | None = None
    gamma: float | None = None
    primaries: tuple[float, ...] | None = None


def read_coding(picture: Image.Image, content: bytes) -> ColorCoding:
    """What an opened file says of its colors.

    Args:
        picture: as Pillow opened it.
        content: the bytes of the file.
    """
    info = picture.info
    profile = (info["icc_profile"] or b"") if "icc_profile" in info else None
    if picture.format == "AVIF":
        return ColorCoding(code_points=None if profile else _code_points_of_avif(content), profile=profile)
    if picture.format != "PNG":
        return ColorCoding(profile=profile)
    stated = info.get("srgb") is None  # an sRGB chunk stands above the other two
    return ColorCoding(
        code_points=_code_points_of_png(content),
        profile=profile,
        gamma=info.get("gamma") if stated else None,
        primaries=info.get("chromaticity") if stated else None,
    )


def to_srgb(picture: Image.Image, coding: ColorCoding) -> tuple[Image.Image, list[str]]:
    """Convert a picture without transparency to sRGB.

    Args:
        picture: of Pillow's mode L, RGB or CMYK, or of mode F with gray in [0, 1].
        coding: of its file.

    Returns:
        The picture in mode L, RGB or F, and notes on what was done, each a clause.
    """
    notes = []
    if coding.code_points:
        if _are_plain(coding.code_points):
            return _without_profile(picture)
        primaries, transfer = coding.code_points
        notes.append(f"color of code points {primaries}/{transfer} (cICP) is not supported and ignored")
    if coding.profile is not None:
        converted, more = _by_profile(picture, coding.profile)
    elif coding.gamma is not None or coding.primaries is not None:
        converted, more = _by_gamma(picture, coding.gamma, coding.primaries)
    else:
        converted, more = _without_profile(picture)
    return converted, notes + more


def _by_profile(picture: Image.Image, content: bytes) -> tuple[Image.Image, list[str]]:
    name = ""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        name = _name_of(profile)
        return _converted(picture, profile, name)
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):  # what Pillow and LittleCMS raise
        plain, notes = _without_profile(picture)
        return plain, [f"its color profile{name and f' {name}'} cannot be used and is ignored", *notes]


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile, name: str) -> tuple[Image.Image, list[str]]:
    """The picture by a profile; one that is sRGB's changes nothing."""
    space = profile.profile.xcolor_space.strip()
    expected = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space)
    gray = picture.mode in ("L", "F")
    if expected != picture.mode and not (gray and expected in ("L", "RGB")):
        raise ValueError(f"a profile of {space} does not fit a picture of mode {picture.mode}")
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        expected,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    note = [f"converted from {name or 'its color profile'} to sRGB"]
    if gray:
        ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None]).convert(expected)
        curve = _levels(transform, ramp).mean(axis=(0, 2)) / 255
        same = np.abs(255 * curve - np.arange(256)).max() <= SAME
        return (picture, []) if same else (_by_curve(picture, curve), note)
    if picture.mode == "RGB" and _is_srgb(transform):
        return picture, []
    converted = ImageCms.applyTransform(picture, transform)
    if converted is None:
        raise ValueError("LittleCMS gave no picture")
    return converted, note


def _is_srgb(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform from RGB to sRGB changes nothing, on a cube of 6 × 6 × 6 colors."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(1, -1, 3)
    there = _levels(transform, Image.fromarray(cube)).astype(int)
    return bool(np.abs(there - cube).max() <= SAME)


def _levels(transform: ImageCms.ImageCmsTransform, picture: Image.Image) -> Levels:
    converted = ImageCms.applyTransform(picture, transform)
    if converted is None:
        raise ValueError("LittleCMS gave no picture")
    return np.asarray(converted)


def _name_of(profile: ImageCms.ImageCmsProfile) -> str:
    """The profile's description on one line, without characters that cannot be printed."""
    described = " ".join(ImageCms.getProfileDescription(profile).split())
    return "".join(character for character in described if character.isprintable())[:NAME_LENGTH].strip()


def _by_gamma(
    picture: Image.Image, gamma: float | None, primaries: tuple[float, ...] | None
) -> tuple[Image.Image, list[str]]:
    """The picture by its gamma; primaries other than those of sRGB are said, and not converted."""
    notes = []
    if primaries is not None and not np.allclose(primaries, SRGB_PRIMARIES, rtol=0, atol=PRIMARIES_TOLERANCE):
        notes.append("its primaries (cHRM) are not supported and taken as those of sRGB")
    if gamma is None or abs(gamma - SRGB_GAMMA) <= GAMMA_TOLERANCE:
        return picture, notes
    if not GAMMAS[0] <= gamma <= GAMMAS[1]:
        return picture, [*notes, f"its gamma of {gamma:g} (gAMA) is out of range and ignored"]
    light = np.linspace(0, 1, 256) ** (1 / gamma)
    return _by_curve(picture, _encode(light)), [*notes, f"converted from a gamma of {gamma:g} (gAMA) to sRGB"]


def _encode(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values of sRGB for linear light in [0, 1]: IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _by_curve(picture: Image.Image, curve: npt.NDArray[np.float64]) -> Image.Image:
    """Every value through a curve, given at the 256 levels of 8 bits; in mode F interpolated between them."""
    if picture.mode == "F":
        values = np.interp(np.asarray(picture), np.linspace(0, 1, 256), curve)
        return Image.fromarray(values.astype(np.float32))
    table = np.rint(255 * curve).astype(int).tolist()
    return picture.point(table * len(picture.getbands()))


def _without_profile(picture: Image.Image) -> tuple[Image.Image, list[str]]:
    """The values as they are; CMYK by Pillow's formula."""
    if picture.mode != "CMYK":
        return picture, []
    return picture.convert("RGB"), ["converted from CMYK without a color profile, by a simple formula"]


def _are_plain(code_points: tuple[int, int]) -> bool:
    """Whether values of these code points are taken as sRGB."""
    return code_points[0] in PLAIN_PRIMARIES and code_points[1] in PLAIN_TRANSFERS


def _code_points_of_png(content: bytes) -> tuple[int, int] | None:
    for kind, data in _png_chunks(content):
        if kind == b"cICP" and len(data) == 4:
            return data[0], data[1]
    return None


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and data of the chunks before the pixels."""
    at = 8
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"IDAT":
            return
        yield kind, content[at + 8 : at + 8 + length]
        at += length + 12


def _code_points_of_avif(content: bytes) -> tuple[int, int] | None:
    """Of the first color box of the kind nclx: ISO/IEC 14496-12, 12.1.5."""
    at = content.find(b"colrnclx")
    if at < 0 or at + 12 > len(content):
        return None
    primaries, transfer = struct.unpack_from(">HH", content, at + 8)
    return primaries, transfer
