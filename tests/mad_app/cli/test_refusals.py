"""Misuse exits with 2 and a sentence that names what was typed; a failure exits with 1. No command shows a stack trace
or a name from inside the program."""

import dataclasses
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from mad_app.cli import app as launch
from mad_app.cli.main import program
from mad_app.declaration import Setting
from mad_app.distortions import DISTORTIONS
from mad_app.images import save_png
from mad_app.records import Keyframes, Run, save_run, save_series
from mad_app.request import REQUEST_SETTINGS
from tests.mad_app.cli.command_line import SMALL, assert_refused, invoke
from tests.mad_app.figures.sheet_runs import make_sheet_run

HUGE = ("1e400", "-1e400", "nan", "1" + "0" * 40)
"""Numbers beyond those of any setting."""

COMPETING = {"compete": (), "seeds": (), "level-sweep": ("--levels", "0.01,0.02")}
"""Commands that ask for a whole competition, to what they need beside it."""


def _wrong(declared: Setting) -> Iterator[str]:
    """Texts that give no value of a setting."""
    if declared.file:
        yield ""
        yield "nowhere.png"
        yield "."
    elif declared.kind is int:
        yield from (*HUGE, "1.5", "many", "")
    elif declared.kind is float:
        yield from (*HUGE[:3], "many", "")
    if declared.maximum is not None:
        yield str(int(declared.maximum) + 1)
    for lowest, less in ((declared.minimum, 1), (declared.above, 0)):
        if lowest is not None:
            yield str(int(lowest) - less if less else int(lowest))


WRONG = [
    (declared, text)
    for declared in REQUEST_SETTINGS.values()
    if declared.name not in ("image", "first", "second", "distortion", "others", "strength")
    for text in dict.fromkeys(_wrong(declared))
]


LAST_WRONG = {declared.name: (declared, text) for declared, text in WRONG}.values()
ASKED = [
    *(("compete", declared, text) for declared, text in WRONG),
    *((command, declared, text) for command in ("seeds", "level-sweep") for declared, text in LAST_WRONG),
]
"""Every wrong value for one command, and one of each setting for the others, which have the same options."""


@pytest.mark.parametrize(
    ("command", "declared", "text"), ASKED, ids=[f"{command}-{one.option}={text!r:.12}" for command, one, text in ASKED]
)
def test_a_wrong_value_is_refused_under_its_option(command: str, declared: Setting, text: str, tmp_path: Path) -> None:
    asked = [command, *SMALL[1:], *COMPETING[command], "--out", tmp_path / "runs", f"--{declared.option}={text}"]
    of_a_file = command == "seeds" and declared.name == "start_file" and text
    assert_refused(invoke(*asked), "--seed changes nothing" if of_a_file else f"--{declared.option}", code=2)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "text"), [*(("noise", text) for text in HUGE), *((name, "1e9") for name in DISTORTIONS)]
)
def test_a_wrong_strength_is_refused(name: str, text: str, tmp_path: Path) -> None:
    result = invoke(*SMALL, "--distortion", name, f"--strength={text}", "--out", tmp_path / "runs")
    assert_refused(result, "--strength", code=2)


@pytest.mark.parametrize("option", ["first", "second", "others"])
@pytest.mark.parametrize("text", ["", "nothing", "lasi:", "lasi:999999999999", "mse:3", "nothing:here", "math:nothing"])
def test_a_name_that_is_no_metric_is_refused(option: str, text: str, tmp_path: Path) -> None:
    assert_refused(invoke(*SMALL, f"--{option}={text}", "--out", tmp_path / "runs"), f"--{option} ", code=2)


CASES: list[tuple[str, str]] = [
    ("compete nowhere.png", "IMAGE nowhere.png does not exist"),
    ("compete ''", "the name is empty"),
    ("compete damaged.png --size 24", "IMAGE damaged.png is not a picture"),
    ("compete coffee --mask damaged.png --size 24", "--mask damaged.png is not a picture"),
    ("compete coffee --size 24 --first ms-ssim --second mse", "IMAGE must have at least 161×161 pixels for ms-ssim"),
    ("compete coffee --size 24 --first ssim --second mse --strength 0", "--strength"),
    ("compete coffee --size 24 --first ssim --second mse --second-level 9", "--second-level 9 cannot be reached"),
    ("compete coffee --size 24 --first ssim --second mse --first-level 1e39", "--first-level 1e+39 cannot be reached"),
    ("compete coffee --size 24 --low-pass 1e308 --first ssim --second mse --second-level 9", "--second-level 9 cannot"),
    ("compete --color", "No such option"),
    ("level-sweep --levels 0.01", "--levels must be at least two different ones"),
    ("level-sweep --levels 1,1e400", "--levels must be finite and above 0, got inf"),
    ("level-sweep --levels nan,1", "--levels must be above 0, got nan"),
    ("level-sweep --levels 0,1", "--levels must be above 0, got 0.0"),
    ("level-sweep --levels 1,x", "--levels must be numbers with commas between them"),
    ("level-sweep --levels ''", "--levels must be numbers with commas between them"),
    (f"level-sweep --levels {','.join(map(str, range(1, 1002)))}", "--levels must be at most 1000, got 1001"),
    ("level-sweep --levels 1,2 --hold third", "'third' is not one of 'first', 'second'"),
    ("level-sweep coffee --size 24 --first ssim --second mse --levels 8,9", "--levels 8 cannot be reached"),
    ("level-sweep", "Missing option '--levels'"),
    ("seeds --count 10000000", "Invalid value for '--count': 10000000 is not in the range 2<=x<=1000"),
    ("seeds --count 1", "Invalid value for '--count'"),
    ("seeds --seed 2147483647", "--count 4 leads from --seed 2147483647 above the largest seed, 2147483647"),
    ("seeds --distortion blur", "--seed changes nothing"),
    ("preset nothing", "'nothing' is not"),
    ("preset wang-simoncelli-2008 nowhere.png", "IMAGE nowhere.png does not exist"),
    ("preset wang-simoncelli-2008 --seconds 0", "--seconds must be above 0"),
    ("preset wang-simoncelli-2008 --size 8", "--size must be at least 16"),
    ("resume nowhere", "Invalid value for 'RUN'"),
    ("resume damaged.png", "Invalid value for 'RUN'"),
    ("resume ''", "Invalid value for 'RUN'"),
    *((f"figure a_run --out a.pdf {wrong}", wrong.split()[0]) for wrong in (
        "--show ''", "--show legs", "--show pairs,", "--width huge", "--width 20", "--theme gray", "--font Nowhere",
        "--labels A,B", "--rows a,b", "--inset 1,1,1", "--inset 0,0,9,9", f"--title {'x' * 300}", "--caption tiny",
        "--font-size nan", "--font-size 1e400", "--font-size 1e9", "--font-size 1", "--dpi nan", "--dpi 1e400",
        "--dpi 1", "--dpi x", "--out a.jpg", "--out ''", "--out .", "--out .pdf",
    )),
    ("figure a_run --out a.png --width slide --dpi 2400", "--dpi must be at most "),
    ("figure a_run a_run --show pairs,curves --out a.pdf", "--show must be of AB, CD, differences, metric-maps for"),
    ("figure a_run a_run --rows cat --out a.csv", "--rows must name 2 runs, got 1 name"),
    (f"figure {'a_run ' * 25} --out a.pdf", "RUN must be at most 24, got 25"),
    ("figure a_run --out a.csv --caption long", "--caption describes a figure, but a.csv is a table"),
    ("figure a_run nowhere --out a.pdf", "Invalid value for 'RUN...'"),
    ("figure a_run", "Missing option '--out'"),
    *((f"animate a_run --out a.gif {wrong}", wrong.split()[0]) for wrong in ("--theme gray", "--out a.pdf")),
    ("animate '' --out a.gif", "Invalid value for 'RUN'"),
    *((f"{command} a_series --out a.pdf {wrong}", wrong.split()[0]) for command in ("sheet", "curve")
      for wrong in ("--width huge", "--out a.gif")),
    *((f"{command} a_series --out a.{kind}", "a_series is a series: draw it by sheet, curve or page")
      for command, kind in (("figure", "pdf"), ("figure a_run", "pdf"), ("animate", "gif"))),
    ("sheet a_run --out a.pdf", "a_run is a run: draw it by figure, animate or page"),
    ("sheet nowhere --out a.pdf", "Invalid value for 'SERIES'"),
    ("curve '' --out a.pdf", "Invalid value for 'SERIES'"),
    *((f"page a_run --out a.html {wrong}", wrong.split()[0]) for wrong in ("--out a.pdf", "--out ''")),
    ("page nowhere --out a.html", "Invalid value for 'RUN'"),
    ("page a_run", "Missing option '--out'"),
    ("campaign nowhere.toml", "Invalid value for 'FILE'"),
    ("campaign damaged.png", "damaged.png"),
    ("tournament nowhere.toml --out a.pdf", "Invalid value for 'FILE'"),
    ("tournament damaged.png --out a.pdf", "damaged.png"),
    ("measure nowhere.png gray.png", "REF nowhere.png does not exist"),
    ("measure gray.png damaged.png", "IMG damaged.png is not a picture"),
    ("measure gray.png wide.png", "IMG wide.png has 30 × 20 pixels"),
    ("measure gray.png gray.png --metric nothing", "--metric must be one of lasi, "),
    ("measure gray.png gray.png --metric lasi:999", "--metric lasi: must be followed by"),
    ("measure gray.png gray.png --metric ''", "--metric must be one of"),
    ("measure gray.png gray.png --metric nothing:here", "--metric nothing:here: the module nothing cannot be"),
    ("directions nowhere.png", "IMAGE nowhere.png does not exist"),
    ("directions coffee --size 8", "--size must be at least 16"),
    ("lesson nothing --out a.pdf", "NAME must be one of mad, "),
    ("lesson mad", "Missing option '--out'"),
    ("lesson mad --out a.pdf --address b\udcff", "--address must be text"),
    ("figure /dev/null --out a.pdf", "/dev/null is no folder"),
    ("compete '  ' --size 24", "IMAGE '  ' does not exist"),
    ("compete 'a\nb' --size 24", "IMAGE 'a\\nb' does not exist"),
    ("compete coffee --size 24 --second-level inf", "--second-level must be finite and above 0, got inf"),
    ("metrics all", "unexpected extra argument"),
    ("nothing", "No such command 'nothing'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, a run and a series."""
    root = tmp_path_factory.mktemp("place")
    save_png(root / "gray.png", np.full((20, 24, 3), 0.5, np.float32))
    save_png(root / "wide.png", np.full((20, 30, 3), 0.5, np.float32))
    (root / "runs").mkdir()
    (root / "damaged.png").write_bytes(b"no picture")
    save_run(make_sheet_run(first="ssim", second="mse"), root).rename(root / "a_run")
    requests = [{**make_sheet_run(first="ssim", second="mse").settings, "second_level": i / 10} for i in (1, 2)]
    series = save_series("level_sweep", "second_level", requests, root)
    run = make_sheet_run(first="ssim", second="mse")
    save_run(_with_level(run, 0.1), series)
    (series / "damaged").mkdir()
    (series / "damaged" / "run.json").write_text("{")
    series.rename(root / "a_series")
    return root


def _with_level(run: Run, level: float) -> Run:
    return dataclasses.replace(run, settings={**run.settings, "second_level": level})


@pytest.mark.parametrize(("line", "message"), CASES)
def test_misuse_exits_with_2(line: str, message: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    result = invoke(*shlex.split(line))
    assert result.exit_code == 2
    assert message in result.stderr.partition("\nError: ")[2]
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not any(f" {name} " in result.stderr for name in REQUEST_SETTINGS if "_" in name)
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("resume a_run", "nothing to resume"),
        ("page . --out a.html", "is no run but a folder of runs: name one of them, such as "),
        ("figure a_run --show pairs --out nowhere/a.pdf", "nowhere/a.pdf could not be saved"),
        (
            "compete coffee --size 24 --first ssim --second mse --others none --steps 1 --out gray.png",
            "could not be saved",
        ),
    ],
)
def test_a_failure_exits_with_1(line: str, message: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert_refused(invoke(*shlex.split(line)), message)


def test_every_command_is_walked() -> None:
    walked = {line.split()[0] for line, _ in CASES}
    assert walked >= set(program.commands) - {"app"}
    assert {name for name, command in program.commands.items() if _asks_for_settings(command)} == set(COMPETING)


def _asks_for_settings(command: click.Command) -> bool:
    return {parameter.name for parameter in command.params} >= REQUEST_SETTINGS.keys()


def test_a_wrong_number_of_runs_at_a_time_is_misuse_of_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "open_app", lambda _: pytest.fail("opened"))
    monkeypatch.setenv("MAD_APP_JOBS", "many")
    assert_refused(invoke("app"), "MAD_APP_JOBS", code=2)


def test_a_record_may_be_the_present_folder(place: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(place / "a_run")
    assert invoke("figure", "../a_run/../a_run", "--show", "AB", "--out", tmp_path / "a.svg").exit_code == 0
    for command, name in (("figure", "a.svg"), ("animate", "a.webp")):
        assert invoke(command, ".", "--out", tmp_path / name).exit_code == 0
    assert_refused(invoke("resume", "."), "nothing to resume")
    monkeypatch.chdir(place / "a_series")
    for command in ("sheet", "curve"):
        assert invoke(command, ".", "--out", tmp_path / "a.pdf").exit_code == 0


def test_an_animation_without_its_damaged_keyframes_says_so(tmp_path: Path) -> None:
    run = make_sheet_run(first="ssim", second="mse")
    keyframes = Keyframes(np.zeros(1, np.int64), np.zeros((1, *run.finals.shape), np.uint8))
    folder = save_run(dataclasses.replace(run, keyframes=keyframes), tmp_path / "runs")
    (folder / "keyframes.npz").write_bytes(b"damaged")
    result = invoke("animate", folder, "--out", tmp_path / "a.webp")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'a.webp'}\n")
    assert "keyframes.npz" in result.stderr


def test_what_a_series_lacks_is_named_with_the_command_that_computes_it(place: Path, tmp_path: Path) -> None:
    for command in ("sheet", "curve"):
        result = invoke(command, place / "a_series", "--out", tmp_path / "a.svg")
        assert result.exit_code == 0
        assert result.stdout == f"{tmp_path / 'a.svg'}\n"
        assert "MSE 0.200: it has not been run, or its record is missing" in result.stderr
        assert "damaged/run.json" in result.stderr
        assert f"python -m mad_app resume {place / 'a_series'}" in result.stderr
        assert "Not shown, because there is no finished run: " in (tmp_path / "a.svg").read_text()
