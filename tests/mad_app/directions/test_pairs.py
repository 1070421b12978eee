"""Several pairs of directions: against eigendecompositions, of every metric; in a record and in a figure."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

from mad_app import load_distortions, principal_distortions
from mad_app.directions import Distortions, Pair, SearchSettings, principal_pairs
from mad_app.errors import ArgumentError
from mad_app.metrics import METRICS, MetricUnavailable, get_metric, second_order_form
from mad_app.metrics.contract import smooth_image
from mad_app.records import RecordError
from tests.mad_app.figures.shown import images_of

RHO = 0.01
THREE = SearchSettings(tolerance=1e-6, regularization=RHO, count=3)


def _form(size: int, seed: int) -> np.ndarray:
    """A form whose eigenvalues span two orders of magnitude."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))
    return axes @ np.diag(np.logspace(-2, 0, size)) @ axes.T


def _pairs(forms: list[np.ndarray], settings: SearchSettings = THREE) -> tuple[Pair, ...]:
    return principal_pairs([form.__matmul__ for form in forms], len(forms[0]), settings)


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    """Sine of the angle between two lines."""
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return float(np.linalg.norm(one - other * np.dot(one, other)))


def test_pairs_of_two_forms_are_the_extreme_eigenvectors_among_what_is_left() -> None:
    """Each against the pencil of both forms on the complement of the pairs before it, by LAPACK."""
    forms = [_form(12, 0), _form(12, 1)]
    left = np.eye(12)
    for pair in _pairs(forms):
        first, second = (
            left.T @ (form / mean + RHO * np.eye(12)) @ left
            for form, mean in zip(forms, pair.mean_eigenvalues, strict=True)
        )
        values, vectors = scipy.linalg.eigh(first, second)
        assert pair.deviation == pytest.approx(np.log(values[-1] / values[0]) / 4, rel=1e-6)
        assert _angle(pair.directions[0], left @ vectors[:, -1]) < 1e-3
        assert _angle(pair.directions[1], left @ vectors[:, 0]) < 1e-3
        left = left @ scipy.linalg.null_space(pair.directions @ left)


def test_pairs_of_one_form_are_its_eigenvectors_from_both_ends() -> None:
    form = _form(12, 2)
    values, vectors = np.linalg.eigh(form)
    for i, pair in enumerate(_pairs([form])):
        assert _angle(pair.directions[0], vectors[:, -1 - i]) < 1e-3
        assert _angle(pair.directions[1], vectors[:, i]) < 1e-2
        np.testing.assert_allclose(pair.forms[0] * pair.mean_eigenvalues[0], values[[-1 - i, i]], rtol=1e-3)


def test_pairs_are_orthogonal_and_always_the_same() -> None:
    forms = [_form(8, 3), _form(8, 4), _form(8, 5)]
    one, same = _pairs(forms), _pairs(forms)
    found = np.stack([pair.directions for pair in one])
    np.testing.assert_array_equal(found, np.stack([pair.directions for pair in same]))
    products = np.einsum("pan,qbn->paqb", found, found)
    assert max(np.abs(products[p, :, q]).max() for p in range(3) for q in range(p)) < 1e-12
    assert all(direction[np.abs(direction).argmax()] > 0 for direction in found.reshape(-1, 8))
    assert [pair.deviation for pair in one] == sorted((pair.deviation for pair in one), reverse=True)


def test_search_ends_where_the_metrics_agree_about_what_is_left() -> None:
    forms = [np.diag([9.0, 1, 1, 1, 1, 1]), np.diag([1.0, 1, 1, 1, 1, 4])]
    (pair,) = _pairs(forms)
    np.testing.assert_allclose(np.abs(pair.directions), np.eye(6)[[0, 5]], atol=1e-4)


def test_stop_in_the_second_pair_leaves_both() -> None:
    told: list[Pair] = []
    found = principal_pairs(
        [_form(12, 6).__matmul__, _form(12, 7).__matmul__], 12, THREE,
        on_step=told.append, should_stop=lambda: told[-1].number == 1,
    )  # fmt: skip
    assert [(pair.number, pair.outcome) for pair in found] == [(0, "converged"), (1, "stopped")]


@pytest.mark.parametrize("count", [0, 6])
def test_number_of_pairs_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(ArgumentError, match=r"^count must be"):
        SearchSettings(count=count)
    with pytest.raises(ArgumentError, match="count must be at most 2"):
        _pairs([np.diag([1.0, 2, 3, 4])], THREE)


@pytest.mark.parametrize("name", ["ssim", "haarpsi", "lpips-alex"])
def test_pairs_of_a_metric_are_the_eigenvectors_of_its_second_derivative(name: str) -> None:
    """In float32, within a subspace of four smooth changes, against LAPACK."""
    try:
        metric = get_metric(name)
    except MetricUnavailable as error:
        pytest.skip(str(error))
    size = max(METRICS[name].minimum_size, 11)
    reference = smooth_image(size, 0)
    basis = _changes(size)
    product = _within(basis, second_order_form(metric, reference).product)
    dense = np.stack([product(one) for one in np.eye(4)])
    values, vectors = np.linalg.eigh((dense + dense.T) / 2)
    pairs = principal_pairs([product], 4, SearchSettings(tolerance=1e-4, regularization=1e-3, count=2))
    found = np.concatenate([pair.forms[0] * pair.mean_eigenvalues[0] for pair in pairs])
    np.testing.assert_allclose(found, values[[3, 0, 2, 1]], rtol=5e-3)
    for direction, which in zip(np.concatenate([pair.directions for pair in pairs]), (3, 0, 2, 1), strict=True):
        assert _angle(direction, vectors[:, which]) < 0.02


def _changes(size: int) -> np.ndarray:
    """Four orthonormal smooth changes of different frequencies and colors, (4, size, size, 3)."""
    rows, columns = np.mgrid[:size, :size] / size
    random = np.random.default_rng(0)
    waves = [np.sin(2 * np.pi * (n * rows + columns) + n)[..., None] * random.uniform(0.2, 1, 3) for n in range(4)]
    columns_of, _ = np.linalg.qr(np.stack(waves).reshape(4, -1).T)
    return np.ascontiguousarray(columns_of.T).reshape(4, size, size, 3)


def _within(basis: np.ndarray, product: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A form on the coordinates of a basis."""
    return lambda c: np.tensordot(basis, product(np.tensordot(c, basis, axes=1)), axes=3)


@pytest.fixture(scope="module")
def found() -> Distortions:
    return principal_distortions("coffee", ["ssim", "mse"], size=16, settings=SearchSettings(steps=3, count=2))


def test_record_of_two_pairs_is_what_was_found(found: Distortions, tmp_path: Path) -> None:
    folder = found.save(tmp_path)
    loaded = load_distortions(folder)
    assert (loaded.metrics, loaded.deviations, loaded.residuals) == (found.metrics, found.deviations, found.residuals)
    np.testing.assert_array_equal(loaded.directions, found.directions)
    assert (folder / "4.png").is_file()


def test_record_of_the_first_schema_is_one_pair(tmp_path: Path) -> None:
    one = principal_distortions("coffee", ["ssim", "mse"], size=16, settings=SearchSettings(steps=1))
    path = one.save(tmp_path) / "distortions.json"
    document = json.loads(path.read_text())
    document |= {"schema": 1, "deviation": document.pop("deviations")[0]}
    path.write_text(json.dumps(document))
    assert load_distortions(path.parent).deviation == one.deviation
    document |= {"residuals": [0.1]}
    path.write_text(json.dumps(document))
    with pytest.raises(RecordError, match="lacks or garbles a value"):
        load_distortions(path.parent)


def test_figure_has_a_column_for_each_pair(found: Distortions) -> None:
    figure = found.figure(width="single")
    texts = [text.get_text() for text in figure.texts]
    assert sum(text.startswith("ratio ") for text in texts) == 4
    assert "A column is a pair, orthogonal to the others." in " ".join(texts)
    assert len(images_of(figure)) == 10  # the original twice, and each change by itself and added
