"""A series is its competitions: on disk from the start, resumed where it lacks something, drawn as it is."""

import dataclasses
import io
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.errors import ArgumentError
from mad_app.figures.export import save_level_curves, series_bytes
from mad_app.records import (
    RecordError,
    Series,
    list_runs,
    load_plan,
    load_series,
    load_summary,
    save_series,
    spread_of,
    spread_of_starts,
)
from mad_app.request import Request, request_id
from mad_app.runs import OnProgress, materialize, run_competition
from mad_app.runs.series import (
    MSE_LEVELS,
    PRESETS,
    level_sweep,
    repeated_seeds,
    resume_series,
    run_series,
    wang_simoncelli_2008,
)
from tests.mad_app.figures.shown import words_in_svg
from tests.mad_app.record_examples import assert_same_result

REQUEST = Request(image="coffee", size=24, first="ssim", second="mse", strength=0.1, steps=4, others="none")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Series:
    spec = level_sweep(REQUEST, "second", [0.02, 0.005, 5.0])
    result = run_series(spec, tmp_path_factory.mktemp("sweep"))
    assert result.finished
    assert len(result.left_out) == 1
    assert "cannot be reached from the start" in str(result.left_out[0])
    return load_series(result.folder)


# ---- what is run -----------------------------------------------------------------------------------------------------


def test_a_level_sweep_keeps_its_levels_and_leaves_out_what_is_out_of_reach(sweep: Series) -> None:
    assert [run.settings["second_level"] for run in sweep.runs] == [0.005, 0.02]
    for run, level in zip(sweep.runs, (0.005, 0.02), strict=True):
        for result in run.results[:2]:
            assert result.reported["mse"] == pytest.approx(level, rel=0.005)
    first_levels = [run.results[2].level or 0 for run in sweep.runs]
    assert first_levels[0] < first_levels[1], "the other metric keeps the value that the start has at each level"


def test_a_series_lies_in_one_folder_that_reads_without_this_program(sweep: Series) -> None:
    document = json.loads((sweep.folder / "series.json").read_text())
    assert (document["kind"], document["varied"], document["schema"]) == ("level_sweep", "second_level", 3)
    assert [request["settings"]["second_level"] for request in document["requests"]] == [0.005, 0.02, 5.0]
    assert [request["id"] for request in document["requests"]] == [
        request_id(request["settings"]) for request in document["requests"]
    ]
    assert [run.request_id for run in sweep.runs] == [request["id"] for request in document["requests"][:2]]
    assert {run.folder for run in sweep.runs} == {run.folder for run in list_runs(sweep.folder)}
    assert list_runs(sweep.folder.parent) == []


@pytest.mark.parametrize("stop_after", [2, 6])
def test_a_stopped_series_goes_on_bit_for_bit(tmp_path: Path, stop_after: int) -> None:
    spec, asked = repeated_seeds(REQUEST, [3, 4]), itertools.count(1)
    stopped = run_series(spec, tmp_path / "stopped", should_stop=lambda: next(asked) >= stop_after)
    assert not stopped.finished
    begun: list[str] = []
    result = resume_series(stopped.folder, on_run=lambda _, place: begun.append(place) or (lambda _: None))
    assert result.finished
    assert begun == (["1 of 2", "2 of 2"] if stop_after == 2 else ["2 of 2"])
    whole = load_series(run_series(spec, tmp_path / "whole").folder)
    for run, twin in zip(load_series(result.folder).runs, whole.runs, strict=True):
        assert run.folder is not None
        assert twin.folder is not None
        assert_same_result(run.folder, twin.folder)


def test_a_run_belongs_to_the_request_whose_id_it_has(tmp_path: Path) -> None:
    """A setting that is declared later, with a default, is in neither; an id that is stored counts."""
    requests = [dataclasses.asdict(dataclasses.replace(REQUEST, steps=1, seed=seed)) for seed in (0, 1)]
    folder = save_series("repeated_seeds", "seed", requests, tmp_path)
    run = run_competition(Request(**requests[1]), folder)
    assert load_summary(run).request_id == load_plan(folder).runs[1].request_id
    document = json.loads((run / "run.json").read_text())
    for name in ("others", "low_pass"):
        document["settings"].pop(name)
    (run / "run.json").write_text(json.dumps({**document, "future": 1}))
    done: list[str] = []
    resume_series(folder, on_run=lambda request, _: done.append(str(request.seed)) or (lambda _: None))
    assert done == ["0"]
    assert [summary.folder == run for summary in list_runs(folder)].count(True) == 1


def test_a_series_of_which_nothing_can_be_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere\.png does not exist"):
        run_series(repeated_seeds(dataclasses.replace(REQUEST, image="nowhere.png"), [0, 1]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_series_without_a_finished_run_and_a_damaged_one_are_told(tmp_path: Path) -> None:
    stopped = run_series(repeated_seeds(REQUEST, [0, 1]), tmp_path, should_stop=lambda: True)
    with pytest.raises(RecordError, match="has no finished run yet"):
        load_series(stopped.folder)
    (stopped.folder / "series.json").write_text('{"schema": 9}')
    with pytest.raises(RecordError, match="has schema 9, but this program reads up to 3: update the program"):
        resume_series(stopped.folder)


def test_lost_and_damaged_runs_are_named_and_computed_again(tmp_path: Path) -> None:
    folder = run_series(repeated_seeds(REQUEST, [0, 1, 2, 3]), tmp_path).folder
    whole = load_series(folder)
    assert (whole.missing, whole.incomplete, dict(whole.faults)) == ((), "", {})
    _, cut, broken, gone = (run.folder for run in whole.runs)
    (cut / "images.npz").write_bytes((cut / "images.npz").read_bytes()[:-100])
    (broken / "run.json").write_text("{")
    shutil.rmtree(gone)
    left = load_series(folder)
    assert [run.seed for run in left.runs] == [0]
    assert [member.planned.settings["seed"] for member in left.missing] == [1, 2, 3]
    assert "not a whole NPZ" in left.missing[0].fault
    assert left.faults.keys() == {broken.name}
    assert left.incomplete == (
        f"3 of 4 runs are missing (seed 1, seed 2, seed 3); to compute: python -m mad_app resume {folder}"
    )
    begun: list[str] = []
    assert resume_series(folder, on_run=lambda _, place: begun.append(place) or (lambda _: None)).finished
    assert begun == ["2 of 4", "3 of 4", "4 of 4"]
    again = load_series(folder)
    assert again.missing == ()
    for run, twin in zip(again.runs, whole.runs, strict=True):
        np.testing.assert_array_equal(run.finals, twin.finals)


def test_a_damaged_checkpoint_stops_no_series_and_one_series_runs_once(tmp_path: Path) -> None:
    asked = itertools.count(1)
    stopped = run_series(repeated_seeds(REQUEST, [0, 1]), tmp_path, should_stop=lambda: next(asked) >= 2)
    (run,) = list_runs(stopped.folder)
    (run.folder / "checkpoint.npz").write_bytes(b"PK")

    def follow(*_: object) -> OnProgress:
        with pytest.raises(RecordError, match="is being run by process"):
            resume_series(stopped.folder)
        return lambda _: None

    assert resume_series(stopped.folder, on_run=follow).finished
    assert len(load_series(stopped.folder).runs) == 2


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ArgumentError, match="levels must be at least two different ones, got 1"):
        level_sweep(REQUEST, "first", [0.1, 0.1])
    with pytest.raises(ValueError, match="second_level must be above 0, got -1"):
        level_sweep(REQUEST, "second", [-1, 1])
    with pytest.raises(ValueError, match="seed changes nothing: the distortion blur is the same for every seed"):
        repeated_seeds(dataclasses.replace(REQUEST, distortion="blur", strength=None), [0, 1])
    with pytest.raises(ValueError, match="a start from a file is the same for every seed"):
        repeated_seeds(dataclasses.replace(REQUEST, start_file="a.png"), [0, 1])


# ---- the figure of 2008 ----------------------------------------------------------------------------------------------


def test_the_preset_is_mse_against_ssim_in_gray_at_the_papers_noise_levels() -> None:
    plan = wang_simoncelli_2008(image="cameraman", size=32, steps=3)
    assert [round(level) for level in MSE_LEVELS] == [8, 16, 32, 64, 128, 256, 512, 1024]
    for request, level in zip(plan.requests, MSE_LEVELS, strict=True):
        assert (request.first, request.second, request.distortion, request.gray) == ("mse", "ssim", "noise", True)
        materials = materialize(request)
        reference, start = materials.reference, materials.start
        assert np.mean((255 * (start.astype(float) - reference)) ** 2) == pytest.approx(level, rel=1e-4)
        np.testing.assert_array_equal(start, np.repeat(start[..., :1], 3, axis=2))
    assert PRESETS[plan.kind] is wang_simoncelli_2008


# ---- what is drawn ---------------------------------------------------------------------------------------------------


def test_the_contact_sheet_shows_the_very_pixels_and_says_how_much_seeds_differ(tmp_path: Path) -> None:
    series = load_series(run_series(repeated_seeds(REQUEST, [0, 1, 2]), tmp_path).folder)
    starts = [run.start for run in series.runs]
    pairs = [np.sqrt(np.mean((a - b) ** 2)) for a, b in itertools.combinations(starts, 2)]
    assert spread_of_starts(series).rms == pytest.approx(np.mean(pairs), rel=1e-5)
    spread = spread_of(series, 0)
    values = [run.results[0].reported["ssim"] or 0 for run in series.runs]
    assert (spread.lowest, spread.highest) == (min(values), max(values))
    assert 0 < spread.rms < 0.5
    text = " ".join(words_in_svg(series_bytes(series, "contact sheet", "svg")))
    for words in ("with several seeds", "seed 0", "seed 2", "differ by", "1 − SSIM as high as possible, MSE kept"):
        assert words in text
    page = np.asarray(Image.open(io.BytesIO(series_bytes(series, "contact sheet", "png"))).convert("RGB"))
    for run in series.runs:
        for picture in run.images_8bit:
            assert _shows(page, picture)


def test_the_values_of_eight_columns_keep_apart(tmp_path: Path) -> None:
    from mad_app.figures.canvas import drawing
    from mad_app.figures.contact_sheet import draw_contact_sheet
    from mad_app.figures.measures import WIDTHS

    series = load_series(run_series(repeated_seeds(REQUEST, [0, 1]), tmp_path).folder)
    long = {"ssim": 0.00844, "mse": 0.00687}
    images = tuple(dataclasses.replace(result, final_8bit=long) for result in series.runs[0].results)
    series = dataclasses.replace(series, runs=(dataclasses.replace(series.runs[0], results=images),) * 8)
    with drawing():
        figure = draw_contact_sheet(series, WIDTHS["double"])
        texts = sorted((text.get_window_extent() for text in figure.texts), key=lambda box: (round(box.y0), box.x0))
    beside = [(a, b) for a, b in itertools.pairwise(texts) if abs(a.y0 - b.y0) < a.height / 2]
    assert len(beside) > 5 * 8
    assert all(b.x0 - a.x1 > a.height / 4 for a, b in beside)


def _shows(page: np.ndarray, picture: np.ndarray) -> bool:
    """Whether a page shows a picture, each pixel as a square of equal dots."""
    corners = np.argwhere((page == picture[0, 0]).all(axis=2))
    for factor in range(1, page.shape[0] // picture.shape[0] + 1):
        row = picture[0].repeat(factor, axis=0)
        for top, left in corners:
            cut = page[top : top + factor * picture.shape[0], left : left + factor * picture.shape[1]]
            whole = cut.shape[0] == factor * picture.shape[0] and cut.shape[1] == len(row)
            if whole and (cut[0] == row).all() and (cut[::factor, ::factor] == picture).all():
                return True
    return False


def test_the_curves_show_what_was_driven_over_what_was_held(sweep: Series, tmp_path: Path) -> None:
    from mad_app.figures.canvas import drawing
    from mad_app.figures.level_curves import draw_level_curves
    from mad_app.figures.measures import WIDTHS

    with drawing():
        figure = draw_level_curves(sweep, WIDTHS["double"])
    panels = [axes for axes in figure.axes if len(axes.lines) == 3]
    for panel, (up, down) in zip(panels, ((0, 1), (2, 3)), strict=True):
        for line, i in zip(panel.lines[1:], (up, down), strict=True):
            results = [run.results[i] for run in sweep.runs]
            np.testing.assert_allclose(line.get_xdata(), [result.level for result in results])
            np.testing.assert_allclose(line.get_ydata(), [result.reported[result.optimized] for result in results])
    save_level_curves(sweep, tmp_path / "a.pdf", width="slide")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(ValueError, match=r"path must end in \.pdf"):
        save_level_curves(sweep, tmp_path / "a.gif")
    with pytest.raises(ValueError, match="width must be one of single, double, slide, or millimeters, for a series"):
        save_level_curves(sweep, tmp_path / "a.pdf", width="16:9")
    with pytest.raises(ValueError, match="width must be one of single, double, slide, 16:9, or millimeters"):
        save_level_curves(sweep, tmp_path / "a.pdf", width="huge")  # type: ignore[arg-type]


@pytest.mark.parametrize("there", [False, True])
def test_a_series_without_a_run_leaves_no_folder_behind_but_those_that_were_there(tmp_path: Path, there: bool) -> None:
    root = tmp_path / "runs"
    if there:
        root.mkdir()
    with pytest.raises(ArgumentError, match="cannot be reached"):
        run_series(level_sweep(REQUEST, "second", [8.0, 9.0]), root)
    assert list(tmp_path.iterdir()) == ([root] if there else [])
    assert not there or not list(root.iterdir())
