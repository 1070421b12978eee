"""Pictures: the form of an image, reading and writing of files, crops, and the bundled pictures."""

from mad_app.images.arrays import (
    Image8Bit,
    ImageArray,
    check_image,
    from_uint8,
    is_gray,
    luminance,
    nearest_8bit,
    to_gray,
    to_uint8,
)
from mad_app.images.bundled import BUNDLED, DEFAULT_IMAGE, BundledImage, assets_folder, bundled_path
from mad_app.images.convert import AnyImage, as_image, image_and_notes
from mad_app.images.crop import (
    MAX_SIZE,
    MIN_SIZE,
    SMALLEST_EXTENT,
    Crop,
    SquareCrop,
    crop_square,
    reduce_image,
    resize_square,
)
from mad_app.images.decode import ImageError
from mad_app.images.io import Decoded, load_image, load_onto, load_small, read_image, save_png

__all__ = [
    "BUNDLED",
    "DEFAULT_IMAGE",
    "MAX_SIZE",
    "MIN_SIZE",
    "SMALLEST_EXTENT",
    "AnyImage",
    "BundledImage",
    "Crop",
    "Decoded",
    "Image8Bit",
    "ImageArray",
    "ImageError",
    "SquareCrop",
    "as_image",
    "assets_folder",
    "bundled_path",
    "check_image",
    "crop_square",
    "from_uint8",
    "image_and_notes",
    "is_gray",
    "load_image",
    "load_onto",
    "load_small",
    "luminance",
    "nearest_8bit",
    "read_image",
    "reduce_image",
    "resize_square",
    "save_png",
    "to_gray",
    "to_uint8",
]
