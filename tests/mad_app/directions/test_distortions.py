"""Principal distortions of a picture: against a dense eigendecomposition, in a record, in a figure, from a command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from click.testing import CliRunner

from mad_app import eigen_distortions, load_distortions, principal_distortions
from mad_app.cli import directions as command
from mad_app.cli.main import program
from mad_app.directions import Distortions, SearchSettings
from mad_app.errors import ArgumentError
from mad_app.images import load_image
from mad_app.metrics import get_metric, second_order_form
from mad_app.records import RecordError

QUICK = SearchSettings(steps=5)


@pytest.fixture(scope="module")
def found() -> Distortions:
    return principal_distortions("coffee", ["ssim", "mse"], size=16, settings=QUICK)


def test_two_metrics_agree_with_a_dense_eigendecomposition() -> None:
    picture = np.random.default_rng(0).uniform(0.2, 0.8, (11, 11, 3)).astype(np.float32)
    found = principal_distortions(picture, ["ssim", "ssim-luma"], settings=SearchSettings(tolerance=1e-3))
    matrices = []
    for one in found.metrics:
        product = second_order_form(get_metric(one.name), jnp.asarray(picture)).product
        matrix = np.stack([product(unit.reshape(picture.shape)).ravel() for unit in np.eye(picture.size)])
        matrices.append((matrix + matrix.T) / (2 * one.mean_eigenvalue) + 0.1 * np.eye(picture.size))
    values, vectors = scipy.linalg.eigh(*matrices)
    assert found.deviation == pytest.approx(np.log(values[-1] / values[0]) / 4, rel=1e-4)
    for direction, vector in zip(found.directions, (vectors[:, -1], vectors[:, 0]), strict=True):
        cosine = np.dot(direction.ravel(), vector) / np.linalg.norm(direction) / np.linalg.norm(vector)
        assert abs(cosine) > 0.99


def test_sensitivities_are_those_of_the_metrics(found: Distortions) -> None:
    """MSE weighs all changes alike; the shown images differ from the original by as much as they should."""
    assert found.sensitivities["mse"] == pytest.approx((1, 1), rel=1e-3)
    assert found.sensitivities["ssim"][0] > 1 > found.sensitivities["ssim"][1]
    np.testing.assert_allclose((found.directions**2).mean(axis=(1, 2, 3)), 1, rtol=1e-5)
    (mse,) = (one for one in found.metrics if one.name == "mse")
    assert all(0.7 * 0.05**2 < value < 1.01 * 0.05**2 for value in mse.values)  # less where clipped to [0, 1]
    assert found.thresholds["ssim"][0] == pytest.approx(1 / found.sensitivities["ssim"][0])


def test_one_metric_has_a_most_and_a_least_noticeable_change() -> None:
    found = eigen_distortions("coffee", "ssim", size=16, settings=QUICK)
    assert found.residuals[0] < 1e-3
    assert found.sensitivities["ssim"][0] > 1 > found.sensitivities["ssim"][1]
    assert "most noticeable" in found.verdict


def test_gray_pictures_get_gray_changes() -> None:
    found = principal_distortions("cameraman", ["ssim", "mse"], size=16, settings=QUICK)
    assert found.settings["gray"]
    np.testing.assert_array_equal(found.directions[..., 0], found.directions[..., 2])


def test_record_is_what_was_found(found: Distortions, tmp_path: Path) -> None:
    folder = found.save(tmp_path)
    assert found.save(tmp_path) == folder
    loaded = load_distortions(folder)
    np.testing.assert_array_equal(loaded.directions, found.directions)
    assert (loaded.metrics, loaded.settings, loaded.outcome) == (found.metrics, dict(found.settings), found.outcome)
    np.testing.assert_array_equal(load_image(folder / "1.png"), found.images[0])
    assert json.loads((folder / "distortions.json").read_text())["settings"]["regularization"] == 0.1


@pytest.mark.parametrize("damage", ['{"schema": 2}', '{"schema": 1}', "["])
def test_damaged_record_is_refused(found: Distortions, tmp_path: Path, damage: str) -> None:
    folder = found.save(tmp_path)
    (folder / "distortions.json").write_text(damage)
    with pytest.raises(RecordError, match=r"distortions\.json"):
        load_distortions(folder)


@pytest.mark.parametrize("width", ["single", "double"])
def test_figure_says_what_is_magnified_and_relative_to_what(found: Distortions, tmp_path: Path, width: str) -> None:
    found.figure(tmp_path / "figure.svg", width=width)
    text = (tmp_path / "figure.svg").read_text()
    for words in ("Original + first", "Second, magnified", "magnified", "white noise", "Regularization"):
        assert words in text


def test_same_metric_twice_is_refused() -> None:
    with pytest.raises(ArgumentError, match="metrics must be one metric, or several that differ"):
        principal_distortions("coffee", ["mse", "mse"], size=16)


def test_command_writes_a_record_with_a_figure(tmp_path: Path) -> None:
    words = ["directions", "cat", "--metrics", "ssim,mse", "--size", "16", "--steps", "2", "--out", str(tmp_path)]
    result = CliRunner().invoke(program, words)
    assert result.exit_code == 0, result.stderr
    folder = Path(result.stdout.strip())
    assert (folder / "figure.png").is_file()
    assert "2/2" in result.stderr
    assert load_distortions(folder).steps == 2


@pytest.mark.parametrize(("option", "value"), [("--metrics", "gmsd,mse"), ("--metrics", "mse"), ("--steps", "0")])
def test_command_refuses_what_cannot_be_used(tmp_path: Path, option: str, value: str) -> None:
    words = ["directions", "cat", "--size", "16", "--metrics", "ssim,mse", option, value, "--out", str(tmp_path)]
    result = CliRunner().invoke(program, words)
    assert result.exit_code == 2
    assert option in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_interrupted_command_leaves_a_valid_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def at_once() -> Iterator[object]:
        yield lambda: True

    monkeypatch.setattr(command, "gentle_interrupts", at_once)
    words = ["directions", "cat", "--metrics", "ssim,mse", "--size", "16", "--out", str(tmp_path)]
    result = CliRunner().invoke(program, words)
    assert result.exit_code == 130
    found = load_distortions(Path(result.stdout.strip()))
    assert (found.outcome, found.steps) == ("stopped", 1)
