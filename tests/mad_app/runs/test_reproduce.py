"""What is copied from the page asks for the same run: the command line parses it, and Python runs it."""

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest

import mad_app
from mad_app.cli.main import compete
from mad_app.images import Crop, from_uint8, load_image, to_uint8
from mad_app.records import Keyframes, load_run, save_run
from mad_app.runs import Request
from mad_app.runs.reproduce import choices_of, command_of, python_of, request_again, without_control
from tests.mad_app.record_examples import make_run

REQUESTS = [
    Request(),
    Request(
        image="-my 'cat'.png", size=64, first="lasi:20", second="ssim", distortion="blur", strength=3, seed=7, steps=9
    ),
    Request(left=0.25, extent=0.5, gray=True, mask="mask.png", max_change=0.1, low_pass=8, start_file="start.png"),
    Request(first_level=0.25, second_level=0.5, seconds=90.0),
]


def parsed(command: str) -> Request:
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "mad_app", "compete"]
    with compete.make_context("compete", words[4:]) as context:
        return Request(**{name: value for name, value in context.params.items() if name != "out"})


@pytest.mark.parametrize("request_", REQUESTS)
def test_the_command_says_the_request(request_: Request) -> None:
    asked = parsed(command_of(request_))
    assert dataclasses.replace(asked, image=asked.image.removeprefix("./")) == request_


@pytest.mark.parametrize("request_", REQUESTS)
def test_the_python_says_the_request(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(mad_app, "run_competition", lambda *arguments: asked.append(arguments))
    exec(python_of(request_), {})
    assert asked == [(request_, "runs")]


def test_a_picture_from_elsewhere_is_taken_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reference = from_uint8(to_uint8(np.random.default_rng(0).random((24, 24, 3), np.float32)))
    shown = {
        "reference": reference,
        "start": reference,
        "finals": np.stack([reference] * 4),
        "keyframes": Keyframes.empty(),
    }
    settings = {"image": "mine.png", "size": 24, "extent": 0.5, "first": "ssim", "second": "mse"}
    run = load_run(save_run(make_run(settings=settings, **shown), tmp_path / "runs"))
    again = request_again(run)
    assert again.image == f"runs/{run.id}/reference.png"
    assert again.crop() == Crop()
    np.testing.assert_array_equal(parsed(command_of(again)).reference(), reference)
    np.testing.assert_array_equal(load_image(again.image), reference)


def test_a_bundled_picture_keeps_its_name_and_its_crop() -> None:
    run = make_run(settings={"image": "cat", "size": 24, "extent": 0.5, "first": "ssim", "second": "mse"})
    assert request_again(run) == Request(image="cat", size=24, extent=0.5, first="ssim", second="mse")


def test_the_page_takes_all_settings_that_it_has_a_control_for_and_says_which_it_leaves_out() -> None:
    request = Request(
        image="coffee", size=40, extent=0.5, first="lasi:20", second="ssim", steps=7, gray=True, seed=3, mask="a.png"
    )
    run = make_run(settings=dataclasses.asdict(request))
    assert choices_of(run).request("coffee") == dataclasses.replace(request, mask=None)
    assert without_control(request, run) == ["mask"]


def test_what_no_visitor_can_choose_is_as_usual() -> None:
    settings = {"first": "os:system", "size": 1e9, "steps": None, "strength": float("nan"), "seed": -1, "image": "../x"}
    choices = choices_of(make_run(settings=settings))
    assert (choices.first, choices.size, choices.steps, choices.seed) == ("lasi", 128, 300, 0)
    assert choices.image == "cat"
