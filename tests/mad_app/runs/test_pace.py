"""What a run takes is expected by runs of the same metrics, those of the most alike size first."""

import pytest

from mad_app.runs.pace import Pace, expected_seconds

SSIM = frozenset({"ssim", "mse"})


def test_runs_of_the_most_alike_size_count_and_one_odd_run_does_not() -> None:
    known = [Pace(SSIM, side**2, side**2 * 1e-6) for side in (60, 64, 70)] + [Pace(SSIM, 512**2, 512**2 * 1e-7)] * 3
    assert expected_seconds(("mse", "ssim"), 64**2, 100, known) == pytest.approx(100 * 64**2 * 1e-6)
    assert expected_seconds(("ssim", "mse"), 1024 * 683, 10, known) == pytest.approx(10 * 1024 * 683 * 1e-7)
    odd = [*known[:2], Pace(SSIM, 64**2, 60.0)]
    assert expected_seconds(("mse", "ssim"), 64**2, 1, odd) == pytest.approx(64**2 * 1e-6)


def test_runs_of_other_metrics_count_only_where_they_are_asked_for() -> None:
    known = [Pace(frozenset({"lasi", "mse"}), 100, 1.0)]
    assert expected_seconds(("ssim", "mse"), 200, 5, known) is None
    assert expected_seconds(("ssim", "mse"), 200, 5, known, of_any=True) == pytest.approx(10)
    assert expected_seconds(("ssim", "mse"), 200, 5, [], of_any=True) is None
