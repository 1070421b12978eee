"""The processor's cores, each with a thread of its own: where the parts of a batch are computed side by side."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def _number_of_cores() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else os.cpu_count() or 1


CORES = _number_of_cores()
"""How many may be used: the processor's, or what OMP_NUM_THREADS says."""


def map_threads(function: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """What a function says of each part, in their order; part i is computed on core i modulo `CORES`.

    The threads stay: PyTorch keeps memory for each, which its next part can use, and JAX computes what one thread asks
    for in order, but what two ask for at the same time.
    """
    if len(parts) == 1:
        return [function(parts[0])]
    computing = [_threads()[i % CORES].submit(function, part) for i, part in enumerate(parts)]
    return [result.result() for result in computing]


@lru_cache(maxsize=1)
def _threads() -> list[ThreadPoolExecutor]:
    return [ThreadPoolExecutor(1, thread_name_prefix=f"core-{i}") for i in range(CORES)]
