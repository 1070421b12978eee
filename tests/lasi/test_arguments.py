"""Every misuse is a ValueError that names the argument, what is needed and what was given."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from lasi import LASI

METRIC = LASI((4, 5, 3), 2)
IMAGE = np.zeros((4, 5, 3), np.float32)
EMBEDDING = np.zeros((4, 5, 3, 2), np.float32)


@pytest.mark.parametrize(
    "shape", [(), (4,), (4, 5, 3, 1), (0, 5), (4, -5, 3), (4.0, 5.0), ("4", "5"), 4, None, "45"], ids=repr
)
def test_shapes(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"shape must be \(H, W\) or \(H, W, C\), each at least 1, got ") as raised:
        LASI(shape, 10)
    assert repr(shape) in str(raised.value)


@pytest.mark.parametrize("size", [0, -1, 2.5, 101, "10", None, (3,), np.float32(3), True], ids=repr)
def test_neighborhood_sizes(size: Any) -> None:
    with pytest.raises(ValueError, match="neighborhood_size must be a whole number from 1 to 100, got ") as raised:
        LASI((4, 5), size)
    assert repr(size) in str(raised.value)


@pytest.mark.parametrize("coefficient", [0, -1.0, float("inf"), float("nan"), "1", None, 1j], ids=repr)
def test_coefficients(coefficient: Any) -> None:
    with pytest.raises(ValueError, match="ols_regularization_coef must be a finite number above 0, got ") as raised:
        LASI((4, 5), 2, ols_regularization_coef=coefficient)
    assert repr(coefficient) in str(raised.value)


def test_arguments_are_normalized() -> None:
    plain = LASI((4, 5), 2, 1.0)
    spelled = LASI(np.array([4, 5]), np.int64(2), np.float32(1))
    assert (plain, hash(plain)) == (spelled, hash(spelled))
    assert spelled.shape == (4, 5)
    assert [type(value) for value in (*spelled.shape, spelled.neighborhood_size)] == [int, int, int]


CALLS_WITH_AN_IMAGE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "distance, first": ("x", lambda image: METRIC.compute_distance(image, IMAGE)),
    "distance, second": ("y", lambda image: METRIC.compute_distance(IMAGE, image)),
    "map, first": ("x", lambda image: METRIC.distance_map(image, IMAGE)),
    "map, second": ("y", lambda image: METRIC.distance_map(IMAGE, image)),
    "multiple, reference": ("ref", lambda image: METRIC.compute_distance_multiple(ref=image, one=IMAGE)),
    "multiple, named": ("one", lambda image: METRIC.compute_distance_multiple(ref=IMAGE, one=image)),
    "to an embedding": ("y", lambda image: METRIC.compute_distance_to(EMBEDDING, image)),
    "embedding": ("x", METRIC.embedding),
    "coefficients": ("x", METRIC.coefficients),
    "prediction": ("x", METRIC.prediction),
    "loss": ("x", METRIC.wls_loss),
}
every_call = pytest.mark.parametrize("call", CALLS_WITH_AN_IMAGE)


@every_call
@pytest.mark.parametrize("shape", [(), (4, 5), (5, 4, 3), (4, 5, 1), (1, 4, 5, 3)], ids=str)
def test_image_shapes(call: str, shape: tuple[int, ...]) -> None:
    name, measure = CALLS_WITH_AN_IMAGE[call]
    with pytest.raises(ValueError, match=rf"^{name} must be an image of shape \(4, 5, 3\), got shape ") as raised:
        measure(np.zeros(shape, np.float32))
    assert str(shape) in str(raised.value)


NOT_IMAGES = {
    "complex": (IMAGE.astype(np.complex64), "dtype complex64"),
    "text": (IMAGE.astype(str), "dtype <U32"),
    "objects": (IMAGE.astype(object), "dtype object"),
    "keys": (jax.random.split(jax.random.key(0), IMAGE.shape), "dtype key<fry>"),
    "no tangent": (np.zeros(IMAGE.shape, jax.dtypes.float0), r"dtype \[\('float0', 'V'\)\]"),
    "dates": (IMAGE.astype("datetime64[D]"), "dtype datetime64"),
    "name": ("photo.png", "'photo.png'"),
    "nothing": (None, "None"),
    "ragged": ([[0, 1], [2]], r"\[\[0, 1\], \[2\]\]"),
}


@every_call
@pytest.mark.parametrize("kind", NOT_IMAGES)
def test_image_types(call: str, kind: str) -> None:
    (name, measure), (given, described) = CALLS_WITH_AN_IMAGE[call], NOT_IMAGES[kind]
    with pytest.raises(ValueError, match=rf"^{name} must be an array of real numbers, got {described}"):
        measure(given)


@pytest.mark.parametrize("kind", [">f4", ">f8", ">u2", "longdouble", "int4", "float8_e4m3fn"])
def test_numbers_of_any_type_and_order_of_bytes_are_taken(kind: str) -> None:
    values = np.arange(60).reshape(4, 5, 3) % 2
    given = values.astype(kind if kind[0] == ">" or kind == "longdouble" else getattr(jax.numpy, kind))
    expected = METRIC.compute_distance(values.astype(np.float32), IMAGE)
    assert METRIC.compute_distance(given, IMAGE) == expected > 0


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5), (2, 5, 4, 3), (1, 2, 4, 5, 3), (0, 4, 5, 3)], ids=str)
def test_batch_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"^ys must be a batch of images, shape \(n, 4, 5, 3\), n at least 1, got shape "
    ) as raised:
        METRIC.compute_distances_to(EMBEDDING, np.zeros(shape, np.float32))
    assert str(shape) in str(raised.value)


@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5, 3, 3), (60, 2)], ids=str)
@pytest.mark.parametrize("batch", [False, True])
def test_embedding_shapes(shape: tuple[int, ...], batch: bool) -> None:
    embedding = np.zeros(shape, np.float32)
    with pytest.raises(ValueError, match=r"^embedding must have shape \(4, 5, 3, 2\), got shape ") as raised:
        METRIC.compute_distances_to(embedding, IMAGE[None]) if batch else METRIC.compute_distance_to(embedding, IMAGE)
    assert str(shape) in str(raised.value)


def test_embedding_types() -> None:
    with pytest.raises(ValueError, match=r"^embedding must be an array of real numbers, got dtype complex64"):
        METRIC.compute_distance_to(EMBEDDING.astype(np.complex64), IMAGE)


def test_misuse_is_found_under_transformations_too() -> None:
    with pytest.raises(ValueError, match=r"^y must be an image of shape"):
        jax.jit(jax.grad(METRIC.compute_distance))(IMAGE, IMAGE[0])
    with pytest.raises(ValueError, match=r"^x must be an image of shape"):
        jax.vmap(METRIC.compute_distance)(IMAGE, IMAGE)
