"""The app behind a reverse proxy under a sub-path, as the README has it for nginx."""

import asyncio
import contextlib
import re
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from mad_app.ui.first_paint import PAINT

from .conftest import patient, serving, until

PATH = "/mad/"
ELSEWHERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes HTTP and WebSockets under PATH on to a port; all else is not found, as where nothing else is served.

    Args:
        port: of the app.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections: set[asyncio.Task[None]] = set()
        self.elsewhere: list[str] = []
        """What was asked for outside PATH."""

    async def serve(self, started: "Future[tuple[int, Callable[[], object]]]") -> None:
        """Serve until it is stopped; `started` gets its own port, and what stops it from another thread."""
        stopped, loop = asyncio.Event(), asyncio.get_running_loop()
        async with await asyncio.start_server(self._pass_on, "127.0.0.1", 0) as server:
            started.set_result((server.sockets[0].getsockname()[1], partial(loop.call_soon_threadsafe, stopped.set)))
            await stopped.wait()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection: a request with the headers that nginx sets, then bytes in both directions."""
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            if path.startswith(PATH):
                there, to_app = await asyncio.open_connection("localhost", self._port)
                to_app.write(_as_nginx(head).encode("latin-1"))
                await asyncio.gather(_copy(reader, to_app), _copy(there, writer))
            else:
                self.elsewhere.append(path)
                writer.write(ELSEWHERE)
        writer.close()
        self._connections.discard(task)


def _as_nginx(head: str) -> str:
    """The head of a request with the host's name, the visitor's address, and one request for each connection."""
    head = re.sub(r"(?im)^host: ([^:\r]*).*?\r$", "Host: \\1\r", head)
    if not re.search("(?im)^upgrade:", head):
        head = re.sub(r"(?im)^connection: .*?\r$", "Connection: close\r", head)
    return head.replace("\r\n\r\n", "\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n")


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    finally:
        writer.close()


@contextlib.contextmanager
def proxied(port: int) -> Iterator[tuple[int, Proxy]]:
    """A proxy before a port, in a thread; gives its own port."""
    proxy, started = Proxy(port), Future[tuple[int, Callable[[], object]]]()
    thread = threading.Thread(target=asyncio.run, args=(proxy.serve(started),), daemon=True)
    thread.start()
    own_port, stop = started.result()
    try:
        yield own_port, proxy
    finally:
        stop()
        thread.join()


def test_a_run_is_started_behind_a_proxy_under_a_path(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, opener = tmp_path / "opened.txt", tmp_path / "opener.py"
    opener.write_text(f"import sys\nopen({str(opened)!r}, 'w').write(sys.argv[1])\n")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {opener} %s")
    with (
        serving(tmp_path / "runs", "--server.baseUrlPath", "mad", "--server.headless", "false", path="/mad") as app,
        proxied(app) as (port, proxy),
    ):
        until(lambda: opened.exists() and opened.read_text(), lambda address: address == f"http://localhost:{app}/mad/")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}") as answer:
            assert PAINT in answer.read()
        page = patient(browser.new_page())
        page.goto(f"http://127.0.0.1:{port}/mad/?image=coffee&size=64&first=ssim&second=mse&others=none&steps=5")
        page.get_by_role("button", name="Start the competition").click()
        expect(page.get_by_role("button", name="Record as ZIP")).to_be_visible()
        expect(page).to_have_url(re.compile(f"^http://127.0.0.1:{port}{PATH}.*run="))
        page.get_by_role("link", name="Gallery").first.click()
        expect(page).to_have_url(f"http://127.0.0.1:{port}{PATH}gallery")
        page.close()
        assert proxy.elsewhere == []
