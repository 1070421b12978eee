"""What is copied from the page, or from its address, asks for the same run."""

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest

import mad_app
from mad_app.cli.main import compete
from mad_app.images import Crop, from_uint8, load_image, to_uint8
from mad_app.metrics import resolve_metric
from mad_app.records import Keyframes, Origin, Run, load_record, save_run
from mad_app.request import REQUEST_SETTINGS, Request
from mad_app.runs.materialize import read_reference
from mad_app.runs.reproduce import (
    asks_for_same,
    command_of,
    from_query,
    python_of,
    reproduction_of,
    request_for_page,
    to_query,
)
from tests.mad_app.record_examples import make_run

REQUESTS = [
    Request(),
    Request(
        image="-my 'cat'.png", size=64, first="lasi:20", second="ssim", distortion="blur", strength=3, seed=7, steps=9
    ),
    Request(left=0.25, extent=0.5, gray=True, mask="mask.png", max_change=0.1, low_pass=8, start_file="start.png"),
    Request(first_level=0.25, second_level=0.5, seconds=90.0),
    Request(first="lasi:20+0.5*lpips-alex", second="lasi:20"),
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


@pytest.mark.parametrize("first", ["colleagues.metrics:edges", "0.5*colleagues.metrics:edges+mse"])
def test_the_python_of_a_metric_of_ones_own_finds_it(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    request, asked = Request(first=first, second="ssim"), []
    monkeypatch.setattr(mad_app, "run_competition", lambda *arguments, **others: asked.append((arguments, others)))
    exec(python_of(request), {})
    assert asked == [((request, "runs"), {"resolve": resolve_metric})]


def saved(tmp_path: Path, shape: tuple[int, int], settings: dict[str, object], origin: Origin | None = None) -> Run:
    """A run on a picture of some size, as it is loaded."""
    reference = from_uint8(to_uint8(np.random.default_rng(0).random((*shape, 3), np.float32)))
    run = make_run(
        settings=settings,
        origin=origin,
        reference=reference,
        start=reference,
        finals=np.stack([reference] * 4),
        images_8bit=np.stack([to_uint8(reference)] * 4),
        keyframes=Keyframes.empty(),
    )
    return load_record(save_run(run, tmp_path / "runs"))


MINE = {"image": "mine.png", "size": 24, "extent": 0.5, "first": "ssim", "second": "mse"}


def test_a_picture_from_elsewhere_is_taken_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = saved(tmp_path, (24, 24), MINE)
    request = reproduction_of(run)
    assert request.image == f"runs/{run.id}/reference.png"
    assert request.crop() == Crop()
    np.testing.assert_array_equal(read_reference(parsed(command_of(request))).image, run.reference)
    np.testing.assert_array_equal(load_image(str(request.image)), run.reference)
    page, ignored = request_for_page(run)
    assert (page.image, page.size, page.crop(), ignored) == (f"{run.id}/reference.png", 24, Crop(), [])
    assert asks_for_same(dataclasses.replace(page, image=str(tmp_path / request.image)), Request(**MINE), run)
    assert not asks_for_same(dataclasses.replace(page, seed=9), Request(**MINE), run)


@pytest.mark.parametrize("gray", [False, True])
def test_what_the_picture_decided_is_the_same_as_what_the_record_says(gray: bool) -> None:
    open_, decided = Request(size=24), Request(size=24, gray=gray)
    run = make_run(settings=dataclasses.asdict(decided))
    assert asks_for_same(decided, open_, run)
    assert asks_for_same(open_, decided, run)
    assert not asks_for_same(Request(size=24, gray=not gray), open_, run)


def test_an_array_is_taken_from_the_record_as_large_as_it_is(tmp_path: Path) -> None:
    run = saved(tmp_path, (24, 40), {"image": None, "first": "ssim", "second": "mse"})
    assert (reproduction_of(run).size, request_for_page(run)[0].size) == (40, 40)
    named = {"image": "cat", "size": 24, "first": "ssim", "second": "mse"}
    run = saved(tmp_path, (24, 24), named, Origin.of(np.zeros((24, 24, 3), np.float32), "array", "cat"))
    assert str(reproduction_of(run).image).endswith("reference.png")


def test_a_bundled_picture_keeps_its_name_and_its_crop() -> None:
    run = make_run(settings={"image": "cat", "size": 24, "extent": 0.5, "first": "ssim", "second": "mse"})
    expected = Request(image="cat", size=24, extent=0.5, first="ssim", second="mse")
    assert reproduction_of(run) == request_for_page(run)[0] == expected


def test_a_page_takes_over_all_settings_that_an_address_can_carry_and_names_the_others() -> None:
    request = Request(
        image="coffee", size=40, extent=0.5, first="lasi:20", second="ssim", steps=7, gray=True, seed=3, mask="a.png"
    )
    run = make_run(settings=dataclasses.asdict(request))
    assert request_for_page(run) == (dataclasses.replace(request, mask=None), ["mask"])
    assert request_for_page(run, maxima={"size": 32})[1] == ["size", "mask"]


# ---- addresses -------------------------------------------------------------------------------------------------------

IN_ADDRESS = [
    Request(),
    Request(image="coffee", size=64, first="lasi:20", second="ssim", distortion="blur", strength=3, seed=7, steps=9),
    Request(left=0.25, extent=1 / 3, gray=True, max_change=0.1, low_pass=8),
    Request(left=0.0, top=0.5, extent=1.0, gray=False),
    Request(left=0.25, width=0.5),
    Request(top=1 / 3, height=0.25, gray=True),
    Request(first="wasserstein:2.5", second="dists", others="flip,nlpd"),
    Request(first="lasi:20+0.5*lpips-alex", second="1e-05*lasi+mse", others="2*ssim+mse"),
    Request(first_level=0.1 + 0.2, second_level=1e-7, seconds=90.0, others="ssim,mse"),
]


@pytest.mark.parametrize("request_", IN_ADDRESS)
def test_an_address_gives_the_request_back_exactly(request_: Request) -> None:
    assert from_query(to_query(request_)) == (request_, [])


def test_an_address_says_no_more_than_it_must() -> None:
    assert to_query(Request()) == {}
    assert to_query(Request(distortion="blur", mask="/home/me/a.png")) == {"distortion": "blur"}


def test_every_setting_is_in_the_address_or_is_a_file() -> None:
    assert {name for name, declared in REQUEST_SETTINGS.items() if not declared.in_address} == {"mask", "start_file"}


@pytest.mark.parametrize(
    "query",
    [
        {"image": "../../etc/passwd"},
        {"image": "a/reference.png"},
        {"first": "os:system"},
        {"second": "lasi:999"},
        {"second": "flip"},
        {"size": "1e9"},
        {"size": "8"},
        {"steps": ""},
        {"seed": "-1"},
        {"strength": "nan"},
        {"strength": "7"},
        {"distortion": "fog"},
        {"gray": "perhaps"},
        {"max_change": "inf"},
        {"others": "ssim,nothing"},
        {"mask": "/etc/passwd"},
        {"start_file": "/etc/passwd"},
        {"first": "lpips-alex"},
        {"second": "lasi"},
        {"second": "2*lasi"},
        {"second": "0*ssim"},
        {"first": "ssim+os:system"},
    ],
)
def test_what_an_address_cannot_ask_for_is_the_default_and_named(query: dict[str, str]) -> None:
    assert from_query({**query, "job": "0123", "page": "2"}) == (Request(), list(query))


def test_one_wrong_value_leaves_the_others_as_they_are() -> None:
    request, ignored = from_query(
        {"distortion": "blur", "strength": "99", "first": "mse", "second": "mse", "seed": "5"}
    )
    assert request == Request(distortion="blur", first="mse", seed=5)
    assert ignored == ["strength", "second"]


def test_earlier_names_and_a_default_number_are_understood() -> None:
    assert from_query({"grey": "True"})[0].gray
    assert from_query({"first": "lasi:10"})[0].first == "lasi"
    assert from_query({"first": "wasserstein:2.50"})[0].first == "wasserstein:2.5"


@pytest.mark.parametrize("typed", ["lasi 0.5*mse", " 0.5 * mse + lasi:10 ", "lasi+.5*mse"])
def test_a_sum_is_understood_as_it_is_typed(typed: str) -> None:
    """In an address that was typed by hand, a + is a space."""
    assert from_query({"first": typed})[0].first == "lasi+0.5*mse"


def test_a_page_may_allow_saved_pictures_and_less_than_the_engine() -> None:
    request, ignored = from_query({"image": "run/start.png", "steps": "5000"}, maxima={"steps": 2000})
    assert (request, ignored) == (Request(), ["image", "steps"])
    request, ignored = from_query({"image": "run/start.png"}, is_saved_picture=lambda name: name == "run/start.png")
    assert (request.image, ignored) == ("run/start.png", [])
