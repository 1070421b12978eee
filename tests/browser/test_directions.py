"""The page of directions on a phone."""

from .conftest import OpenPage, broken_rules, until


def test_example_opens_at_once_can_be_moved_sideways_and_breaks_no_rule(open_page: OpenPage) -> None:
    page = open_page("directions", 390, 844, ".mad-paper img")
    until(lambda: page.locator(".mad-paper").evaluate("paper => paper.scrollWidth > paper.clientWidth"))
    page.wait_for_function("document.documentElement.scrollWidth === 390")
    assert broken_rules(page) == []
