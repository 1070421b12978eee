"""Metrics without a gradient: measured if installed, refused in a competition with the reason."""

import importlib.machinery
import io
import sys
from types import ModuleType

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from mad_app.competition import Settings, compete
from mad_app.errors import ArgumentError
from mad_app.metrics import (
    METRICS,
    VALUE_METRICS,
    MetricUnavailable,
    describe_value_metrics,
    get_measurable,
    get_metric,
    measure,
    measure_batch,
    measured_by_default,
)
from tests.mad_app.metrics.pictures import noisy, smooth_picture

REFERENCE = smooth_picture(20)
IMAGES = noisy(REFERENCE, 0.05, 0.2)


def fake(name: str, monkeypatch: pytest.MonkeyPatch, **functions: object) -> None:
    """A module as if it were installed."""
    module = ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def flip(monkeypatch: pytest.MonkeyPatch) -> None:
    """flip_evaluator with the mean difference in place of FLIP."""

    def evaluate(
        reference: np.ndarray, test: np.ndarray, dynamic_range: str, **options: object
    ) -> tuple[np.ndarray, float, dict[str, object]]:
        assert (dynamic_range, options) == ("LDR", {"applyMagma": False})
        assert reference.flags.writeable
        assert test.flags.writeable
        errors = np.abs(reference - test)
        return errors, errors.mean(), {}

    fake("flip_evaluator", monkeypatch, evaluate=evaluate)


@pytest.fixture
def ssimulacra2(monkeypatch: pytest.MonkeyPatch) -> None:
    """ssimulacra2 with the largest difference of 8-bit levels taken from 100 as its score."""

    def compute(original: io.BytesIO, distorted: io.BytesIO) -> float:
        one, other = (np.asarray(Image.open(file), np.float64) for file in (original, distorted))
        return 100 - np.abs(one - other).max()

    fake("ssimulacra2", monkeypatch, compute_ssimulacra2=compute)


@pytest.fixture
def neither(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("flip_evaluator", "ssimulacra2"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)


@pytest.mark.usefixtures("flip", "ssimulacra2")
def test_they_are_measured_among_the_others() -> None:
    assert measured_by_default() == [*METRICS, "ssimulacra2", "flip"]
    values = measure_batch(REFERENCE, IMAGES, ["flip", "mse", "ssimulacra2"])
    assert list(values) == ["flip", "mse", "ssimulacra2"]
    assert values["flip"] == pytest.approx(jnp.abs(IMAGES - REFERENCE).mean(axis=(1, 2, 3)).tolist(), rel=1e-5)
    levels = np.rint(255 * np.asarray(IMAGES, np.float64)) - np.rint(255 * np.asarray(REFERENCE, np.float64))
    assert values["ssimulacra2"] == pytest.approx(np.abs(levels).max(axis=(1, 2, 3)).tolist())


@pytest.mark.usefixtures("flip")
def test_they_say_what_measured() -> None:
    metric = get_measurable("flip")
    assert metric.weights is not None
    assert metric.weights.startswith("flip-evaluator ")
    assert metric.maps(REFERENCE, IMAGES) is None
    assert metric.bind(REFERENCE).distances(IMAGES).dtype == jnp.float32


@pytest.mark.usefixtures("ssimulacra2")
def test_small_images_have_no_value() -> None:
    assert measure(REFERENCE[:7], IMAGES[0, :7], ["ssimulacra2"]) == {"ssimulacra2": None}


@pytest.mark.usefixtures("neither")
def test_those_not_installed_do_not_appear() -> None:
    assert not {"flip", "ssimulacra2"} & {*measured_by_default()}
    assert measure(REFERENCE, IMAGES[0], ["flip"]) == {"flip": None}
    reasons = {description.spec.name: description.reason for description in describe_value_metrics()}
    assert reasons == {"ssimulacra2": "not installed: ssimulacra2", "flip": "not installed: flip_evaluator"}
    with pytest.raises(MetricUnavailable, match="flip is not available here: not installed: flip_evaluator"):
        get_measurable("flip")


@pytest.mark.parametrize("name", VALUE_METRICS)
def test_they_cannot_be_named_as_competitors(name: str) -> None:
    """Whether installed or not."""
    with pytest.raises(ArgumentError, match=f"cannot be {name}, which can be measured but not compete: the package"):
        get_metric(name)


@pytest.mark.usefixtures("flip")
def test_they_cannot_compete_as_objects() -> None:
    steps = compete(REFERENCE, IMAGES[0], get_measurable("flip"), get_metric("mse"), Settings(steps=2))
    with pytest.raises(ArgumentError, match="flip in a competition: the package flip-evaluator gives values only"):
        list(steps)


@pytest.mark.usefixtures("flip")
def test_images_of_another_shape_are_refused() -> None:
    bound = get_measurable("flip").bind(REFERENCE)
    with pytest.raises(ValueError, match="must have the reference's shape"):
        bound.distances(IMAGES[:, :-1])
