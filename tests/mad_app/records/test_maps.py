"""Maps are kept in 8 bits of their own peak, and damage to them is named."""

from pathlib import Path

import numpy as np
import pytest

from mad_app.records import Maps, RecordError, load_maps, save_maps
from tests.mad_app.record_examples import edit_arrays, truncate


def make_maps() -> Maps:
    first, second = np.random.default_rng(0).random((2, 3, 4, 6, 9)) * np.array([1e-6, 40]).reshape(2, 1, 1, 1, 1)
    return Maps.of(np.array([0, 5, 9]), first, second)


def test_values_are_true_to_half_a_level_of_their_own_map(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((3, 4, 6, 9)) * 10.0 ** np.arange(-6, 6).reshape(3, 4, 1, 1)
    save_maps(tmp_path, Maps.of(np.array([0, 5, 9]), values, values))
    maps = load_maps(tmp_path)
    assert maps is not None
    assert maps.step.tolist() == [0, 5, 9]
    peak = maps.second_peak[..., None, None]
    assert np.abs(maps.second / 255 * peak - values).max(axis=(2, 3)) == pytest.approx(0, abs=1e6)
    assert (np.abs(maps.second / 255 * peak - values) <= peak * 0.502 / 255).all()


def test_what_is_not_finite_is_nothing() -> None:
    maps = Maps.of(np.array([0]), np.full((1, 4, 2, 2), np.nan), np.full((1, 4, 2, 2), -1.0))
    assert not maps.first.any()
    assert not maps.second.any()


def test_a_record_may_have_none(tmp_path: Path) -> None:
    assert load_maps(tmp_path) is None


@pytest.mark.parametrize(
    "damage",
    [
        truncate("maps.npz"),
        edit_arrays("maps.npz", first=None),
        edit_arrays("maps.npz", first=np.zeros((3, 4, 6), np.uint8)),
        edit_arrays("maps.npz", second=np.zeros((3, 4, 6, 9))),
        edit_arrays("maps.npz", first_peak=np.full((3, 4), np.inf)),
    ],
)
def test_damage_is_refused(tmp_path: Path, damage) -> None:
    save_maps(tmp_path, make_maps())
    damage(tmp_path)
    with pytest.raises(RecordError, match=r"maps\.npz"):
        load_maps(tmp_path)
