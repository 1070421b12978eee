"""No silent broadcasting over ranks in the engine."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def _rank_promotion_raises() -> Iterator[None]:
    with jax.numpy_rank_promotion("raise"):
        yield
