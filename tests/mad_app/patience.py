"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable


def wait_until(ready: Callable[[], object], seconds: float) -> None:
    """Wait until it is so; it is an error if that takes longer."""
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.002)
