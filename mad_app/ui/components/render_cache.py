"""Drawing for pages: one at a time, in a thread of its own, and what was drawn is kept for a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor


class RenderCache:
    """What has been drawn and is being drawn, each under a key. Safe to use from many threads.

    Args:
        most: how many are kept; the one asked for longest ago goes first.
    """

    def __init__(self, most: int = 40) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._futures: OrderedDict[Hashable, Future[bytes]] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="drawing")

    def ask(self, key: Hashable, draw: Callable[[], bytes]) -> Future[bytes]:
        """What is drawn under a key, begun now unless it has been; a failure is told once, then tried again.

        Args:
            key: equal keys are drawn once.
            draw: makes the content; it may raise.
        """
        with self._lock:
            future = self._futures.pop(key, None)
            if future is None:
                future = self._thread.submit(draw)
            elif future.done() and future.exception():
                return future
            self._futures[key] = future
            while len(self._futures) > self._most:
                self._futures.popitem(last=False)
            return future
