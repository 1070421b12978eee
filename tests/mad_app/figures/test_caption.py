import dataclasses
import re

import pytest

from mad_app.figures import caption, figure_bytes, latex_caption, metric_title, number, percentage, verdict
from mad_app.figures.caption import to_latex

from .sheet_runs import broken_run, make_sheet_run


def test_a_caption_names_every_setting_and_value() -> None:
    run = make_sheet_run()
    text = caption(run)
    for name, value in run.settings.items():
        assert f"{name} {value}" in text
    for result in run.images:
        start, final = result.start[result.optimized], result.seen[result.optimized]
        assert f"{number(start)} → {number(final)}" in text
        drift = percentage(result.drift_seen)
        assert f"{metric_title(result.fixed)} held at {number(result.level)} (drift {drift})" in text
    assert verdict(run, 0) in text
    assert verdict(run, 1) in text
    assert "seed 0" in text
    assert "\n" not in text


def test_no_figure_tells_where_a_file_lay() -> None:
    run = make_sheet_run()
    files = {"image": "/home/me/a.png", "start_file": "/home/me/b.png", "mask": "/home/me/c.png"}
    run = dataclasses.replace(run, settings={**run.settings, **files})
    sheet = figure_bytes(run, "svg").decode()
    for told in (caption(run), sheet):
        assert all(name in told for name in ("a.png", "b.png", "c.png"))
        assert "/home/me" not in told


def test_a_caption_speaks_of_what_is_shown() -> None:
    run = make_sheet_run()
    assert "Maps:" in caption(run, ["maps"])
    assert "Maps:" not in caption(run, ["pairs", "curves"])
    assert "Curves:" in caption(run, ["pairs", "curves"])
    assert "(left)" not in caption(run, ["curves", "jury"])


@pytest.mark.parametrize("run", [make_sheet_run(), broken_run()])
def test_latex_sets_a_caption_as_it_is(run) -> None:  # type: ignore[no-untyped-def]
    body = latex_caption(run).removeprefix("\\caption{").removesuffix("}")
    plain = re.sub(r"\\(text\w+|dots)\{\}|\$(\\to|\\times|[-<>|])\$|\\[&%$#_{}]", "", body)
    assert not set(plain) & set("\\~^&%$#_{}<>|")
    assert all(character.isascii() or ord(character) < 0x250 for character in body)


def test_letters_of_latin_scripts_stay_and_others_become_question_marks() -> None:
    assert to_latex("Žluťoučký kůň, naïve 日本") == "Žluťoučký kůň, naïve ??"
    assert to_latex("a\\b~c^d") == r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d"
