"""The command line: results alone on standard output, and one sentence for an error."""

import dataclasses
import importlib.metadata
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from mad_app.__main__ import main
from mad_app.cli import app as launch
from mad_app.cli.main import EARLIER_NAMES, program
from mad_app.cli.options import option_of
from mad_app.distortions import DISTORTIONS
from mad_app.figures.animation import animation_bytes
from mad_app.figures.captions import caption, short_caption
from mad_app.figures.export import figure_bytes
from mad_app.figures.tables import table_text
from mad_app.figures.web_page.page import run_page, series_page
from mad_app.images import save_png
from mad_app.metrics import METRICS, describe_metrics, find_devices
from mad_app.records import is_resumable, load_record, load_series, shelf_root
from mad_app.request import REQUEST_SETTINGS
from mad_app.runs.series import PRESETS, SeriesSpec
from tests.mad_app.cli.command_line import SMALL, assert_refused, invoke


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps with all other metrics."""
    root = tmp_path_factory.mktemp("runs")
    done = invoke(*SMALL[:-2], "--steps", 5, "--out", root)
    assert done.exit_code == 0
    (folder,) = root.iterdir()
    assert done.stdout == f"{folder}\n"
    assert done.stderr.startswith("0/5  ssim ")
    assert "\n5/5  optimized in 0:" in done.stderr
    assert "For MSE, A and B differ equally from the original (" in done.stderr
    assert "A and B: MSE " in done.stderr
    assert done.stderr.endswith("Each image used all its steps.\n")
    return folder


# ---- help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", program.commands)
def test_every_command_explains_itself(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")


def test_every_declared_setting_is_an_option_with_its_default_and_range() -> None:
    text = " ".join(invoke("compete", "--help").stdout.split())
    for declared in REQUEST_SETTINGS.values():
        if declared.hidden:
            assert f"--{declared.option}" not in text
            continue
        assert declared.name == "image" or f"--{declared.option} " in text
        assert declared.name == "image" or " ".join(declared.help.split())[:40] in text
        assert not declared.none or f"default: {declared.none}" in text
    for shown in ("default: lasi", "default: 128; 16 to 2048", "default: 500; at least 1", "default: runs"):
        assert f"[{shown}]" in text
    for row in DISTORTIONS.values():
        assert f"{row.minimum:g} to {row.maximum:g} ({row.unit}); default {row.default:g}" in text


def test_a_new_setting_becomes_an_option() -> None:
    new = dataclasses.replace(
        REQUEST_SETTINGS["max_change"], name="blur_limit", option="blur-limit", aliases=("soft",), help="A trial."
    )
    command = option_of(new)(click.Command("trial", callback=lambda **asked: click.echo(asked)))
    text = " ".join(CliRunner().invoke(command, ["--help"]).stdout.split())
    assert "--blur-limit FLOAT A trial. [default: any; 0.00392 to 1]" in text
    assert "--soft" not in text
    for name in ("--blur-limit", "--soft"):
        assert CliRunner().invoke(command, [name, "0.5"]).stdout == "{'blur_limit': 0.5}\n"


@pytest.mark.parametrize(("earlier", "today"), EARLIER_NAMES.items())
def test_earlier_names_of_commands_work_and_are_not_listed(earlier: str, today: str) -> None:
    assert invoke(earlier, "--help").stdout.partition("\n\n")[2] == invoke(today, "--help").stdout.partition("\n\n")[2]
    assert earlier not in invoke("--help").stdout


def test_the_version_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2 of {name}")
    assert invoke("--version").stdout == "mad_app 1.2 of mad_app\n"

    def not_installed(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", not_installed)
    assert "not installed" in invoke("--version").stdout


# ---- compete ---------------------------------------------------------------------------------------------------------


def test_a_competition_leaves_the_record_that_was_asked_for(run_folder: Path) -> None:
    run = load_record(run_folder)
    asked = {"image": "coffee", "first": "ssim", "second": "mse", "size": 24, "seed": 3, "steps": 5, "strength": 0.1}
    assert asked.items() <= run.settings.items()
    assert run.finals.shape == (4, 24, 24, 3)
    assert run.results[0].final.keys() == METRICS.keys()
    assert run.results[0].final["lasi"] is not None
    assert run.results[0].final["ms-ssim"] is None
    assert not is_resumable(run_folder)


def test_a_strength_may_be_negative(tmp_path: Path) -> None:
    arguments = [*SMALL, "--steps", "1", "--distortion", "brightness", "--strength", "-0.2", "--out", tmp_path]
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert load_record(result.stdout.strip()).settings["strength"] == -0.2


def test_constraints_and_levels_are_asked_by_options(tmp_path: Path) -> None:
    save_png(tmp_path / "mask.png", np.tri(24, dtype=np.float32)[..., None].repeat(3, axis=2))
    options = ["--grey", "--mask", tmp_path / "mask.png", "--max-change", 0.2, "--low-pass", 6, "--second-level", 0.009]
    options += ["--seconds", 90]
    result = invoke(*SMALL, "--steps", 1, *options, "--out", tmp_path)
    assert result.exit_code == 0
    settings = load_record(result.stdout.strip()).settings
    assert settings["mask"] == str(tmp_path / "mask.png")
    expected = {
        "gray": True,
        "max_change": 0.2,
        "low_pass": 6.0,
        "first_level": None,
        "second_level": 0.009,
        "seconds": 90,
    }
    assert expected.items() <= settings.items()


@pytest.mark.parametrize("command", ["compete", "seeds"])
def test_a_time_alone_becomes_a_number_of_steps(command: str, tmp_path: Path) -> None:
    many = [] if command == "compete" else ["--count", 2]
    result = invoke(command, *SMALL[1:], *many, "--seconds", 0.5, "--out", tmp_path)
    assert result.exit_code == 0
    (line,) = (line for line in result.stderr.splitlines() if "as many as 0.5 seconds allow" in line)
    folder = Path(result.stdout.strip())
    runs = [load_record(folder)] if command == "compete" else load_series(folder).runs
    assert {run.settings["steps"] for run in runs} == {int(line.split()[0])}
    assert {run.settings["seconds"] for run in runs} == {0.5}


def test_a_time_and_a_number_of_steps_stay_as_they_are_asked(tmp_path: Path) -> None:
    result = invoke(*SMALL, "--steps", 2, "--seconds", 90, "--out", tmp_path)
    assert "as many as" not in result.stderr
    assert load_record(result.stdout.strip()).settings["steps"] == 2


def test_a_start_may_be_a_file(tmp_path: Path) -> None:
    save_png(tmp_path / "start.png", np.full((24, 24, 3), 0.5, np.float32))
    result = invoke(*SMALL, "--steps", 1, "--start", tmp_path / "start.png", "--out", tmp_path / "runs")
    np.testing.assert_allclose(load_record(result.stdout.strip()).start, 0.5, atol=0.002)


@pytest.fixture
def their_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module in the present directory, which Python does not search by itself; it is talkative."""
    (tmp_path / "their_distance.py").write_text(
        "print('imported')\n\ndef distance(reference, image):\n    print('called')\n"
        "    return ((reference - image) ** 4).mean()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield "their_distance:distance"
    sys.modules.pop("their_distance", None)


def test_a_metric_from_the_present_directory_competes(their_module: str) -> None:
    result = invoke("compete", "--first", their_module, "--second", "mse", "--size", "16", "--steps", "2", *SMALL[-2:])
    assert result.exit_code == 0
    assert "imported\n" in result.stderr
    run = load_record(result.stdout.removesuffix("\n"))
    assert run.results[0].optimized == their_module
    assert (run.results[0].final[their_module] or 0) > (run.results[0].start[their_module] or 1)


FAILURES: list[tuple[Sequence[str], str]] = [
    (["--out", "{file}"], "could not be saved in {file}"),
]


@pytest.mark.parametrize(("arguments", "message"), FAILURES)
def test_a_failure_is_one_sentence(arguments: Sequence[str], message: str, tmp_path: Path) -> None:
    file = tmp_path / "a_file"
    file.write_text("")
    image, *options = arguments if not arguments[0].startswith("-") else ["coffee", *arguments]
    asked = ["compete", image, *SMALL[2:], "--out", str(tmp_path / "runs"), *options]
    result = invoke(*(argument.format(file=file) for argument in asked))
    result.stderr_bytes = _without_progress(result.stderr_bytes)
    assert_refused(result, message.format(file=file))
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def _without_progress(stderr: bytes) -> bytes:
    return b"".join(line for line in stderr.splitlines(keepends=True) if not line[:1].isdigit())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compete", "--size", "8"], "--size must be at least 16 and at most 2048, got 8"),
        (["compete", "--steps", "0"], "--steps must be at least 1"),
        (["compete", "--seed", "-1"], "--seed must be at least 0"),
        (["compete", "--size", "large"], "Invalid value for '--size': 'large' is not a valid integer"),
        (["compete", "--distortion", "fog"], "Invalid value for '--distortion': 'fog' is not one of 'noise', 'blur'"),
        (
            ["compete", "--first", "lpips-alex"],
            "--second must be another metric than the first, got 'lpips-alex' twice",
        ),
        (["compete", "--max-change=7"], "--max-change must be at least 0.003922 and at most 1, got 7.0"),
        (["compete", "--start", "cat", "--strength", "0.2"], "--start takes the place of a distortion: leave out --st"),
        (["compete", "--first", "nothing"], "--first must be one of lasi, "),
        (["compete", "--second", "nothing:here"], "--second nothing:here: the module nothing cannot"),
        (["compete", "--mask", "cat", "--size", "24", "--start", "rocket"], "--start rocket has "),
        (["seeds", "--distortion", "blur", "--start", "cat"], "--start takes the place of a distortion: leave out --d"),
        (["level-sweep", "--levels", "1,2", "--second-level", "1"], "--levels gives the levels: leave out --second-l"),
        (["level-sweep", "--levels", "1,x"], "--levels must be numbers with commas between them, got '1,x'"),
        (["compete", "--color"], "No such option"),
        (["figure", "."], "Missing option '--out'"),
        (["measure", "a.png"], "Missing argument 'IMG'"),
        (["nothing"], "No such command 'nothing'"),
    ],
)
def test_an_argument_that_cannot_be_used_is_named_as_it_was_typed(arguments: list[str], message: str) -> None:
    assert_refused(invoke(*arguments), message, code=2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--second", "ssim:3"], "--second ssim has no parameter"),
        (["--first", "mse:here", "--second", "mse"], "--first mse has no parameter"),
        (["--first", "lasi", "--second", "lasi:10"], "--second must be another metric than the first"),
        (["--first", "ssim+mse", "--second", "2*mse+2*ssim"], "--second must be another metric than the first"),
        (["--first", "ssim + 0*lasi"], "--first must have a finite number above 0 before each *, got '0'"),
        (["--first", "ssim+ms-ssim"], "IMAGE must have at least 161×161 pixels for ms-ssim, got 24×24"),
        (["--first", "ms-ssim"], "IMAGE must have at least 161×161 pixels for ms-ssim, got 24×24"),
        (["--strength", "0"], "--strength 0 changes nothing in this picture"),
        (["--strength", "-3"], "between 0 and 1 (standard deviation, 0–1), got -3.0"),
        (["--distortion", "jpeg", "--strength", "nan"], "got nan"),
        (["--second-level", "9"], "--second-level 9 cannot be reached from the start"),
    ],
)
def test_a_competition_that_cannot_begin_says_why(arguments: list[str], words: str, tmp_path: Path) -> None:
    result = invoke(*SMALL, "--out", tmp_path / "runs", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_finished_run_cannot_be_resumed(run_folder: Path, tmp_path: Path) -> None:
    assert_refused(invoke("resume", run_folder), "is finished: there is nothing to resume")
    assert_refused(invoke("resume", tmp_path), "run.json is missing")


# ---- figure ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "beginning"), [("a.pdf", b"%PDF-"), ("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG")])
def test_a_figure_is_drawn(run_folder: Path, tmp_path: Path, name: str, beginning: bytes) -> None:
    result = invoke("figure", run_folder, "--out", tmp_path / name, "--theme", "dark")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / name}\n")
    assert (tmp_path / name).read_bytes().startswith(beginning)


def test_a_figure_has_the_width_and_resolution_that_are_asked(run_folder: Path, tmp_path: Path) -> None:
    invoke("figure", run_folder, "--out", tmp_path / "a.png", "--width", "single", "--dpi", 100)
    with Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())) as picture:
        assert picture.width == 340


def test_a_figure_is_that_of_the_library(run_folder: Path, tmp_path: Path) -> None:
    options = ("--show", "pairs, curves", "--font-size", 8, "--theme", "dark", "--width", "single")
    invoke("figure", run_folder, "--out", tmp_path / "a.pdf", *options)
    wanted = figure_bytes(
        load_record(run_folder), "pdf", show=("pairs", "curves"), font_size=8, theme="dark", width="single"
    )
    assert (tmp_path / "a.pdf").read_bytes() == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.jpg"], "--out must end in .pdf, .svg, .png, .csv, .tex, got 'a.jpg'"),
        (
            ["--out", "a.pdf", "--width", "huge"],
            "--width must be one of single, double, slide, 16:9, or mill",
        ),
        (["--out", "a.pdf", "--theme", "gray"], "--theme must be one of light, dark, got 'gray'"),
        (
            ["--out", "a.pdf", "--show", "pairs,legs"],
            "--show must be one of pairs, AB, CD, differences, metric-maps, curves,",
        ),
        (["--out", "a.pdf", "--font-size", "40"], "--font-size must be from 5 to 10 points for width double, got 40"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(run_folder: Path, arguments: list[str], message: str) -> None:
    assert_refused(invoke("figure", run_folder, *arguments), message, code=2)


def test_several_runs_are_one_figure_with_the_options_that_are_given(run_folder: Path, tmp_path: Path) -> None:
    typed = "--show AB --no-drift --no-sentence --rows one,two --inset 0.1,0.1,0.2,0.2 --title none --width 100mm"
    result = invoke("figure", run_folder, run_folder, "--out", tmp_path / "a.pdf", *typed.split(), "--caption", "short")
    path, caption = result.stdout.splitlines()
    assert (result.exit_code, path) == (0, str(tmp_path / "a.pdf"))
    assert caption == short_caption([load_record(run_folder)] * 2, show="AB")
    wanted = figure_bytes(
        [load_record(run_folder)] * 2, "pdf", show="AB", drift=False, sentence=False, rows=["one", "two"],
        inset=(0.1, 0.1, 0.2, 0.2), title="none", width=100,
    )  # fmt: skip
    assert (tmp_path / "a.pdf").read_bytes() == wanted


def test_the_table_and_the_environment_for_latex_come_from_the_same_command(run_folder: Path, tmp_path: Path) -> None:
    invoke("figure", run_folder, "--out", tmp_path / "a.tex")
    assert (tmp_path / "a.tex").read_text() == table_text([load_record(run_folder)], "tex")
    result = invoke("figure", run_folder, "--show", "pairs", "--out", tmp_path / "a.pdf", "--caption", "latex")
    assert r"\includegraphics[width=\linewidth]{a.pdf}" in result.stdout


def test_a_file_that_cannot_be_written_is_a_failure(run_folder: Path) -> None:
    result = invoke("figure", run_folder, "--show", "pairs", "--out", "nowhere/a.pdf")
    assert_refused(result, "nowhere/a.pdf could not be saved: No such file or directory")


def test_an_animation_is_drawn(run_folder: Path, tmp_path: Path) -> None:
    result = invoke("animate", run_folder, "--out", tmp_path / "a.webp", "--theme", "dark")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.webp'}\n")
    assert (tmp_path / "a.webp").read_bytes() == animation_bytes(load_record(run_folder), "webp", theme="dark")
    assert_refused(invoke("animate", run_folder, "--out", "a.mp4"), "--out must end in .gif, .webp, got", code=2)


def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path) -> None:
    assert_refused(invoke("figure", tmp_path, "--out", "a.pdf"), "run.json is missing")


def test_a_run_becomes_a_web_page(run_folder: Path, tmp_path: Path) -> None:
    result = invoke("page", run_folder, "--out", tmp_path / "a.html")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.html'}\n")
    assert (tmp_path / "a.html").read_bytes() == run_page(load_record(run_folder))


def test_the_shelf_and_its_runs_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = "mad_app.figures.web_page.page.save_shelf_page"
    monkeypatch.setattr(save, lambda path: Path(path).write_bytes(b"the shelf"))
    for name, content in (("shelf", b"the shelf"), ("shelf/gray", run_page(load_record(shelf_root() / "gray")))):
        assert invoke("page", name, "--out", tmp_path / "a.html").exit_code == 0
        assert (tmp_path / "a.html").read_bytes() == content
    assert_refused(invoke("page", "shelf/nothing", "--out", "a.html"), "Invalid value for 'RUN'", code=2)


# ---- series ----------------------------------------------------------------------------------------------------------


def test_a_level_sweep_is_run_and_drawn(tmp_path: Path) -> None:
    arguments = ["level-sweep", *SMALL[1:], "--steps", 2, "--levels", "0.01,0.02,9", "--out", tmp_path / "runs"]
    result = invoke(*arguments)
    (folder,) = (tmp_path / "runs").iterdir()
    assert (result.exit_code, result.stdout) == (0, f"{folder}\n")
    assert result.stderr.startswith("1 of 3\n0/2  ssim ")
    assert "left out: --levels 9 cannot be reached" in result.stderr
    for command in ("sheet", "curve"):
        drawn = invoke(command, folder, "--out", tmp_path / f"{command}.png")
        assert (drawn.exit_code, drawn.stdout) == (0, f"{tmp_path / command}.png\n")
        assert (tmp_path / f"{command}.png").read_bytes().startswith(b"\x89PNG")
    assert_refused(invoke("sheet", tmp_path, "--out", "a.png"), "series.json is missing")
    page = invoke("page", folder, "--out", tmp_path / "a.html")
    assert (page.exit_code, page.stdout) == (0, f"{tmp_path / 'a.html'}\n")
    assert "MSE 9.00" in page.stderr
    assert (tmp_path / "a.html").read_bytes() == series_page(load_series(folder))


def _without_others(preset: Callable[..., SeriesSpec]) -> Callable[..., SeriesSpec]:
    def spec(**asked: object) -> SeriesSpec:
        made = preset(**asked)
        quick = tuple(dataclasses.replace(request, others="none") for request in made.requests)
        return dataclasses.replace(made, requests=quick)

    return spec


def test_seeds_and_presets_are_series_that_can_be_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = invoke("seeds", *SMALL[1:], "--steps", 1, "--count", 2, "--out", tmp_path).stdout.strip()
    assert [run.seed for run in load_series(seeds).runs] == [3, 4]
    name = "wang-simoncelli-2008"
    monkeypatch.setitem(PRESETS, name, _without_others(PRESETS[name]))
    preset = invoke("preset", name, "--size", 16, "--steps", 1, "--out", tmp_path).stdout.strip()
    assert len(load_series(preset).runs) == 8
    resumed = invoke("resume", preset)
    assert (resumed.exit_code, resumed.stdout) == (0, f"{preset}\n")


# ---- measure and metrics ---------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    gray = np.full((20, 24, 3), 0.2, np.float32)
    save_png(tmp_path / "ref.png", gray)
    save_png(tmp_path / "img.png", gray + np.float32(0.4))
    return tmp_path / "ref.png", tmp_path / "img.png"


def test_measures_in_json_stand_alone_on_standard_output(run_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = [str(run_folder / name) for name in ("reference.png", "start.png")]
    program(["measure", *files, "--json"], standalone_mode=False)
    values = json.loads(capfd.readouterr().out)
    assert list(values) == list(METRICS)
    start = load_record(run_folder).results[0].start
    for name, value in values.items():
        assert (value is None) == (start[name] is None)
        if value is not None:
            assert value == pytest.approx(start[name], rel=0.05)


def test_measures_are_a_table_for_people(pictures: tuple[Path, Path]) -> None:
    names = ["mse", "ms-ssim", "lpips-squeeze", "haarpsi"]
    result = invoke("measure", *pictures, *(part for name in names for part in ("--metric", name)))
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert list(lines) == names
    assert float(lines["mse"]) == pytest.approx(0.16, rel=0.01)
    assert lines["ms-ssim"] == "–  needs pictures of at least 161 pixels"
    squeeze = next(known for known in describe_metrics() if known.spec.name == "lpips-squeeze")
    assert lines["lpips-squeeze"] == f"–  {squeeze.reason}" or squeeze.available


def test_a_sum_competes_and_is_recorded_described_and_measured(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    asked = ["compete", "coffee", "--first", "0.5*ssim + mse", "--second", "mse", "--size", "16", "--steps", "3"]
    result = invoke(*asked, "--others", "none", "--out", tmp_path / "runs")
    assert result.exit_code == 0
    assert "For MSE + 0.5 (1 − SSIM), A differs " in result.stderr
    run = load_record(result.stdout.removesuffix("\n"))
    assert (run.results[0].optimized, run.settings["first"]) == ("mse+0.5*ssim", "mse+0.5*ssim")
    assert run.weights == {"mse+0.5*ssim": None, "mse": None}
    assert "between MSE + 0.5 (1 − SSIM) and MSE on coffee" in caption(run)
    assert figure_bytes(run, "png").startswith(b"\x89PNG")
    measured = invoke("measure", *pictures, "--metric", "mse+0.5*ssim", "--metric", "mse", "--metric", "ssim")
    values = {name: float(value) for name, value in map(str.split, measured.stdout.splitlines())}
    assert values["mse+0.5*ssim"] == pytest.approx(values["mse"] + 0.5 * values["ssim"], rel=1e-4)
    assert "\nssim: Color: R, G and B each by itself" in f"\n{measured.stderr}"


def test_chosen_metrics_alone_are_measured(pictures: tuple[Path, Path], their_module: str) -> None:
    result = invoke("measure", *pictures, "--json", "--metric", their_module, "--metric", "mse", "--metric", "ms-ssim")
    values = json.loads(result.stdout)
    assert values == {
        "mse": pytest.approx(0.16, rel=1e-4),
        "ms-ssim": None,
        their_module: pytest.approx(0.4**4, rel=1e-4),
    }


def test_what_cannot_be_measured_is_refused(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    save_png(tmp_path / "wide.png", np.zeros((20, 30, 3), np.float32))
    sizes = f"IMG {tmp_path / 'wide.png'} has 30 × 20 pixels, but {pictures[0]} has 24 × 20: both must be of one size"
    assert_refused(invoke("measure", pictures[0], tmp_path / "wide.png"), sizes, code=2)
    unknown = invoke("measure", *pictures, "--metric", "nothing")
    assert_refused(unknown, "--metric must be one of lasi, ", code=2)
    gone = invoke("measure", pictures[0], tmp_path / "gone.png", "--json")
    assert_refused(gone, "gone.png does not exist", code=2)


def test_the_metrics_are_listed_with_what_they_need() -> None:
    lines = invoke("metrics").stdout.splitlines()
    for line, known in zip(lines[1:], describe_metrics(), strict=False):
        row = known.spec
        assert line.split()[:2] == [row.name, row.framework]
        assert f"  {row.minimum_size} px  " in line
        assert line.endswith(row.source)
        if known.reason:
            assert f"{row.name} is not available: {known.reason}." in lines
    assert any(line.startswith("lasi:N sets its neighborhood size, a whole number from 1 to 50") for line in lines)
    devices = find_devices()
    assert lines[-1 - 2 * len(devices.problems)] == devices.sentence()


def test_a_terminal_that_lacks_letters_gets_question_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="koi8-r"))
    monkeypatch.setattr(sys, "argv", ["mad_app", "metrics"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    sys.stdout.flush()
    assert b"Severo, Theis, Ball?" in written.getvalue()


# ---- app -------------------------------------------------------------------------------------------------------------


def test_the_app_is_opened_with_the_servers_options(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[list[str], bool, bool]] = []

    def open_app(options: Sequence[str], *, open_to_all: bool, share: bool) -> int:
        opened.append((list(options), open_to_all, share))
        return 3

    monkeypatch.setattr(launch, "open_app", open_app)
    assert invoke("app", "--server.port", "8600").exit_code == 3
    assert invoke("app", "--open-to-all").exit_code == 3
    assert opened == [(["--server.port", "8600"], False, False), ([], True, False)]
    assert invoke("app", "--share", "--server.port", "8600").exit_code == 3
    assert opened[-1] == (["--server.address=0.0.0.0", "--server.headless=true", "--server.port", "8600"], False, True)
