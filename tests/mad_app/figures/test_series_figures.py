"""The contact sheet and the level curves: nothing overlaps, also of pictures that are not square, and each says what
it shows."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mad_app.figures.canvas import drawing
from mad_app.figures.contact_sheet import draw_contact_sheet
from mad_app.figures.export import series_bytes
from mad_app.figures.level_curves import draw_level_curves
from mad_app.figures.measures import WIDTHS
from mad_app.records import Run, Series
from mad_app.records.series import Member, PlannedRun

from .sheet_runs import make_sheet_run
from .shown import assert_nothing_overlaps_or_is_cut_off, images_of, texts_of, words_in_svg

DRAW = {"contact sheet": draw_contact_sheet, "curves": draw_level_curves}


def make_series(varied: str, values: list[float], shape: tuple[int, int] = (24, 24), **settings: object) -> Series:
    """Competitions of SSIM and MSE that differ in one setting; MSE keeps a level of 0.1, 0.2, …"""
    runs = []
    for i, value in enumerate(values):
        run = make_sheet_run(shape, "ssim", "mse", scale=0.1 * (i + 1))
        seed = int(value) if varied == "seed" else run.seed
        runs.append(dataclasses.replace(run, settings={**run.settings, **settings, varied: value}, seed=seed))
    return Series(
        kind=varied, varied=varied, created="2026-01-01T00:00:00.000Z", requests=tuple(run.settings for run in runs),
        runs=tuple(runs), folder=Path("a_series"),
    )  # fmt: skip


SWEEP = make_series("second_level", [0.1, 0.2, 0.3], gray=True)


@pytest.mark.parametrize("drawn", DRAW)
@pytest.mark.parametrize("shape", [(24, 24), (20, 160), (160, 20)])
def test_nothing_overlaps_and_nothing_is_cut_off(drawn: str, shape: tuple[int, int]) -> None:
    form = WIDTHS["double"]
    with drawing():
        figure = DRAW[drawn](make_series("second_level", [0.1, 0.2, 0.3], shape), form)
    assert_nothing_overlaps_or_is_cut_off(figure, form.font)


def test_a_level_sweep_names_its_levels_and_what_its_runs_share() -> None:
    text = " ".join(words_in_svg(series_bytes(SWEEP, "contact sheet", "svg")))
    assert "1 − SSIM against MSE, at several levels" in text
    for level in ("0.100", "0.200", "0.300"):
        assert f"MSE {level}" in text
    assert "1 − SSIM as high as possible, MSE kept" in text
    assert "astronaut, 24 × 24 pixels, noise 0.1, gray, 50 steps, seed 0." in text
    assert "MSE kept at 0" not in text, "a level is that of one column"
    curves = " ".join(words_in_svg(series_bytes(SWEEP, "curves", "svg")))
    for word in ("MSE kept at", "1 − SSIM kept at", "A high", "D low"):
        assert word in curves


def test_what_the_runs_do_not_share_is_said_of_none_of_them() -> None:
    runs = [
        dataclasses.replace(run, settings={**run.settings, "max_change": i / 10}) for i, run in enumerate(SWEEP.runs)
    ]
    longer = dataclasses.replace(runs[0].history, step=runs[0].history.step * 2)
    runs[0] = dataclasses.replace(runs[0], history=longer)
    text = " ".join(words_in_svg(series_bytes(dataclasses.replace(SWEEP, runs=tuple(runs)), "contact sheet", "svg")))
    assert "changes up to" not in text
    assert "50 to 100 steps" in text


@pytest.mark.parametrize("drawn", DRAW)
def test_a_run_that_is_missing_is_named(drawn: str) -> None:
    planned = PlannedRun(request_id="", settings=SWEEP.runs[1].settings)
    missing = Member(planned=planned, summary=None, state=None, fault="it is lost")
    series = dataclasses.replace(SWEEP, runs=SWEEP.runs[::2], missing=(missing,))
    with drawing():
        words = " ".join(text.get_text() for text in texts_of(DRAW[drawn](series, WIDTHS["double"])))
    assert "Not shown, because there is no finished run: MSE 0.200." in words
    with drawing():
        words = " ".join(text.get_text() for text in texts_of(DRAW[drawn](SWEEP, WIDTHS["double"])))
    assert "Not shown" not in words


@pytest.mark.parametrize(("width", "count"), [("double", 1), ("double", 3), ("double", 8), ("slide", 2), ("slide", 5)])
def test_a_contact_sheet_uses_the_whole_width(width: str, count: int) -> None:
    form = WIDTHS[width]
    with drawing():
        figure = draw_contact_sheet(make_series("second_level", [0.1 * (i + 1) for i in range(count)]), form)
    ends = [image.get_window_extent().x1 / figure.dpi for image in images_of(figure)]
    assert len(ends) == 5 * count
    assert max(ends) == pytest.approx(form.width - form.margin, abs=0.02)


def test_bands_of_many_competitions_are_alike() -> None:
    form = WIDTHS["double"]
    with drawing():
        figure = draw_contact_sheet(make_series("seed", list(range(10))), form)
    assert len({round(image.get_window_extent().x0) for image in images_of(figure)}) == 5


@pytest.mark.parametrize("levels", [[0.001, 0.003, 0.01, 0.03], [0.1, 0.2, 0.3], [0.2]])
def test_the_curves_have_their_ticks_at_the_levels(levels: list[float]) -> None:
    runs = []
    for run, level in zip(make_series("second_level", levels).runs, levels, strict=True):
        images = tuple(dataclasses.replace(image, level=level) for image in run.results)
        runs.append(dataclasses.replace(run, results=images))
    with drawing():
        figure = draw_level_curves(dataclasses.replace(SWEEP, runs=tuple(runs)), WIDTHS["double"])
    for axes in figure.axes:
        np.testing.assert_allclose(axes.get_xticks(), levels)
        labels = [label.get_text() for label in axes.get_xticklabels()]
        assert [float(label) for label in labels if label] == levels


def test_repeated_seeds_say_how_much_their_images_differ() -> None:
    series = make_series("seed", [1, 2])
    text = " ".join(words_in_svg(series_bytes(series, "contact sheet", "svg")))
    assert "1 − SSIM against MSE, with several seeds" in text
    assert "seed 1" in text
    assert text.count("differ by ") == 5
    assert "50 steps." in text


def test_level_curves_go_through_the_final_values_in_the_order_of_the_levels() -> None:
    def final(run: Run, i: int) -> float | None:
        return run.results[i].reported[run.results[i].optimized]

    backwards = dataclasses.replace(SWEEP, runs=SWEEP.runs[::-1])
    with drawing():
        figure = draw_level_curves(backwards, WIDTHS["double"])
    for pair, axes in enumerate([axes for axes in figure.axes if axes.lines]):
        curves = [np.asarray(line.get_xydata()) for line in axes.lines]
        for i in (2 * pair, 2 * pair + 1):
            wanted = [(run.results[i].level, final(run, i)) for run in SWEEP.runs]
            assert any(np.allclose(curve, wanted) for curve in curves if curve.shape == (3, 2))
    assert {text.get_fontsize() for text in texts_of(figure)} == {WIDTHS["double"].font}
