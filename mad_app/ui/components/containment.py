"""Drawing a page or a part of one so that nothing spoils the rest.

What goes wrong while something is drawn is said in its place, in one sentence, and costs nothing else on the page.

Streamlit's own signals, which end or restart a page, are no failures and pass.
"""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator

import streamlit as st

from mad_app.ui.address import correct_address, current_address
from mad_app.ui.components.html import sentence
from mad_app.ui.session import keep_name, note_page, take_key

_LOG = logging.getLogger(__name__)
_LONGEST = 300


@contextlib.contextmanager
def contained(what: str, instead: Callable[[], None] | None = None) -> Iterator[None]:
    """Draw something that may fail.

    Args:
        what: it is, as the beginning of a sentence: "this run".
        instead: draws what is offered below the sentence where it fails.
    """
    try:
        yield
    except Exception as error:
        if not _is_own(error):  # the project's own errors say all there is to say
            _LOG.exception("%s could not be shown", what)
        st.error(sentence(f"{what} cannot be shown: {describe_error(error)}"))
        if instead:
            instead()


def whole_page(path: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Makes of what draws a page the page of that path, which knows its visitor and ends no visit by a failure."""

    def decorate(show: Callable[[], None]) -> Callable[[], None]:
        @functools.wraps(show)
        def page() -> None:
            note_page(path)
            query = current_address()
            if key := query.pop("key", None):
                take_key(key if isinstance(key, str) else key[-1])
                correct_address(query)
            with contained("this page"):
                show()
            keep_name()

        return page

    return decorate


def describe_error(error: BaseException) -> str:
    """What went wrong, in a line: the project's own words where it has some, else the kind of the error.

    Example:
        >>> describe_error(OverflowError("date value out of range")), describe_error(MemoryError())
        ('OverflowError, date value out of range', 'MemoryError')
    """
    text, kind = " ".join(str(error).split())[:_LONGEST], type(error).__name__
    return text if text and _is_own(error) else f"{kind}, {text}" if text else kind


def _is_own(error: BaseException) -> bool:
    """Whether it is an error of the project, or of the disk, whose text is meant to be read."""
    return type(error).__module__.startswith("mad_app.") or isinstance(error, OSError)
