"""The embedding of an image, every element's linear predictor, and functions of it, strip by strip.

A scan over the strips from the top keeps the sums of one strip in memory, not those of the image. The gradient is a
second scan, from the bottom, for which only the solutions are stored. Arrays over a strip are those of `lasi.strips`.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero

from lasi.causal_sum import Carry, causal_sums, initial_carry
from lasi.linear_map import linear_map, undivided
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
"""From the solutions of a strip (u, N, B, n, m) and an auxiliary vector per element (u, K, B, n, m) to one value per
element (u, 1, B, 1 or n, m), which depends on that element alone."""
SolveFor = Callable[[Array], Array]
"""From another right-hand side of a strip's equations to its solutions, both (u, N, B, n, m)."""


class Spec(NamedTuple):
    """Which images, neighborhoods and regression: what is static in a compiled program.

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
        """How many of n such images are computed together: a divisor of n."""
        return group_of(self.shape, images)


class Strip(NamedTuple):
    """The quantities of one strip of n images.

    Attributes:
        predictors: the neighbors and, last, the element itself, (u, N + 1, B, n, m).
        sums: the packed products of predictors, summed with weights over all earlier elements, (u, F, B, n, m).
        solutions: (u, N, B, n, m).
    """

    predictors: Array
    sums: Array
    solutions: Array


def map_strips(readout: Callable[[Strip], T], spec: Spec, images: Array) -> T:
    """Apply a function to every strip of images (n, H, W, C) and stack the results."""

    def step(above: Carry, inputs: tuple[Array, Array]) -> tuple[Carry, T]:
        predictors = _predictors(spec, *inputs)
        sums, above = _sums(inputs[0], predictors, above)
        w = ridge_solve(sums, jnp.asarray(spec.ridge, images.dtype))
        return above, readout(Strip(predictors, sums, w))

    layout = spec.layout(len(images))
    above, strips = _zero_carry(spec, images), (jnp.arange(layout.strips), layout.windows(images))
    return lax.scan(step, above, strips)[1]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def solutions(spec: Spec, image: Array) -> Array:
    """The solutions of every element of an image (H, W, C), (H, W, C, N)."""
    return undivided(functools.partial(_solutions, spec), image)


def _solutions(spec: Spec, image: Array) -> Array:
    return spec.layout(1).to_image(map_strips(lambda strip: strip.solutions, spec, image[None]))[..., 0]


@solutions.defjvp
def _solutions_jvp(spec: Spec, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    def tangent(image: Array, of_image: Array) -> Array:
        return jax.jvp(functools.partial(_solutions, spec), (image,), (of_image,))[1]

    def transpose(image: Array, cotangent: Array) -> tuple[Array]:
        one = jnp.ones((*spec.shape, 1), image.dtype)
        return (_values_and_gradients(inner, spec, image[None], cotangent, one)[1][0],)

    return solutions(spec, *primals), linear_map(tangent, transpose, *primals, *tangents)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def element_values(readout: Readout, spec: Spec, images: Array, aux: Array) -> Array:
    """One value per element, a function of its solutions and of an auxiliary vector.

    Args:
        readout: that function.
        spec: which images and which regression.
        images: (n, H, W, C), floating point.
        aux: (H, W, C, K), the same for all images.

    Returns:
        (H, W, C, 1 or n).
    """
    return undivided(functools.partial(_values, readout, spec), images, aux)


@element_values.defjvp
def _element_values_jvp(
    readout: Readout, spec: Spec, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The gradient solves the regressions again, so that no solutions are kept for it."""

    def tangent(primals: tuple[Array, Array], *tangents: Array) -> Array:
        return jax.jvp(functools.partial(_values, readout, spec), primals, tangents)[1]

    def transpose(primals: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
        _, of_images, of_aux = _values_and_gradients(readout, spec, *primals, cotangent)
        return of_images, of_aux.sum(axis=0)

    return element_values(readout, spec, *primals), linear_map(tangent, transpose, primals, *tangents)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def mean_values(readout: Readout, spec: Spec, together: int, images: Array, aux: Array) -> Array:
    """The mean over all elements of `element_values`, computed a group of images at a time.

    Args:
        readout: the function of `element_values`.
        spec: which images and which regression.
        together: number of images in a group, a divisor of n.
        images: (n, H, W, C), floating point.
        aux: (H, W, C, K), the same for all images.

    Returns:
        (n,), or (n / together,) if `readout` gives one value for all images of a group.
    """
    return _by_group(lambda group: _mean(element_values(readout, spec, group, aux)), together, images)


@functools.partial(mean_values.defjvp, symbolic_zeros=True)
def _mean_values_jvp(
    readout: Readout,
    spec: Spec,
    together: int,
    primals: tuple[Array, Array],
    tangents: tuple[Array | SymbolicZero, Array | SymbolicZero],
) -> tuple[Array, Array]:
    """The gradients are computed with the values, so that memory holds the solutions of one group at a time."""

    def means_and_gradients(images: Array, aux: Array) -> tuple[Array, Array, Array]:
        share = jnp.full((*spec.shape, 1), 1 / math.prod(spec.shape), images.dtype)

        def of_group(group: Array) -> tuple[Array, Array, Array]:
            values, of_images, of_aux = _values_and_gradients(readout, spec, group, aux, share)
            return _mean(values), of_images, of_aux

        return _by_group(of_group, together, images)

    means, of_images, of_aux = undivided(means_and_gradients, *primals)
    changes = jnp.zeros_like(means, shape=len(of_images))
    if not isinstance(tangents[0], SymbolicZero):
        changes += jnp.sum(of_images * tangents[0], axis=(1, 2, 3))
    if not isinstance(tangents[1], SymbolicZero):
        changes += jnp.tensordot(of_aux, tangents[1], axes=4)
    return means, changes.reshape(len(means), -1).sum(axis=1)


def _values(readout: Readout, spec: Spec, images: Array, aux: Array) -> Array:
    def value(index: Array, w: Array, _: SolveFor, strip_aux: Array) -> Array:
        return _materialize(index, readout, w, strip_aux)

    return spec.layout(len(images)).to_image(_map_solved(value, spec, images, aux))[..., 0, :]


def _values_and_gradients(
    readout: Readout, spec: Spec, images: Array, aux: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """The values, and the gradient of their weighted sum.

    Args:
        readout: the function of `element_values`.
        spec: which images and which regression.
        images: (n, H, W, C).
        aux: (H, W, C, K).
        weights: of the values, (H, W, C, 1 or n).

    Returns:
        The values (H, W, C, 1 or n), the gradient by the images (n, H, W, C), and that by `aux`, each image's part of
        it, (n, H, W, C, K).
    """

    def value_and_gradients(w: Array, strip_aux: Array) -> tuple[Array, Array, Array]:
        values, pull = jax.vjp(readout, w, strip_aux)
        return values, *pull(jnp.ones_like(values))

    def of_strip(index: Array, w: Array, solve_for: SolveFor, strip_aux: Array) -> tuple[Array, Array, Array]:
        """w and the v of (A + λI) v = ∂value/∂w are kept in one array, (u, 2N, B, n, m), which is faster than two."""
        values, w_gradient, aux_gradient = _materialize(index, value_and_gradients, w, strip_aux)
        return values, jnp.concatenate([w, solve_for(w_gradient)], axis=1), aux_gradient

    layout = spec.layout(len(images))
    values, solved, aux_gradient = _map_solved(of_strip, spec, images, aux)
    strip_weights = jnp.swapaxes(layout.to_strips(weights), 2, 3)[:, :, None]
    of_images = _image_gradient(spec, images, solved, jnp.broadcast_to(strip_weights, values.shape))
    of_aux = jnp.moveaxis(layout.to_image(aux_gradient * strip_weights), -1, 0)
    return layout.to_image(values)[..., 0, :], of_images, of_aux


def _map_solved(function: Callable[[Array, Array, SolveFor, Array], T], spec: Spec, images: Array, aux: Array) -> T:
    """Map a function over the strips: of a strip's number, its solutions, its `SolveFor` and its auxiliary vectors."""
    layout, ridge = spec.layout(len(images)), jnp.asarray(spec.ridge, images.dtype)

    def step(above: Carry, inputs: tuple[Array, Array, Array]) -> tuple[Carry, T]:
        index, window, rows = inputs
        sums, above = _sums(index, _predictors(spec, index, window), above)
        w, solve_for = factorize(sums, ridge)
        strip_aux = _materialize(index, layout.to_strip, rows)[..., None, :]
        strip_aux = jnp.broadcast_to(strip_aux, (*strip_aux.shape[:2], *w.shape[2:]))
        return above, function(index, _materialize(index, jnp.asarray, w), solve_for, strip_aux)

    inputs = (jnp.arange(layout.strips), layout.windows(images), layout.to_rows(aux))
    return lax.scan(step, _zero_carry(spec, images), inputs)[1]


def _image_gradient(spec: Spec, images: Array, solved: Array, weights: Array) -> Array:
    """From w and v of every element and the weights of the values, (strips, u, …, B, n, m)."""
    layout = spec.layout(len(images))

    def step(below: Carry, inputs: tuple[Array, ...]) -> tuple[Carry, Array]:
        index, window, solved, weight = inputs
        w, v = jnp.split(solved, 2, axis=1)
        predictors, pull = jax.vjp(lambda window: _predictors(spec, index, window), window)
        of_sums = _materialize(index, gradient_of_sums, v * weight, w)
        of_products, below = _materialize(index, functools.partial(causal_sums, later=True), of_sums, below)
        (of_window,) = pull(_materialize(index, products_adjoint, predictors, of_products))
        return below, of_window

    windows, pull = jax.vjp(layout.windows, images)
    inputs = (jnp.arange(layout.strips), windows, solved, weights)
    of_windows = lax.scan(step, _zero_carry(spec, images), inputs, reverse=True)[1]
    of_images: Array = pull(of_windows)[0]
    return of_images


def _by_group(function: Callable[[Array], T], together: int, images: Array) -> T:
    """Map a function over groups of images; the first axis of its results is the image."""
    groups = images.reshape(-1, together, *images.shape[1:])
    return jax.tree.map(
        lambda array: array.reshape(math.prod(array.shape[:2]), *array.shape[2:]), lax.map(function, groups)
    )


def _mean(values: Array) -> Array:
    """The mean over all elements of values (H, W, C, n), (n,)."""
    return values.mean(axis=(0, 1, 2))


def _predictors(spec: Spec, strip: Array, window: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of a strip, from its window (n, window)."""
    indices = spec.layout(len(window)).indices
    which = jnp.minimum(strip, len(indices.predictors) - 1)
    return gather(window, jnp.asarray(indices.predictors)[which], jnp.asarray(indices.sources)[which])


def _sums(strip: Array, predictors: Array, above: Carry) -> tuple[Array, Carry]:
    """Packed weighted sums (u, F, B, n, m) of a strip and the carry for the strip below."""
    return causal_sums(_materialize(strip, products, predictors), above)


def _zero_carry(spec: Spec, images: Array) -> Carry:
    layout, channels = spec.layout(len(images)), spec.shape[2]
    rest = packed_size(spec.neighborhood_size), len(images), layout.tiles
    return initial_carry(layout.width * channels, channels, rest, images)


def _materialize(strip: Array, function: Callable[..., T], *arguments: Any) -> T:
    """The value of a function, written to memory instead of fused into the operations that use it.

    XLA's compiler for CPUs recomputes cheap operations, and those they depend on, at each use. It does not fuse across
    a conditional whose branch is known only at run time; here the condition is the number of the strip.
    """

    once = jax.jit(function)  # traced once for both branches

    def branch(strip: Array, *arguments: Any) -> T:
        shapes = jax.eval_shape(once, *arguments)
        return lax.cond(strip >= 0, once, lambda *_: jax.tree.map(jnp.zeros_like, shapes), *arguments)

    return lax.platform_dependent(strip, *arguments, cpu=branch, default=lambda _, *arguments: once(*arguments))
