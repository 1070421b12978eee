"""What holds for every test of the metric: no silent broadcasting over ranks, and float64 only where asked for."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def _rank_promotion_raises() -> Iterator[None]:
    with jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture
def float64() -> Iterator[None]:
    """JAX keeps float64 during the test."""
    with jax.enable_x64(True):
        yield
