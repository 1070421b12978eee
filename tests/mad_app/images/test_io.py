"""The image contract: decoding against closed forms, round trips, every kind of bad file, and the bundled pictures."""

import importlib.util
import io
import struct
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from mad_app.images import (
    BUNDLED,
    DEFAULT_IMAGE,
    Crop,
    ImageError,
    bundled_path,
    check_image,
    crop_square,
    from_uint8,
    load_image,
    luminance,
    resize_square,
    save_png,
    to_gray,
    to_uint8,
)
from mad_app.images import io as images

ORANGE = (240, 120, 30)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(height: int = 24, width: int = 40) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    levels = np.stack([rows * 10 % 256, columns * 6 % 256, (rows + columns) * 4 % 256], axis=2)
    return Image.fromarray(levels.astype(np.uint8))


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
        np.testing.assert_array_equal(to_uint8(load_image(content))[0, 0], ORANGE)


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


def test_a_crop_takes_its_square():
    levels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    content = encode(Image.fromarray(levels), "PNG")
    right = load_image(content, size=20, crop=Crop(left=1, top=0.5, extent=0.5))
    np.testing.assert_array_equal(right, from_uint8(levels[10:30, 40:60]))
    np.testing.assert_array_equal(load_image(content, size=40, crop=Crop()), from_uint8(levels[:, 10:50]))
    assert load_image(encode(Image.fromarray(levels[:3]), "PNG"), size=16, crop=Crop(extent=0.05)).shape == (16, 16, 3)


@pytest.mark.parametrize("name", ["left", "top", "extent"])
@pytest.mark.parametrize("value", [-0.1, 1.01, float("nan")])
def test_a_crop_stays_inside_the_picture(name: str, value: float):
    with pytest.raises(ValueError, match=rf"{name} must lie in \["):
        Crop(**{name: value})


def test_size_takes_the_central_square_and_antialiases():
    levels = np.zeros((32, 96, 3), np.uint8)
    levels[::2, 32:64] = 255  # stripes of one pixel, only inside the central square
    image = load_image(encode(Image.fromarray(levels), "PNG"), size=16)
    assert image.shape == (16, 16, 3)
    np.testing.assert_allclose(image[2:-2, 2:-2], 0.5, atol=0.03)


def test_size_equal_to_the_picture_changes_nothing():
    square = ramp(32, 32)
    np.testing.assert_array_equal(load_image(encode(square, "PNG"), size=32), from_uint8(np.asarray(square)))


# Round trips


def test_every_level_survives_a_round_trip(tmp_path):
    levels = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    save_png(tmp_path / "x.png", from_uint8(levels))
    np.testing.assert_array_equal(to_uint8(load_image(tmp_path / "x.png")), levels)


def test_rounding_is_to_the_nearest_level():
    values = np.linspace(0, 1, 3003, dtype=np.float32).reshape(7, 143, 3)
    assert np.abs(to_uint8(values) - values.astype(np.float64) * 255).max() <= 0.5 + 1e-4


# Bad files: one sentence that names the file and says how to mend it


JPEG = encode(ramp(200, 200), "JPEG")
PNG = encode(ramp(200, 200), "PNG")
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


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000"])
def test_damage_anywhere_is_a_picture_or_an_image_error(kind):
    good = np.frombuffer(encode(ramp(), kind), np.uint8)
    for seed in range(60):
        generator = np.random.default_rng(seed)
        content = good.copy()
        content[generator.integers(0, content.size, 3)] = generator.integers(0, 256, 3)
        try:
            image = load_image(content.tobytes(), size=16)
        except ImageError:
            continue
        check_image(image, kind)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 3)])
def test_tiny_and_thin_pictures(size):
    content = encode(Image.new("RGB", size, ORANGE), "PNG")
    assert load_image(content).shape == (size[1], size[0], 3)
    square = load_image(content, size=16)
    np.testing.assert_array_equal(to_uint8(square), np.broadcast_to(np.array(ORANGE, np.uint8), (16, 16, 3)))


@pytest.mark.parametrize("size", [0, 15, 1025, -64, 64.0, "64"])
def test_size_out_of_limits(size):
    with pytest.raises(ValueError, match="size must"):
        load_image(PNG, size=size)


# The contract


BAD_ARRAYS = {
    "float64": (np.zeros((4, 4, 3)), "--start must be float32.*got float64"),
    "uint8": (np.zeros((4, 4, 3), np.uint8), "--start must be float32.*got uint8"),
    "gray": (np.zeros((4, 4), np.float32), r"--start must have shape \(H, W, 3\), got \(4, 4\)"),
    "channels-first": (np.zeros((3, 4, 4), np.float32), r"--start must have shape \(H, W, 3\), got \(3, 4, 4\)"),
    "no-pixels": (np.zeros((0, 4, 3), np.float32), r"--start must have shape \(H, W, 3\), got \(0, 4, 3\)"),
    "nan": (np.full((1, 2, 3), np.nan, np.float32), "--start must be finite, got 6 values"),
    "infinite": (np.full((1, 1, 3), np.inf, np.float32), "--start must be finite, got 3 values"),
    "range": (np.full((4, 4, 3), 255, np.float32), r"--start must have values in \[0, 1\], got values from 255 to 255"),
    "negative": (np.full((4, 4, 3), -0.5, np.float32), "from -0.5 to -0.5"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_check_image_names_the_argument_and_what_came(case):
    array, message = BAD_ARRAYS[case]
    with pytest.raises(ValueError, match=message):
        check_image(array, "--start")


def test_check_image_returns_the_same_memory():
    image = np.zeros((2, 3, 3), np.float32)
    assert np.shares_memory(check_image(image, "image"), image)


def test_from_uint8_refuses_other_types():
    for bad in (np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 0, 3), np.uint8)):
        with pytest.raises(ValueError, match="array must be uint8"):
            from_uint8(bad)


# Crops


def test_crop_square_at_its_corners_and_middle():
    image = from_uint8(np.asarray(ramp(20, 30)))
    np.testing.assert_array_equal(crop_square(image, 10, left=0, top=0), image[:10, :10])
    np.testing.assert_array_equal(crop_square(image, 10, left=1, top=1), image[10:, 20:])
    np.testing.assert_array_equal(crop_square(image, 10), image[5:15, 10:20])
    assert not np.shares_memory(crop_square(image, 20, left=0), image)


@pytest.mark.parametrize(("size", "left"), [(0, 0.5), (21, 0.5), (4, -0.1), (4, 1.1), (4, float("nan"))])
def test_crop_square_refuses_what_does_not_fit(size, left):
    with pytest.raises(ValueError, match=r"(size|left) must lie"):
        crop_square(from_uint8(np.asarray(ramp(20, 30))), size, left=left)


def test_resize_square_agrees_with_loading_at_that_size():
    path = bundled_path("cat")
    np.testing.assert_allclose(resize_square(load_image(path), 128), load_image(path, size=128), atol=1.5 / 255)
    with pytest.raises(ValueError, match="must be square"):
        resize_square(load_image(encode(ramp(), "PNG")), 32)


# The bundled pictures


def draw_synthetic() -> ModuleType:
    path = Path(__file__).parents[3] / "assets" / "images" / "draw_synthetic.py"
    spec = importlib.util.spec_from_file_location("draw_synthetic", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_picture(name):
    row = BUNDLED[name]
    assert row.name == name
    assert row.title
    assert row.good_for
    image = load_image(bundled_path(name))
    assert max(image.shape[:2]) <= 512
    assert image.shape[0] == image.shape[1]
    assert image.std() > 0.05


def test_every_file_is_in_the_table_and_has_its_license():
    folder = bundled_path(DEFAULT_IMAGE).parent
    assert {path.stem for path in folder.glob("*.png")} == set(BUNDLED)
    licenses = (folder / "LICENSES.md").read_text(encoding="utf-8")
    assert [name for name in BUNDLED if f"| `{name}.png` |" not in licenses] == []


def test_drawn_pictures_are_what_the_program_draws():
    drawings = draw_synthetic().DRAWINGS
    assert len(drawings) >= 4
    for name, draw in drawings.items():
        np.testing.assert_array_equal(to_uint8(load_image(bundled_path(name))), draw(), err_msg=name)


def test_unknown_bundled_name_lists_those_there_are():
    with pytest.raises(ValueError, match="'lena'; there are cat, astronaut"):
        bundled_path("lena")


# ---- gray ------------------------------------------------------------------------------------------------------------


def test_luminance_weighs_the_channels_and_leaves_gray_as_it_is() -> None:
    red, green, blue = np.eye(3, dtype=np.float32).reshape(3, 1, 1, 3)
    weights = [float(luminance(primary)[0, 0]) for primary in (red, green, blue)]
    assert weights == pytest.approx([0.2126, 0.7152, 0.0722], abs=1e-6)
    gray = np.repeat(np.random.default_rng(0).random((8, 8, 1), np.float32), 3, axis=2)
    np.testing.assert_array_equal(to_gray(gray), gray)
    assert to_gray(np.random.default_rng(0).random((8, 8, 3))).max() <= 1
