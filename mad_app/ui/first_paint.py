"""What a browser shows of the first page before Streamlit's program runs in it: its heading, in its place.

The heading comes with the HTML and gives way to the page's own. Streamlit's program is 2 MB, which keeps a browser busy
for a second, and a phone on a crowded network for several.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

HEADING = "Let two metrics compete"

PAINT = (Path(__file__).parent / "first_paint.html").read_text(encoding="utf-8").replace("HEADING", HEADING).encode()
END = b"</body>"

OTHERWISE = {"job", "run", "present"}
"""Parameters of the address with which the page has another heading, or another place for it."""

OF_A_FILE = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}
"""Headers of an answer that are not true of a changed one."""
OF_PARTS = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
"""Headers of a request for something else than the whole file."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class FirstPaint:
    """ASGI middleware that puts the heading into the HTML of the first page.

    Args:
        app: what answers.
        base: the path of the first page, such as "mad" or "".
    """

    def __init__(self, app: Application, base: str) -> None:
        self._app, self._path = app, base.strip("/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not self._is_for_first_page(scope):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        html = bytearray()

        async def painted(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            html.extend(message.get("body", b""))
            if not message.get("more_body"):
                body = bytes(html).replace(END, PAINT + END)
                headers = [*_without(OF_A_FILE, start["headers"]), (b"content-length", str(len(body)).encode())]
                await send({**start, "headers": headers})
                await send({"type": "http.response.body", "body": body})

        await self._app({**scope, "headers": _without(OF_PARTS, scope["headers"])}, receive, painted)

    def _is_for_first_page(self, scope: Message) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].strip("/") != self._path:
            return False
        return not OTHERWISE & parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).keys()


def _without(names: set[bytes], headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0].lower() not in names]
