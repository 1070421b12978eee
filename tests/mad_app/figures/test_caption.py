import dataclasses
import re

import pytest

from mad_app.figures import caption, drift_sentence, figure_bytes, image_title, latex_caption, number, pair_sentence
from mad_app.figures.caption import to_latex

from .sheet_runs import broken_run, make_sheet_run


def test_a_caption_names_every_setting_and_value() -> None:
    run = make_sheet_run()
    text = caption(run)
    for name, value in run.settings.items():
        assert f"{name} {value}" in text
    for i, result in enumerate(run.images):
        start, final = result.start[result.optimized], result.seen[result.optimized]
        assert f"{image_title(i, result.optimized)}, {number(start)} → {number(final)}; " in text
        assert f"{drift_sentence(result.fixed, result.drift_seen)} (level {number(result.level)})." in text
    assert pair_sentence(run, 0) in text
    assert pair_sentence(run, 1) in text
    assert "seed 0" in text
    assert "\n" not in text


def test_no_figure_names_the_folder_of_a_file() -> None:
    run = make_sheet_run()
    files = {"image": "/home/me/a.png", "start_file": "/home/me/b.png", "mask": "/home/me/c.png"}
    run = dataclasses.replace(run, settings={**run.settings, **files})
    sheet = figure_bytes(run, "svg").decode()
    for text in (caption(run), sheet):
        assert all(name in text for name in ("a.png", "b.png", "c.png"))
        assert "/home/me" not in text


def test_a_caption_describes_what_is_shown() -> None:
    run = make_sheet_run()
    assert "Maps:" in caption(run, ["maps"])
    assert "Maps:" not in caption(run, ["pairs", "curves"])
    assert "Curves:" in caption(run, ["pairs", "curves"])
    assert pair_sentence(run, 0) not in caption(run, ["curves", "others"])


@pytest.mark.parametrize("run", [make_sheet_run(), broken_run()])
def test_latex_sets_a_caption_as_it_is(run) -> None:  # type: ignore[no-untyped-def]
    body = latex_caption(run).removeprefix("\\caption{").removesuffix("}")
    plain = re.sub(r"\\(text\w+|dots)\{\}|\$(\\to|\\times|[-<>|])\$|\\[&%$#_{}]", "", body)
    assert not set(plain) & set("\\~^&%$#_{}<>|")
    assert all(character.isascii() or ord(character) < 0x250 for character in body)


def test_letters_of_latin_scripts_stay_and_others_become_question_marks() -> None:
    assert to_latex("Žluťoučký kůň, naïve 日本") == "Žluťoučký kůň, naïve ??"
    assert to_latex("a\\b~c^d") == r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d"
