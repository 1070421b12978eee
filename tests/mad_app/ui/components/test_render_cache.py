import threading

import pytest

from mad_app.ui.components.render_cache import RenderCache


def test_what_is_asked_for_twice_is_drawn_once() -> None:
    drawings, drawn = RenderCache(), []

    def draw() -> bytes:
        drawn.append(threading.current_thread())
        return b"drawn"

    assert [drawings.ask("a", draw).result() for _ in range(3)] == [b"drawn"] * 3
    assert len(drawn) == 1
    assert drawn[0] is not threading.current_thread()


def test_the_one_asked_for_longest_ago_is_dropped_first() -> None:
    drawings, drawn = RenderCache(most=2), []

    def ask(key: str) -> bytes:
        return drawings.ask(key, lambda: (drawn.append(key), key.encode())[1]).result()

    for key in "abacab":
        assert ask(key) == key.encode()
    assert drawn == ["a", "b", "c", "b"]


def test_what_failed_is_told_once_and_tried_again() -> None:
    drawings = RenderCache()

    def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        drawings.ask("a", fail).result()
    assert isinstance(drawings.ask("a", lambda: b"yes").exception(), ValueError)
    assert drawings.ask("a", lambda: b"yes").result() == b"yes"
