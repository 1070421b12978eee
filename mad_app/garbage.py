"""When Python looks for garbage: objects that hold each other and that nobody else holds.

By default it looks through the new objects whenever there are 700, and from time to time through all. Importing JAX and
PyTorch and tracing programs make hundreds of thousands of objects that stay: a short run from the command line spent a
quarter of its main thread's time on looking through them.
"""

import contextlib
import gc
from collections.abc import Iterator

NEW_OBJECTS = 50_000
"""How many new objects there are before they are looked through, in a process of ours."""


@contextlib.contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Inside this context, in which much is imported, there is no search."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def search_seldom() -> None:
    """From now on, search among new objects alone, and seldom; for a process of ours, not for a library's users."""
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *older)
