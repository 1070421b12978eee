"""The embedding of an image, every element's linear predictor, and values that follow from it, strip by strip.

Strips are worked through from the top, so that memory holds the sums of one strip, not of the image. The gradient goes
through them once more from the bottom: no sum is kept, only the solutions.
Arrays over a strip are those of `lasi.strips`.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax

from lasi.causal_sum import Carry, causal_sums, initial_carry
from lasi.neighborhood import Shape
from lasi.predictors import gather
from lasi.regression import (
    factorize,
    gradient_of_sums,
    inner,
    packed_size,
    products,
    products_adjoint,
    ridge_solve,
)
from lasi.strips import Layout, group_of, layout_of

T = TypeVar("T")
Readout = Callable[[Array, Array], Array]
"""From the solutions of a strip and what lies beside each, (u, N, B, n, m) and (u, K, B, n, m), to a value an element
(u, 1, B, 1 or n, m), which depends on its own element alone."""
SolveFor = Callable[[Array], Array]
"""From another right-hand side of a strip's equations to its solutions, both (u, N, B, n, m)."""


class Problem(NamedTuple):
    """Which images, which neighborhoods, which regression.

    Attributes:
        shape: (H, W, C).
        neighborhood_size: N.
        ridge: λ.
    """

    shape: Shape
    neighborhood_size: int
    ridge: float

    def layout(self, images: int) -> Layout:
        """How n such images are cut."""
        return layout_of(self.shape, self.neighborhood_size, images)

    def group(self, images: int) -> int:
        """How many of n such images are best worked through side by side: a divisor of n."""
        return group_of(self.shape, images)


class Strip(NamedTuple):
    """What is known of one strip of n images.

    Attributes:
        predictors: the neighbors and, last, the element itself, (u, N + 1, B, n, m).
        sums: the packed products of predictors, summed with weights over all earlier elements, (u, F, B, n, m).
        solutions: (u, N, B, n, m).
    """

    predictors: Array
    sums: Array
    solutions: Array


def map_strips(readout: Callable[[Strip], T], problem: Problem, images: Array) -> T:
    """Apply a function to every strip of images (n, H, W, C) and stack what it returns."""

    def step(above: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, T]:
        predictors = _predictors(problem, *inputs)
        sums, above = _sums(inputs[0], predictors, above)
        w = ridge_solve(sums, jnp.asarray(problem.ridge, images.dtype))
        return above, readout(Strip(predictors, sums, w))

    layout = problem.layout(len(images))
    above, strips = _nothing_above(problem, images), (jnp.arange(layout.strips), layout.windows(images))
    return lax.scan(step, above, strips)[1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def solutions(problem: Problem, image: Array) -> Array:
    """The solutions of every element of an image (H, W, C), (H, W, C, N)."""
    return problem.layout(1).to_image(map_strips(lambda strip: strip.solutions, problem, image[None]))[..., 0]


def _solutions_forward(problem: Problem, image: Array) -> tuple[Array, Array]:
    return solutions(problem, image), image


def _solutions_backward(problem: Problem, image: Array, cotangent: Array) -> tuple[Array]:
    def product(image: Array) -> Array:
        return element_values(inner, problem, image[None], cotangent)

    values, pull = jax.vjp(product, image)
    return pull(jnp.ones_like(values))


solutions.defvjp(_solutions_forward, _solutions_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def element_values(readout: Readout, problem: Problem, images: Array, beside: Array) -> Array:
    """A value for every element, of its solutions and of a vector that lies beside it.

    Args:
        readout: what the values are.
        problem: which images and which regression.
        images: (n, H, W, C), floating point.
        beside: (H, W, C, K), the same for all images.

    Returns:
        (strips, u, 1, B, 1 or n, m).
    """

    def value(index: Array, w: Array, _: SolveFor, here: Array) -> Array:
        return _materialize(index, readout, w, here)

    return _map_solved(value, problem, images, beside)


def _values_forward(readout: Readout, problem: Problem, images: Array, beside: Array) -> tuple[Array, tuple[Any, ...]]:
    """The values; for the gradient, the w of (A + λI) w = b, the v of (A + λI) v = ∂value/∂w, and ∂value/∂beside.

    w and v lie in one array, (strips, u, 2N, B, n, m), which costs less to make than two.
    """

    def value_and_slopes(w: Array, here: Array) -> tuple[Array, Array, Array]:
        values, pull = jax.vjp(readout, w, here)
        return values, *pull(jnp.ones_like(values))

    def of_strip(index: Array, w: Array, solve_for: SolveFor, here: Array) -> tuple[Array, Array, Array]:
        values, slope, slope_beside = _materialize(index, value_and_slopes, w, here)
        return values, jnp.concatenate([w, solve_for(slope)], axis=1), slope_beside

    values, solved, slope_beside = _map_solved(of_strip, problem, images, beside)
    return values, (images, solved, slope_beside)


def _map_solved(
    function: Callable[[Array, Array, SolveFor, Array], T], problem: Problem, images: Array, beside: Array
) -> T:
    """A function of every strip: of its number, its solutions, what solves for others, and what lies beside."""
    layout, ridge = problem.layout(len(images)), jnp.asarray(problem.ridge, images.dtype)

    def step(above: Carry, inputs: tuple[Array, Array, Array]) -> tuple[Carry, T]:
        index, window, rows = inputs
        sums, above = _sums(index, _predictors(problem, index, window), above)
        w, solve_for = factorize(sums, ridge)
        here = _materialize(index, layout.to_strip, rows)[..., None, :]
        here = jnp.broadcast_to(here, (*here.shape[:2], *w.shape[2:]))
        return above, function(index, _materialize(index, jnp.asarray, w), solve_for, here)

    inputs = (jnp.arange(layout.strips), layout.windows(images), layout.to_rows(beside))
    return lax.scan(step, _nothing_above(problem, images), inputs)[1]


def _values_backward(
    readout: Readout, problem: Problem, residuals: tuple[Any, ...], cotangent: Array
) -> tuple[Array, Array]:
    del readout
    images, solved, slope_beside = residuals
    layout = problem.layout(len(images))

    def step(below: Carry, inputs: tuple[Array, ...]) -> tuple[Carry, Array]:
        index, window, solved, weight = inputs
        w, v = jnp.split(solved, 2, axis=1)
        predictors, pull = jax.vjp(lambda window: _predictors(problem, index, window), window)
        of_sums = _materialize(index, gradient_of_sums, v * weight, w)
        of_products, below = _materialize(index, functools.partial(causal_sums, later=True), of_sums, below)
        (of_window,) = pull(_materialize(index, products_adjoint, predictors, of_products))
        return below, of_window

    windows, pull = jax.vjp(layout.windows, images)
    inputs = (jnp.arange(layout.strips), windows, solved, cotangent)
    of_windows = lax.scan(step, _nothing_above(problem, images), inputs, reverse=True)[1]
    of_beside = layout.to_image(slope_beside * cotangent).sum(axis=-1)
    return pull(of_windows)[0], of_beside


element_values.defvjp(_values_forward, _values_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def image_means(readout: Readout, problem: Problem, images: Array, beside: Array) -> Array:
    """The mean of every image's `element_values`, a few images at a time.

    Args:
        readout: what the values are.
        problem: which images and which regression.
        images: (n, H, W, C), floating point.
        beside: (H, W, C, N), the same for all images.

    Returns:
        (n,).
    """
    return _by_group(lambda group: _means(problem, element_values(readout, problem, group, beside)), problem, images)


def _means_forward(
    readout: Readout, problem: Problem, images: Array, beside: Array
) -> tuple[Array, tuple[Array, Array]]:
    """The means; for the gradient, that of every mean by its image and by what lies beside.

    It is computed at once, because then the solutions of a few images need memory, not those of all.
    """
    layout = problem.layout(problem.group(len(images)))
    share = layout.to_strips(jnp.full(problem.shape, 1 / math.prod(problem.shape), images.dtype))[:, :, None, :, None]

    def of_group(group: Array) -> tuple[Array, Array, Array]:
        values, residuals = _values_forward(readout, problem, group, beside)
        of_images, _ = _values_backward(readout, problem, residuals, jnp.broadcast_to(share, values.shape))
        of_beside = layout.to_image(residuals[-1] * share)
        return _means(problem, values), of_images, jnp.moveaxis(of_beside, -1, 0)

    means, of_images, of_beside = _by_group(of_group, problem, images)
    return means, (of_images, of_beside)


def _means_backward(
    readout: Readout, problem: Problem, slopes: tuple[Array, Array], cotangent: Array
) -> tuple[Array, Array]:
    del readout, problem
    of_images, of_beside = slopes
    return of_images * cotangent[:, None, None, None], jnp.tensordot(cotangent, of_beside, axes=1)


image_means.defvjp(_means_forward, _means_backward)


def _by_group(function: Callable[[Array], T], problem: Problem, images: Array) -> T:
    """A function of a group of images for one group after the other; what it returns begins with the image."""
    groups = images.reshape(-1, problem.group(len(images)), *images.shape[1:])
    return jax.tree.map(lambda array: array.reshape(-1, *array.shape[2:]), lax.map(function, groups))


def _means(problem: Problem, values: Array) -> Array:
    return problem.layout(values.shape[-2]).to_image(values)[..., 0, :].mean(axis=(0, 1, 2))


def _predictors(problem: Problem, strip: Array, window: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of a strip, from its window (n, window)."""
    places = problem.layout(len(window)).places
    alike = jnp.minimum(strip, len(places.predictors) - 1)
    return gather(window, jnp.asarray(places.predictors)[alike], jnp.asarray(places.uses)[alike])


def _sums(strip: Array, predictors: Array, above: Carry) -> tuple[Array, Carry]:
    """Packed weighted sums (u, F, B, n, m) of a strip and the state for the strip below."""
    return causal_sums(_materialize(strip, products, predictors), above)


def _nothing_above(problem: Problem, images: Array) -> Carry:
    layout, channels = problem.layout(len(images)), problem.shape[2]
    numbers = packed_size(problem.neighborhood_size), len(images), layout.tiles
    return initial_carry(layout.width * channels, channels, numbers, images.dtype)


def _materialize(strip: Array, function: Callable[..., T], *arguments: Any) -> T:
    """A function's value, kept in memory once it is computed.

    XLA's compiler for CPUs computes what is cheap anew at every place that uses it, with all that leads to it. It does
    not look through a branch; which one is taken must be known at run time only, here from the number of the strip.
    """

    once = jax.jit(function)  # traced once for all uses below

    def branch(strip: Array, *arguments: Any) -> T:
        shapes = jax.eval_shape(once, *arguments)
        return lax.cond(strip >= 0, once, lambda *_: _zeros(shapes), *arguments)

    return lax.platform_dependent(strip, *arguments, cpu=branch, default=lambda _, *arguments: once(*arguments))


def _zeros(shapes: T) -> T:
    return jax.tree.map(lambda shape: jnp.zeros(shape.shape, shape.dtype), shapes)
