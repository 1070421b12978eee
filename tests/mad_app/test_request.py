"""A setting is declared once; a request refuses what cannot be, and equal requests share an id."""

import dataclasses
from dataclasses import dataclass

import pytest

from mad_app.declaration import check_settings, setting, settings_of
from mad_app.errors import ArgumentError
from mad_app.images import Crop, SquareCrop
from mad_app.request import (
    GROUPS,
    REQUEST_SETTINGS,
    Request,
    describe_settings,
    in_groups,
    request_from,
    request_id,
    settings_for_record,
)


@dataclass(frozen=True, kw_only=True)
class Later(Request):
    """A request of a later version of the program, which has one constraint more."""

    min_change: float | None = setting(
        None,
        label="Minimum change",
        help="How far every value must move.",
        group="constraints",
        above=0,
        maximum=1,
        none="any",
        phrase="changes of at least {value:g}",
    )


def test_a_setting_that_is_declared_is_checked_and_described_like_all_others() -> None:
    declared = settings_of(Later)["min_change"]
    assert (declared.kind, declared.optional, declared.option, declared.default) == (float, True, "min-change", None)
    assert declared.describe(0.25, {}) == "changes of at least 0.25"
    assert declared.parse("0.25") == 0.25
    with pytest.raises(ArgumentError, match="min_change must be above 0 and at most 1, got 2"):
        Later(min_change=2)
    with pytest.raises(ArgumentError, match="min_change must be a number or None, got 'much'"):
        Later(min_change="much")


@pytest.mark.parametrize("declared", REQUEST_SETTINGS.values(), ids=list(REQUEST_SETTINGS))
def test_every_setting_is_declared_completely(declared: object) -> None:
    found = next(one for one in REQUEST_SETTINGS.values() if one is declared)
    assert found.label
    assert found.help.endswith(".")
    assert found.group in GROUPS
    assert found.none or not found.optional or found.name == "image"
    found.check(found.default)
    if found.default is not None:
        assert found.parse(found.text(found.default)) == found.default


def test_settings_come_in_the_order_of_their_groups() -> None:
    order = [GROUPS.index(declared.group) for declared in in_groups()]
    assert order == sorted(order)
    assert {declared.name for declared in in_groups()} == set(REQUEST_SETTINGS)


def test_equal_requests_share_an_id_whatever_names_and_numbers_they_are_written_with() -> None:
    request = Request(image="coffee", gray=True, max_change=0.5, seconds=90)
    settings = dataclasses.asdict(request)
    same = [
        dict(reversed(settings.items())),
        {**settings, "seconds": 90.0},
        {("grey" if name == "gray" else name): value for name, value in settings.items()},
        {"image": "coffee", "gray": True, "max_change": 0.5, "seconds": 90, "step_size": 0.02},
    ]
    assert {request_id(one) for one in same} == {request_id(settings)}
    others = [{"seed": 1}, {"steps": 501}, {"others": "none"}, {"mask": "a.png"}]
    assert len({request_id({**settings, **other}) for other in others} | {request_id(settings)}) == 5


def test_an_id_stays_what_it_is() -> None:
    """Ids lie in records and series, which go on matching."""
    earlier = {"left": 0.5, "top": 0.5, "extent": 1.0, "gray": False}
    assert request_id(earlier) == request_id({**earlier, "strength": 0.1, "image": "cat"}) == "86cbf72de8cc95c6"
    assert request_id({**earlier, "left": 0.0, "extent": 0.5, "gray": True}) == "3bd4be88f28dfe1f"
    assert request_id({"image": None, "gray": False, "seed": 3}) == "2bd7714a5e912c88"
    assert request_id({}) == request_id({"strength": 0.1, "width": 1}) != request_id(earlier)


def test_a_record_keeps_no_settings_of_a_picture_that_was_given_as_an_array() -> None:
    assert settings_for_record(Request()) == dataclasses.asdict(Request())
    kept = settings_for_record(Request().with_array())
    assert kept["image"] is None
    assert kept.keys() == REQUEST_SETTINGS.keys() - {"size", "left", "top", "width", "height", "extent"}
    assert request_from(kept) == Request().with_array()


@pytest.mark.parametrize(
    ("settings", "crop"),
    [
        ({}, Crop()),
        ({"left": 0.25, "width": 0.5}, Crop(left=0.25, width=0.5)),
        ({"top": 0.5, "width": 0.5, "height": 0.5}, Crop(top=0.5, width=0.5, height=0.5)),
        ({"extent": 0.5}, SquareCrop(extent=0.5)),
        ({"left": 0.0}, SquareCrop(left=0.0)),
        ({"left": 0.0, "top": 1, "extent": 1.0}, SquareCrop(left=0.0, top=1)),
    ],
)
def test_a_crop_is_a_rectangle_or_the_square_of_an_earlier_version(
    settings: dict[str, float], crop: Crop | SquareCrop
) -> None:
    request = Request(**settings)
    assert request.crop() == crop
    assert dataclasses.replace(request, seed=3).crop() == request_from(dataclasses.asdict(request)).crop() == crop


def test_a_square_has_no_width_of_its_own() -> None:
    with pytest.raises(ArgumentError, match="extent gives a square"):
        Request(extent=0.5, width=0.5)


@pytest.mark.parametrize("others", ["", "ssim,", ",", "ssim,,mse"])
def test_other_metrics_without_a_name_are_refused(others: str) -> None:
    with pytest.raises(ArgumentError, match="others must be all, none, or names"):
        Request(others=others)


def test_other_metrics_are_all_none_or_names() -> None:
    assert Request().other_metrics() is None
    assert Request(others="none").other_metrics() == ()
    assert Request(others="ssim, mse,ssim").other_metrics() == ("ssim", "mse")


def test_a_numpy_number_is_a_number_and_true_is_none() -> None:
    import numpy as np

    check_settings(Request(steps=np.int64(5), max_change=np.float32(0.5)))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="steps must be a whole number, got True"):
        Request(steps=True)


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**5000], ids=["1e400", "-1e400", "1e5000"])
def test_a_number_beyond_every_float_is_refused_like_any_other(number: int) -> None:
    with pytest.raises(ArgumentError, match=r"must be .* got a number of more than 40 digits") as caught:
        Request(steps=number)
    assert len(str(caught.value)) < 200
    with pytest.raises(ArgumentError, match="must be"):
        Request(max_change=number)


def test_phrases_name_the_metrics() -> None:
    titles = {"first": "LASI", "second": "MSE"}
    assert describe_settings({"gray": False}, titles) == []
    assert describe_settings({"first_level": 0.25, "low_pass": 4.0}, titles) == [
        "up to 4 cycles per shorter side",
        "LASI kept at 0.25",
    ]
