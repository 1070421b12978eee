"""The search against eigendecompositions, and against a search of all pairs in two dimensions."""

import numpy as np
import pytest
import scipy.linalg

from mad_app.directions import Pair, SearchSettings, principal_directions
from mad_app.errors import ArgumentError

EXACT = SearchSettings(tolerance=1e-6, regularization=0.01)


def _ellipse(angle: float, first: float, second: float) -> np.ndarray:
    """A form in two dimensions by the angle of its axes and its eigenvalues, as in the paper's first figure."""
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return axes @ np.diag([first, second]) @ axes.T


def _random(size: int, seed: int) -> np.ndarray:
    """A form whose eigenvalues span three orders of magnitude."""
    random = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(random.standard_normal((size, size)))
    return axes @ np.diag(np.logspace(-3, 0, size)) @ axes.T


def _regularized(form: np.ndarray, mean: float) -> np.ndarray:
    return form / mean + EXACT.regularization * np.eye(len(form))


def _search(forms: list[np.ndarray], settings: SearchSettings = EXACT) -> Pair:
    return principal_directions([form.__matmul__ for form in forms], len(forms[0]), settings)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    """Sine of the angle between two lines."""
    return float(np.linalg.norm(one - other * np.dot(one, other) / np.dot(other, other)) / np.linalg.norm(one))


@pytest.mark.parametrize("forms", [
    [_ellipse(0.0, 4, 1), _ellipse(np.pi / 3, 2, 1)],
    [_random(30, 0), _random(30, 1)],
])  # fmt: skip
def test_two_metrics_give_the_extreme_generalized_eigenvectors(forms: list[np.ndarray]) -> None:
    pair = _search(forms)
    first, second = (_regularized(*one) for one in zip(forms, pair.mean_eigenvalues, strict=True))
    values, vectors = scipy.linalg.eigh(first, second)
    assert pair.outcome == "converged"
    assert pair.deviation == pytest.approx(np.log(values[-1] / values[0]) / 4, rel=1e-8)
    assert _angle(pair.directions[0], vectors[:, -1]) < 1e-3
    assert _angle(pair.directions[1], vectors[:, 0]) < 1e-3


def test_one_metric_gives_its_eigenvectors() -> None:
    form = _random(30, 2)
    pair = _search([form])
    _, vectors = np.linalg.eigh(form)
    assert _angle(pair.directions[0], vectors[:, -1]) < 1e-4
    assert _angle(pair.directions[1], vectors[:, 0]) < 1e-2
    assert pair.forms[0, 0] * pair.mean_eigenvalues[0] == pytest.approx(1, rel=1e-6)
    assert pair.forms[0, 1] * pair.mean_eigenvalues[0] == pytest.approx(1e-3, rel=1e-2)


def test_axes_are_found_where_the_forms_share_them() -> None:
    pair = _search([np.diag([9.0, 1.0, 1.0]), np.diag([1.0, 1.0, 4.0])])
    np.testing.assert_allclose(pair.directions, [[1, 0, 0], [0, 0, 1]], atol=1e-4)


def test_three_metrics_give_the_greatest_variance_of_all_pairs() -> None:
    forms = [_ellipse(0.2, 5, 1), _ellipse(1.1, 3, 1), _ellipse(2.0, 8, 1)]
    pair = _search(forms)
    angles = np.linspace(0, np.pi, 1001)
    lines = np.stack([np.cos(angles), np.sin(angles)])
    regularized = [_regularized(*one) for one in zip(forms, pair.mean_eigenvalues, strict=True)]
    logs = np.stack([0.5 * np.log(np.einsum("ia,ij,ja->a", lines, form, lines)) for form in regularized])
    deviations = (logs[:, :, None] - logs[:, None, :]).std(axis=0)
    assert pair.deviation == pytest.approx(deviations.max(), rel=1e-5)


def test_mean_eigenvalue_is_that_of_the_form() -> None:
    forms = [_random(200, 3), np.eye(200) + _random(200, 4)]
    pair = _search(forms, SearchSettings(steps=1))
    np.testing.assert_allclose(pair.mean_eigenvalues, [np.trace(form) / 200 for form in forms], rtol=0.05)


def test_stopped_after_any_step_it_is_a_valid_pair_that_grows() -> None:
    forms, steps = [_random(30, 5), _random(30, 6)], list[Pair]()
    pair = principal_directions(
        [form.__matmul__ for form in forms], 30, EXACT, on_step=steps.append, should_stop=lambda: len(steps) == 3
    )
    assert (pair.outcome, pair.step) == ("stopped", 3)
    np.testing.assert_allclose(np.linalg.norm(pair.directions, axis=1), 1)
    assert [one.deviation for one in steps] == sorted(one.deviation for one in steps)
    assert pair.deviation == steps[-1].deviation


def test_equal_arguments_give_equal_pairs_and_other_seeds_the_same_optimum() -> None:
    forms = [_random(12, 7), _random(12, 8)]
    one, same, other = (_search(forms, SearchSettings(tolerance=1e-6, seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.directions, same.directions)
    assert _angle(one.directions[0], other.directions[0]) < 0.2
    assert not np.array_equal(one.directions, other.directions)


@pytest.mark.parametrize("forms", [[np.eye(5)], [_random(5, 9), 3 * _random(5, 9)]])
def test_metrics_that_agree_about_all_changes_are_refused(forms: list[np.ndarray]) -> None:
    with pytest.raises(ArgumentError, match="metrics must disagree about small changes"):
        _search(forms)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"tolerance": 0.0}, {"regularization": 2.0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(ArgumentError, match=f"^{name} must be"):
        SearchSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [("steps", 1.5, "a whole number"), ("steps", 10**18, "at most 1000000000"), ("count", True, "a whole number"),
     ("seed", np.array([1]), "a whole number"), ("tolerance", "0.1", "a number"), ("regularization", None, "a number")],
)  # fmt: skip
def test_settings_of_another_type_are_refused(name: str, value: object, needed: str) -> None:
    with pytest.raises(ArgumentError, match=f"{name} must be .*{needed}"):
        SearchSettings(**{name: value})
