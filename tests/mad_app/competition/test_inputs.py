"""Every array and metric that `compete` is given is checked, and what is refused is named with what came."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition import Settings, compete
from mad_app.errors import ArgumentError
from tests.mad_app.competition.quadratics import FORM, SQUARE_NORM, metric_of, reference_and_start, square_norms

REFERENCE, START = reference_and_start()
MASK = np.ones((16, 16), bool)


def refusal(**changes: Any) -> ArgumentError:
    arguments = {"reference": REFERENCE, "start": START, "first": SQUARE_NORM, "second": FORM, **changes}
    with pytest.raises(ArgumentError) as caught:
        next(compete(**arguments))
    return caught.value


@pytest.mark.parametrize("argument", ["reference", "start"])
def test_what_is_no_image_is_refused(argument: str) -> None:
    error = refusal(**{argument: 2 * {"reference": REFERENCE, "start": START}[argument] - 2})
    assert error.argument == argument
    assert error.problem.startswith("must be uint8 or floating point in [0, 1], got float32 from -")


def test_a_start_of_another_shape_is_refused() -> None:
    error = refusal(start=START[:, :15])
    assert (error.argument, error.problem) == (
        "start",
        "must have the reference's shape (16, 16, 3), got (16, 15, 3)",
    )


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (MASK.astype(np.uint8), "must be bool, true where the images may change, got uint8 from 1 to 1"),
        (MASK[:8, :8], "must have the images' height and width (16, 16), got (8, 8)"),
        (MASK[..., None], "must have the images' height and width (16, 16), got (16, 16, 1)"),
        (
            np.broadcast_to(np.float32(1), (1 << 20, 1 << 20)),
            "must have the images' height and width (16, 16), got (1048576, 1048576)",
        ),
        (~MASK, "lets no pixel change: it must be true (white) where the images may change"),
    ],
)
def test_what_is_no_mask_is_refused(mask: np.ndarray, problem: str) -> None:
    error = refusal(mask=mask)
    assert (error.argument, error.problem) == ("mask", problem)


@pytest.mark.parametrize("kind", [np.float64, jnp.float32])
def test_float64_and_jax_arrays_are_taken(kind: Any) -> None:
    plain, other = (
        next(compete(make(REFERENCE), make(START), SQUARE_NORM, FORM)) for make in (np.asarray, lambda a: kind(a))
    )
    np.testing.assert_array_equal(plain.images, other.images)
    np.testing.assert_array_equal(plain.first, other.first)


def shifted(by: float) -> Any:
    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return 0 * square_norms(reference, images) + by

    return metric_of("my:metric", distances_to)


@pytest.mark.parametrize("role", ["first", "second"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-0.3, "my:metric returned -0.3 for the start; a distance must be positive"),
        (np.nan, "my:metric returned nan for the start; a distance must be positive"),
        (np.inf, "my:metric returned inf for the start; a distance must be positive"),
        (0.0, "my:metric gives the start distance 0, as if it were the reference: choose another start"),
        (
            1.0,
            "my:metric has no gradient: at the start it is 0 at every value that may change, so no step can change "
            "the distance",
        ),
    ],
)
def test_a_metric_that_is_no_distance_at_the_start_is_refused(role: str, value: float, problem: str) -> None:
    error = refusal(**{role: shifted(value)})
    assert (error.argument, error.problem) == (role, problem)


@pytest.mark.parametrize(("factor", "word"), [(1e25, "large"), (1e-25, "small")])
def test_a_metric_whose_gradient_float32_cannot_square_is_refused(factor: float, word: str) -> None:
    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return jnp.float32(factor) * square_norms(reference, images)

    error = refusal(second=metric_of("scaled", distances_to))
    assert error.argument == "second"
    assert f"scaled has a gradient too {word} to be squared in float32" in error.problem


def test_a_metric_that_sees_only_what_is_masked_has_no_gradient() -> None:
    def distances_to(reference: jax.Array, images: jax.Array) -> jax.Array:
        return square_norms(reference[8:], images[:, 8:])

    mask = MASK.copy()
    mask[8:] = False
    error = refusal(first=metric_of("lower half", distances_to), mask=mask)
    assert error.argument == "first"
    assert "has no gradient" in error.problem


@pytest.mark.parametrize(
    ("key", "value"), [("steps", 0), ("seconds", 0), ("seconds", np.inf), ("max_change", 2.0), ("second_level", np.nan)]
)
def test_settings_out_of_range_are_refused(key: str, value: float) -> None:
    with pytest.raises(ArgumentError) as caught:
        Settings(**{key: value})  # type: ignore[arg-type]
    assert caught.value.argument == key


@pytest.mark.parametrize(
    ("given", "problem"),
    [({"first": "ssim"}, "must be a metric, such as get_metric('ssim'), got its name"),
     ({"settings": {}}, "must be Settings, got {}")],
)  # fmt: skip
def test_what_is_no_metric_and_what_are_no_settings_is_refused(given: dict[str, Any], problem: str) -> None:
    error = refusal(**given)
    assert ((error.argument,), error.problem) == (tuple(given), problem)
