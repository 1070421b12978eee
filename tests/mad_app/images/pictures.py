"""Pictures for the tests of images."""

import io

import numpy as np
from PIL import Image

ORANGE = (240, 120, 30)


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(height: int = 24, width: int = 40) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    levels = np.stack([rows * 10 % 256, columns * 6 % 256, (rows + columns) * 4 % 256], axis=2)
    return Image.fromarray(levels.astype(np.uint8))
