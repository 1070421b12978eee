"""Interrupts that let a competition end with a valid result."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def gentle_interrupts() -> Iterator[Callable[[], bool]]:
    """Let the first interrupt (Ctrl-C, or a notebook's Stop) ask for a stop, which the callable reports, and the second
    one raise KeyboardInterrupt. In another thread than the main one, which gets no interrupts, nothing is changed."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def ask(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.write(2, b"\nstopping after this step; Ctrl-C again aborts\n")  # print may not be called in a handler

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
