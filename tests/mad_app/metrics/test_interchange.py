"""What crosses between JAX and PyTorch on a GPU lives until the other framework has copied it.

Values, types and memory of a crossing are tested in test_adapters.py, and on a GPU in tests/gpu.
"""

import gc
import weakref

from mad_app.metrics.interchange import _InFlight


class Source:
    """Stands for an array."""


def test_a_source_is_held_until_its_copy_is_done() -> None:
    held, done = _InFlight(), [False, False, True]
    sources = [Source() for _ in done]
    alive = [weakref.ref(source) for source in sources]
    for i, source in enumerate(sources):
        held.hold(source, lambda i=i: done[i])
    del sources, source
    gc.collect()
    assert all(reference() for reference in alive)
    done[0] = True
    held.hold(Source(), lambda: False)
    gc.collect()
    assert [reference() is not None for reference in alive] == [False, True, True]
    done[1] = True
    held.hold(Source(), lambda: False)
    gc.collect()
    assert not any(reference() for reference in alive)
