"""A drawing that waits stays a drawing of its page, and garbage collection passes over what is loaded."""

import gc
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.ui.components.garbage import freeze_loaded


@pytest.fixture
def unfrozen() -> Iterator[None]:
    gc.unfreeze()
    freeze_loaded.cache_clear()
    yield
    gc.unfreeze()
    freeze_loaded.cache_clear()


def _waiting_page() -> None:
    import streamlit as st

    from mad_app.ui.components.patience import wait_until

    looks = iter([False, False, True, True])
    st.write(wait_until(lambda: next(looks), 3600.0), len(list(looks)))
    st.write(wait_until(lambda: False, 0.0))


def test_a_wait_ends_when_it_happens_or_when_its_time_is_up() -> None:
    page = AppTest.from_function(_waiting_page).run()
    assert not page.exception
    assert [shown.value for shown in page.markdown] == ["`True` `1`", "`False`"]


@pytest.mark.usefixtures("unfrozen")
def test_what_is_loaded_is_frozen_once_for_each_page() -> None:
    freeze_loaded("compete")
    frozen = gc.get_freeze_count()
    assert frozen > 10_000
    kept: list[list[object]] = [[] for _ in range(1000)]
    freeze_loaded("compete")
    assert gc.get_freeze_count() <= frozen
    freeze_loaded("gallery")
    assert gc.get_freeze_count() >= frozen + len(kept) // 2
