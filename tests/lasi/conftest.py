"""For every test of the metric: no implicit rank promotion, and float64 only where a test requests it."""

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


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back() -> Iterator[None]:
    """What a file compiles is of no use to the next one, whose images have other sizes."""
    yield
    jax.clear_caches()
