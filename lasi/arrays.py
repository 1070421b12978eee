"""Arguments as arrays of JAX: which are taken, and what is said of the others."""

import reprlib
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

FEWEST_BITS = {jnp.floating: 16, jnp.integer: 8}
"""Of a type that JAX combines with float32 by itself; values of narrower ones are exact in float32."""


def real_array(image: Any, name: str) -> Array:
    """An argument as an array of real numbers; its bytes may be in any order.

    Args:
        image: of any type.
        name: of the argument.

    Raises:
        ValueError: it is none.

    Example:
        >>> real_array(np.ones((2, 2), ">f4"), "x").dtype
        dtype('float32')
    """
    if isinstance(image, np.ndarray):
        _check_type(image.dtype, name)
        image = image if image.dtype.isnative else image.astype(image.dtype.newbyteorder("="))
        image = image.astype(np.float64) if image.dtype.kind == "f" and image.dtype.itemsize > 8 else image
    try:
        array = jnp.asarray(image)
    except (TypeError, ValueError) as error:
        given = f"an array of {type(image).__name__}" if isinstance(image, np.ndarray) else reprlib.repr(image)
        raise ValueError(f"{name} must be an array of real numbers, got {given}") from error
    _check_type(array.dtype, name)
    narrow = any(
        jnp.issubdtype(array.dtype, kind) and _bits(array.dtype) < fewest for kind, fewest in FEWEST_BITS.items()
    )
    return array.astype(jnp.float32) if narrow else array


def _check_type(dtype: Any, name: str) -> None:
    real = jnp.issubdtype(dtype, jnp.number) and not jnp.issubdtype(dtype, jnp.complexfloating)
    if not real and dtype != np.dtype(bool):
        raise ValueError(f"{name} must be an array of real numbers, got dtype {dtype}")


def _bits(dtype: Any) -> int:
    return int((jnp.finfo if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo)(dtype).bits)
