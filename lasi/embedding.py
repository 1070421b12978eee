"""The embedding of an image, every element's linear predictor, and values that follow from it, strip by strip.

Strips are worked through from the top, so that memory holds the sums of one strip, not of the image. The gradient goes
through them once more from the bottom: no sum is kept, only the solutions.
Arrays over a strip are those of `lasi.strips`.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from lasi.causal_sum import causal_sums
from lasi.neighborhood import Shape
from lasi.predictors import fetch
from lasi.regression import factorise, gradient_of_sums, packed_size, products, ridge_solve, solve, solve_for
from lasi.strips import Layout, layout_of

Consume = Callable[[Array, Array], Array]
"""From the solutions (u, N, B, n, m) of a strip and what lies beside each, of the same shape, to a value an element
(u, B, 1 or n, m), which depends on its own element alone."""


class Problem(NamedTuple):
    """Which images, which neighbourhoods, which regression.

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


class Strip(NamedTuple):
    """What is known of one strip of n images.

    Attributes:
        predictors: the neighbours and, last, the element itself, (u, N + 1, B, n, m).
        sums: the packed products of predictors, summed with weights over all earlier elements, (u, F, B, n, m).
        solutions: (u, N, B, n, m).
    """

    predictors: Array
    sums: Array
    solutions: Array


def map_strips(consume: Callable[[Strip], Array], problem: Problem, images: Array) -> Array:
    """Apply a function to every strip of images (n, H, W, C) and stack what it returns."""

    def step(above: Array, inputs: tuple[Array, Array]) -> tuple[Array, Array]:
        predictors = _predictors(problem, *inputs)
        sums, above = _sums(problem, predictors, above)
        w = split(ridge_solve(merge(sums), jnp.asarray(problem.ridge, images.dtype)), sums)
        return above, consume(Strip(predictors, sums, w))

    layout = problem.layout(len(images))
    return lax.scan(step, _nothing_above(problem, images), (jnp.arange(layout.strips), layout.windows(images)))[1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def solutions(problem: Problem, image: Array) -> Array:
    """The solutions of every element of an image (H, W, C), (strips, u, N, B, 1, m)."""
    return map_strips(lambda strip: strip.solutions, problem, image[None])


def _solutions_forward(problem: Problem, image: Array) -> tuple[Array, Array]:
    return solutions(problem, image), image


def _solutions_backward(problem: Problem, image: Array, cotangent: Array) -> tuple[Array]:
    def products(image: Array) -> Array:
        along = cotangent[..., 0, :]
        return element_values(lambda w, c: jnp.sum(w * c, axis=1), problem, image[None], along)

    values, pull = jax.vjp(products, image)
    return pull(jnp.ones_like(values))


solutions.defvjp(_solutions_forward, _solutions_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def element_values(consume: Consume, problem: Problem, images: Array, beside: Array) -> Array:
    """A value for every element, of its solutions and of a vector that lies beside it.

    Args:
        consume: what the values are.
        problem: which images and which regression.
        images: (n, H, W, C), floating point.
        beside: (strips, u, N, B, m), the same for all images.

    Returns:
        (strips, u, B, 1 or n, m).
    """
    return _values_forward(consume, problem, images, beside)[0]


def _values_forward(
    consume: Consume, problem: Problem, images: Array, beside: Array
) -> tuple[Array, tuple[Array, ...]]:
    """The values; for the gradient, the w of (A + λI) w = b, the v of (A + λI) v = ∂value/∂w, and ∂value/∂beside."""
    layout, ridge = problem.layout(len(images)), jnp.asarray(problem.ridge, images.dtype)

    def step(above: Array, inputs: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        index, window, here = inputs
        sums, above = _sums(problem, _predictors(problem, index, window), above)
        factor = factorise(merge(sums), ridge)
        w = split(solve(factor), sums)
        values, pull = jax.vjp(consume, w, jnp.broadcast_to(here[..., None, :], (*here.shape[:-1], *w.shape[-2:])))
        slope, slope_beside = pull(jnp.ones_like(values))
        v = split(solve_for(factor, merge(slope)), sums)
        return above, (values, w, v, slope_beside)

    inputs = (jnp.arange(layout.strips), layout.windows(images), beside)
    values, *residuals = lax.scan(step, _nothing_above(problem, images), inputs)[1]
    return values, (images, *residuals)


def _values_backward(
    consume: Consume, problem: Problem, residuals: tuple[Array, ...], cotangent: Array
) -> tuple[Array, Array]:
    del consume
    images, w, v, slope_beside = residuals
    layout = problem.layout(len(images))

    def step(below: Array, inputs: tuple[Array, ...]) -> tuple[Array, Array]:
        index, window, w, v, weight = inputs

        def sums_of(window: Array, above: Array) -> tuple[Array, Array]:
            return _sums(problem, _predictors(problem, index, window), above)

        _, pull = jax.vjp(sums_of, window, below)
        of_sums = split(gradient_of_sums(merge(v * weight[:, None]), merge(w)), w)
        of_window, below = pull((of_sums, below))
        return below, of_window

    windows, pull = jax.vjp(layout.windows, images)
    inputs = (jnp.arange(layout.strips), windows, w, v, cotangent)
    of_windows = lax.scan(step, _nothing_above(problem, images), inputs, reverse=True)[1]
    of_beside = (slope_beside * cotangent[:, :, None]).sum(axis=-2)
    return pull(of_windows)[0], of_beside


element_values.defvjp(_values_forward, _values_backward)


def _predictors(problem: Problem, strip: Array, window: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of a strip, from its window (n, window)."""
    places = problem.layout(len(window)).places
    alike = jnp.minimum(strip, len(places.predictors) - 1)
    return fetch(window, jnp.asarray(places.predictors)[alike], jnp.asarray(places.uses)[alike])


def _sums(problem: Problem, predictors: Array, above: Array) -> tuple[Array, Array]:
    """Packed weighted sums (u, F, B, n, m) of a strip and the state for the strip below."""
    packed = split(products(merge(predictors)), predictors)
    return causal_sums(packed, above, channels=problem.shape[2])


def _nothing_above(problem: Problem, images: Array) -> Array:
    layout = problem.layout(len(images))
    size = layout.width * problem.shape[2]
    return jnp.zeros((size, packed_size(problem.neighborhood_size), len(images), layout.tiles), images.dtype)


def merge(array: Array) -> Array:
    """(…, B, n, m) to (…, G)."""
    return array.reshape(*array.shape[:-3], -1)


def split(array: Array, like: Array) -> Array:
    """(…, G) to (…, B, n, m), as in another array."""
    return array.reshape(*array.shape[:-1], *like.shape[-3:])
