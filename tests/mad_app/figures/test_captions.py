"""Captions describe what their file holds, in plain text and in LaTeX."""

import dataclasses
import re

import numpy as np
import pytest

from mad_app.figures import drift_sentence, image_title, number, pair_sentence
from mad_app.figures.captions import caption, captions_of
from mad_app.figures.export import figure_bytes
from mad_app.figures.latex import to_latex
from mad_app.figures.options import UNASKED
from mad_app.records import Maps

from .sheet_runs import broken_run, make_sheet_run


def test_a_caption_names_every_setting_and_value() -> None:
    run = make_sheet_run()
    text = caption(run)
    for name, value in run.settings.items():
        assert f"{name} {value}" in text
    for i, result in enumerate(run.results):
        start, final = result.start[result.optimized], result.reported[result.optimized]
        assert f"{image_title(i, result.optimized)}, {number(start)} → {number(final)}; " in text
        assert f"{drift_sentence(result.fixed, result.reported_drift)} (level {number(result.level)})." in text
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
    assert "Differences from the original, amplified" in caption(run, show=["differences"])
    assert "amplified" not in caption(run, show=["pairs", "curves"])
    maps = Maps.of(run.history.step[-1:], np.full((1, 4, *run.reference.shape[:2]), 0.5), np.zeros((1, 4, 24, 24)))
    told = caption(run, show=["metric-maps"], maps=maps)
    assert "LASI from 0 (black) to 0.500 (yellow); LPIPS (AlexNet) 0 everywhere." in told
    assert "Curves:" in caption(run, show=["pairs", "curves"])
    assert pair_sentence(run, 0) not in caption(run, show=["curves", "others"])


@pytest.mark.parametrize("run", [make_sheet_run(), broken_run()])
def test_latex_sets_a_caption_as_it_is(run) -> None:  # type: ignore[no-untyped-def]
    first, *_, line, label, last = captions_of(run).latex.splitlines()
    assert (first, last) == (r"\begin{figure}", r"\end{figure}")
    assert re.fullmatch(r"  \\label\{fig:[a-z0-9-]+\}", label)
    short, body = line.removeprefix(r"  \caption[{").removesuffix("}").split("}]{", 1)
    assert "[" not in short
    body = re.sub(r"\$(\d(\.\d+)?\\times)?10\^\{-?\d+\}\$", "", short + body)
    plain = re.sub(r"\\(text\w+|dots)\{\}|\$(\\to|\\times|[-<>|])\$|\\[&%$#_{}]", "", body)
    assert not set(plain) & set("\\~^&%$#_{}<>|")
    assert all(character.isascii() or ord(character) < 0x250 for character in body)


def test_latex_sets_powers_of_ten_as_such_and_names_as_they_are() -> None:
    assert to_latex("9.21e-4 and −1.2×10¹², 3e5.png") == r"$9.21\times10^{-4}$ and $-$$1.2\times10^{12}$, 3e5.png"


@pytest.mark.parametrize("moving", [False, True])
def test_a_caption_describes_nothing_that_the_file_does_not_hold(moving: bool) -> None:
    run = make_sheet_run()
    text = caption(run, show=tuple(UNASKED), moving=moving)
    for part in ("amplified", "Curves:", "Table:"):
        assert (part in text) != moving
    assert ("Animation: " in text) == moving
    names = {run.results[0].optimized, run.results[0].fixed}
    alone = [dataclasses.replace(image, start={n: image.start[n] for n in names}) for image in run.results]
    assert "Table:" not in caption(dataclasses.replace(run, results=tuple(alone)), show=tuple(UNASKED))


def test_a_caption_says_which_images_its_values_are_of() -> None:
    run = make_sheet_run()
    assert "before rounding to 8 bits" in caption(run)
    rounded = tuple(dataclasses.replace(image, final_8bit={**image.final, "lasi": 0.125}) for image in run.results)
    text = caption(dataclasses.replace(run, results=rounded))
    assert "those of the saved 8-bit images" in text
    assert "→ 0.125;" in text


def test_letters_of_latin_scripts_stay_and_others_become_question_marks() -> None:
    assert to_latex("Žluťoučký kůň, naïve 日本") == "Žluťoučký kůň, naïve ??"
    assert to_latex("a\\b~c^d") == r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d"
