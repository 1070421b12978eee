"""The page of figures: what is chosen is what is drawn and downloaded."""

import dataclasses
import shlex
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mad_app.figures.captions import caption, captions_of, short_caption
from mad_app.records import SHELF_RUNS, Label, load_record, save_label, save_run
from mad_app.ui.figure.form import FigureForm, FileKind, command_of, draw, fitting, from_query, to_query
from tests.mad_app.cli.command_line import invoke
from tests.mad_app.figures.sheet_runs import make_sheet_run
from tests.mad_app.ui.conftest import OpenPage, downloads_of, html_of, parameter

PATIENCE = 120.0
CHOSEN = FigureForm(show="pairs,curves", width="single", font_size=8.0, theme="dark", dpi=150)
WRITTEN = FigureForm(
    show="AB", width="120", font="latex", title="A “title”, with = & ?", footer="none", drift=False, sentence=False,
    labels="a,b,c,d", inset="0.1,0.2,0.2,0.2",
)  # fmt: skip


def drawn(page: AppTest) -> str:
    """The page's HTML once the figure is drawn."""
    until = time.monotonic() + PATIENCE
    while 'class="mad-paper"' not in html_of(page) or "mad-pale" in html_of(page):
        assert time.monotonic() < until
        assert not page.exception
        assert not page.error, page.error[0].value
        time.sleep(0.1)
        page.run()
    return html_of(page)


def codes_of(page: AppTest) -> list[str]:
    return [element.value for element in page.code]


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_the_command_makes_the_same_file_as_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: FileKind
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = save_run(make_sheet_run((16, 16)), tmp_path / "my 'runs'")
    form = dataclasses.replace(CHOSEN, file=kind)
    words = shlex.split(command_of([folder.relative_to(tmp_path)], form))
    assert words[:3] == ["python", "-m", "mad_app"]
    assert invoke(*words[3:]).exit_code == 0
    assert (tmp_path / f"figure.{kind}").read_bytes() == draw([load_record(folder)], form)


def test_the_command_of_several_runs_makes_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [save_run(make_sheet_run((16, 16)), tmp_path / "runs") for _ in range(2)]
    form = fitting(dataclasses.replace(WRITTEN, rows="-x,the $second"), 2)
    words = shlex.split(command_of([folder.relative_to(tmp_path) for folder in folders], form))
    assert invoke(*words[3:]).exit_code == 0
    assert (tmp_path / "figure.pdf").read_bytes() == draw([load_record(folder) for folder in folders], form)


@pytest.mark.parametrize("form", [FigureForm(), CHOSEN, WRITTEN, FigureForm(file="webp", theme="dark")])
def test_the_form_goes_into_the_address_and_comes_out_of_it(form: FigureForm) -> None:
    assert from_query(to_query(form)) == form


def test_what_is_not_allowed_is_the_default() -> None:
    query = {"file": "exe", "show": "<b>", "width": "huge", "font-size": "nan", "theme": "../x", "dpi": "99999"}
    query |= {"font": "<i>", "labels": "A", "rows": ",", "inset": "1", "title": "x" * 999, "drift": "perhaps"}
    assert from_query(query) == FigureForm()


@pytest.mark.usefixtures("true_drawing")
def test_without_runs_those_that_come_with_the_program_can_be_drawn(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("figure")
    assert "data:image/png" in drawn(page)
    assert parameter(page, "run") == f"shelf/{SHELF_RUNS[0]}"
    assert "Download as web page" in downloads_of(page)
    command = codes_of(page)[0]
    assert f"figure shelf/{SHELF_RUNS[0]} " in command
    words = shlex.split(command)[3:-1]
    assert invoke(*words, tmp_path / "figure.pdf").exit_code == 0


def test_a_figure_is_drawn_and_described(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    page = open_page("figure")
    assert "data:image/png" in drawn(page)
    assert parameter(page, "run") == folder.name
    command, plain, short, latex = codes_of(page)
    assert command == command_of([Path("runs") / folder.name], FigureForm())
    assert plain == caption(load_record(folder))
    assert short == short_caption(load_record(folder))
    assert latex == captions_of(load_record(folder)).latex
    assert {"Table as CSV", "Table as LaTeX"} <= set(downloads_of(page))


def test_several_runs_are_rows_of_one_figure(open_page: OpenPage, tmp_path: Path) -> None:
    folders = [save_run(make_sheet_run(first=first), tmp_path) for first in ("lasi", "ssim")]
    ids = [folder.name for folder in folders]
    page = open_page("figure", run=ids)
    drawn(page)
    assert page.query_params["run"] == ids
    assert codes_of(page)[0] == command_of([Path("runs") / name for name in ids], FigureForm())
    assert "competitions (2 runs)" in codes_of(page)[2]
    assert "Download as web page" not in downloads_of(page)
    page.multiselect(key="figure-runs").unselect(ids[0]).run()
    assert parameter(page, "run") == ids[1]
    page.multiselect(key="figure-runs").unselect(ids[1]).run()
    assert any("Choose a run" in info.value for info in page.info)


def test_of_several_runs_one_that_cannot_be_read_is_named(open_page: OpenPage, tmp_path: Path) -> None:
    folders = [save_run(make_sheet_run(), tmp_path) for _ in range(2)]
    (folders[1] / "images.npz").write_bytes(b"broken")
    page = open_page("figure", run=[folder.name for folder in folders])
    assert folders[1].name in page.error[0].value.replace("\\", "")
    assert not codes_of(page)


def test_texts_that_are_written_are_drawn_and_a_wrong_one_is_said(open_page: OpenPage, tmp_path: Path) -> None:
    save_run(make_sheet_run(), tmp_path)
    page = open_page("figure")
    page.text_input(key="figure-labels").input("a,b,c,d")
    page.text_input(key="figure-inset").input("1,2")
    page.toggle(key="figure-drift").set_value(False)
    page.selectbox(key="figure-font").select("latex")
    page.button_group(key="figure-width").set_value("mm").run()
    assert "--width 120 --font latex --theme light --no-drift --labels a,b,c,d --out" in codes_of(page)[0]
    assert "Enlarged part must be left,top,width,height as fractions" in page.error[0].value.replace("\\", "")
    assert {name: parameter(page, name) for name in ("labels", "drift", "width")} == {
        "labels": "a,b,c,d", "drift": "False", "width": "120"
    }  # fmt: skip


def test_choices_change_the_figure_the_command_and_the_caption(open_page: OpenPage, tmp_path: Path) -> None:
    save_run(make_sheet_run(), tmp_path)
    page = open_page("figure")
    first = drawn(page)
    page.button_group(key="figure-show").unselect("others").unselect("differences")
    page.button_group(key="figure-width").set_value("single").run()
    page.slider(key="figure-font-single").set_value(8.0).run()
    page.button_group(key="figure-theme").set_value("dark").run()
    assert drawn(page) != first
    command, plain, *_ = codes_of(page)
    assert "--show pairs,curves --width single --font-size 8 --theme dark --out figure.pdf" in command
    assert "Table:" not in plain
    assert {name: parameter(page, name) for name in ("show", "width", "font-size", "theme")} == {
        "show": "pairs,curves",
        "width": "single",
        "font-size": "8",
        "theme": "dark",
    }
    other = open_page("figure", **{name: parameter(page, name) for name in page.query_params})
    assert codes_of(other)[0] == command
    page.button_group(key="figure-show").unselect("AB").run()
    assert "--show CD,curves" in codes_of(page)[0]
    page.button_group(key="figure-show").unselect("CD").unselect("curves").run()
    assert "--show" not in codes_of(page)[0]


def test_an_animation_is_drawn(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run((16, 16)), tmp_path)
    page = open_page("figure", file="webp")
    assert "data:image/webp" in drawn(page)
    assert codes_of(page)[0] == f"python -m mad_app animate runs/{folder.name} --theme light --out figure.webp"
    assert page.slider(key="figure-font-double").disabled
    assert not any(f"{part}:" in codes_of(page)[1] for part in ("Maps", "Curves", "Table"))


def test_the_address_names_the_run(open_page: OpenPage, tmp_path: Path) -> None:
    folders = [save_run(make_sheet_run(), tmp_path) for _ in range(2)]
    save_label(folders[0], Label("<b>mine</b>"))
    for folder in folders:
        page = open_page("figure", run=folder.name)
        assert folder.name in codes_of(page)[0]
    page = open_page("figure", run="../../etc")
    assert any("No such run" in info.value for info in page.info)
    assert len(codes_of(page)) == 4


def test_a_record_that_cannot_be_read_is_said(open_page: OpenPage, tmp_path: Path) -> None:
    folder = save_run(make_sheet_run(), tmp_path)
    (folder / "images.npz").write_bytes(b"broken")
    page = open_page("figure")
    assert "This run cannot be drawn" in page.error[0].value


def test_what_cannot_be_drawn_is_said(open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_run(make_sheet_run(), tmp_path)

    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("mad_app.ui.figure.page.figure_bytes", fail)
    page = open_page("figure")
    until = time.monotonic() + PATIENCE
    while not page.error and time.monotonic() < until:
        time.sleep(0.1)
        page.run()
    assert page.error[0].value.replace("\\", "") == "It could not be drawn: MemoryError."
    assert not page.exception


def test_every_control_has_help(open_page: OpenPage, tmp_path: Path) -> None:
    save_run(make_sheet_run(), tmp_path)
    for path in ("gallery", "figure"):
        page = open_page(path)
        kinds = (page.button, page.selectbox, page.multiselect, page.slider, page.text_input, page.button_group)
        controls = [control for kind in kinds for control in kind]
        assert len(controls) > 5
        assert [control.label for control in controls if not control.proto.help] == []
