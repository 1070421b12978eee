"""What JAX takes some time to compile is kept for the next time, and no worker leaves the processors to a page."""

from collections.abc import Iterator

import jax
import pytest

from mad_app.compilation_cache import use_compilation_cache

if use_compilation_cache():
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.02)  # to write and to read less takes as long


@pytest.fixture(scope="session", autouse=True)
def _no_browser_is_beside_a_worker() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mad_app.jobs.worker.SECONDS_FOR_THE_PAGE", 0)
        yield
