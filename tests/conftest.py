"""For every test: what the imports leave behind is not searched for garbage again and again."""

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without the garbage collector, and set all that exists then aside.

    JAX, PyTorch and Streamlit leave millions of objects that live as long as the process; Streamlit alone has all of
    them searched after every run of a page.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
