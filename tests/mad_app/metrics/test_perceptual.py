"""LASI's adapter against the package lasi itself."""

from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from lasi import LASI
from mad_app.metrics import get_metric, perceptual
from tests.mad_app.metrics.pictures import noisy, smooth_picture


def test_lasi_is_that_of_the_package_between_minus_one_and_one() -> None:
    shape = (12, 17, 3)
    reference = smooth_picture(17)[: shape[0], : shape[1]]
    images = noisy(reference, 0.05, 0.3)
    lasi = LASI(shape, neighborhood_size=3)
    expected = [lasi.compute_distance(2 * reference - 1, 2 * image - 1) for image in images]
    np.testing.assert_allclose(get_metric("lasi:3").bind(reference).distances(images), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("statistics", "budget"),
    [(None, 4e9), ({}, 4e9), ({"bytes_limit": 60e9, "bytes_in_use": 59e9}, 4e9), ({"bytes_limit": 6e9}, 1.5e9)],
    ids=["a CPU", "an unknown device", "a large GPU in use", "a small GPU"],
)
def test_lasi_keeps_within_a_quarter_of_a_small_gpu(
    statistics: dict[str, float] | None, budget: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else is on it, so that a run is laid out alike when it is continued."""
    device: Any = SimpleNamespace(memory_stats=lambda: statistics)
    monkeypatch.setattr(jax, "local_devices", lambda: [device])
    assert perceptual._memory_budget() == budget
