"""Rendering for pages: one file at a time, in a thread of its own; what was rendered is kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor


class RenderCache:
    """What has been rendered or is being rendered, each under a key. Safe to use from many threads.

    Args:
        size: how many are kept; the least recently requested goes first.
    """

    def __init__(self, size: int = 40) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[bytes]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    def request(self, key: Hashable, render: Callable[[], bytes]) -> Future[bytes]:
        """What is rendered under a key, begun now unless it has been; a failure is returned once, then tried again.

        Args:
            key: equal keys are rendered once.
            render: makes the content; it may raise.
        """
        with self._lock:
            future = self._futures.pop(key, None)
            if future is None:
                future = self._thread.submit(render)
            elif future.done() and future.exception():
                return future
            self._futures[key] = future
            while len(self._futures) > self._size:
                self._futures.popitem(last=False)
            return future
