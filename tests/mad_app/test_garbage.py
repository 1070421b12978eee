import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mad_app.garbage import NEW_OBJECTS, no_search_for_garbage, search_seldom


@pytest.fixture(autouse=True)
def collector_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_nothing_is_searched_inside_and_all_is_as_before_afterwards() -> None:
    with no_search_for_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        with no_search_for_garbage():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_process_of_ours_searches_new_objects_alone_and_seldom() -> None:
    search_seldom()
    assert gc.isenabled()
    assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_freeze_count() > 0


def test_importing_the_library_searches_for_nothing_and_leaves_the_collector_as_it_was() -> None:
    code = """if True:
        import gc
        before = gc.get_threshold(), gc.get_stats()[2]["collections"]
        import mad_app
        assert gc.isenabled() and gc.get_freeze_count() == 0
        assert (gc.get_threshold(), gc.get_stats()[2]["collections"]) == before
    """
    subprocess.run([sys.executable, "-c", code], check=True)
