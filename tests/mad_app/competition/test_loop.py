"""Two JAX metrics are compiled as one loop, constrained or not, with the results of the stepwise loop."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import pytest

from mad_app.competition import Settings, Step, compete
from mad_app.metrics import BoundJaxMetric, BoundMetric, JaxMetric
from tests.mad_app.competition.quadratics import FORM, SIZE, SQUARE_NORM, reference_and_start

MASK = np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 3 > 0
CONSTRAINTS: dict[str, tuple[dict[str, Any], np.ndarray | None]] = {
    "none": ({}, None),
    "max_change": ({"max_change": 0.1}, None),
    "low_pass and mask": ({"low_pass": 5.0}, MASK),
}


@dataclass(frozen=True)
class Opaque:
    """A JAX metric that the engine does not know as one."""

    of: JaxMetric

    @property
    def name(self) -> str:
        return self.of.name

    def bind(self, reference: jax.Array) -> BoundMetric:
        return OpaqueBound(self.of.bind(reference))


@dataclass(frozen=True)
class OpaqueBound:
    of: BoundJaxMetric

    def distances(self, images: jax.Array) -> jax.Array:
        return self.of.distances(images)

    def value_and_grad(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        return self.of.value_and_grad(images)


def run(first: Any, second: Any, constraints: str, steps: int) -> list[Step]:
    settings, mask = CONSTRAINTS[constraints]
    return list(compete(*reference_and_start(), first, second, Settings(steps=steps, **settings), mask=mask))


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_compiled_and_stepwise_give_the_same(constraints: str) -> None:
    compiled = run(FORM, SQUARE_NORM, constraints, 40)
    step_by_step = run(Opaque(FORM), Opaque(SQUARE_NORM), constraints, 40)
    assert len(compiled) == len(step_by_step) == 41
    for ours, theirs in zip(compiled[:5], step_by_step[:5], strict=True):
        np.testing.assert_allclose(ours.images, theirs.images, atol=1e-4)
    for role in ("first", "second"):
        np.testing.assert_allclose(getattr(compiled[-1], role), getattr(step_by_step[-1], role), rtol=0.01)


@pytest.mark.parametrize("constraints", CONSTRAINTS)
def test_no_step_of_two_jax_metrics_goes_through_the_host(constraints: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    evaluate = BoundJaxMetric.value_and_grad

    def counted(self: BoundJaxMetric, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        calls.append(len(images))
        return evaluate(self, images)

    monkeypatch.setattr(BoundJaxMetric, "value_and_grad", counted)
    run(FORM, SQUARE_NORM, constraints, 40)
    assert len(calls) < 10
