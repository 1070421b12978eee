"""The address carries every request that the page can make, and nothing else gets in."""

from pathlib import Path

import numpy as np
import pytest

from mad_app.images import Crop
from mad_app.records import Keyframes, load_record, save_run
from mad_app.request import Request
from mad_app.runs.reproduce import to_query
from mad_app.ui.components.form import PictureChoice, from_query, plan, request_of_record
from tests.mad_app.record_examples import make_run

REQUESTS = [
    Request(),
    Request(image="coffee", size=64, first="lasi:20", second="ssim", distortion="blur", strength=3, seed=7, steps=9),
    Request(left=0.25, extent=0.5, gray=True, max_change=0.1, low_pass=8, others="mse,gmsd"),
    Request(first="lpips-alex", second="lasi", first_level=0.25, second_level=1e-7, seconds=90.5),
    Request(distortion="jpeg"),
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_a_request_goes_into_the_address_and_comes_out_of_it(request_: Request) -> None:
    assert from_query(to_query(request_)) == (request_, [])


def test_an_earlier_name_is_understood() -> None:
    assert from_query({"grey": "True"}) == (Request(gray=True), [])


@pytest.mark.parametrize(
    "query",
    [
        {"first": "os:system"},
        {"first": "lasi:51"},
        {"second": "lasi"},
        {"size": "1e9"},
        {"size": "1025"},
        {"size": "64.5"},
        {"image": "../x"},
        {"steps": "<b>"},
        {"strength": "nan"},
        {"strength": "inf"},
        {"gray": "perhaps"},
        {"max_change": "-1"},
        {"seed": "-1"},
        {"distortion": "none"},
    ],
)
def test_what_is_not_allowed_is_named_and_the_default(query: dict[str, str]) -> None:
    assert from_query(query | {"seconds": "9", "unknown": "x"}) == (Request(seconds=9.0), list(query))


def test_files_do_not_come_from_an_address() -> None:
    asked, ignored = from_query({"mask": "/etc/passwd", "start_file": "x.png"})
    assert (asked, set(ignored)) == (Request(), {"mask", "start_file"})


@pytest.mark.parametrize("series", ["", "series/"])
def test_a_record_on_another_picture_is_repeated_on_its_own_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, series: str
) -> None:
    monkeypatch.setenv("MAD_APP_RUNS", str(tmp_path))
    reference = np.zeros((24, 32, 3), np.float32)
    shown = {"reference": reference, "start": reference, "finals": np.stack([reference] * 4)}
    settings = {"image": "mine.png", "size": 99, "extent": 0.5, "first": "ssim", "second": "mse", "mask": "a.png"}
    run = load_record(save_run(make_run(settings=settings, keyframes=Keyframes.empty(), **shown), tmp_path / series))
    request, lacking = request_of_record(run)
    assert request == Request(image=f"{series}{run.id}/reference.png", size=32, first="ssim", second="mse")
    assert lacking == ["mask"]


def test_the_plan_names_what_is_not_the_default() -> None:
    request = Request(first="ssim", second="mse", gray=True, second_level=0.2, steps=70, seconds=120)
    picture = PictureChoice("Cat", "cat", Crop(), np.zeros((64, 96, 3), np.float32))
    text = plan(request, picture, {"mask": "face.png"})
    assert "a copy of Cat distorted by white noise, 96 × 64 pixels" in text
    assert "one that MSE rates the same and 1 − SSIM as differently as possible" in text
    assert text.endswith("70 steps, at most 2 min 0 s. Settings: gray; MSE kept at 0.2; only within face.png.")
