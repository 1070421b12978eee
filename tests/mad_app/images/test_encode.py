"""Encoding for a browser: PNG without loss, JPEG of any values, thumbnails."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from mad_app.images import from_uint8, load_image, save_png, to_uint8
from mad_app.images.encode import Picture, thumbnail, to_jpeg
from tests.mad_app.images.pictures import ramp


def test_png_keeps_every_level_and_knows_its_size() -> None:
    picture = Picture.png(from_uint8(np.asarray(ramp(24, 40))))
    assert (picture.width, picture.height) == (40, 24)
    np.testing.assert_array_equal(to_uint8(load_image(picture.content)), np.asarray(ramp(24, 40)))


def test_the_data_uri_contains_the_file(tmp_path: Path) -> None:
    save_png(tmp_path / "a.png", from_uint8(np.asarray(ramp())))
    picture = Picture.read(tmp_path / "a.png")
    mime, _, content = picture.uri().partition(";base64,")
    assert mime == "data:image/png"
    assert base64.b64decode(content) == (tmp_path / "a.png").read_bytes()


def test_a_jpeg_is_near_its_image_and_takes_values_that_are_not_in_range() -> None:
    image = np.full((16, 16, 3), 0.5)
    image[0, 0], image[15, 15], image[0, 15] = np.nan, 7, -3
    with Image.open(io.BytesIO(to_jpeg(image))) as decoded:
        levels = np.asarray(decoded)
    np.testing.assert_allclose(levels[8, 8], 128, atol=3)
    assert levels[0, 0].max() < 60
    assert levels[15, 15].min() > 200
    assert levels[0, 15].max() < 60


def test_a_thumbnail_is_a_square_jpeg(tmp_path: Path) -> None:
    save_png(tmp_path / "a.png", from_uint8(np.asarray(ramp(24, 40))))
    small = thumbnail(tmp_path / "a.png", 12)
    assert (small.mime, small.width, small.height) == ("image/jpeg", 12, 12)
