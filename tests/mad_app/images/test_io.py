"""Reading and writing of picture files: decoding against closed forms, round trips, every kind of bad file."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images import ImageError, SquareCrop, check_image, from_uint8, load_image, read_image, save_png, to_uint8
from mad_app.images import io as images
from mad_app.images.decode import READS_AVIF
from tests.mad_app.images.pictures import ORANGE, encode, ramp

AVIF = ["AVIF"] if READS_AVIF else []


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be width × height."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


# Decoding against what the values must be


def test_lossless_color_is_divided_by_255_from_path_bytes_and_file(tmp_path):
    path = tmp_path / "ramp.png"
    path.write_bytes(encode(ramp(), "PNG"))
    expected = np.asarray(ramp()).astype(np.float64) / 255
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        image = load_image(source)
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, expected, rtol=1e-7, atol=0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF", "PPM"])
def test_lossless_formats_agree(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(load_image(encode(ramp(), kind, **options)), from_uint8(np.asarray(ramp())))


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("L", 51, (51, 51, 51)),
        ("1", 1, (255, 255, 255)),
        ("P", 1, ORANGE),
        ("LA", (0, 128), (127, 127, 127)),
        ("LA", (90, 255), (90, 90, 90)),
        ("RGBA", (*ORANGE, 255), ORANGE),
        ("RGBA", (*ORANGE, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 128), (127, 127, 127)),
    ],
)
def test_modes_and_transparency_over_white(mode, color, expected):
    picture = Image.new(mode, (5, 4), color)
    if mode == "P":
        picture.putpalette([1, 2, 3, *ORANGE])
    levels = to_uint8(load_image(encode(picture, "PNG")))
    np.testing.assert_array_equal(levels, np.broadcast_to(np.array(expected, np.uint8), (4, 5, 3)))


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_transparent_palette_entry_becomes_white(transparency):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, *ORANGE])
    assert (load_image(encode(picture, "PNG", transparency=transparency)) == 1).all()


def test_transparent_color_of_an_rgb_png_becomes_white():
    assert (load_image(encode(Image.new("RGB", (4, 4), ORANGE), "PNG", transparency=ORANGE)) == 1).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_gray_keeps_its_precision(kind):
    levels = np.array([[0, 1, 257], [4096, 32768, 65535]], np.uint16)
    image = load_image(encode(Image.fromarray(levels), kind))
    np.testing.assert_allclose(image, np.repeat(levels[..., None] / 65535, 3, axis=2), rtol=1e-6, atol=0)


def test_sixteen_bit_gray_is_resampled_within_the_range():
    levels = np.zeros((40, 40), np.uint16)
    levels[:, 20:] = 65535
    image = check_image(load_image(encode(Image.fromarray(levels), "PNG"), size=64), "image")
    assert image.min() == 0
    assert image.max() == 1


def test_floating_gray_within_range_is_taken_and_other_ranges_are_refused():
    values = np.array([[0, 0.25], [0.5, 1]], np.float32)
    np.testing.assert_array_equal(load_image(encode(Image.fromarray(values), "TIFF"))[..., 1], values)
    for bad in (2.0, -0.1, np.nan):
        values[0, 0] = bad
        with pytest.raises(ImageError, match="gray values outside 0…1"):
            load_image(encode(Image.fromarray(values), "TIFF"))


def test_cmyk_jpeg_gives_its_color():
    levels = to_uint8(load_image(encode(Image.new("CMYK", (16, 16), (0, 128, 255, 0)), "JPEG", quality=95)))
    np.testing.assert_allclose(levels, np.broadcast_to([255, 127, 0], (16, 16, 3)), atol=4)


def test_first_frame_of_an_animation():
    frames = [Image.new("RGB", (6, 6), color) for color in (ORANGE, (0, 0, 255))]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})):
        content = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        decoded = read_image(content)
        np.testing.assert_array_equal(to_uint8(decoded.image)[0, 0], ORANGE)
        assert decoded.notes == ("only its first frame is used",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation):
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255  # white in the upper left quarter
    stored = {  # how a camera held that way stores the upright scene
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = load_image(encode(Image.fromarray(np.ascontiguousarray(stored)), "JPEG", quality=95, exif=exif))
    np.testing.assert_allclose(image, upright / 255.0, atol=0.02)


# Round trips


def test_every_level_survives_a_round_trip(tmp_path):
    levels = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    save_png(tmp_path / "x.png", from_uint8(levels))
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "x.png")), levels)


# Bad files: one sentence that names the file and says what to do


JPEG = encode(ramp(200, 200), "JPEG")
PNG = encode(ramp(200, 200), "PNG")
BMP = encode(ramp(), "BMP")
GIF = encode(ramp(), "GIF")
BAD_CONTENT = {
    "text": (b"Dear reader, this is a letter.\n" * 40, "not a picture of a known kind"),
    "markup": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture of a known kind"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture of a known kind"),
    "empty": (b"", "is empty"),
    "png-cut-short": (PNG[: len(PNG) // 2], "damaged, cut short"),
    "png-header-only": (PNG[:40], "its beginning is damaged"),
    "jpeg-cut-short": (JPEG[: len(JPEG) // 2], "damaged, cut short"),
    "20000-by-20000": (png_header(20_000, 20_000), "more than 50 million pixels"),
    "10000-by-9000": (png_header(10_000, 9_000), "more than 50 million pixels"),
    "8000-by-8000": (png_header(8_000, 8_000), "more than 50 million pixels"),
    "20000-by-2000": (png_header(20_000, 2_000), "damaged, cut short"),
    "wide-bmp": (BMP[:18] + struct.pack("<ii", 30_000, 30_000) + BMP[26:], "more than 50 million pixels"),
    "wide-gif": (GIF[:6] + struct.pack("<HH", 60_000, 60_000) + GIF[10:], "more than 50 million pixels"),
    "wide-ppm": (b"P6 60000 60000 255\n" + bytes(40), "more than 50 million pixels"),
    "too-many-bytes": (PNG + b"\0" * images.MAX_BYTES, "more than 20 MB"),
}


@pytest.mark.parametrize("case", BAD_CONTENT)
def test_bad_content_is_one_clear_error(case, tmp_path):
    content, reason = BAD_CONTENT[case]
    path = tmp_path / f"{case}.png"
    path.write_bytes(content)
    for source, name in ((path, str(path)), (content, "the picture"), (io.BytesIO(content), "the picture")):
        with pytest.raises(ImageError, match=reason) as caught:
            load_image(source, size=64)
        assert str(caught.value).startswith(name)
        assert "\n" not in str(caught.value)


def test_the_name_given_is_the_name_in_the_message():
    with pytest.raises(ImageError, match=r"^holiday\.png is empty"):
        load_image(b"", name="holiday.png")


@pytest.mark.parametrize("path", ["nowhere.png", "no/where.png", "nul\0.png", "x" * 5000, "."])
def test_paths_that_are_no_files(path, tmp_path):
    with pytest.raises(ImageError):
        load_image(tmp_path / path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", *AVIF])
def test_damage_anywhere_is_a_picture_or_an_image_error(kind):
    good = np.frombuffer(encode(ramp(), kind), np.uint8)
    for seed in range(60):
        generator = np.random.default_rng(seed)
        content = good.copy()
        content[generator.integers(0, content.size, 3)] = generator.integers(0, 256, 3)
        try:
            image = load_image(content.tobytes())
        except ImageError:
            continue
        check_image(image, kind)


MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "JPEG2000", "GIF"])
def test_odd_modes_are_a_picture_or_an_image_error(kind):
    for mode in MODES:
        content = b""
        with contextlib.suppress(OSError, KeyError, ValueError):  # a mode that the format does not have
            content = encode(Image.new(mode, (20, 20)), kind)
        with contextlib.suppress(ImageError):
            check_image(load_image(content, size=16), mode)


@pytest.mark.skipif(not AVIF, reason="this Pillow does not read AVIF")
def test_avif_is_read():
    image = load_image(encode(Image.new("RGB", (40, 40), ORANGE), "AVIF", quality=95))
    np.testing.assert_allclose(to_uint8(image), np.broadcast_to(ORANGE, (40, 40, 3)), atol=4)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_tiny_and_thin_pictures(size):
    content = encode(Image.new("RGB", size, ORANGE), "PNG")
    assert load_image(content).shape == (size[1], size[0], 3)
    square = load_image(content, size=16, crop=SquareCrop())
    np.testing.assert_array_equal(to_uint8(square), np.broadcast_to(np.array(ORANGE, np.uint8), (16, 16, 3)))


@pytest.mark.parametrize("size", [0, 15, 2049, -64, 64.0, "64"])
def test_size_out_of_limits(size):
    with pytest.raises(ArgumentError, match="size must"):
        load_image(PNG, size=size)
