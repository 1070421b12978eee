"""The geometry: steps along a level set follow the formulas, returns reach the level, nothing leaves the box."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mad_app.competition.geometry import FLOOR, MOMENTUM, Moments, no_moments, return_step, tangent_step
from mad_app.competition.schedules import FALLING

SHAPE = (4, 6, 5, 3)
NO_LACK = jnp.zeros(4)


def random(seed: int, low: float = -1, high: float = 1) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).uniform(low, high, SHAPE), jnp.float32)


def interior() -> jax.Array:
    return random(0, 0.4, 0.6)


def pressed() -> jax.Array:
    """A third of the values at 0, a third at 1."""
    return jnp.clip(jnp.round(random(0, -0.5, 1.5) * 2) / 2, 0, 1)


def per_image(value: float) -> jax.Array:
    return jnp.full(4, value)


def step(
    images: jax.Array,
    moments: Moments,
    ascent: jax.Array,
    normal: jax.Array,
    missing: jax.Array,
    size: jax.Array,
    falling: np.ndarray = FALLING,
    trust: float = 1.0,
) -> tuple[jax.Array, Moments]:
    return tangent_step(images, moments, ascent, normal, missing, size, per_image(trust), jnp.asarray(falling))


def inner(a: object, b: object) -> np.ndarray:
    return np.sum(np.asarray(a, np.float64) * np.asarray(b, np.float64), axis=(1, 2, 3), keepdims=True)


def assert_tangent(step: jax.Array, normal: jax.Array) -> None:
    """Orthogonal up to the rounding of images in float32."""
    cosine = inner(normal, step) / np.sqrt(inner(normal, normal) * inner(step, step))
    assert (np.abs(cosine) < 1e-4).all()


def oracle(steps: int, gradients: list[jax.Array], normals: list[jax.Array], missing: float) -> np.ndarray:
    """The formulas of the module, in float64, far from the box: where the images are after the steps."""
    x = np.asarray(interior(), np.float64)
    m, u, v = np.zeros(SHAPE), np.zeros(SHAPE), np.zeros(SHAPE)
    falls = np.reshape(FALLING, (4, 1, 1, 1))
    for k in range(1, steps + 1):
        g, n = np.asarray(gradients[k - 1], np.float64), np.asarray(normals[k - 1], np.float64)
        h = g - inner(g, n) / inner(n, n) * n
        m, v = MOMENTUM * m + (1 - MOMENTUM) * h, 0.99 * v + 0.01 * np.where(falls, g, h) ** 2
        v_hat = v / (1 - 0.99**k)
        d = 1 / (np.sqrt(v_hat) + FLOOR * np.sqrt(v_hat.mean(axis=(1, 2, 3), keepdims=True)))
        way = np.where(falls, u + 1e-3 * d * h, 1e-3 * d * m / (1 - MOMENTUM**k))
        way = way - d * n * inner(n, way) / inner(n, d * n)
        t = np.where(falls, 2 / (k + 1) * way, way)
        u = way - t
        back = np.where(falls, d, 1)
        back = back / (1 + np.abs(back * n) / np.sqrt(((back * n) ** 2).mean(axis=(1, 2, 3), keepdims=True)))
        x = x + t + back * n * missing / inner(n, back * n)
    return x


def test_steps_follow_the_formulas() -> None:
    gradients, normals = [random(seed) for seed in (1, 2, 3)], [random(seed) for seed in (4, 5, 6)]
    images, moments = interior(), no_moments(interior())
    for gradient, normal in zip(gradients, normals, strict=True):
        images, moments = step(images, moments, gradient, normal, per_image(0.02), per_image(1e-3))
    np.testing.assert_allclose(images, oracle(3, gradients, normals, 0.02), atol=2e-6)
    assert int(moments.steps) == 3


def test_a_falling_image_is_the_mean_of_its_leaders_places() -> None:
    """Without a held metric and on a slope that does not change, place j weighs j."""
    images, slope, size = interior(), random(1), 1e-4
    moments, leader, places = no_moments(images), images, []
    for _ in range(5):
        images, moments = step(images, moments, slope, jnp.zeros(SHAPE), NO_LACK, per_image(size))
        leader = leader + size * slope / (jnp.abs(slope) + FLOOR * jnp.sqrt((slope**2).mean((1, 2, 3), keepdims=True)))
        places.append(leader)
    weights = np.arange(1.0, 6)
    mean = sum(weight * np.asarray(place) for weight, place in zip(weights / weights.sum(), places, strict=True))
    np.testing.assert_allclose(images[FALLING], mean[FALLING], atol=1e-6)
    np.testing.assert_allclose((images + moments.heading)[FALLING], leader[FALLING], atol=1e-6)


def test_a_leader_stays_in_the_box() -> None:
    images = interior()
    moments = Moments(10 * random(3), random(4, 0, 1), jnp.asarray(7))
    moved, after = step(images, moments, random(1), random(2), NO_LACK, per_image(0.01))
    places = (images + (moved - images + after.heading))[FALLING]
    assert ((places >= -0.01) & (places <= 1.01)).all()


def test_with_half_the_trust_an_image_goes_half_as_far() -> None:
    images, gradient, normal = interior(), random(1), random(2)
    whole, half = (
        step(images, no_moments(images), gradient, normal, NO_LACK, per_image(1e-3), trust=trust)[0] - images
        for trust in (1.0, 0.5)
    )
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)


def test_a_step_is_tangent_to_the_level_set() -> None:
    images, gradient, normal = interior(), random(1), random(2)
    moments = Moments(0.1 * random(3), random(4, 0, 1), jnp.asarray(7))
    moved, _ = step(images, moments, gradient, normal, NO_LACK, per_image(0.01))
    assert_tangent(moved - images, normal)


def test_a_first_step_climbs() -> None:
    images, gradient = interior(), random(1)
    moved, _ = step(images, no_moments(images), gradient, random(2), NO_LACK, per_image(0.01))
    assert (inner(gradient, moved - images) > 0).all()


def test_a_step_stays_tangent_when_pixels_are_pressed_against_the_box() -> None:
    """The pressed pixels push outwards strongly; were they counted, the others would make up for what they never do."""
    images = interior().at[:, :2].set(1.0)
    gradient, normal = random(1).at[:, :2].set(5.0), random(2)
    moved, _ = step(images, no_moments(images), gradient, normal, NO_LACK, per_image(1e-3))
    np.testing.assert_array_equal(moved[:, :2], 1)
    assert (np.abs(moved - images)[:, 2:] > 0).all()
    assert_tangent(moved - images, normal)


def test_what_the_box_cuts_off_a_step_does_not_leave_the_level() -> None:
    """Half of the values are so near to the box that they are cut off; the others make up for them to first order."""
    images = jnp.clip(random(0, 0.4, 0.6).at[:, ::2].set(0.9995), 0, 1)
    gradient, normal = random(1), random(2)
    moved, _ = step(images, no_moments(images), gradient, normal, NO_LACK, per_image(1e-2))
    assert (moved == 1).any()
    assert_tangent(moved - images, normal)


def test_the_size_of_a_step_is_the_images_own() -> None:
    images, gradient, normal = (jnp.repeat(one[:1], 4, axis=0) for one in (interior(), random(1), random(2)))
    sizes = jnp.asarray([0, 1e-3, 2e-3, 4e-3])
    moved, _ = step(images, no_moments(images), gradient, normal, NO_LACK, sizes, falling=np.zeros(4, bool))
    lengths = np.sqrt(inner(moved - images, moved - images)).ravel()
    np.testing.assert_allclose(lengths / lengths[1], [0, 1, 2, 4], rtol=1e-3)


@pytest.mark.parametrize("lack", [-0.5, 0.3])
def test_a_return_reaches_the_level_of_a_linear_metric_at_once(lack: float) -> None:
    images, normal = interior(), random(2)
    returned = return_step(images, normal, per_image(lack))
    np.testing.assert_allclose(inner(normal, returned - images).ravel(), lack, rtol=1e-4)


@pytest.mark.parametrize("level", [0.5, 2.0])
def test_returns_converge_quadratically_on_a_quadratic_metric(level: float) -> None:
    reference, weights = interior(), random(1, 0.2, 3)
    images = jnp.clip(reference + 0.2 * random(2), 0, 1)

    def distances(images: jax.Array) -> jax.Array:
        return jnp.sum(weights * (images - reference) ** 2, axis=(1, 2, 3))

    target = level * distances(images)
    off = [1.0]
    for _ in range(7):
        normal = 2 * weights * (images - reference)
        images = return_step(images, normal, target - distances(images))
        off.append(float(jnp.abs(distances(images) / target - 1).max()))
    assert off[-1] < 1e-5
    for before, after in itertools.pairwise(off):
        assert after < max(2 * before**2, 1e-5)


def test_a_return_uses_only_pixels_that_may_move_that_way() -> None:
    images, normal = pressed(), random(2)
    missing = per_image(0.05)
    moved = return_step(images, normal, missing)
    outward = (images <= 0) & (normal < 0) | (images >= 1) & (normal > 0)
    np.testing.assert_array_equal(moved[outward], images[outward])
    np.testing.assert_allclose(inner(normal, moved - images).ravel(), missing, rtol=1e-4)


@pytest.mark.parametrize("lack", [-100.0, 0.0, 100.0])
def test_nothing_leaves_the_box(lack: float) -> None:
    images, moments = pressed(), no_moments(pressed())
    for seed in range(5):
        images, moments = step(images, moments, random(seed), random(seed + 10), per_image(lack), per_image(1.0))
        images = return_step(images, random(seed + 20), per_image(-lack))
        assert ((images >= 0) & (images <= 1)).all()


def test_without_any_gradient_nothing_moves() -> None:
    images, nothing = interior(), jnp.zeros(SHAPE)
    moved, _ = step(images, no_moments(images), nothing, nothing, per_image(0.1), per_image(0.1))
    np.testing.assert_array_equal(moved, images)
    np.testing.assert_array_equal(return_step(images, nothing, per_image(0.1)), images)


def test_an_image_takes_no_notice_of_its_neighbors_in_the_batch() -> None:
    images, gradient, normal = interior(), random(1), random(2)
    moved, _ = step(images, no_moments(images), gradient, normal, NO_LACK, per_image(0.01))
    other = gradient.at[1:].multiply(-100)
    again, _ = step(images, no_moments(images), other, normal, NO_LACK, per_image(0.01))
    np.testing.assert_array_equal(moved[0], again[0])
