"""The regressions of a whole picture, against LASI from its definition (tests/lasi/oracle.py)."""

import numpy as np
import pytest

from mad_app.errors import ArgumentError
from mad_app.lessons.regressions import Survey, coefficients, embedding_distances, finding_of, seconds_by_size, survey
from tests.lasi import oracle

RANDOM = np.random.default_rng(0)
IMAGE, OTHER = RANDOM.random((2, 6, 7, 3), np.float32)
VALUES = 2 * IMAGE.astype(np.float64) - 1


@pytest.mark.parametrize("ridge", [1.0, 0.1])
def test_every_number_of_neighbors_gives_what_is_defined(ridge: float) -> None:
    found = survey(IMAGE, ridge=ridge)
    for n in (1, 10, 50):
        expected = oracle.regress(VALUES, n, coefficient=ridge)
        np.testing.assert_allclose(2 * found.predictions[n - 1].ravel() - 1, expected.predictions, atol=1e-6)
        assert found.losses[n - 1] == pytest.approx(expected.losses.mean(), rel=1e-9)
        assert found.errors[n - 1] == pytest.approx(np.mean((VALUES.ravel() - expected.predictions) ** 2), rel=1e-9)


def test_fewer_neighbors_are_the_beginning_of_more() -> None:
    few, many = survey(IMAGE, largest=5), survey(IMAGE)
    np.testing.assert_allclose(few.predictions, many.predictions[:5], atol=1e-6)
    np.testing.assert_allclose(few.losses, many.losses[:5], rtol=1e-9)


def test_the_weights_and_the_map_are_those_of_the_metric() -> None:
    expected = oracle.regress(VALUES, 10, coefficient=0.5).coefficients
    np.testing.assert_allclose(coefficients(IMAGE, 10, ridge=0.5).reshape(-1, 10), expected, rtol=1e-7, atol=1e-9)
    found = embedding_distances(IMAGE, OTHER, largest=20)
    for n in (1, 10, 20):
        embeddings = [oracle.embed(2 * image.astype(np.float64) - 1, n) for image in (IMAGE, OTHER)]
        distances = np.linalg.norm(embeddings[0] - embeddings[1], axis=-1).reshape(IMAGE.shape).mean(axis=-1)
        np.testing.assert_allclose(found[n - 1], distances, atol=1e-6)


def test_the_finding_counts_falls_and_names_the_best_size() -> None:
    found = finding_of(Survey(np.zeros((4, 1, 1, 3), np.float32), np.array([4.0, 2, 3, 1]), np.array([8.0, 2, 4, 4])))
    assert (found.falls, found.steps, found.best) == (2, 3, 2)
    assert (found.loss_left, found.error_left) == (0.25, 0.5)


def test_a_time_is_measured_for_each_size() -> None:
    assert (seconds_by_size(IMAGE, (1, 4)) > 0).tolist() == [True, True]


@pytest.mark.parametrize(
    ("argument", "changed"),
    [("neighborhood_size", {"largest": 51}), ("ridge", {"ridge": 0.0}), ("other", {"other": IMAGE[1:]})],
)
def test_what_cannot_be_used_is_refused_by_its_name(argument: str, changed: dict[str, object]) -> None:
    with pytest.raises(ArgumentError) as refused:
        embedding_distances(**({"image": IMAGE, "other": OTHER} | changed))  # type: ignore[arg-type]
    assert refused.value.argument == argument
