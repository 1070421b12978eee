"""The command line: results alone on standard output, and one sentence for an error."""

import importlib.metadata
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mad_app.cli.main import app as launch
from mad_app.cli.main import program
from mad_app.distortions import DISTORTIONS
from mad_app.figures import animation_bytes, figure_bytes
from mad_app.images import save_png
from mad_app.metrics import METRICS, describe_metrics, measure_batch
from mad_app.records import is_resumable, load_run, load_series
from mad_app.runs import run as runs
from tests.mad_app.cli.command_line import ROOT, SMALL, assert_refused, invoke


@pytest.fixture
def _no_jury(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "measure_batch", partial(measure_batch, names=()))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps, through a process and with nothing left out."""
    root = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "mad_app", *SMALL, "--steps", "5", "--out", str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    (folder,) = root.iterdir()
    assert done.stdout == f"{folder}\n"
    assert done.stderr.startswith("0/5  ssim ")
    assert "\n5/5  ssim " in done.stderr
    assert "MSE finds these two equally far" in done.stderr
    assert done.stderr.endswith("Each image used its whole budget of steps.\n")
    return folder


# ---- help ------------------------------------------------------------------------------------------------------------


def test_help_lists_the_commands_and_imports_nothing_slow() -> None:
    code = "import sys, mad_app.__main__ as m\ntry: m.main()\nfinally: print('Modules:', *sys.modules)"
    command = [sys.executable, "-c", code, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    listed, _, modules = done.stdout.partition("Commands:")[2].partition("Modules:")
    assert [line.split()[0] for line in listed.splitlines() if line] == sorted(program.commands)
    assert "..." not in listed, "what a command does must fit in its line"
    assert not {"torch", "matplotlib", "streamlit", "lpips", "piq"} & set(modules.split())


@pytest.mark.parametrize("command", program.commands)
def test_every_command_explains_itself(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")


def test_help_tells_defaults_and_every_distortions_range() -> None:
    text = invoke("compete", "--help").stdout
    for default in ("lasi", "lpips-alex", "128; 16<=x<=1024", "noise", "500; x>=1", "runs"):
        assert f"[default: {default}" in " ".join(text.split())
    for row in DISTORTIONS.values():
        assert f"{row.minimum:g} to {row.maximum:g} ({row.unit}); {row.default:g} by default" in text


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2 of {name}")
    assert invoke("--version").stdout == "mad_app 1.2 of mad_app\n"

    def not_installed(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", not_installed)
    assert "without being installed" in invoke("--version").stdout


# ---- compete ---------------------------------------------------------------------------------------------------------


def test_a_competition_leaves_the_record_that_was_asked_for(run_folder: Path) -> None:
    run = load_run(run_folder)
    asked = {"image": "coffee", "first": "ssim", "second": "mse", "size": 24, "seed": 3, "steps": 5, "strength": 0.1}
    assert asked.items() <= run.settings.items()
    assert run.finals.shape == (4, 24, 24, 3)
    assert run.images[0].final.keys() == METRICS.keys()
    assert run.images[0].final["lasi"] is not None
    assert run.images[0].final["ms-ssim"] is None
    assert not is_resumable(run_folder)


@pytest.mark.usefixtures("_no_jury")
def test_a_strength_may_be_negative(tmp_path: Path) -> None:
    arguments = [*SMALL, "--steps", "1", "--distortion", "brightness", "--strength", "-0.2", "--out", tmp_path]
    result = invoke(*arguments)
    assert result.exit_code == 0
    assert load_run(result.stdout.strip()).settings["strength"] == -0.2


@pytest.mark.usefixtures("_no_jury")
def test_constraints_and_levels_are_asked_by_options(tmp_path: Path) -> None:
    save_png(tmp_path / "mask.png", np.tri(24, dtype=np.float32)[..., None].repeat(3, axis=2))
    options = ["--gray", "--mask", tmp_path / "mask.png", "--max-change", 0.2, "--low-pass", 6, "--second-level", 0.009]
    options += ["--seconds", 90]
    result = invoke(*SMALL, "--steps", 1, *options, "--out", tmp_path)
    assert result.exit_code == 0
    settings = load_run(result.stdout.strip()).settings
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


@pytest.mark.usefixtures("_no_jury")
def test_a_start_may_be_a_file(tmp_path: Path) -> None:
    save_png(tmp_path / "start.png", np.full((24, 24, 3), 0.5, np.float32))
    result = invoke(*SMALL, "--steps", 1, "--start", tmp_path / "start.png", "--out", tmp_path / "runs")
    np.testing.assert_allclose(load_run(result.stdout.strip()).start, 0.5, atol=0.002)


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


@pytest.mark.usefixtures("_no_jury")
def test_a_metric_from_the_present_directory_competes(their_module: str) -> None:
    result = invoke("compete", "--first", their_module, "--second", "mse", "--size", "16", "--steps", "2")
    assert result.exit_code == 0
    assert "imported\n" in result.stderr
    run = load_run(result.stdout.removesuffix("\n"))
    assert run.images[0].optimized == their_module
    assert (run.images[0].final[their_module] or 0) > (run.images[0].start[their_module] or 1)


REFUSALS: list[tuple[Sequence[str], str]] = [
    (["nowhere.png"], "nowhere.png does not exist or is not a file"),
    (["--first", "lasi", "--second", "lasi:10"], "lasi and lasi:10 are one metric: choose two"),
    (["--first", "nothing"], "must be one of lasi, lpips-alex"),
    (["--first", "nothing:here"], "the module nothing cannot be imported from here"),
    (["--first", "ms-ssim"], "must have at least 161×161 pixels for ms-ssim, got 24×24"),
    (["--strength", "0"], "the start must differ from the reference"),
    (["--strength", "-3"], "strength of noise must lie between 0 and 1 (pixel value), got -3.0"),
    (["--distortion", "jpeg", "--strength", "nan"], "strength of jpeg must lie between 0 and 99"),
    (["--out", "{file}"], "could not be saved in {file}"),
    (["--mask", "{file}"], "{file} is empty"),
    (["--second-level", "9"], "second_level 9 cannot be reached from the start"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSALS)
def test_what_cannot_be_done_is_told_in_one_sentence(arguments: Sequence[str], message: str, tmp_path: Path) -> None:
    file = tmp_path / "a_file"
    file.write_text("")
    asked = [
        "compete",
        "--first",
        "ssim",
        "--second",
        "mse",
        "--size",
        "24",
        "--out",
        str(tmp_path / "runs"),
        *arguments,
    ]
    result = invoke(*(argument.format(file=file) for argument in asked))
    result.stderr_bytes = _without_progress(result.stderr_bytes)
    assert_refused(result, message.format(file=file))
    assert not (tmp_path / "runs").exists()


def _without_progress(stderr: bytes) -> bytes:
    return b"".join(line for line in stderr.splitlines(keepends=True) if not line[:1].isdigit())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compete", "--size", "8"], "8 is not in the range 16<=x<=1024"),
        (["compete", "--steps", "0"], "0 is not in the range x>=1"),
        (["compete", "--seed", "-1"], "-1 is not in the range x>=0"),
        (["compete", "--distortion", "fog"], "'fog' is not one of 'noise', 'blur'"),
        (["compete", "--first", "lpips-alex"], "--first and second must be two metrics, got 'lpips-alex' twice"),
        (["compete", "--max-change", "7"], "--max-change must lie between 1/255, the step of 8 bits, and 1, got 7.0"),
        (
            ["compete", "--start", "cat", "--strength", "0.2"],
            "--start takes the place of a distortion: leave out --",
        ),
        (["seeds", "--distortion", "blur", "--start", "cat"], "a distortion: leave out --distortion"),
        (["ladder", "--levels", "1,2", "--second-level", "1"], "--levels gives the levels: leave out --second-level"),
        (["compete", "--color"], "No such option"),
        (["figure", "runs/a"], "Missing option '--out'"),
        (["measure", "a.png"], "Missing argument 'IMG'"),
        (["nothing"], "No such command 'nothing'"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_the_usage(arguments: list[str], message: str) -> None:
    assert_refused(invoke(*arguments), message, code=2)


def test_a_finished_run_cannot_be_resumed(run_folder: Path, tmp_path: Path) -> None:
    assert_refused(invoke("resume", run_folder), "is finished: there is nothing to resume")
    assert_refused(invoke("resume", tmp_path / "no_run"), "run.json is missing")


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
        load_run(run_folder), "pdf", show=("pairs", "curves"), font_size=8, theme="dark", width="single"
    )
    assert (tmp_path / "a.pdf").read_bytes() == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "a.jpg"], "path must end in .pdf, .svg, .png, got 'a.jpg'"),
        (["--out", "a.pdf", "--width", "huge"], "width must be one of single, double, slide, got 'huge'"),
        (["--out", "a.pdf", "--theme", "gray"], "theme must be one of light, dark, got 'gray'"),
        (["--out", "a.pdf", "--show", "pairs,legs"], "show must be one of pairs, maps, curves, jury, got 'legs'"),
        (["--out", "a.pdf", "--font-size", "40"], "font_size must be from 5 to 10 points for width double, got 40"),
        (["--out", "nowhere/a.pdf"], "nowhere/a.pdf could not be saved: No such file or directory"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused(run_folder: Path, arguments: list[str], message: str) -> None:
    assert_refused(invoke("figure", run_folder, *arguments), message)


def test_a_moving_picture_is_drawn(run_folder: Path, tmp_path: Path) -> None:
    result = invoke("animate", run_folder, "--out", tmp_path / "a.webp", "--theme", "dark")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.webp'}\n")
    assert (tmp_path / "a.webp").read_bytes() == animation_bytes(load_run(run_folder), "webp", theme="dark")
    assert_refused(invoke("animate", run_folder, "--out", "a.mp4"), "path must end in .gif, .webp, got 'a.mp4'")


def test_a_folder_that_holds_no_run_is_refused(tmp_path: Path) -> None:
    assert_refused(invoke("figure", tmp_path, "--out", "a.pdf"), "run.json is missing")


# ---- series ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_no_jury")
def test_a_ladder_is_run_and_drawn(tmp_path: Path) -> None:
    arguments = ["ladder", *SMALL[1:], "--steps", 2, "--levels", "0.01,0.02,9", "--out", tmp_path / "runs"]
    result = invoke(*arguments)
    (folder,) = (tmp_path / "runs").iterdir()
    assert (result.exit_code, result.stdout) == (0, f"{folder}\n")
    assert result.stderr.startswith("1 of 3\n0/2  ssim ")
    assert "left out: second_level 9 cannot be reached" in result.stderr
    for command in ("sheet", "curve"):
        drawn = invoke(command, folder, "--out", tmp_path / f"{command}.png")
        assert (drawn.exit_code, drawn.stdout) == (0, f"{tmp_path / command}.png\n")
        assert (tmp_path / f"{command}.png").read_bytes().startswith(b"\x89PNG")
    assert_refused(invoke("sheet", tmp_path, "--out", "a.png"), "series.json is missing")
    assert_refused(invoke(*arguments[:-3], "1,x"), "'1,x' is no list of numbers with commas between them", code=2)


@pytest.mark.usefixtures("_no_jury")
def test_seeds_and_presets_are_series_that_can_be_resumed(tmp_path: Path) -> None:
    seeds = invoke("seeds", *SMALL[1:], "--steps", 1, "--count", 2, "--out", tmp_path).stdout.strip()
    assert [run.seed for run in load_series(seeds).runs] == [3, 4]
    preset = invoke("preset", "wang-simoncelli-2008", "--size", 16, "--steps", 1, "--out", tmp_path).stdout.strip()
    assert len(load_series(preset).runs) == 8
    again = invoke("resume", preset)
    assert (again.exit_code, again.stdout) == (0, f"{preset}\n")


# ---- measure and metrics ---------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    gray = np.full((20, 24, 3), 0.2, np.float32)
    save_png(tmp_path / "ref.png", gray)
    save_png(tmp_path / "img.png", gray + np.float32(0.4))
    return tmp_path / "ref.png", tmp_path / "img.png"


def test_measures_in_json_stand_alone_on_standard_output(run_folder: Path) -> None:
    files = [str(run_folder / name) for name in ("reference.png", "start.png")]
    command = [sys.executable, "-m", "mad_app", "measure", *files, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    values = json.loads(done.stdout)
    assert list(values) == list(METRICS)
    start = load_run(run_folder).images[0].start
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
    assert lines["ms-ssim"] == "–  takes pictures from 161 pixels"
    squeeze = next(known for known in describe_metrics() if known.spec.name == "lpips-squeeze")
    assert lines["lpips-squeeze"] == f"–  {squeeze.reason}" or squeeze.available


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
    sizes = f"{pictures[0]} has 24 × 20 pixels, but {tmp_path / 'wide.png'} 30 × 20: they must be of one size"
    assert_refused(invoke("measure", pictures[0], tmp_path / "wide.png"), sizes)
    assert_refused(invoke("measure", *pictures, "--metric", "nothing"), "got 'nothing'")
    assert_refused(invoke("measure", pictures[0], tmp_path / "gone.png", "--json"), "gone.png does not exist")


def test_the_metrics_are_listed_with_what_they_need() -> None:
    lines = invoke("metrics").stdout.splitlines()
    for line, known in zip(lines[1:], describe_metrics(), strict=False):
        row = known.spec
        assert line.split()[:2] == [row.name, row.framework]
        assert f"  {row.minimum_size} px  " in line
        assert line.endswith(row.source)
        if known.reason:
            assert f"{row.name} is not available: {known.reason}." in lines
    assert any(line.startswith("lasi:N sets its neighborhood size, from 1 to 50") for line in lines)


def test_a_terminal_that_lacks_letters_gets_question_marks() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "koi8-r"}
    command = [sys.executable, "-m", "mad_app", "metrics"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert b"Severo, Theis, Ball?" in done.stdout


# ---- app -------------------------------------------------------------------------------------------------------------


def test_the_app_is_opened_with_the_servers_options(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Sequence[str]] = []

    def open_app(options: Sequence[str]) -> int:
        opened.append(options)
        return 3

    monkeypatch.setattr(launch, "open_app", open_app)
    assert invoke("app", "--server.port", "8600").exit_code == 3
    assert list(opened[0]) == ["--server.port", "8600"]
