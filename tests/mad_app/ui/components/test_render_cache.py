"""Figures of the page are drawn once for each content."""

import threading

import pytest

from mad_app.ui.components.render_cache import RenderCache


def test_what_is_requested_twice_is_rendered_once() -> None:
    cache, rendered = RenderCache(), []

    def render() -> bytes:
        rendered.append(threading.current_thread())
        return b"rendered"

    assert [cache.request("a", render).result() for _ in range(3)] == [b"rendered"] * 3
    assert len(rendered) == 1
    assert rendered[0] is not threading.current_thread()


def test_the_least_recently_requested_is_dropped_first() -> None:
    cache, rendered = RenderCache(size=2), []

    def request(key: str) -> bytes:
        return cache.request(key, lambda: (rendered.append(key), key.encode())[1]).result()

    for key in "abacab":
        assert request(key) == key.encode()
    assert rendered == ["a", "b", "c", "b"]


def test_a_failure_is_returned_once_and_then_tried_anew() -> None:
    cache = RenderCache()

    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.request("a", fail).result()
    assert isinstance(cache.request("a", lambda: b"yes").exception(), ValueError)
    assert cache.request("a", lambda: b"yes").result() == b"yes"
