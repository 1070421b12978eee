"""The heading in the HTML of the first page: there alone, and the answer is whole and true."""

import asyncio
from typing import Any

import pytest

from mad_app.ui.first_paint import HEADING, PAINT, FirstPaint

PARTS = [b"<html><body><div></div></bo", b"dy></html>"]


def asked(path: str, query: str = "", *, base: str = "", method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    """The headers that come back, and the body."""
    sent: list[Any] = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        sent.append(dict(scope["headers"]))
        size = sum(map(len, PARTS))
        headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % size), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for i, part in enumerate(PARTS):
            await send({"type": "http.response.body", "body": part, "more_body": i == 0})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"Accept-Encoding", b"gzip"), (b"if-none-match", b"1"), (b"host", b"localhost")]
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    asyncio.run(FirstPaint(app, base)(scope, None, send))  # type: ignore[arg-type]
    body = b"".join(message["body"] for message in sent[2:])
    got = dict(sent[1]["headers"])
    assert int(got[b"content-length"]) == len(body)
    assert sent[0].keys() == ({b"host"} if PAINT in body else {b"Accept-Encoding", b"if-none-match", b"host"})
    return got, body


@pytest.mark.parametrize(("path", "base"), [("/", ""), ("/mad/", "mad"), ("/mad", "/mad/")])
@pytest.mark.parametrize("query", ["", "image=coffee&size=64", "colors=dark"])
def test_the_first_page_has_its_heading_in_the_html(path: str, base: str, query: str) -> None:
    headers, body = asked(path, query, base=base)
    assert body == b"<html><body><div></div>" + PAINT + b"</body></html>"
    assert HEADING.encode() in body
    assert headers.keys() == {b"content-type", b"content-length"}


@pytest.mark.parametrize("path", ["/gallery", "/static/js/index.js", "/_stcore/health", "/other/"])
def test_all_else_is_passed_on(path: str) -> None:
    headers, body = asked(path)
    assert body == b"".join(PARTS)
    assert b"etag" in headers


@pytest.mark.parametrize("query", ["run=a", "job=b&size=64", "present", "run="])
def test_a_page_with_another_heading_has_none(query: str) -> None:
    assert PAINT not in asked("/", query)[1]
    assert PAINT not in asked("/", method="POST")[1]
