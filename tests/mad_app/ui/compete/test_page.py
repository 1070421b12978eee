import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mad_app.images import BUNDLED, Crop, bundled_path, load_image
from mad_app.jobs.folder import JobFolder, JobSpec, Phase, Status
from mad_app.jobs.paths import runs_root
from mad_app.jobs.queue import JOBS
from mad_app.records import Keyframes, list_runs, load_run, save_run
from mad_app.runs import Request
from mad_app.ui.compete import page as compete_page
from mad_app.ui.compete.page import job_queue
from tests.mad_app.record_examples import make_run
from tests.mad_app.ui.conftest import QUICK, OpenPage, encoded, html_of, parameter, png

PATIENCE = 120.0


def wait_for(page: AppTest, ready: Callable[[AppTest], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not ready(page):
        assert time.monotonic() < until, html_of(page)[-500:]
        time.sleep(0.1)
        page.run()
        assert not page.exception


def test_before_a_run_the_page_says_what_will_happen_and_shows_an_example(open_page: OpenPage) -> None:
    page = open_page()
    assert "LASI and LPIPS (AlexNet) compete on Chelsea the cat, 128 × 128" in html_of(page)
    assert html_of(page).count("<figure") == 6 + 2  # the example, and the preview of the start
    assert html_of(page).count("<svg") == 4
    assert not page.button(key="start").disabled


def test_every_control_has_help(open_page: OpenPage) -> None:
    page = open_page()
    kinds = (page.button, page.selectbox, page.slider, page.select_slider, page.number_input, page.button_group)
    controls = [control for kind in kinds for control in kind]
    assert len(controls) > len(BUNDLED)
    assert [control.label for control in controls if not control.proto.help] == []


def test_choices_go_into_the_url_and_come_out_of_it(open_page: OpenPage) -> None:
    page = open_page(**QUICK, distortion="blur", strength="3", seed="7")
    assert page.selectbox(key="first").value == "ssim"
    assert page.slider(key="strength-blur").value == 3.0
    page.button(key="pick-rocket").click().run()
    page.selectbox(key="distortion").select("jpeg").run()
    changed = {"image": "rocket", "distortion": "jpeg", "seed": "7"}
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | changed


def test_a_run_is_started_watched_and_shown(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    page.button(key="start").click().run()
    job = parameter(page, "job")
    assert page.button(key="stop")
    assert "must see these two equally far" in html_of(page)
    wait_for(page, lambda page: "sees the left one" in html_of(page))
    assert "1 − SSIM finds these two equally far" in html_of(page)
    assert html_of(page).count("data:image/png") >= 6
    assert [button.label for button in page.get("download_button")] or page.tabs
    (run,) = list_runs(tmp_path)
    other = open_page(job=job)
    assert "sees the left one" in html_of(other)
    (viewer,) = other.get("bidi_component")
    data = json.loads(viewer.proto.json)
    assert data["steps"][0] == 0
    assert data["steps"][-1] == 50
    assert [map_["title"] for map_ in data["maps"]] == ["1 − SSIM", "MSE"]
    _take_a_sample(other, run.id)
    assert not open_page(run=run.id).exception


def test_constraints_are_chosen_carried_by_the_address_and_kept(open_page: OpenPage, tmp_path: Path) -> None:
    asked = {"gray": "True", "max_change": "0.2", "low_pass": "8", "second_level": "0.005"}
    page = open_page(**QUICK | asked, first_level="-1")
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | asked
    said = (
        "Only luminance changes; no value changes by more than 0.2; changes have up to 8 cycles a picture; MSE is held"
    )
    assert said in html_of(page)
    assert "--gray --max-change 0.2 --low-pass 8.0 --second-level 0.005" in "".join(code.value for code in page.code)
    page.number_input(key="low_pass").set_value(None).run()
    assert "low_pass" not in page.query_params
    page.button(key="start").click().run()
    wait_for(page, lambda page: "sees the left one" in html_of(page))
    (summary,) = list_runs(tmp_path)
    run = load_run(summary.folder)
    assert (run.settings["gray"], run.settings["low_pass"], run.settings["second_level"]) == (True, None, 0.005)
    assert np.ptp(run.finals, axis=-1).max() == 0
    assert np.abs(run.finals - run.start).max() <= 0.2 + 1e-6
    assert run.images[0].final["mse"] == pytest.approx(0.005, rel=1e-3)


def test_a_mask_and_another_start_are_taken_refused_and_given_up(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    page.file_uploader(key="mask-upload").upload("<i>.png", b"no picture", "image/png").run()
    assert any("is not a picture" in error.value for error in page.error)
    left_half = np.zeros((64, 64, 3), np.uint8)
    left_half[:, :32] = 255
    page.file_uploader(key="mask-upload").upload("mask.png", encoded(left_half), "image/png").run()
    assert not page.error
    page.file_uploader(key="start_file-upload").upload("other.png", png(64, 64), "image/png").run()
    assert page.selectbox(key="distortion").disabled
    assert "from a second picture" in html_of(page)
    assert "Only what is white in the mask changes" in html_of(page)
    assert {"mask", "start_file"}.isdisjoint(page.query_params)
    page.button(key="start").click().run()
    wait_for(page, lambda page: "sees the left one" in html_of(page))
    (summary,) = list_runs(tmp_path)
    run = load_run(summary.folder)
    changed = (run.finals != run.start).any(axis=(0, 3))
    assert changed[:, :32].any()
    assert not changed[:, 32:].any()
    page.button(key="start_file-remove").click().run()
    page.button(key="mask-remove").click().run()
    assert not page.selectbox(key="distortion").disabled
    assert "the mask" not in html_of(page)


def _take_a_sample(page: AppTest, run: str) -> None:
    """Begin with one of the four images; the address says so, and a run that is gone is given up in a sentence."""
    page.selectbox(key="sample-file").select("3_mse_max.png").run()
    page.button(key="use-sample").click().run()
    assert parameter(page, "image") == f"{run}/3_mse_max.png"
    assert any("C: MSE up, from 1 − SSIM against MSE" in text.value.replace("\\", "") for text in page.caption)
    assert not page.button(key="start").disabled
    folder = job_queue(str(runs_root())).root / run
    folder.rename(folder.with_name("away"))
    page.run()
    assert any("is not here any more" in error.value for error in page.error)
    assert page.session_state.image == "cat"
    folder.with_name("away").rename(folder)


def test_a_crop_is_chosen_carried_by_the_address_and_used(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK | {"image": "retina", "extent": "0.5", "left": "0.25", "top": "7"})
    assert [page.slider(key=key).value for key in ("extent", "left", "top")] == [50, 25, 50]
    assert "width:50.00%" in html_of(page)
    page.slider(key="top").set_value(100).run()
    changed = {"image": "retina", "extent": "0.5", "left": "0.25", "top": "1"}
    assert {name: parameter(page, name) for name in page.query_params} == QUICK | changed
    words = "".join(code.value for code in page.code)
    assert "extent=0.5" in words
    assert "--left 0.25 --top 1.0 --extent 0.5" in words
    page.button(key="start").click().run()
    job = job_queue(str(tmp_path)).look(parameter(page, "job"))
    crop = Crop(left=0.25, top=1.0, extent=0.5)
    assert job.order.request.crop() == crop
    expected = load_image(bundled_path("retina"), size=64, crop=crop)
    np.testing.assert_array_equal(job.folder.reference(), expected)
    page.button(key="pick-rocket").click().run()
    assert [page.slider(key=key).value for key in ("extent", "left", "top")] == [100, 50, 50]


def test_a_run_is_stopped_and_goes_on(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK | {"steps": "2000"})
    page.button(key="start").click().run()
    job, queue = parameter(page, "job"), job_queue(str(tmp_path))
    wait_for(page, lambda page: not page.button(key="pause").disabled)
    page.button(key="pause").click().run()
    wait_for(page, lambda page: any(button.label == "Resume" for button in page.button))
    assert "Paused at step" in page.get("progress")[0].proto.text
    page.button(key="resume").click().run()
    paused = queue.look(job).status.step
    wait_for(page, lambda _: queue.look(job).status.step > paused)
    page.run()
    page.button(key="stop").click().run()
    assert page.button(key="stop").disabled
    wait_for(page, lambda page: any(button.key == "resume" for button in page.button))
    assert any("Stopped at step" in info.value for info in page.info)
    step = queue.look(job).status.step
    page.button(key="resume").click().run()
    wait_for(page, lambda _: queue.look(job).status.step > step)
    assert queue.look(job).status.phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"second": "ms-ssim"}, "needs pictures of at least 161 pixels a side"),
        ({"second": "ssim"}, "cannot compete with itself"),
        ({"image": "cameraman", "distortion": "hue"}, "changes nothing in this picture"),
    ],
)
def test_what_cannot_be_started_is_said_at_the_control(
    open_page: OpenPage, query: dict[str, str], sentence: str
) -> None:
    page = open_page(**QUICK | query)
    assert any(sentence in warning.value for warning in page.warning)
    assert page.button(key="start").disabled


def test_an_address_from_elsewhere_breaks_nothing(open_page: OpenPage) -> None:
    page = open_page(job="../../etc", first="os:system", size="1e9", strength="nan", image="../x", steps="<b>")
    assert any("is not here" in info.value for info in page.info)
    assert page.selectbox(key="first").value == "lasi"
    assert "data:image" in html_of(open_page(run="../../etc"))


def test_a_bad_upload_is_refused_in_a_sentence_and_nothing_is_lost(open_page: OpenPage) -> None:
    page = open_page(**QUICK)
    page.file_uploader(key="file").upload("<b>broken</b>.png", png(64, 48)[:200], "image/png").run()
    assert not page.exception
    assert "is damaged" in page.error[0].value or "is not a picture" in page.error[0].value
    assert "<b>" not in page.error[0].value.replace("\\<b\\>", "")
    assert page.session_state.image == "coffee"
    page.file_uploader(key="file").upload("mine.png", png(64, 48), "image/png").run()
    assert not page.error
    assert "mine" in html_of(page)
    assert not page.button(key="start").disabled


def test_a_run_that_the_disk_refuses_is_done_all_the_same_and_that_is_said_plainly(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(**QUICK | {"size": "16", "steps": "5"})
    (tmp_path / ".jobs").write_text("in the way")
    page.button(key="start").click().run()
    wait_for(page, lambda page: "sees the left one" in html_of(page))
    (told,) = [warning.value for warning in page.warning]
    assert "could not be put into" in told
    assert "take its record away" in told
    assert "Record as ZIP" in [button.proto.label for button in page.get("download_button")]


def test_a_run_that_nothing_can_hold_is_refused_in_a_sentence(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    page = open_page(**QUICK)
    (tmp_path / ".jobs").write_text("in the way")
    page.button(key="start").click().run()
    assert any("could not be put into" in error.value for error in page.error)


def test_visitors_see_their_own_runs_with_their_place_in_the_queue(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compete_page, "runs_at_once", lambda: 0)
    ann, bob = open_page(**QUICK), open_page(**QUICK)
    for page in (ann, bob, ann):
        page.query_params.pop("job", None)
        page.run()
        page.button(key="start").click().run()
    assert "Waiting for its turn: 2 come before it" in ann.get("progress")[0].proto.text
    assert "Your other runs" in [heading.value for heading in ann.subheader]
    assert "Waiting for its turn, the next one" in html_of(ann)
    assert bob.subheader == []
    (first,) = (button for button in ann.button if button.key.startswith("open-job-"))
    first.click().run()
    assert "the next one" in ann.get("progress")[0].proto.text
    job_queue(str(tmp_path)).stop(parameter(ann, "job"))


def test_interrupted_runs_are_offered_to_who_started_them(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(**QUICK)
    folder = JobFolder(tmp_path / JOBS / ("1" * 16))
    order = JobSpec(
        request=Request(image="coffee", size=16, first="ssim", second="mse"), visitor=page.session_state.visitor
    )
    folder.create(order, *[np.zeros((16, 16, 3), np.float32)] * 2)
    folder.write_status(Status(phase=Phase.RUNNING, step=3))
    os.utime(folder.path / "heartbeat", (0, 0))
    page.run()
    assert "Interrupted when the program was closed, step 3 of 500" in html_of(page)
    assert "Interrupted" not in html_of(open_page(**QUICK))
    page.button(key=f"forget-{'1' * 16}").click().run()
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
    taken = {"run": run.name, "image": f"{run.name}/reference.png", "size": "24", "first": "ssim", "second": "mse"}
    assert {name: parameter(page, name) for name in page.query_params} == taken | {"steps": "70", "gray": "True"}
    assert page.button(key="start").label == "Run with changes"  # it had a mask, which no address carries
    assert "left out: mask" in page.button(key="adopt").help
    page.selectbox(key="first").select("gmsd").run()
    assert parameter(page, "first") == "gmsd"
    page.button(key="adopt").click().run()
    assert parameter(page, "first") == "ssim"
