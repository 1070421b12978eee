"""Lessons that compare copies and sums: their sliders by the keyboard, and the rules of axe."""

import re

from playwright.sync_api import expect

from .conftest import OpenPage, broken_rules, settled
from .test_lessons import parameter


def test_the_pooling_width_is_moved_by_keys_and_another_copy_is_nearer(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=texture&size=64&hide=prediction", await_=".mad-answers")
    nearer = page.locator(".mad-answers figcaption", has_text="nearer")
    expect(nearer).to_contain_text("A:")
    slider = page.get_by_role("slider", name="Pooling width σ")
    settled(slider)
    slider.press("End")
    parameter(page, "sigma", "16")
    expect(nearer).to_contain_text("B:")
    expect(page.get_by_text("there the order flips")).to_be_visible()
    assert broken_rules(page) == []


def test_the_weight_is_moved_by_keys_and_the_pair_of_the_sum_changes(open_page: OpenPage) -> None:
    page = open_page("lessons?lesson=together&size=64&hide=prediction", await_=".mad-driven")
    rows = page.locator(".mad-driven .mad-convention")
    expect(rows).to_have_count(4)
    slider = page.get_by_role("slider", name="Weight α")
    settled(slider)
    slider.press("ArrowRight")
    parameter(page, "alpha", "4")
    expect(rows.nth(3)).to_contain_text(re.compile(r"LASI \+ 4 LPIPS"))
    assert broken_rules(page) == []
