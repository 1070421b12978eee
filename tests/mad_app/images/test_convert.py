"""A picture of any kind becomes the same image, and what could be meant in two ways is refused."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.images import as_image, from_uint8, load_image, save_png
from mad_app.images.convert import is_tensor

LEVELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
IMAGE = from_uint8(LEVELS)

KINDS: dict[str, Callable[[], Any]] = {
    "uint8": lambda: LEVELS,
    "float32": lambda: IMAGE,
    "float64": lambda: IMAGE.astype(np.float64),
    "channels first": lambda: np.moveaxis(IMAGE, 2, 0),
    "jax": lambda: jnp.asarray(IMAGE),
    "torch": lambda: torch.tensor(IMAGE).permute(2, 0, 1)[None].requires_grad_(),
    "torch uint8": lambda: torch.tensor(LEVELS).permute(2, 0, 1),
    "pillow": lambda: Image.fromarray(LEVELS),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_gives_the_same_image(kind: str) -> None:
    image = as_image(KINDS[kind](), "start")
    np.testing.assert_array_equal(image, IMAGE)
    assert image.dtype == np.float32


def test_half_precision_is_taken_as_it_is() -> None:
    for half in (IMAGE.astype(np.float16), jnp.asarray(IMAGE, jnp.bfloat16), torch.tensor(IMAGE).bfloat16()):
        np.testing.assert_allclose(as_image(half, "start"), IMAGE, atol=0.004)


def test_gray_is_in_all_channels() -> None:
    np.testing.assert_array_equal(as_image(IMAGE[..., 0], "start"), np.repeat(IMAGE[..., :1], 3, axis=2))


def test_an_image_is_not_copied() -> None:
    assert np.shares_memory(as_image(IMAGE, "start"), IMAGE)


def test_a_pillow_image_is_read_as_its_file_is(tmp_path: Any) -> None:
    save_png(tmp_path / "a.png", IMAGE)
    with Image.open(tmp_path / "a.png") as picture:
        turned = picture.transpose(Image.Transpose.ROTATE_90)
        turned.getexif()[0x0112] = 6  # to be turned back when it is shown
        np.testing.assert_array_equal(as_image(turned, "start"), load_image(tmp_path / "a.png"))


def nan() -> np.ndarray:
    image = IMAGE.copy()
    image[0, 0, 0] = np.nan
    return image


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "levels as floats": (lambda: LEVELS.astype(np.float32), r"in \[0, 1\], got float32 from 0 to 2\d\d"),
    "signed": (lambda: torch.tensor(2 * IMAGE - 1), r"in \[0, 1\], got float32 from -1 to "),
    "whole numbers": (lambda: LEVELS.astype(np.int64), "must be uint8 or floating point .*, got int64"),
    "bool": (lambda: LEVELS > 9, "must be uint8 or floating point .*, got bool"),
    "nan": (nan, "must be finite, got float32 with 1 values that are NaN"),
    "ambiguous": (lambda: np.zeros((3, 7, 3), np.uint8), r"is ambiguous: its shape \(3, 7, 3\) has 3 channels"),
    "four channels": (lambda: np.zeros((5, 7, 4)), r"must have shape .*, got \(5, 7, 4\)"),
    "batch": (lambda: np.zeros((2, 3, 5, 7)), r"must have shape .* or \(1, 3, H, W\), got \(2, 3, 5, 7\)"),
    "empty": (lambda: np.zeros((0, 5, 3)), r"must have shape .*, got \(0, 5, 3\)"),
    "huge view": (lambda: np.broadcast_to(np.float32(1), (1 << 20, 1 << 20, 3)), "must have at most 1000000000 values"),
    "text": (lambda: "cat", "must be a picture, as an array or of Pillow, got str"),
    "nothing": (lambda: None, "must be a picture, as an array or of Pillow, got NoneType"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_or_ambiguous_is_refused(case: str) -> None:
    make, problem = REFUSED[case]
    with pytest.raises(ArgumentError, match=problem) as caught:
        as_image(make(), "start")
    assert caught.value.argument == "start"


def test_an_array_is_no_tensor_while_another_thread_imports_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
    assert not is_tensor(np.zeros(3))
