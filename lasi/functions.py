"""LASI without an object to build: `distance`, `embed` and `distance_map` of any arrays.

Values of `data_range` are mapped to [−1, 1], the authors' range. A compiled program is kept for each shape and options,
of the last PROGRAMS that were used.
"""

import functools
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from lasi.arrays import real_array
from lasi.metric import LASI

PROGRAMS = 32
"""How many compiled programs are kept; each takes some MB."""

Range = tuple[float, float]


@runtime_checkable
class _Exportable(Protocol):
    """An array of another framework."""

    def __dlpack__(self) -> Any: ...


def distance(x: Any, y: Any, *, neighborhood_size: int = 10, data_range: Range = (-1, 1)) -> Array:
    """The LASI distance of two images.

    It works under `jax.jit`, `jax.vmap` and `jax.grad`.

    Args:
        x: an image (H, W) or (H, W, C) of real numbers: an array of NumPy or JAX, or of another framework with DLPack,
            such as PyTorch, which is copied.
        y: likewise, of the same shape.
        neighborhood_size: N, from 1 to 100.
        data_range: values of black and white. [−1, 1] is the authors' range; images in [0, 1] need (0, 1), and 8-bit
            levels (0, 255).

    Returns:
        A scalar ≥ 0.

    Raises:
        ValueError: an argument is not as above, or a value lies beyond `data_range`.

    Example:
        >>> x = np.random.default_rng(0).uniform(size=(8, 8, 3))
        >>> float(distance(x, x, data_range=(0, 1))) < 1e-6 < float(distance(x, x**2, data_range=(0, 1)))
        True
    """
    data_range = _checked_range(data_range)
    x, y = _image(x, "x", data_range), _image(y, "y", data_range)
    return _program("distance", x.shape, neighborhood_size, data_range)(x, y)


def embed(x: Any, *, neighborhood_size: int = 10, data_range: Range = (-1, 1)) -> Array:
    """The LASI embedding of every element, shifted and normalized, (*shape, N); arguments and errors as `distance`."""
    data_range = _checked_range(data_range)
    x = _image(x, "x", data_range)
    return _program("embed", x.shape, neighborhood_size, data_range)(x)


def distance_map(x: Any, y: Any, *, neighborhood_size: int = 10, data_range: Range = (-1, 1)) -> Array:
    """Each pixel's contribution to the distance, (H, W), whose mean it is; arguments and errors as `distance`."""
    data_range = _checked_range(data_range)
    x, y = _image(x, "x", data_range), _image(y, "y", data_range)
    return _program("distance_map", x.shape, neighborhood_size, data_range)(x, y)


@functools.lru_cache(maxsize=PROGRAMS)
def _program(name: str, shape: tuple[int, ...], neighborhood_size: int, data_range: Range) -> Callable[..., Array]:
    """The compiled function of that name; for each type of the values once."""
    lasi = LASI(shape, neighborhood_size)
    methods: dict[str, Callable[..., Array]] = {
        "distance": lasi.compute_distance,
        "embed": lasi.embedding,
        "distance_map": lasi.distance_map,
    }
    return jax.jit(lambda *images: methods[name](*(_in_authors_range(image, data_range) for image in images)))


def _in_authors_range(image: Array, data_range: Range) -> Array:
    low, high = data_range
    floats = image.astype(jnp.promote_types(image.dtype, jnp.float32))
    return floats if (low, high) == (-1, 1) else (floats - low) * (2 / (high - low)) - 1


def _checked_range(data_range: Any) -> Range:
    """Values of black and white, whose difference a float32 can hold."""
    if np.shape(data_range) != (2,):
        raise ValueError(f"data_range must be two numbers, those of black and white, got {data_range!r}")
    try:
        low, high = (float(value) for value in data_range)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"data_range must be two numbers, those of black and white, got {data_range!r}") from error
    if not (low < high and high - low <= np.finfo(np.float32).max):
        raise ValueError(f"data_range must be two finite numbers, black below white, got {data_range!r}")
    return low, high


def _image(image: Any, name: str, data_range: Range) -> Array:
    """An argument as an array of JAX, its values as they are."""
    low, high = data_range
    array = _array(image, name)
    if not isinstance(array, jax.core.Tracer) and array.size:
        least, greatest = float(array.min()), float(array.max())
        if least < low or greatest > high:
            raise ValueError(
                f"{name} has values from {least:g} to {greatest:g}, beyond data_range ({low:g}, {high:g}): give "
                f"the range of its black and white"
            )
    return array


def _array(image: Any, name: str) -> Array:
    try:
        if isinstance(image, _Exportable) and not isinstance(image, jax.Array | np.ndarray | np.generic):
            image = jnp.array(jnp.from_dlpack(image), copy=True).block_until_ready()
    except (TypeError, ValueError, BufferError, RuntimeError) as error:
        fault = f"{type(image).__name__}: {' '.join(str(error).split())}"
        raise ValueError(f"{name} must be an array of real numbers, got {fault}") from error
    return real_array(image, name)
