"""No silent broadcasting over ranks in the engine."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def _rank_promotion_raises() -> Iterator[None]:
    before = jax.config.jax_numpy_rank_promotion  # type: ignore[attr-defined]
    jax.config.update("jax_numpy_rank_promotion", "raise")  # type: ignore[no-untyped-call]  # in all threads
    yield
    jax.config.update("jax_numpy_rank_promotion", before)  # type: ignore[no-untyped-call]
