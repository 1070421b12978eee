"""Keeps garbage collection from going through all loaded modules after every drawing.

Streamlit collects all garbage whenever a page or a fragment of one has been drawn. JAX and the other libraries have
some 260,000 objects, which takes ten times as long as drawing a run in progress; nobody else is served meanwhile.
"""

import functools
import gc


@functools.cache
def freeze_loaded(path: str) -> None:  # noqa: ARG001
    """Let garbage collection pass over all that is in memory now, in which modules are the most.

    It does so when a page is drawn the first time, because each loads libraries of its own; so what is kept for good
    does not grow with the visits.

    Args:
        path: of the page.
    """
    gc.collect()
    gc.freeze()
