"""The layout of LASI for a GPU, run on the CPU: the authors' values, and those of the layout for a CPU.

`_processor` chooses the layout; without it a program has that of the platform it is lowered for.
"""

import functools
import importlib
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from lasi import LASI, regression
from lasi.causal_sum import block_sums
from lasi.linear_map import Processor
from lasi.spec import Spec
from lasi.strips import Layout, Target, group_of, layout_of
from tests.lasi import oracle
from tests.lasi.pictures import noisy, smooth_noise
from tests.lasi.reference import CASES, Case
from tests.lasi.test_reference import IN_FLOAT32, IN_FLOAT64, assert_gradient_near, assert_near

ENOUGH, LITTLE = 4e9, 1.0
"""Memory budgets: for whole images, and for one row at a time."""

Results = dict[str, Array]
embedding = importlib.import_module("lasi.embedding")


def on_gpu_layout(case: Case) -> LASI:
    return LASI(
        tuple(case.shape),
        neighborhood_size=case.neighborhood_size,
        ols_regularization_coef=case.ols_regularization_coef,
        unit_normalize_features=case.unit_normalize_features,
        _processor="gpu",
    )


def evaluate(lasi: LASI, x: Array, y: Array) -> Results:
    """Distances to an embedding, with gradients, and the embedding."""
    embedding = lasi.embedding(x)

    def distance_of_first(images: Array) -> tuple[Array, Array]:
        distances = lasi.compute_distances_to(embedding, images)
        return distances[0], distances

    (_, distances), gradients = jax.value_and_grad(distance_of_first, has_aux=True)(jnp.stack([y, x]))
    return {
        "distances": distances,
        "gradients": gradients,
        "coefficients": lasi.coefficients(x),
        "prediction": lasi.prediction(x),
    }


def assert_reference_values(results: Results, case: Case, tolerance: float) -> None:
    assert_near(results["distances"][0], case.distance, tolerance)
    assert_gradient_near(np.asarray(results["gradients"][0]), case, tolerance)
    rows = np.asarray(results["coefficients"]).reshape(-1, case.neighborhood_size)
    for element, row in case.params_rows.items():
        assert_near(rows[int(element)], row, tolerance)
    errors = np.asarray(results["prediction"]) - case.images[0]
    assert_near(np.mean(errors**2), case.prediction_mse, tolerance)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("case", [CASES[0], CASES[5], CASES[11]], ids=str)
def test_reference_values_in_float64(case: Case) -> None:
    results = jax.jit(functools.partial(evaluate, on_gpu_layout(case)))(*case.images)
    assert_reference_values(results, case, IN_FLOAT64)


def test_reference_values_in_float32() -> None:
    case = CASES[2]
    results = jax.jit(functools.partial(evaluate, on_gpu_layout(case)))(*np.float32(case.images))
    assert results["distances"].dtype == np.float32
    assert_reference_values(results, case, IN_FLOAT32)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("shape", "size", "budget", "more"),
    [
        ((1, 37, 3), 2, ENOUGH, True),
        ((5, 17, 3), 4, LITTLE, True),
        ((17, 40, 1), 5, 4e4, False),
        ((5, 1, 2), 4, LITTLE, False),
        ((5, 3, 3), 6, ENOUGH, False),
        ((131, 3, 1), 2, ENOUGH, False),
    ],
    ids=str,
)
def test_every_value_equals_that_of_the_layout_for_a_cpu(
    shape: tuple[int, ...], size: int, budget: float, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a whole image and of single rows those of every method; of the other shapes what all methods share.

    Six neighbors stand for more than 32, with which systems are solved in a loop.
    """
    monkeypatch.setattr(regression, "LARGEST_UNROLLED", 5)
    monkeypatch.setattr(regression, "LARGEST_UNROLLED_FOR_GPU", 5)
    x = smooth_noise(shape, seed=1)
    y = noisy(x, 0.2, seed=2)

    def every_value(processor: Processor) -> Results:
        lasi = LASI(shape, size, memory_budget=budget, _processor=processor)

        def results(x: Array, y: Array) -> Results:
            shared = evaluate(lasi, x, y)
            if not more:
                return shared
            pair, gradient = jax.value_and_grad(lasi.compute_distance, argnums=1)(x, y)
            of_pair = {"map": lasi.distance_map(x, y), "pair": pair, "gradient of the pair": gradient}
            return shared | of_pair | {"loss": lasi.wls_loss(x)}

        return jax.jit(results)(x, y)

    found, expected = every_value("gpu"), every_value("cpu")
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.usefixtures("float64")
def test_derivatives_of_the_map_and_of_second_order() -> None:
    shape = (4, 5, 2)
    x, along = smooth_noise(shape, seed=1), smooth_noise(shape, seed=3)
    y = noisy(x, 0.2, seed=2)

    def derivatives(processor: Processor) -> Results:
        lasi = LASI(shape, 2, memory_budget=LITTLE, _processor=processor)
        gradient = jax.grad(lambda y: jnp.sum(lasi.distance_map(x, y) ** 2))

        def results(y: Array, along: Array) -> Results:
            of_gradient, product = jax.jvp(gradient, (y,), (along,))
            tangent = jax.jvp(lasi.embedding, (y,), (along,))[1]
            return {"gradient": of_gradient, "product": product, "tangent": tangent, "loss": jax.grad(lasi.wls_loss)(y)}

        return jax.jit(results)(y, along)

    found, expected = derivatives("gpu"), derivatives("cpu")
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("shape", "rows", "tile"),
    [
        ((1, 1, 1), 1, 1),
        ((6, 12, 3), 6, 4),
        ((6, 12, 3), 2, 4),
        ((6, 12, 3), 1, 12),
        ((8, 5, 2), 4, 5),
        ((1, 32, 3), 1, 16),
        ((132, 2, 2), 132, 2),
        ((132, 2, 2), 66, 1),
    ],
    ids=str,
)
def test_sums_by_blocks(shape: tuple[int, int, int], rows: int, tile: int, later: bool) -> None:
    height, width, channels = shape
    values = np.random.default_rng(0).standard_normal((*shape, 2))
    blocks = np.moveaxis(values.reshape(height // rows, rows, 1, 1, width * channels, 2), -1, 2)
    carry = None if rows == height else jnp.zeros((1, *blocks.shape[2:]))
    sums_of_block = jax.jit(functools.partial(block_sums, tile=tile, channels=channels, later=later))
    sums = []
    for block in blocks[:: -1 if later else 1]:
        block_sum, carry = sums_of_block(jnp.asarray(block), carry)
        sums.append(np.moveaxis(block_sum, 1, -1).reshape(rows, width, channels, 2))
    found = np.concatenate(sums[:: -1 if later else 1])
    flip = slice(None, None, -1 if later else 1)
    expected = oracle.causal_sums(values[flip, flip, flip])[flip, flip, flip]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def in_gpu_order(indices: np.ndarray, layout: Layout) -> np.ndarray:
    """Index maps (u, N + 1, B, m) of strips for a CPU as (B, N + 1, 1, c), without the columns beyond the image."""
    _, width, channels = layout.shape
    split = indices.reshape(layout.width, channels, *indices.shape[1:])
    rows = split.transpose(3, 2, 4, 0, 1).reshape(layout.height, -1, 1, layout.tiles * layout.width * channels)
    return rows[..., : width * channels]


@pytest.mark.parametrize(("shape", "size"), [((16, 9, 3), 4), ((24, 3, 1), 6), ((8, 20, 2), 3)], ids=str)
def test_index_maps_of_blocks_equal_those_of_strips(shape: tuple[int, int, int], size: int) -> None:
    """Both layouts have strips of eight rows, cut alike."""
    on_cpu = layout_of(shape, size, 1, Target("cpu"))
    columns, channels = shape[1:]
    rows_of_eight = next(b for b in np.geomspace(1e3, 1e8, 2000) if _rows(shape, size, b) == 8)
    on_gpu = layout_of(shape, size, 1, Target("gpu", rows_of_eight))
    assert (on_cpu.height, on_cpu.strips) == (on_gpu.height, on_gpu.strips)
    predictors_of = jax.jit(lambda strip: (on_gpu.indices_of(strip)[0], on_cpu.indices_of(strip)[0]))
    for strip in range(on_cpu.strips):
        found, expected = map(np.asarray, predictors_of(jnp.int32(strip)))
        np.testing.assert_array_equal(found[..., : columns * channels], in_gpu_order(expected, on_cpu))


def _rows(shape: tuple[int, int, int], size: int, budget: float) -> int:
    return layout_of(shape, size, 1, Target("gpu", budget)).height


@pytest.mark.parametrize("budget", [ENOUGH, 3e4, LITTLE])
def test_every_predictor_of_a_block_has_one_source(budget: float) -> None:
    shape, size = (12, 7, 3), 5
    layout = layout_of(shape, size, 1, Target("gpu", budget))
    indices_of = jax.jit(lambda block: layout.indices_of(block))
    for block in range(layout.strips):
        predictors, sources = map(np.asarray, indices_of(jnp.int32(block)))
        window = sources.shape[1]
        inside = sources < predictors.size
        np.testing.assert_array_equal(np.sort(sources[inside]), np.flatnonzero(predictors < window))
        columns = np.broadcast_to(np.arange(window), sources.shape)
        np.testing.assert_array_equal(predictors.ravel()[sources[inside]], columns[inside])


def test_a_smaller_budget_means_lower_blocks_and_smaller_groups() -> None:
    shape = (512, 512, 3)
    budgets = [4e9, 2e9, 1e9, 3e8, 1e8]
    targets = [Target("gpu", budget, keeps_solutions=True) for budget in budgets]
    groups = [group_of(shape, 10, 4, target) for target in targets]
    rows = [layout_of(shape, 10, group, target).height for group, target in zip(groups, targets, strict=True)]
    assert (groups[0], rows[0]) == (4, 512), "four images of 512² are computed as they are within 4 GB"
    assert groups == sorted(groups, reverse=True)
    assert groups[-1] < 4
    assert rows[:3] == sorted(rows[:3], reverse=True)


def test_the_layout_is_that_of_the_platform_the_program_is_lowered_for() -> None:
    """A whole image has no loop over strips; a program for a CPU has no product over all rows."""
    lasi = LASI((24, 24, 3), 3)
    image = jax.ShapeDtypeStruct((24, 24, 3), jnp.float32)
    traced = jax.jit(jax.value_and_grad(lasi.compute_distance)).trace(image, image)
    over_rows = re.compile(r"tensor<24x24xf32>, tensor<24x\d+xf32>")
    programs = {name: traced.lower(lowering_platforms=(name,)).as_text() for name in ("cpu", "cuda", "tpu")}
    assert [name for name, text in programs.items() if over_rows.search(text)] == ["cuda", "tpu"]


@pytest.mark.parametrize("budget", [0, -1, float("nan"), "4 GB", None], ids=repr)
def test_memory_budgets(budget: object) -> None:
    with pytest.raises(ValueError, match="memory_budget must be a number of bytes above 0, got ") as raised:
        LASI((4, 5), 2, memory_budget=budget)
    assert repr(budget) in str(raised.value)


def test_a_program_for_several_platforms_has_the_layout_of_each() -> None:
    image = jax.ShapeDtypeStruct((12, 12, 3), jnp.float32)
    gradient = jax.jit(jax.value_and_grad(LASI((12, 12, 3), 2).compute_distance))
    exported = jax.export.export(gradient, platforms=("cpu", "cuda"))(image, image)
    x, y = (smooth_noise((12, 12, 3), seed=seed).astype(np.float32) for seed in (0, 1))
    for found, expected in zip(jax.tree.leaves(exported.call(x, y)), jax.tree.leaves(gradient(x, y)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    over_rows = re.compile(r"tensor<12x12xf32>, tensor<12x\d+xf32>")
    assert over_rows.search(exported.mlir_module())


def test_a_gradient_is_traced_once_for_the_processor_it_is_lowered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for another, nor without the gradient; and not before it is lowered."""
    traced_for: list[tuple[str, bool]] = []

    def noted(name: str) -> Callable[..., Any]:
        function = getattr(embedding, name)

        def traced(readout: object, spec: Spec, *arrays: Array) -> Any:
            traced_for.append((name, spec.on_cpu))
            return function(readout, spec, *arrays)

        return traced

    for name in ("_values", "_values_and_gradients"):
        monkeypatch.setattr(embedding, name, noted(name))
    image = jax.ShapeDtypeStruct((5, 6, 3), jnp.float32)
    traced = jax.jit(jax.value_and_grad(LASI((5, 6, 3), 2).compute_distance)).trace(image, image)
    assert traced_for == []
    for platform in ("cpu", "cuda"):
        traced.lower(lowering_platforms=(platform,))
    assert traced_for == [("_values_and_gradients", True), ("_values_and_gradients", False)]


def test_what_is_traced_in_float64_is_lowered_in_float64() -> None:
    images = [smooth_noise((5, 6, 3), seed=seed) for seed in (0, 1)]
    function = jax.jit(jax.grad(LASI((5, 6, 3), 2).compute_distance))
    with jax.enable_x64(True):
        traced, expected = function.trace(*images), np.asarray(function(*images))
    compiled = traced.lower().compile()
    with jax.enable_x64(True):
        np.testing.assert_allclose(compiled(*images), expected, rtol=1e-12)
