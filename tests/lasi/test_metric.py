"""LASI as a distance: where it is 0, its gradient, its transformations, and the images it accepts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import lasi as package
from lasi import LASI
from lasi.strips import Target, group_of
from tests.lasi import oracle
from tests.lasi.pictures import noisy, smooth_noise

SHAPE, SIZE = (9, 10, 3), 4
METRIC = LASI(SHAPE, SIZE)
X = np.float32(smooth_noise(SHAPE, seed=1))
Y = np.float32(noisy(X, 0.2, seed=2))
Z = np.float32(noisy(X, 0.2, seed=3))

IDENTICAL = 1e-6
"""Largest distance of an image to itself: a few roundings of float32 in vectors of length 1. It is not 0 because the
two embeddings may be rounded differently, in other lanes of a vector operation or in another program."""

VALUE_AND_GRADIENTS = jax.jit(jax.value_and_grad(METRIC.compute_distance, argnums=(0, 1)))
DISTANCE = METRIC.compute_distance


@pytest.mark.usefixtures("float64")
def test_every_method_against_the_oracle() -> None:
    x, y = X.astype(np.float64), Y.astype(np.float64)
    embeddings = [oracle.embed(image, SIZE).reshape(*SHAPE, SIZE) for image in (x, y)]
    regression = oracle.regress(x, SIZE)
    norms = np.linalg.norm(embeddings[0] - embeddings[1], axis=-1)
    expected = [
        embeddings[0],
        regression.coefficients.reshape(*SHAPE, SIZE),
        regression.predictions.reshape(SHAPE),
        regression.losses.mean(),
        norms.mean(axis=-1),
        norms.mean(),
        norms.mean(),
        np.array([0, norms.mean()]),
        norms.mean(),
    ]

    @jax.jit
    def evaluate(x: jax.Array, y: jax.Array, embedding: jax.Array) -> list[jax.Array]:
        return [
            METRIC.embedding(x),
            METRIC.coefficients(x),
            METRIC.prediction(x),
            METRIC.wls_loss(x),
            METRIC.distance_map(x, y),
            METRIC.compute_distance(x, y),
            METRIC.compute_distance_to(embedding, y),
            METRIC.compute_distances_to(embedding, jnp.stack([x, y])),
            METRIC.compute_distance_multiple(ref=x, y=y)["y"],
        ]

    for value, wanted in zip(evaluate(x, y, embeddings[0]), expected, strict=True):
        assert value.dtype == np.float64
        np.testing.assert_allclose(value, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("count", "group"), [(3, 1), (4, 2)])
def test_wide_images_computed_in_groups_equal_single_ones(count: int, group: int) -> None:
    shape = (3, 100, 3)
    assert group_of(shape, SIZE, count, Target("cpu")) == group
    lasi = LASI(shape, SIZE)
    x = np.float32(smooth_noise(shape, seed=1))
    images = np.float32([noisy(x, 0.1, seed=2 + i) for i in range(count)])
    weights = jnp.linspace(-1, 2, count)

    def together(embedding: jax.Array, images: jax.Array) -> jax.Array:
        return weights @ lasi.compute_distances_to(embedding, images)

    def alone(embedding: jax.Array, images: jax.Array) -> jax.Array:
        return weights @ jax.lax.map(lambda image: lasi.compute_distance_to(embedding, image), images)

    embedding = lasi.embedding(x)
    results = [jax.jit(jax.value_and_grad(of, argnums=(0, 1)))(embedding, images) for of in (together, alone)]
    for found, expected in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_weighted_loss_falls_as_the_neighborhood_grows() -> None:
    losses = [float(jax.jit(LASI(SHAPE, size).wls_loss)(X)) for size in (1, 3, 8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.as_shipped
def test_symmetric_positive_and_satisfies_the_triangle_inequality() -> None:
    to_y, to_z, between = DISTANCE(X, Y), DISTANCE(X, Z), DISTANCE(Y, Z)
    np.testing.assert_allclose(DISTANCE(Y, X), to_y, rtol=1e-6)
    assert min(to_y, to_z, between) > 0.01
    assert between <= to_y + to_z


@pytest.mark.as_shipped
@pytest.mark.parametrize("image", [X, 0 * X, 0 * X + 1, 0 * X - 0.3], ids=["noise", "gray", "white", "dark"])
def test_an_image_has_distance_zero_to_itself(image: np.ndarray) -> None:
    assert 0 <= METRIC.compute_distance(image, image) <= IDENTICAL
    assert 0 <= METRIC.compute_distance_to(METRIC.embedding(image), image) <= IDENTICAL
    assert 0 <= METRIC.compute_distance_multiple(ref=image, same=image)["same"] <= IDENTICAL
    assert np.max(METRIC.distance_map(image, image)) <= 10 * IDENTICAL


def test_the_distance_grows_with_noise() -> None:
    distances = [float(DISTANCE(X, noisy(X, strength, seed=4))) for strength in (0.01, 0.05, 0.2)]
    assert distances == sorted(distances)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("unit_normalize", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradient_against_finite_differences(seed: int, unit_normalize: bool) -> None:
    x, y, step = X.astype(np.float64), Y.astype(np.float64), 1e-6
    evaluate = VALUE_AND_GRADIENTS if unit_normalize else NOT_NORMALIZED
    directions = np.random.default_rng(seed).standard_normal((2, *SHAPE))
    _, gradients = evaluate(x, y)
    ahead, behind = (evaluate(x + s * directions[0], y + s * directions[1])[0] for s in (step, -step))
    slope = sum(np.vdot(gradient, along) for gradient, along in zip(gradients, directions, strict=True))
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-6)


NOT_NORMALIZED = jax.jit(
    jax.value_and_grad(LASI(SHAPE, SIZE, unit_normalize_features=False).compute_distance, argnums=(0, 1))
)


@pytest.mark.usefixtures("float64")
def test_gradients_of_the_other_methods_against_finite_differences() -> None:
    lasi, image, step = LASI((5, 6, 2), 3), smooth_noise((5, 6, 2), seed=5), 1e-6
    direction, weights = np.random.default_rng(6).standard_normal((2, *image.shape))

    @jax.jit
    @jax.value_and_grad
    def objective(x: jax.Array) -> jax.Array:
        return lasi.wls_loss(x) + jnp.vdot(lasi.prediction(x), weights) + jnp.sum(lasi.embedding(x) ** 3)

    central = (objective(image + step * direction)[0] - objective(image - step * direction)[0]) / (2 * step)
    np.testing.assert_allclose(np.vdot(objective(image)[1], direction), central, rtol=1e-6)


SINGULAR_PAIRS = {
    "identical": (X, X),
    "gray": (0 * X, 0 * X),
    "white": (0 * X + 1, 0 * X + 1),
    "black": (0 * X - 1, 0 * X - 1),
    "gray and white": (0 * X, 0 * X + 1),
    "constant and noise": (0 * X + 0.5, Y),
    "equal in the first rows": (X, np.where(np.arange(9)[:, None, None] < 5, X, Y)),
}


@pytest.mark.as_shipped
@pytest.mark.parametrize("name", SINGULAR_PAIRS)
def test_finite_gradient_everywhere(name: str) -> None:
    distance, gradients = VALUE_AND_GRADIENTS(*SINGULAR_PAIRS[name])
    assert np.isfinite(distance)
    for gradient in gradients:
        assert np.isfinite(gradient).all()


def test_the_first_element_has_a_finite_gradient_too() -> None:
    _, (gradient, _) = VALUE_AND_GRADIENTS(X, Y)
    assert np.isfinite(gradient[0, 0, 0])
    assert gradient[0, 0, 0] != 0


def test_an_embedding_of_length_zero_is_not_normalized() -> None:
    """Coefficients that the shift cancels; whether those of an image do so exactly depends on rounding."""
    features, adjoint = jax.vjp(METRIC._features, jnp.full((1, SIZE, 1), -oracle.SHIFT))
    assert not features.any()
    assert jnp.isfinite(adjoint(jnp.ones((1, SIZE, 1)))[0]).all()


def test_a_gradient_along_the_embedding_is_removed() -> None:
    """Where two embeddings nearly agree, that component is rounding and can be far larger than the others."""
    coefficients = np.float32([0.3, 1e-6, -2e-6, 0])[None, :, None]
    along = np.float32([1e4, 0.5, -0.25, 1])[None, :, None]
    gradients = []
    for dtype in (jnp.float32, jnp.float64):
        with jax.enable_x64(True):
            _, adjoint = jax.vjp(METRIC._features, jnp.asarray(coefficients, dtype))
            gradients.append(adjoint(jnp.asarray(along, dtype))[0])
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-3)


@pytest.mark.as_shipped
def test_jit_equals_eager() -> None:
    lasi, x, y = LASI((2, 3), 1), X[:2, :3, 0], Y[:2, :3, 0]
    compiled = jax.jit(jax.value_and_grad(lasi.compute_distance))(x, y)
    called = lasi.compute_distance(x, y)
    with jax.disable_jit():
        eager = jax.value_and_grad(lasi.compute_distance)(jnp.asarray(x), jnp.asarray(y))
    np.testing.assert_allclose(called, compiled[0], rtol=1e-6)
    np.testing.assert_allclose(eager[0], compiled[0], rtol=1e-6)
    np.testing.assert_allclose(eager[1], compiled[1], rtol=0, atol=1e-5)


def test_vmap_equals_a_loop() -> None:
    lasi, xs, ys = LASI((4, 5, 3), 2), np.stack([X, Y, Z])[:, :4, :5], np.stack([Z, X, Y])[:, :4, :5]
    evaluate = jax.value_and_grad(lasi.compute_distance)
    distances, gradients = jax.jit(jax.vmap(evaluate))(xs, ys)
    evaluate_one = jax.jit(evaluate)
    for x, y, distance, gradient in zip(xs, ys, distances, gradients, strict=True):
        expected_distance, expected_gradient = evaluate_one(x, y)
        np.testing.assert_allclose(distance, expected_distance, rtol=1e-5)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=0, atol=1e-5)


def test_a_batch_equals_a_loop() -> None:
    embedding = METRIC.embedding(X)
    distances = METRIC.compute_distances_to(embedding, np.stack([Y, Z, X]))
    each = [METRIC.compute_distance_to(embedding, image) for image in (Y, Z, X)]
    np.testing.assert_allclose(distances, each, rtol=1e-5, atol=IDENTICAL)
    np.testing.assert_allclose(distances[:2], [METRIC.compute_distance(X, image) for image in (Y, Z)], rtol=1e-5)


def test_float32_stays_near_float64() -> None:
    shape = (22, 37, 3)
    x = smooth_noise(shape, seed=7)
    y = noisy(x, 0.1, seed=8)
    lasi = LASI(shape, neighborhood_size=10)
    single = jax.jit(lasi.compute_distance)(np.float32(x), np.float32(y))
    with jax.enable_x64(True):
        double = jax.jit(lasi.compute_distance)(x, y)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-5)


def test_two_dimensions_equal_one_channel() -> None:
    def evaluate(x: np.ndarray, y: np.ndarray) -> tuple[jax.Array, ...]:
        lasi = LASI(x.shape, 3)

        @jax.jit
        def methods(x: jax.Array, y: jax.Array) -> tuple[jax.Array, ...]:
            return lasi.compute_distance(x, y), lasi.distance_map(x, y), lasi.embedding(x), lasi.prediction(x)

        return methods(x, y)

    distance, where, embedding, prediction = evaluate(X[..., 0], Y[..., 0])
    deep_distance, deep_where, deep_embedding, deep_prediction = evaluate(X[..., :1], Y[..., :1])
    assert distance == deep_distance
    np.testing.assert_array_equal(where, deep_where)
    np.testing.assert_array_equal(embedding, deep_embedding[:, :, 0])
    np.testing.assert_array_equal(prediction, deep_prediction[..., 0])


def test_the_map_averages_to_the_distance() -> None:
    where = METRIC.distance_map(X, Y)
    assert where.shape == SHAPE[:2]
    np.testing.assert_allclose(where.mean(), METRIC.compute_distance(X, Y), rtol=1e-5)


def test_the_map_shows_where_images_differ() -> None:
    changed = X.copy()
    changed[6:, 5:] = Y[6:, 5:]
    where = np.asarray(METRIC.distance_map(X, changed))
    assert np.max(where[:6]) <= 10 * IDENTICAL
    assert where[6:].max() > 0.01


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.bool_, np.float16, jnp.bfloat16], ids=str)
def test_other_numbers_equal_their_float32(dtype: np.dtype) -> None:
    x, y = (((image + 1) * 127.5).astype(dtype) for image in (X, Y))
    distance = METRIC.compute_distance(x, y)
    assert distance.dtype == np.float32
    assert distance == METRIC.compute_distance(x.astype(np.float32), y.astype(np.float32))


def test_lists_of_numbers_are_images() -> None:
    assert METRIC.compute_distance(X.tolist(), Y.tolist()) == METRIC.compute_distance(X, Y)


@pytest.mark.as_shipped
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (4, 5, 1)], ids=str)
def test_nan_and_infinity_make_the_distance_nan(value: float, place: tuple[int, int, int]) -> None:
    broken = X.copy()
    broken[place] = value
    for distance in (
        METRIC.compute_distance(X, broken),
        METRIC.compute_distance(broken, X),
        METRIC.compute_distance(broken, broken),
        METRIC.compute_distance_multiple(ref=X, broken=broken)["broken"],
    ):
        assert np.isnan(distance)


def test_two_images_of_one_element_have_distance_zero() -> None:
    lasi = LASI((1, 1, 1), 1)
    evaluate = jax.value_and_grad(lasi.compute_distance)
    assert evaluate(np.ones((1, 1, 1), np.float32), np.zeros((1, 1, 1), np.float32)) == (0, 0)


def test_the_example_of_the_class_in_the_package_runs() -> None:
    assert package.__doc__
    example = package.__doc__[package.__doc__.index("    from lasi import LASI") :]
    lines = [line[4:] for line in example.splitlines() if line.startswith("    ")]
    names = {"reference": X, "image": Y, "a": Y, "b": Z, "images": np.stack([Y, Z])}
    results = {}
    for line in lines:
        code = line.split("#")[0].replace("neighborhood_size=10", f"neighborhood_size={SIZE}")
        if "=" in code.split("(")[0] or code.startswith("from"):
            exec(code, names)
        else:
            results[code.split("(")[0].strip()] = eval(code, names)
    assert results["lasi.compute_distance"] > 0
    assert list(results["lasi.compute_distance_multiple"]) == ["a", "b"]
    assert results["lasi.distance_map"].shape == SHAPE[:2]
    assert results["lasi.embedding"].shape == (*SHAPE, SIZE)
    assert results["lasi.compute_distances_to"].shape == (2,)


def test_flat_regions_in_eight_bits_stay_finite() -> None:
    """float32 cannot resolve λ in sums of 255²: the value is inaccurate, but finite."""
    shape = (48, 48, 3)
    white = np.full(shape, 255, np.uint8)
    step = np.where(np.arange(48)[:, None, None] < 24, np.uint8(0), np.uint8(255))
    step = np.broadcast_to(step, shape)
    noisy = np.clip(white + np.random.default_rng(0).normal(0, 9, shape), 0, 255).astype(np.float32)
    evaluate = jax.jit(jax.value_and_grad(LASI(shape, 10).compute_distance, argnums=1))
    for x in (white, step):
        distance, gradient = evaluate(np.float32(x), noisy)
        assert jnp.isfinite(distance)
        assert jnp.isfinite(gradient).all()
