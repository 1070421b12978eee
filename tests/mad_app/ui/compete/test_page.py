"""The page that competes: its controls, a run, its result."""

import contextlib
import io
import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from mad_app.figures import pair_sentence
from mad_app.images import Crop, SquareCrop, bundled_path, load_image
from mad_app.jobs.folder import Job, JobFolder, JobSpec, Phase, Status
from mad_app.jobs.paths import runs_root
from mad_app.jobs.queue import JOBS, JobQueue
from mad_app.jobs.serve import measure_start
from mad_app.records import Keyframes, Trace, list_runs, load_record, load_summary, reported_trace, save_run
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.ui import session
from mad_app.ui.compete.live import LONG_RETURN, Drawn, Surroundings, has_news, progress_text
from mad_app.ui.navigation import PAGES
from mad_app.ui.session import queue_of
from tests.mad_app.record_examples import make_run
from tests.mad_app.ui.conftest import (
    QUICK,
    OpenPage,
    ThreadWorker,
    ThreadWorkers,
    encoded,
    html_of,
    parameter,
    png,
    shown_by_viewer,
)

PATIENCE = 120.0
BORDERS = ("left", "top", "width", "height")
EQUAL = "For 1\xa0−\xa0SSIM, C and D differ equally from the original"


def wait_for(page: AppTest, ready: Callable[[AppTest], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not ready(page):
        assert time.monotonic() < until, html_of(page)[-500:]
        time.sleep(0.1)
        page.run()
        assert not page.exception


def await_job(job: str, ready: Callable[[Job], bool]) -> None:
    """Wait for a run without drawing the page meanwhile."""
    queue, until = queue_of(str(runs_root())), time.monotonic() + PATIENCE
    while not ready(queue.look(job)):
        assert time.monotonic() < until, queue.look(job).status
        time.sleep(0.02)


def await_end(page: AppTest) -> None:
    """Wait until the run that was started has ended and is shown."""
    await_job(parameter(page, "job"), lambda job: job.status.phase.over)
    wait_for(page, is_shown)


def unfold(page: AppTest, *names: str) -> AppTest:
    """Open what is folded away."""
    for name in names:
        page.session_state[f"compete-{name}"] = True
    return page.run()


def is_shown(page: AppTest) -> bool:
    """Whether a run has ended and is shown."""
    return bool(page.tabs) and not any(" …" in caption.value for caption in page.caption)


def test_a_browser_that_misses_a_drawing_learns_the_settings_from_the_next_one(open_page: OpenPage) -> None:
    page = open_page(**{**QUICK, "steps": "60", "distortion": "blur", "strength": "2.5"})
    page.run()  # sets nothing again, so each control has to name its value as its default
    steps, strength, size = (
        page.number_input(key="compete-steps").proto,
        page.slider(key="compete-strength-blur").proto,
        page.get("button_group")[0].proto,
    )
    chosen = [page.selectbox(key=f"compete-{name}").proto for name in ("first", "second", "distortion")]
    assert (steps.set_value, steps.default, list(strength.default)) == (False, 60, [2.5])
    assert [one.options[one.default] for one in chosen] == ["1 − SSIM", "MSE", "Blur"]
    assert size.options[size.default[0]].content == QUICK["size"]


def test_before_a_run_the_page_describes_it(open_page: OpenPage) -> None:
    page = open_page()
    assert "Starting from a copy of Chelsea the cat distorted by white noise, 128 × 128 pixels" in html_of(page)
    assert "300 steps" in html_of(page)
    assert len(html_of(page)) < 600_000
    assert sum(len(one.proto.json) for one in page.get("bidi_component")) < 1_200_000  # of each arrival
    assert not page.button(key="compete-start").disabled


def test_every_control_has_help(open_page: OpenPage) -> None:
    page = unfold(open_page(), "advanced")
    kinds = (page.button, page.selectbox, page.slider, page.number_input, page.button_group, page.multiselect)
    controls = [control for kind in kinds for control in kind]
    assert len(controls) > 15
    assert [control.label for control in controls if not control.proto.help] == []


def test_every_setting_has_a_control(open_page: OpenPage) -> None:
    page = unfold(open_page(), "advanced")
    for name, declared in REQUEST_SETTINGS.items():
        if name not in ("image", "strength") and not declared.hidden:
            key = f"compete-{name}-upload" if declared.file else f"compete-{name}"
            found = [widget for widget in page.main if getattr(widget, "key", None) == key]
            found += [widget for widget in page.sidebar if getattr(widget, "key", None) == key]
            assert found, name


def test_keys_of_the_session_carry_the_name_of_their_page(open_page: OpenPage) -> None:
    page = open_page()
    names = [str(name) for name in page.session_state._state.filtered_state]
    assert len(names) > len(REQUEST_SETTINGS)
    assert [name for name in names if name.partition("-")[0] not in (*PAGES, "session", "test")] == []


def test_choices_go_into_the_address_and_come_out_of_it(open_page: OpenPage) -> None:
    page = open_page(**QUICK, distortion="blur", strength="3", seed="7")
    assert page.selectbox(key="compete-first").value == "ssim"
    assert page.slider(key="compete-strength-blur").value == 3.0
    page.radio(key="compete-thumbnails-0").set_value("rocket").run()
    page.selectbox(key="compete-distortion").select("jpeg").run()
    changed = {"image": "rocket", "distortion": "jpeg", "seed": "7"}
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | changed


@pytest.mark.parametrize(
    ("first", "number", "chosen", "kept"),
    [("lasi:20", 20, 5, "lasi:5"), ("wasserstein:2.50", 2.5, 8.0, "wasserstein:8")],
)
def test_the_number_of_a_metric_has_a_control(
    open_page: OpenPage, first: str, number: float, chosen: float, kept: str
) -> None:
    page = unfold(open_page(**QUICK | {"first": first}), "advanced")
    control = page.number_input(key=f"compete-parameter-{first.partition(':')[0]}")
    assert control.value == number
    control.set_value(chosen).run()
    assert not page.exception
    assert parameter(page, "first") == kept


def test_a_sum_of_metrics_comes_from_the_address(open_page: OpenPage) -> None:
    page = open_page(**QUICK | {"first": "0.5*ssim+lasi:20"})
    assert page.selectbox(key="compete-first").value == "lasi:20+0.5*ssim"
    assert "LASI:20 + 0.5 (1\xa0−\xa0SSIM)" in html_of(page)
    page.selectbox(key="compete-second").select("lasi").run()
    assert (parameter(page, "first"), parameter(page, "second")) == ("lasi:20+0.5*ssim", "lasi")


def start_sentences(page: AppTest) -> str:
    texts = [caption.value.replace("\\", "") for caption in page.caption]
    (shown,) = (text for text in texts if text.startswith("The start:"))
    return shown


def test_the_values_of_the_start_follow_the_strength(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def answer(_: object, request: dict[str, Any]) -> Future[dict[str, Any]]:
        asked.append(request)
        future: Future[dict[str, Any]] = Future()
        future.set_result(measure_start(request))
        return future

    monkeypatch.setattr(ThreadWorkers, "ask", answer)
    page = open_page(**QUICK)
    shown = start_sentences(page)
    mse = re.search(r"MSE ([\d.]+)\.", shown)
    assert mse
    page.number_input(key="compete-steps").set_value(30).run()
    assert len(asked) == 1  # on which the start does not depend
    page.slider(key="compete-strength-noise").set_value(0.2).run()
    shown = start_sentences(page)
    more = re.search(r"MSE ([\d.]+)\.", shown)
    assert more
    assert float(more[1]) > 2 * float(mse[1])
    unfold(page, "advanced").number_input(key="compete-second_level").set_value(0.01).run()
    shown = start_sentences(page)
    assert re.search(r"MSE can be given any level from 0 to 0\.\d+, perhaps higher\.", shown)


def test_why_the_start_cannot_be_measured_is_said_once_escaped(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    future: Future[dict[str, Any]] = Future()
    future.set_result({"problem": "the start: (none)"})
    monkeypatch.setattr(ThreadWorkers, "ask", lambda *_: future)
    assert "The start\\: \\(none\\)." in [caption.value for caption in open_page(**QUICK).caption]


def test_an_earlier_start_is_not_measured_once_the_settings_have_changed(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Future[dict[str, Any]]] = []

    def ask(*_: object) -> Future[dict[str, Any]]:
        asked.append(Future())
        return asked[-1]

    monkeypatch.setattr(ThreadWorkers, "ask", ask)
    monkeypatch.setattr("mad_app.ui.compete.answers.PATIENCE_SECONDS", 0.0)
    page = open_page(**QUICK)
    for strength in (0.2, 0.1):
        page.slider(key="compete-strength-noise").set_value(strength).run()
    assert not page.exception
    assert [answer.cancelled() for answer in asked] == [True, True, False]


def test_a_run_is_started_watched_and_shown(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    page.button(key="compete-start").click().run()
    job = parameter(page, "job")
    assert page.button(key="compete-stop")
    assert "Keeping MSE equal, pulling 1\xa0−\xa0SSIM apart …" in html_of(page)
    await_end(page)
    assert EQUAL in html_of(page)
    assert html_of(page).count("data:image/png") >= 6
    assert [tab.label for tab in page.tabs] == ["Look closer", "Figure", "Other metrics", "Reproduce"]
    (run,) = list_runs(tmp_path)
    other = open_page(job=job)
    assert EQUAL in html_of(other)
    data = shown_by_viewer(other)
    assert data["steps"][0] == 0
    assert data["steps"][-1] == 50
    assert [map_["title"] for map_ in data["maps"]] == ["1 − SSIM", "MSE"]
    _take_a_saved_picture(other, run.id)
    assert not open_page(run=run.id).exception


def test_a_click_outlasts_drawings_that_are_broken_off(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Streamlit breaks one off when the browser asks for another: before the button, then when the run starts."""
    page, draw = open_page(**QUICK), st.button

    def broken_off(label: str, **options: Any) -> bool:
        if label == "Start the competition":
            st.stop()
        return draw(label, **options)

    with monkeypatch.context() as patch:
        patch.setattr(st, "button", broken_off)
        page.button(key="compete-start").click().run()
    assert not (tmp_path / JOBS).exists()
    with monkeypatch.context() as patch:
        patch.setattr(st, "rerun", st.stop)
        page.run()
    (job,) = (tmp_path / JOBS).iterdir()
    assert "job" not in page.query_params
    page.run()
    assert parameter(page, "job") == job.name
    assert page.button(key="compete-stop")
    assert [one.name for one in (tmp_path / JOBS).iterdir()] == [job.name]


def _take_a_saved_picture(page: AppTest, run: str) -> None:
    """Begin with one of the four images; the address has it, and a run that is gone is given up in a sentence."""
    file = load_summary(runs_root() / run).results[2].file
    page.selectbox(key="compete-saved-file").select(file).run()
    page.button(key="compete-use-saved").click().run()
    assert parameter(page, "image") == f"{run}/{file}"
    titles = [text.value.replace("\\", "") for text in page.caption]
    assert any("C: MSE as high as possible, from 1 − SSIM against MSE" in title for title in titles)
    assert not page.button(key="compete-start").disabled
    folder = queue_of(str(runs_root())).root / run
    folder.rename(folder.with_name("away"))
    page.run()
    assert any("no longer available" in error.value for error in page.error)
    assert page.session_state["compete-image"] == "cat"
    folder.with_name("away").rename(folder)


def test_constraints_are_chosen_carried_by_the_address_and_kept(open_page: OpenPage, tmp_path: Path) -> None:
    asked = {"max_change": "0.2", "low_pass": "8", "second_level": "0.005", "steps": "8"}
    page = open_page(**QUICK | asked | {"grey": "True"}, first_level="-1")
    asked["gray"] = "True"
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | asked
    assert any("Level of the first metric" in warning.value for warning in page.warning)
    assert "gray; changes up to 0.2; up to 8 cycles per shorter side; MSE kept at 0.005" in html_of(page)
    assert not page.code
    assert "--gray --max-change 0.2 --low-pass 8" in "".join(
        code.value for code in unfold(page, "advanced", "commands").code
    )
    page.number_input(key="compete-low_pass").set_value(None).run()
    assert "low_pass" not in page.query_params
    page.session_state["compete-advanced"] = False
    page.button(key="compete-start").click().run()
    await_end(page)
    (summary,) = list_runs(tmp_path)
    run = load_record(summary.folder)
    assert (run.settings["gray"], run.settings["low_pass"], run.settings["second_level"]) == (True, None, 0.005)
    assert np.ptp(run.finals, axis=-1).max() == 0
    assert np.abs(run.finals - run.start).max() <= 0.2 + 1e-6
    assert run.results[0].final["mse"] == pytest.approx(0.005, rel=1e-3)


def test_a_number_out_of_range_is_refused_under_its_label(open_page: OpenPage) -> None:
    page = unfold(open_page(**QUICK), "advanced")
    page.number_input(key="compete-second_level").set_value(0.0).run()
    assert page.button(key="compete-start").disabled
    assert any("Level of the second metric must be above 0" in w.value.replace("\\", "") for w in page.warning)


def test_a_mask_and_another_start_are_taken_refused_and_given_up(open_page: OpenPage, tmp_path: Path) -> None:
    page = unfold(open_page(**QUICK | {"steps": "8"}), "advanced")
    page.file_uploader(key="compete-mask-upload").upload("<i>.png", b"no picture", "image/png").run()
    assert any("is not a picture" in error.value for error in page.error)
    black = np.zeros((64, 64, 3), np.uint8)
    page.file_uploader(key="compete-mask-upload").upload("black.png", encoded(black), "image/png").run()
    assert any("Mask lets no pixel change" in warning.value for warning in page.warning)
    assert page.button(key="compete-start").disabled
    page.button(key="compete-mask-remove").click().run()
    left_half = black.copy()
    left_half[:, :32] = 255
    page.file_uploader(key="compete-mask-upload").upload("mask.png", encoded(left_half), "image/png").run()
    assert not page.error
    assert "the file of the setting Mask" in html_of(page)
    page.file_uploader(key="compete-start_file-upload").upload("other.png", png(64, 64), "image/png").run()
    assert page.selectbox(key="compete-distortion").disabled
    assert "from a second picture" in html_of(page)
    assert "only within mask.png" in html_of(page)
    assert {"mask", "start_file"}.isdisjoint(page.query_params)
    page.button(key="compete-start").click().run()
    await_end(page)
    (summary,) = list_runs(tmp_path)
    run = load_record(summary.folder)
    changed = (run.finals != run.start).any(axis=(0, 3))
    assert changed[:, :32].any()
    assert not changed[:, 32:].any()
    assert any("8 steps" in caption.value and "only within" in caption.value for caption in page.caption)
    page.button(key="compete-start_file-remove").click().run()
    page.button(key="compete-mask-remove").click().run()
    assert not page.selectbox(key="compete-distortion").disabled


def test_a_crop_is_chosen_carried_by_the_address_and_used(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "runs_at_once", lambda: 0)
    page = unfold(
        open_page(**QUICK | {"image": "retina", "left": "0.25", "width": "0.75", "top": "7"}), "advanced", "commands"
    )
    assert [page.number_input(key=f"compete-{name}").value for name in BORDERS] == [0.25, 0.0, 0.75, 1.0]
    page.number_input(key="compete-height").set_value(0.5).run()
    changed = {"image": "retina", "left": "0.25", "width": "0.75", "height": "0.5"}
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | changed
    words = "".join(code.value for code in page.code)
    assert "width=0.75" in words
    assert "--left 0.25 --width 0.75 --height 0.5" in words
    assert "64 × 43 pixels" in html_of(page)
    page.number_input(key="compete-left").set_value(0.5).run()
    assert any("Width must be at most 1 − left" in warning.value for warning in page.warning)
    assert page.button(key="compete-start").disabled
    page.number_input(key="compete-left").set_value(0.25).run()
    page.button(key="compete-start").click().run()
    job = queue_of(str(tmp_path)).look(parameter(page, "job"))
    expected = load_image(bundled_path("retina"), size=64, crop=Crop(left=0.25, width=0.75, height=0.5))
    np.testing.assert_array_equal(job.folder.reference(), expected)
    page.radio(key="compete-thumbnails-0").set_value("rocket").run()
    assert [page.number_input(key=f"compete-{name}").value for name in BORDERS] == [0.0, 0.0, 1.0, 1.0]


def test_a_late_message_of_the_thumbnails_does_not_undo_an_upload(open_page: OpenPage) -> None:
    page = open_page(**QUICK)
    page.radio(key="compete-thumbnails-0").set_value("rocket").run()
    before = [state for state in page._tree.get_widget_states().widgets if "thumbnails-0" in state.id]
    page.file_uploader(key="compete-file").upload("mine.png", png(40, 30), "image/png").run()
    own = page.session_state["compete-image"]
    assert own.startswith("upload:")
    late = page._tree.get_widget_states()
    late.widgets.extend(before)
    page._run(late)
    assert not page.exception
    assert page.session_state["compete-image"] == own
    page.radio(key="compete-thumbnails-1").set_value("rocket").run()
    assert page.session_state["compete-image"] == "rocket"


def test_the_square_of_an_earlier_address_is_kept_until_it_is_changed(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "runs_at_once", lambda: 0)
    earlier = {"image": "retina", "extent": "0.5", "left": "0.25", "top": "1"}
    page = open_page(**QUICK | earlier)
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | earlier
    unfold(page, "advanced")
    assert [page.number_input(key=f"compete-{name}").value for name in BORDERS] == [0.125, 0.5, 0.5, 0.5]
    page.button(key="compete-start").click().run()
    job = queue_of(str(tmp_path)).look(parameter(page, "job"))
    assert job.spec.request.crop() == SquareCrop(left=0.25, top=1.0, extent=0.5)
    page.number_input(key="compete-top").set_value(0.25).run()
    assert "extent" not in page.query_params
    assert parameter(page, "left") == "0.125"


def test_what_is_done_to_a_picture_is_said_and_recorded(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "runs_at_once", lambda: 0)
    page = open_page(**QUICK)
    picture = Image.new("LA", (40, 30), (90, 0))
    content = io.BytesIO()
    picture.save(content, "PNG")
    page.file_uploader(key="compete-file").upload("clear.png", content.getvalue(), "image/png").run()
    said = " ".join(caption.value for caption in page.caption).replace("\\", "")
    assert "Transparent parts lie on white. Its 40 × 30 pixels are not enlarged to a longer side of 64." in said
    assert "It is gray, and so its images stay gray." in said
    unfold(page, "advanced").selectbox(key="compete-gray").select(False).run()
    assert "stay gray" not in " ".join(caption.value for caption in page.caption)
    page.button(key="compete-start").click().run()
    job = queue_of(str(tmp_path)).look(parameter(page, "job"))
    assert job.folder.spec().notes[0] == "transparent parts lie on white"


def test_a_picture_that_would_be_too_thin_is_refused_under_its_size(open_page: OpenPage) -> None:
    page = open_page(**QUICK)
    page.file_uploader(key="compete-file").upload("thin.png", png(20, 400), "image/png").run()
    assert any("gives 3 × 64 pixels of 20 × 400" in warning.value for warning in page.warning)
    assert page.button(key="compete-start").disabled


def test_a_run_is_paused_stopped_and_continued(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK | {"steps": "100000", "second": "gmsd"})
    page.button(key="compete-start").click().run()
    job, queue = parameter(page, "job"), queue_of(str(tmp_path))
    await_job(job, lambda job: job.status.step > 0)
    wait_for(page, lambda page: not page.button(key="compete-pause").disabled)
    page.button(key="compete-pause").click().run()
    wait_for(page, lambda page: any(button.label == "Resume" for button in page.button))
    assert "Paused at step" in page.get("progress")[0].proto.text
    before = queue.look(job).status.step
    page.button(key="compete-one-step-button").click().run()
    await_job(job, lambda job: (job.folder.explained() or {}).get("step") == before + 1)
    page.run()
    assert f"Paused at step {before + 1} of" in page.get("progress")[0].proto.text
    assert "GMSD back to its level" in html_of(page)
    page.button(key="compete-slow").click().run()
    assert queue.look(job).folder.is_slow()
    page.button(key="compete-full-speed").click().run()
    assert not queue.look(job).folder.is_slow()
    page.button(key="compete-resume").click().run()
    paused = queue.look(job).status.step
    await_job(job, lambda job: job.status.step > paused)
    page.run()
    page.button(key="compete-stop").click().run()
    assert page.button(key="compete-stop").disabled
    await_job(job, lambda job: job.status.phase.over)
    wait_for(page, lambda page: any(button.key == "compete-continue" for button in page.button))
    step = queue.look(job).status.step
    assert any(f"Stopped at step {step} of 100000" in info.value for info in page.info)
    assert page.button(key="compete-continue").label == f"Continue from step {step}"
    page.button(key="compete-continue").click().run()
    await_job(job, lambda job: job.status.step > step)
    assert queue.look(job).status.phase is Phase.RUNNING


def test_progress_is_described_with_the_departure_from_the_levels(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    image = np.zeros((16, 16, 3), np.float32)
    folder.create(JobSpec(request=Request(size=16, first="ssim", second="mse")), image, image)
    ones = ((1.0,) * 4,)
    drifts = {
        (0.1, -1.1, None, 0.0): "fixed metrics off by up to 110 % for now; corrected at the end",
        (1e-6,) * 4: "fixed metrics kept to within 0.001 %",
    }
    with contextlib.closing(JobQueue(tmp_path, ThreadWorker, at_once=0)) as queue:
        for drift, text in drifts.items():
            trace = Trace(step=(3,), first=ones, second=ones, drift=(drift,))
            folder.write_status(Status(phase=Phase.RUNNING, step=3, speed=2.0, seconds_left=200.0, trace=trace))
            shown = progress_text(queue.look("1" * 16), stopping=False)
            assert shown == f"Step 3 of 500 · 2.0 steps per second · 3 min 20 s of steps left · {text}"
        folder.mark_no_room(True)
        assert progress_text(queue.look("1" * 16), stopping=False) == "Waiting for room on the disk …"
        folder.mark_no_room(False)
        folder.write_status(Status(phase=Phase.LOADING))
        assert progress_text(queue.look("1" * 16), stopping=False) == "Loading the metrics …"
        assert progress_text(queue.look("1" * 16), stopping=True) == "Stopping …"
        folder.write_status(Status(phase=Phase.RESTORING, step=500, restoration_step=12, departure=0.003))
        for stopping in (False, True):
            shown = progress_text(queue.look("1" * 16), stopping=stopping)
            assert shown == "Returning to the level: step 12, off by up to 0.3 %"
        assert Surroundings.of(queue.look("1" * 16)).slow is None  # no step is left that could be slowed down


def test_the_result_is_drawn_before_the_whole_page_and_a_brief_return_to_the_level_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_record(save_run(make_run(), tmp_path))
    names = run.results[0].optimized, run.results[0].fixed
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    folder.create(JobSpec(request=Request(size=16, first=names[0], second=names[1])), run.reference, run.start)
    whole_pages: list[Phase] = []
    monkeypatch.setattr(st, "rerun", lambda: whole_pages.append(folder.status().phase))
    drawn = Drawn()

    def draw(queue, known, drawn):  # type: ignore[no-untyped-def]  # the source of a script
        import mad_app.ui.compete.live as live

        live.draw_progress(queue, known, live.Surroundings.of(known), drawn)

    def drawing(**status: Any) -> str:
        folder.write_status(Status(run=run.id, step=1, trace=reported_trace(run), **status))
        return html_of(AppTest.from_function(draw, args=(queue, known, drawn)).run())

    with contextlib.closing(JobQueue(tmp_path, ThreadWorker, at_once=0)) as queue:
        folder.write_status(Status(phase=Phase.RUNNING, run=run.id, step=1))
        known = queue.look("1" * 16)
        assert "Keeping" in drawing(phase=Phase.RUNNING)
        for step, is_long in ((0, False), (LONG_RETURN - 1, False), (LONG_RETURN, True)):
            folder.write_status(Status(phase=Phase.RESTORING, restoration_step=step, departure=0.1))
            assert has_news(folder, drawn.news) == is_long
        assert not whole_pages
        shown = drawing(phase=Phase.VALUES)
        assert pair_sentence(run, 0) in shown
        assert "Keeping" not in shown
        assert not whole_pages
        drawing(phase=Phase.VALUES)
        assert whole_pages == [Phase.VALUES]


@pytest.mark.parametrize(
    ("query", "choice", "sentence"),
    [
        ({}, ("second", "ms-ssim"), "needs pictures of at least 161 pixels on each side"),
        ({}, ("second", "ssim"), "cannot compete with itself"),
        ({"image": "cameraman"}, ("distortion", "hue"), "changes nothing in this picture"),
    ],
)
def test_what_cannot_be_started_is_said_at_the_control(
    open_page: OpenPage, query: dict[str, str], choice: tuple[str, str], sentence: str
) -> None:
    page = open_page(**QUICK | query)
    assert not page.button(key="compete-start").disabled
    page.selectbox(key=f"compete-{choice[0]}").select(choice[1]).run()
    assert any(sentence in warning.value for warning in page.warning)
    assert page.button(key="compete-start").disabled


def test_an_address_from_elsewhere_breaks_nothing(open_page: OpenPage) -> None:
    page = open_page(job="../../etc", first="os:system", size="1e9", strength="nan", image="../x", steps="<b>")
    assert any("No such run" in info.value for info in page.info)
    assert page.selectbox(key="compete-first").value == "lasi"
    (warning,) = (warning.value for warning in page.warning if "not possible" in warning.value)
    for label in ("Number of steps", "Picture", "First metric", "Strength"):
        assert label in warning
    assert "data:image" in html_of(open_page(run="../../etc"))


def test_what_an_address_asks_in_vain_is_said_until_something_is_chosen(open_page: OpenPage) -> None:
    page = open_page(**QUICK | {"steps": "many"})
    for _ in range(2):
        assert any("Number of steps" in warning.value for warning in page.warning)
        page.run()
    page.selectbox(key="compete-distortion").select("blur").run()
    assert not any("Number of steps" in warning.value for warning in page.warning)


def test_a_bad_upload_is_refused_in_a_sentence_and_nothing_is_lost(open_page: OpenPage) -> None:
    page = open_page(**QUICK)
    page.file_uploader(key="compete-file").upload("<b>broken</b>.png", png(64, 48)[:200], "image/png").run()
    assert not page.exception
    assert "is damaged" in page.error[0].value or "is not a picture" in page.error[0].value
    assert "<b>" not in page.error[0].value.replace("\\<b\\>", "")
    assert page.session_state["compete-image"] == "coffee"
    page.file_uploader(key="compete-file").upload("mine.png", png(64, 48), "image/png").run()
    assert not page.error
    assert "mine" in html_of(page)
    assert parameter(page, "image").startswith("upload:")
    assert not page.button(key="compete-start").disabled


def test_what_the_disk_refuses_is_said_in_a_sentence(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    (tmp_path / JOBS).write_text("in the way")
    page.button(key="compete-start").click().run()
    (error,) = page.error
    assert error.value.replace("\\", "").startswith("Could not start: the job could not be put into .jobs")


def test_visitors_see_their_own_runs_with_their_place_in_the_queue(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "runs_at_once", lambda: 0)
    ann, bob = open_page(**QUICK), open_page(**QUICK)
    for page in (ann, bob, ann):
        page.query_params.pop("job", None)
        page.run()
        page.button(key="compete-start").click().run()
    assert "Waiting for its turn: 2 runs before it, time unknown yet" in ann.get("progress")[0].proto.text
    assert "Your other runs" in [heading.value for heading in ann.header]
    assert "it is next" in html_of(ann)
    assert bob.header == []
    (first,) = (button for button in ann.button if button.key.startswith("compete-open-job-"))
    first.click().run()
    assert "turn: it is next" in ann.get("progress")[0].proto.text
    queue_of(str(tmp_path)).stop(parameter(ann, "job"))


def test_interrupted_runs_are_offered_to_who_started_them(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    visitor = page.session_state["session-visitor"]
    spec = JobSpec(request=Request(image="coffee", size=16, first="ssim", second="mse"), visitor=visitor)
    folder.create(spec, *[np.zeros((16, 16, 3), np.float32)] * 2)
    folder.write_status(Status(phase=Phase.INTERRUPTED, step=3))
    page.run()
    assert "Interrupted when the program was closed, step 3 of 500" in html_of(page)
    assert page.button(key=f"compete-resume-{'1' * 16}").label == "Continue from step 3"
    assert "Interrupted" not in html_of(open_page(**QUICK))
    page.button(key=f"compete-remove-{'1' * 16}").click().run()
    assert "Interrupted" not in html_of(page)


def test_a_record_opened_by_its_address_brings_its_settings_for_another_run(
    open_page: OpenPage, tmp_path: Path
) -> None:
    settings = {
        "image": "mine.png",
        "size": 24,
        "first": "ssim",
        "second": "mse",
        "steps": 70,
        "extent": 0.5,
        "gray": True,
        "mask": "face.png",
    }
    reference = np.random.default_rng(0).random((24, 24, 3), np.float32)
    shown = {"reference": reference, "start": reference, "finals": np.stack([reference] * 4)}
    run = save_run(make_run(settings=settings, keyframes=Keyframes.empty(), **shown), tmp_path)
    page = open_page(run=run.name, first="gmsd", size="64")
    assert parameter(page, "first") == "gmsd"  # what its address asks for beside it
    page = open_page(run=run.name)
    taken = {"run": run.name, "image": f"{run.name}/reference.png", "size": "24", "first": "ssim", "second": "mse"}
    assert {name: parameter(page, name) for name in page.query_params} == taken | {"steps": "70", "gray": "True"}
    assert page.button(key="compete-start").label == "Run with new settings"  # it had a mask, which no address carries
    assert "Left out, because the page cannot restore it: Mask" in page.button(key="compete-adopt").help
    page.selectbox(key="compete-first").select("gmsd").run()
    assert parameter(page, "first") == "gmsd"
    page.button(key="compete-adopt").click().run()
    assert parameter(page, "first") == "ssim"
