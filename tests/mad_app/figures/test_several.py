"""A sheet of several runs: rows are runs, columns images; what they share is said once, what differs in each row."""

import dataclasses
import functools

import numpy as np
import pytest
from matplotlib.figure import Figure

from mad_app.errors import ArgumentError
from mad_app.figures.captions import caption, short_caption
from mad_app.figures.export import mad_sheet
from mad_app.figures.measures import MM
from mad_app.figures.options import SHEET_SETTINGS, SheetOptions
from mad_app.images import to_uint8
from mad_app.records import Run

from .sheet_runs import broken_run, make_maps, make_sheet_run
from .shown import assert_nothing_overlaps_or_is_cut_off, images_of, pixels_of, texts_of


def named(run: Run, image: str, **settings: object) -> Run:
    return dataclasses.replace(run, settings={**run.settings, "image": image, **settings})


ALIKE = (
    named(make_sheet_run(first="ssim", second="mse"), "cat"),
    named(make_sheet_run((16, 32), "ssim", "mse"), "dog"),
)
UNLIKE = (ALIKE[0], named(make_sheet_run((32, 16)), "dog", gray=True), broken_run())
RUNS = {"alike": ALIKE, "unlike": UNLIKE}


@functools.cache
def sheet(name: str, **options: object) -> Figure:
    """A sheet that several tests look at and none changes."""
    return mad_sheet(RUNS[name], **options)


def words_of(figure: Figure) -> str:
    return " ".join(text.get_text() for text in texts_of(figure))


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"width": "single"},
        {"width": "single", "show": "CD,differences"},
        {"show": "AB,differences", "font": "latex", "title": "Two", "footer": "none"},
        {"width": "16:9", "sentence": False, "font_size": 8},
        {"width": "70", "labels": "ref,noisy,max 1,min 1,max 2,min 2"},
    ],
)
def test_nothing_overlaps_and_nothing_is_cut_off(name: str, options: dict) -> None:
    assert_nothing_overlaps_or_is_cut_off(sheet(name, **options), 6.5)


def test_rows_are_runs_and_columns_are_images() -> None:
    figure = sheet("alike")
    boxes = [image.get_window_extent() for image in images_of(figure)]
    assert len(boxes) == 12
    for column in range(6):
        assert boxes[column].x0 == pytest.approx(boxes[6 + column].x0, abs=1e-3 * figure.dpi)
    for row in (boxes[:6], boxes[6:]):
        assert {round(box.y1, 6) for box in row} == {round(row[0].y1, 6)}
    for run, shown in zip(ALIKE, (pixels_of(figure)[:6], pixels_of(figure)[6:]), strict=True):
        for image, array in zip((run.reference, run.start, *run.finals), shown, strict=True):
            np.testing.assert_array_equal(to_uint8(image), array)


def test_pictures_of_different_sizes_are_shown_in_whole_dots() -> None:
    figure = sheet("alike")
    for image in images_of(figure):
        wide = image.get_window_extent().width / np.asarray(image.get_array()).shape[1]
        assert wide == pytest.approx(round(wide), abs=1e-6)


def test_what_runs_share_is_said_once_and_what_differs_in_each_row() -> None:
    text = words_of(sheet("alike"))
    assert text.count("1 − SSIM against MSE") == text.count("1 − SSIM as high as") == 1
    assert text.count("noise 0.1, 50 steps, seed 0.") == 1
    for label in ("cat, 24 × 24 pixels", "dog, 32 × 16 pixels"):
        assert text.count(label) == 1
    other = words_of(sheet("unlike", width="slide"))
    assert "1 − SSIM against MSE, cat, 24 × 24 pixels" in other
    assert "LASI against LPIPS (AlexNet), dog, 16 × 32 pixels, noise 0.1, gray" in other
    assert other.count("seed 0.") == 1


def test_runs_that_nothing_distinguishes_are_numbered() -> None:
    text = words_of(mad_sheet([ALIKE[0], ALIKE[0]]))
    assert "1: cat" in text
    assert "2: cat" in text


def test_rows_and_images_have_the_names_that_are_chosen() -> None:
    figure = mad_sheet(ALIKE, rows="One,Two", labels="in,noisy,(a),(b),(c),(d)", show="pairs,differences")
    text = words_of(figure)
    for words in ("One", "Two", "in", "noisy", "(a)", "For MSE, (a) differs by", "(d) − in, ×"):
        assert words in text
    assert "A:" not in text
    assert "cat" not in text
    with pytest.raises(ArgumentError, match="rows must name 2 runs, got 3 names"):
        mad_sheet(ALIKE, rows="a,b,c")


def test_metric_maps_are_below_the_images_of_each_run() -> None:
    run, other = (dataclasses.replace(ALIKE[0], settings={**ALIKE[0].settings, "image": name}) for name in "ab")
    figure = mad_sheet([run, other], maps=make_maps(run), show="AB,metric-maps", width="single")
    assert_nothing_overlaps_or_is_cut_off(figure, 6.5)
    text = words_of(figure)
    assert text.count("Map of 1 − SSIM") == text.count("Map of MSE") == 2
    assert len([pixels for pixels in pixels_of(figure) if pixels.ndim == 3]) == 2 * (4 + 4)


def test_a_pair_alone_has_no_trace_of_the_other() -> None:
    figure = mad_sheet(ALIKE, show="CD")
    assert len(images_of(figure)) == 8
    assert "A:" not in words_of(figure)
    assert "C:" in words_of(figure)
    one = mad_sheet(ALIKE[0], show=["AB", "curves", "others"])
    assert len(images_of(one)) == 4
    assert not {"C", "D", "C:"} & {text.get_text() for text in texts_of(one)}


def test_parts_of_one_run_are_refused_for_several_and_so_are_too_many_runs() -> None:
    with pytest.raises(ArgumentError, match="show must be of AB, CD, differences, metric-maps for several runs, got"):
        mad_sheet(ALIKE, show="pairs,curves")
    with pytest.raises(ArgumentError, match="runs must be at most 24, got 25"):
        mad_sheet([ALIKE[0]] * 25)
    with pytest.raises(ArgumentError, match="runs must be at least one"):
        mad_sheet([])


def test_drift_and_sentences_can_be_left_out() -> None:
    for runs in (ALIKE, ALIKE[0]):
        words, less = words_of(mad_sheet(runs)), words_of(mad_sheet(runs, drift=False, sentence=False))
        for text in ("within 0.2 %", " kept", "For MSE, A differs by"):
            assert text in words
            assert text not in less


def test_title_and_footer_are_those_that_are_written_or_none() -> None:
    for runs in (ALIKE, ALIKE[0]):
        words = words_of(mad_sheet(runs, title="My title", footer="My footer"))
        nothing = words_of(mad_sheet(runs, title="none", footer="none"))
        assert "My title" in words
        assert "My footer" in words
        for text in ("1 − SSIM against MSE", "seed 0", "none", "My"):
            assert text not in nothing
        for text in ("1 − SSIM against MSE", "seed 0"):
            assert text not in words


@pytest.mark.parametrize("runs", [ALIKE, ALIKE[0]])
def test_a_slide_has_its_shape_and_its_content_fits(runs: Run | tuple[Run, ...]) -> None:
    figure = mad_sheet(runs, width="16:9", title="A talk")
    assert figure.get_figwidth() / figure.get_figheight() == pytest.approx(16 / 9, rel=2e-3)
    assert_nothing_overlaps_or_is_cut_off(figure, 12)


@pytest.mark.parametrize("millimeters", [70, 130, 131, 183.5])
def test_a_width_in_millimeters_is_kept_with_the_largest_text(millimeters: float) -> None:
    largest = mad_sheet(ALIKE[0], width=millimeters, font_size=6.5 if millimeters > 80 else 5, show="pairs")
    assert largest.get_figwidth() * MM == pytest.approx(millimeters)
    assert_nothing_overlaps_or_is_cut_off(largest, 6.5)


def test_a_caption_says_what_is_common_once_and_names_each_row() -> None:
    text = caption(ALIKE, show="AB", labels="a,b,c,d")
    assert text.count("1 − SSIM and MSE") == text.count("noise 0.1") == 1
    for label in ("cat, 24 × 24 pixels: For MSE, a differs by", "dog, 32 × 16 pixels: For MSE, a differs by"):
        assert label in text
    assert "c differs" not in text
    assert "c and d" not in text
    assert short_caption(ALIKE[0], show="CD").endswith(
        "C and D differ as much and as little as possible for MSE and equally for 1 − SSIM."
    )
    mixed = short_caption(UNLIKE)
    assert "competitions (3 runs) between one metric and the other" in mixed
    assert len(mixed) < 300


def test_functions_take_every_option_that_is_declared() -> None:
    assert set(SheetOptions.__annotations__) == set(SHEET_SETTINGS)
