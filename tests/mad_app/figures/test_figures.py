"""The sheet shows true pixels and all values, nothing overlaps, and equal runs give equal bytes."""

import dataclasses
import functools
import io
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.figures import export, pair_sentence
from mad_app.figures.canvas import Kind
from mad_app.figures.export import figure_bytes, mad_sheet, save_figure
from mad_app.figures.measures import SMALLEST_FONT, WIDTHS
from mad_app.figures.options import PARTS, UNASKED, sheet_settings
from mad_app.figures.text import image_title, metric_title, number
from mad_app.images import from_uint8, to_uint8
from mad_app.records import RecordError

from .sheet_runs import broken_run, make_maps, make_sheet_run, one_point_run
from .shown import assert_nothing_overlaps_or_is_cut_off, images_of, pixels_of, texts_of, words_in_svg

TOGETHER = {
    "single": ("AB differences", "pairs others", "curves others", " ".join(PARTS)),
    "double": ("CD curves", "differences others", "AB metric-maps curves", " ".join(PARTS)),
}
"""Parts one below another, by the width of the sheet; each part alone is drawn in both."""

ALONE = [[part] for part in PARTS]
BELOW_ONE_ANOTHER = [(width, parts.split()) for width, together in TOGETHER.items() for parts in together]

RUNS = {
    "square": make_sheet_run(),
    "wide": make_sheet_run((20, 160)),
    "tall": make_sheet_run((160, 20)),
    "long names": make_sheet_run(first="module:abcdefghijklmnopqrst", second="ms-ssim:" + "W" * 20, scale=1.234e-7),
    "large values": make_sheet_run(scale=987.6),
    "one point": one_point_run(),
    "broken": broken_run(),
}

MAPS = make_maps(RUNS["square"])


@functools.cache
def default_sheet(name: str, width: str = "double") -> Figure:
    """A sheet that several tests look at and none changes."""
    return mad_sheet(RUNS[name], width=width)


# ---- nothing overlaps or is cut off ----------------------------------------------------------------------------------


OVERLAPS = {
    "single": ("square", "tall", "long names", "large values"),
    "double": ("square", "wide", "long names", "one point", "broken"),
    "slide": ("square",),
}
"""What a sheet of each width might have no room for."""


@pytest.mark.parametrize(("width", "name"), [(width, name) for width, names in OVERLAPS.items() for name in names])
def test_nothing_overlaps_and_nothing_is_cut_off(name: str, width: str) -> None:
    figure = mad_sheet(RUNS[name], width=width, show=set(UNASKED) - {"differences" if name == "large values" else ""})
    assert_nothing_overlaps_or_is_cut_off(figure, WIDTHS[width].font)


@pytest.mark.parametrize(("width", "parts"), [*itertools.product(TOGETHER, ALONE), *BELOW_ONE_ANOTHER])
def test_any_parts_and_sizes_of_text_go_together(parts: Sequence[str], width: str) -> None:
    for font in (WIDTHS[width].largest_font, *([SMALLEST_FONT] if len(parts) == len(PARTS) else [])):
        figure = mad_sheet(RUNS["square"], maps=MAPS, width=width, font_size=font, show=parts)
        assert_nothing_overlaps_or_is_cut_off(figure, font)
        assert {text.get_fontsize() for text in texts_of(figure)} == {font}


@pytest.mark.parametrize("width", ["single", "double", "slide"])
def test_a_sheet_has_its_width_and_no_small_text(width: str) -> None:
    figure = default_sheet("square", width)
    assert figure.get_figwidth() == {"single": 3.4, "double": 7.0, "slide": 12.8}[width]
    assert min(float(text.get_fontsize()) for text in texts_of(figure)) >= 6.5


def test_a_sheet_fits_on_a_page_if_need_be_without_the_other_metrics() -> None:
    column = default_sheet("square", "single")
    assert column.get_figheight() < 9.3
    assert "MSE" not in [text.get_text() for text in texts_of(column)]
    asked = mad_sheet(RUNS["square"], width="single", show=UNASKED)
    assert "MSE" in [text.get_text() for text in texts_of(asked)]
    assert "MSE" in [text.get_text() for text in texts_of(default_sheet("square"))]


# ---- what is shown is true -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "width"), [((24, 24), "double"), ((33, 57), "single"), ((70, 31), "slide")])
def test_a_png_shows_the_very_pixels(shape: tuple[int, int], width: str) -> None:
    run = make_sheet_run(shape)
    figure = mad_sheet(run, width=width)
    page = np.asarray(Image.open(io.BytesIO(figure_bytes(run, "png", width=width))).convert("RGB"))
    expected = [to_uint8(image) for image in (run.reference, run.start, *run.finals)]
    found = []
    for image in images_of(figure):
        x0, y0, x1, y1 = image.get_window_extent().extents
        assert np.allclose([x0, y0, x1, y1], np.round([x0, y0, x1, y1]), atol=1e-6)
        cut = page[page.shape[0] - round(y1) : page.shape[0] - round(y0), round(x0) : round(x1)]
        factor = cut.shape[0] // shape[0]
        assert cut.shape == (factor * shape[0], factor * shape[1], 3)
        found.append(cut[::factor, ::factor])
        np.testing.assert_array_equal(cut, found[-1].repeat(factor, 0).repeat(factor, 1))
    assert len(found) == 10
    for pixels in expected:
        assert any(np.array_equal(pixels, shown) for shown in found)


def test_maps_are_the_differences_from_the_original_about_mid_gray() -> None:
    run, figure = RUNS["square"], default_sheet("square")
    gains = [float(text.get_text().split("× ")[1]) for text in figure.texts if "− original, ×" in text.get_text()]
    shown = pixels_of(figure)
    for image, gain in zip(map(from_uint8, run.images_8bit), gains, strict=True):
        wanted = np.rint(255 * np.clip(0.5 + gain * (image - run.reference), 0, 1))
        assert any(np.abs(array - wanted).max() <= 1 for array in shown)
        assert 0.15 < np.percentile(np.abs(gain * (image - run.reference)), 99.5) <= 0.4501
    assert gains[0] == gains[1]
    assert gains[2] == gains[3]


def test_every_value_is_written_as_text() -> None:
    run = RUNS["square"]
    words = words_in_svg(figure_bytes(run, "svg"))
    for result in run.results:
        optimized = result.optimized
        assert f"{number(result.start[optimized])} → {number(result.final[optimized])}" in words
        assert f"{number(result.final[result.fixed])} kept" in words
        assert "within 0.2 %" in words
        for name in ("lpips-vgg", "mse", "ms-ssim"):
            assert number(result.final[name]) in words
            assert metric_title(name) in words
    text = " ".join(words)
    for i, result in enumerate(run.results):
        assert image_title(i, result.optimized) in text
    assert pair_sentence(run, 0) in text
    assert pair_sentence(run, 1) in text
    for word in ("LASI", "LPIPS (AlexNet)", "original", "start", "astronaut", "noise 0.1", "seed 0", "steps"):
        assert word in text
    assert "Squeeze" not in text


def test_a_metric_that_left_its_level_is_not_called_kept() -> None:
    images = [dataclasses.replace(result, drift_8bit=-0.2) for result in RUNS["square"].results]
    words = words_in_svg(figure_bytes(dataclasses.replace(RUNS["square"], results=tuple(images)), "svg"))
    assert "off by 20 %" in words
    assert not [word for word in words if word.endswith("kept")]


def test_the_earlier_name_of_a_part_still_works() -> None:
    by_earlier_name = mad_sheet(RUNS["square"], show=("jury",))
    assert "MSE" in [text.get_text() for text in texts_of(by_earlier_name)]
    assert sheet_settings(show="maps").parts == ("differences",)


def test_metric_maps_are_shown_on_one_scale_a_metric_with_its_bar() -> None:
    figure = mad_sheet(RUNS["square"], maps=MAPS, show="metric-maps")
    shown = pixels_of(figure)
    inferno = matplotlib.colormaps["inferno"]
    for levels, peak in ((MAPS.first[0], MAPS.first_peak[0]), (MAPS.second[0], MAPS.second_peak[0])):
        values = levels / 255 * peak[:, None, None]
        top = np.percentile(values, 99.5)
        for of_image in values:
            wanted = np.rint(255 * inferno(np.clip(of_image / top, 0, 1))[..., :3])
            assert any(array.shape == wanted.shape and np.abs(array - wanted).max() <= 1 for array in shown)
        assert f"≥ {number(top)}" in [text.get_text() for text in texts_of(figure)]
    assert any(np.array_equal(to_uint8(from_uint8(RUNS["square"].images_8bit[0])), array) for array in shown)


def test_maps_of_another_step_than_the_last_are_not_shown_as_the_end() -> None:
    with pytest.raises(ArgumentError, match="show must leave out metric-maps"):
        mad_sheet(RUNS["square"], maps=dataclasses.replace(MAPS, step=np.array([49])), show="metric-maps")


def test_parts_can_be_left_out() -> None:
    run = RUNS["square"]
    assert len(images_of(mad_sheet(run, show=("pairs",)))) == 6
    words = [text.get_text() for text in texts_of(mad_sheet(run, show=("pairs", "differences")))]
    assert "steps" not in words
    assert "MSE" not in words


def test_curves_are_logarithmic_where_they_span_decades_and_show_the_level() -> None:
    def curves(figure: Figure) -> list:
        return [axes for axes in figure.axes if len(axes.lines) > 4]

    wide = curves(default_sheet("square"))
    assert [axes.get_yscale() for axes in wide] == ["log", "log"]
    for axes in wide:
        assert any(np.allclose(line.get_ydata(), 0.3) and line.get_linestyle() == "--" for line in axes.lines)
    run = RUNS["square"]
    narrow = dataclasses.replace(run, history=dataclasses.replace(run.history, first=1 + 0 * run.history.first))
    assert [axes.get_yscale() for axes in curves(mad_sheet(narrow, show=["curves"]))] == ["linear", "log"]


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_equal_runs_give_equal_bytes(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RUNS["square"]
    before = dict(matplotlib.rcParams)
    first = figure_bytes(run, kind)
    assert dict(matplotlib.rcParams) == before
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    with matplotlib.rc_context({"font.size": 30, "axes.linewidth": 9, "font.family": "serif", "savefig.bbox": "tight"}):
        assert figure_bytes(run, kind) == first


def test_threads_do_not_disturb_each_other() -> None:
    runs = [RUNS["square"], RUNS["wide"]]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda run: figure_bytes(run, "svg"), runs))
    assert found == [figure_bytes(run, "svg") for run in runs]


def test_a_pdf_keeps_its_text_and_its_pixels(tmp_path: Path) -> None:
    save_figure(RUNS["square"], tmp_path / "sheet.pdf")
    content = (tmp_path / "sheet.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.rstrip().endswith(b"%%EOF")
    assert b"/FontFile2" in content
    assert b"/ToUnicode" in content
    assert b"/Type3" not in content
    assert len(re.findall(rb"/Width 24\b", content)) == 10
    assert b"CreationDate" not in content


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_text_can_be_copied_from_a_pdf(tmp_path: Path) -> None:
    save_figure(RUNS["square"], tmp_path / "sheet.pdf")
    command = ["pdftotext", "-raw", str(tmp_path / "sheet.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert pair_sentence(RUNS["square"], 0)[:40] in text
    assert "LPIPS (VGG-16)" in text


def test_an_svg_is_valid_and_needs_no_date(tmp_path: Path) -> None:
    save_figure(RUNS["broken"], tmp_path / "sheet.svg", theme="dark")
    content = (tmp_path / "sheet.svg").read_bytes()
    assert "<script>" not in content.decode()
    assert any("<script>" in word for word in words_in_svg(content))
    assert b"dc:date" not in content


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet", "sheet.pdf.gz"])
def test_other_kinds_of_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"path must end in \.pdf, \.svg, \.png, \.csv, \.tex, got"):
        save_figure(RUNS["square"], tmp_path / name)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width": "huge"}, "width must be one of single, double, slide, 16:9, or millimeters, got 'huge'"),
        ({"width": 20}, "width must be from 70 to 420 millimeters, got '20'"),
        ({"theme": "gray"}, "theme must be one of light, dark, got 'gray'"),
        ({"show": ["pairs", "legs"]}, "metric-maps, curves, others, got 'legs'"),
        ({"show": []}, "show must name at least one of pairs, AB, CD, differences, metric-maps, curves, others"),
        ({"show": "metric-maps"}, "show must leave out metric-maps: this run lacks the maps of the metrics, which are"),
        ({"font_size": 12.0}, "font_size must be from 5 to 10 points for width double, got 12"),
        ({"font_size": float("nan")}, "font_size must be finite, got nan"),
        ({"font": "Comic Papyrus"}, "font must be latex or the name of an installed font, got 'Comic Papyrus'"),
        ({"title": "x" * 201}, "title must have at most 200 characters, got 201"),
        ({"labels": "A,B"}, "labels must be four or six names with commas between them, got 'A,B'"),
        ({"labels": "A,A,B,C"}, "labels must be different names, got 'A,A,B,C'"),
        ({"rows": "a,b"}, "rows must name 1 run, got 2 names"),
        ({"inset": "0.5,0.5,0.6,0.1"}, "inset must be left,top,width,height within 0 to 1"),
        ({"inset": "a"}, "inset must be left,top,width,height as fractions, got 'a'"),
        ({"inset": (0.25, 0.25, 0.5, 0.5)}, "inset leaves no room to show it enlarged"),
        (
            {"width": "16:9", "show": "pairs,differences,curves,others", "font_size": 18},
            "16:9 has no room for this in 18",
        ),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: dict, sentence: str) -> None:
    with pytest.raises(ArgumentError, match=re.escape(sentence)):
        mad_sheet(RUNS["square"], **options)


def test_a_figure_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sheet.PNG"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "figure_bytes", lambda *_, **__: b"new")
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(RecordError, match=r"sheet\.PNG could not be saved"):
            save_figure(RUNS["square"], path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("sheet.PNG", b"old")]
    save_figure(RUNS["square"], path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("sheet.PNG", b"new")]


def test_dots_per_inch_can_be_chosen() -> None:
    with Image.open(io.BytesIO(figure_bytes(RUNS["square"], "png", dpi=100))) as picture:
        assert picture.width == 700
