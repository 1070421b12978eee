"""Colors: profiles, gammas and code points against closed forms, and notes on what was done."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from mad_app.images import BUNDLED, ImageError, check_image, load_image, load_small, read_image, to_uint8
from mad_app.images.decode import READS_AVIF
from tests.mad_app.images.pictures import ORANGE, encode, ramp
from tests.mad_app.images.profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    cmyk_profile,
    gamma_chunk,
    gray_profile,
    rgb_profile,
    with_chunk,
)

CONTAINERS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encoded(light: np.ndarray) -> np.ndarray:
    """Values of sRGB of linear light: IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def expected(levels: np.ndarray, primaries: tuple[tuple[float, ...], ...], gamma: float) -> np.ndarray:
    """8-bit levels (…, 3) of primaries and a gamma, as values of sRGB, those outside it clipped."""
    light = (levels / 255) ** gamma @ np.array(primaries) @ np.linalg.inv(np.array(SRGB))
    return encoded(np.clip(light, 0, 1))


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(("name", "primaries"), [("Display P3", DISPLAY_P3), ("Adobe RGB (1998)", ADOBE_RGB)])
def test_a_profile_is_converted(kind, name, primaries):
    picture = Image.new("RGB", (16, 16), ORANGE)
    decoded = read_image(encode(picture, kind, icc_profile=rgb_profile(name, primaries, 2.2), **CONTAINERS[kind]))
    assert decoded.notes == (f"converted from {name} to sRGB",)
    color = expected(np.array(ORANGE), primaries, 2.2)
    assert np.abs(color - np.array(ORANGE) / 255).max() > 0.02
    np.testing.assert_allclose(decoded.image, np.broadcast_to(color, (16, 16, 3)), atol=2.5 / 255)


@pytest.mark.skipif(not READS_AVIF, reason="this Pillow reads no AVIF")
def test_the_profile_of_an_avif_file_stands_above_its_code_points():
    content = encode(Image.new("RGB", (16, 16), ORANGE), "AVIF", icc_profile=rgb_profile("Wide", DISPLAY_P3, 2.2))
    assert b"colrnclx" in content
    assert read_image(content).notes == ("converted from Wide to sRGB",)


def test_every_entrance_converts():
    content = encode(Image.new("RGB", (40, 40), ORANGE), "PNG", icc_profile=rgb_profile("Wide", DISPLAY_P3, 2.2))
    color = np.broadcast_to(load_image(content)[0, 0], (16, 16, 3))
    np.testing.assert_array_equal(load_image(content, size=16), color)
    np.testing.assert_array_equal(load_small(content, side=16)[0], color)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_the_profile_of_srgb_changes_nothing(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    decoded = read_image(encode(ramp(), kind, icc_profile=SRGB_PROFILE, **options))
    assert decoded.notes == ()
    np.testing.assert_array_equal(to_uint8(decoded.image), np.asarray(ramp()))


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_pictures_are_taken_as_they_are(name):
    decoded = read_image(BUNDLED[name].path)
    assert decoded.notes == ()
    with Image.open(BUNDLED[name].path) as picture:
        np.testing.assert_array_equal(to_uint8(decoded.image), np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_gray_follows_a_gray_profile_and_stays_gray(mode, kind):
    picture = (
        Image.new("L", (8, 8), 100).convert(mode, dither=Image.Dither.NONE)
        if mode != "1"
        else Image.new("1", (8, 8), 1)
    )
    if (mode, kind) == ("LA", "TIFF"):
        picture.putalpha(255)
    profile = rgb_profile("Gamma 1.8", SRGB, 1.8) if mode == "P" else gray_profile("Gamma 1.8", 1.8)
    decoded = read_image(encode(picture, kind, icc_profile=profile))
    value = 1.0 if mode == "1" else float(encoded(np.array((100 / 255) ** 1.8)))
    np.testing.assert_allclose(decoded.image, value, atol=1.5 / 255)
    assert decoded.notes == ("converted from Gamma 1.8 to sRGB",)
    if mode != "P":
        assert (decoded.image == decoded.image[..., :1]).all()


def test_gray_of_16_bits_keeps_its_precision_through_a_profile():
    levels = np.linspace(20_000, 21_000, 64).astype(np.uint16).reshape(8, 8)
    decoded = read_image(encode(Image.fromarray(levels), "PNG", icc_profile=gray_profile("Gamma 1.8", 1.8)))
    np.testing.assert_allclose(decoded.image[..., 0], encoded((levels / 65535) ** 1.8), atol=1 / 255)
    assert len(np.unique(decoded.image)) == 64
    assert decoded.notes == ("converted from Gamma 1.8 to sRGB",)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_inks_follow_their_profile_and_are_said_without_one(kind):
    halves = (255, 255, 0, 0)  # two full inks: a quarter of the lightness
    content = encode(Image.new("CMYK", (16, 16), halves), kind, icc_profile=cmyk_profile("Press"))
    decoded = read_image(content)
    lightness = 100 * 0.25
    light = ((lightness + 16) / 116) ** 3  # CIE 1976; BPC stretches it where the darkest ink is not black
    black = ((100 * 0.5**4 + 16) / 116) ** 3
    stretched = float(encoded(np.array((light - black) / (1 - black))))
    np.testing.assert_allclose(decoded.image, stretched, atol=6 / 255)
    assert decoded.notes == ("converted from Press to sRGB",)
    plain = read_image(encode(Image.new("CMYK", (16, 16), halves), kind))
    assert plain.notes == ("converted from CMYK without a color profile, by a simple formula",)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("profile", [b"junk", SRGB_PROFILE[:200], SRGB_PROFILE[:128].ljust(4000, b"\0")])
def test_a_damaged_profile_is_said_and_ignored(mode, profile):
    picture = Image.new(mode, (16, 16), {"RGB": ORANGE, "L": 90, "CMYK": (0, 128, 255, 0)}[mode])
    decoded = read_image(encode(picture, "TIFF", icc_profile=profile))
    assert decoded.notes[0].startswith("its color profile")
    assert decoded.notes[0].endswith("cannot be used and is ignored")
    np.testing.assert_array_equal(decoded.image, load_image(encode(picture, "TIFF")))


def test_a_profile_that_cannot_be_unpacked_is_said():
    content = with_chunk(ramp(), b"iCCP", b"name\0\0no zlib stream")
    assert read_image(content).notes == ("its color profile cannot be used and is ignored",)


def test_a_profile_of_other_colors_is_ignored():
    decoded = read_image(encode(ramp(), "PNG", icc_profile=gray_profile("Gray 1.8", 1.8)))
    assert decoded.notes == ("its color profile Gray 1.8 cannot be used and is ignored",)
    np.testing.assert_array_equal(to_uint8(decoded.image), np.asarray(ramp()))


def test_the_name_of_a_profile_is_one_short_line():
    (note,) = read_image(encode(ramp(), "PNG", icc_profile=rgb_profile("a\n\x07b" + 500 * "c", ADOBE_RGB, 2.2))).notes
    assert note.startswith("converted from a b")
    assert note.isprintable()
    assert len(note) < 100


@pytest.mark.parametrize("start", [0, 128, 400])
def test_damage_anywhere_in_a_profile_is_a_picture(start):
    for profile in (rgb_profile("Wide", DISPLAY_P3, 2.2), SRGB_PROFILE):
        for seed in range(40):
            generator = np.random.default_rng(seed)
            damaged = np.frombuffer(profile, np.uint8).copy()
            at = generator.integers(min(start, len(profile) - 4), len(profile), 4)
            damaged[at] = generator.integers(0, 256, 4)
            check_image(load_image(encode(ramp(), "PNG", icc_profile=damaged.tobytes())), "damaged")


# Gamma and code points


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 0.3])
def test_a_gamma_is_applied(gamma):
    for picture, level in ((Image.new("RGB", (4, 4), ORANGE), ORANGE), (Image.new("L", (4, 4), 60), 60)):
        decoded = read_image(with_chunk(picture, b"gAMA", gamma_chunk(gamma)))
        color = encoded((np.array(level) / 255) ** (1 / gamma))
        np.testing.assert_allclose(decoded.image, np.broadcast_to(color, (4, 4, 3)), atol=0.6 / 255)
        (note,) = decoded.notes
        assert note.startswith("converted from a gamma of")


@pytest.mark.parametrize("gamma", [0.45455, 0.0, 1000.0])
def test_the_gamma_of_srgb_and_damaged_ones_change_nothing(gamma):
    decoded = read_image(with_chunk(ramp(), b"gAMA", gamma_chunk(gamma)))
    np.testing.assert_array_equal(to_uint8(decoded.image), np.asarray(ramp()))
    assert len(decoded.notes) == (gamma != 0.45455)


def test_a_profile_and_the_srgb_chunk_stand_above_a_gamma():
    assert read_image(with_chunk(ramp(), b"gAMA", gamma_chunk(1.0))).notes
    both = with_chunk(ramp(), b"gAMA", gamma_chunk(1.0))
    srgb = struct.pack(">I", 1) + b"sRGB\0" + struct.pack(">I", zlib.crc32(b"sRGB\0"))
    assert read_image(both[:33] + srgb + both[33:]).notes == ()
    content = zlib.compress(SRGB_PROFILE)
    data = b"iCCP" + b"sRGB\0\0" + content
    icc = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    assert read_image(both[:33] + icc + both[33:]).notes == ()


def test_other_primaries_are_said():
    wide = struct.pack(">8I", *(round(100_000 * v) for v in (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)))
    usual = struct.pack(">8I", *(round(100_000 * v) for v in (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)))
    assert read_image(with_chunk(ramp(), b"cHRM", usual)).notes == ()
    (note,) = read_image(with_chunk(ramp(), b"cHRM", wide)).notes
    assert note == "its primaries (cHRM) are not supported and taken as those of sRGB"


@pytest.mark.parametrize("points", [(1, 13), (1, 1), (2, 2)])
def test_code_points_of_srgb_change_nothing(points):
    decoded = read_image(with_chunk(ramp(), b"cICP", bytes((*points, 0, 1))))
    assert decoded.notes == ()
    np.testing.assert_array_equal(to_uint8(decoded.image), np.asarray(ramp()))


def test_other_code_points_are_said():
    (note,) = read_image(with_chunk(ramp(), b"cICP", bytes((9, 16, 0, 1)))).notes
    assert note == "color of code points 9/16 (cICP) is not supported and ignored"


# Other notes


def test_what_is_done_to_transparency_and_depth_is_said():
    half = encode(Image.new("RGBA", (4, 4), (*ORANGE, 128)), "PNG")
    assert read_image(half).notes == ("transparent parts lie on white",)
    assert read_image(half, background="black").notes == ("transparent parts lie on black",)
    assert read_image(encode(Image.new("RGBA", (4, 4), (*ORANGE, 255)), "PNG")).notes == ()
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + bytes(12))), (b"IEND", b"")]
    deep = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    for content in (deep, b"P6 2 1 65535\n" + bytes(12)):
        assert read_image(content).notes == ("16 bits per channel are reduced to 8",)
    assert read_image(b"P6 2 1 255\n" + bytes(6)).notes == ()


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_kind_that_cannot_be_read_is_named(brand):
    content = struct.pack(">I", 24) + b"ftyp" + brand + bytes(12) + bytes(200)
    with pytest.raises(ImageError, match="photo is a picture of the kind HEIF, which cannot be read here: "):
        load_image(content, name="photo")
