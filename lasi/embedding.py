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

from lasi.causal_sum import Carry, block_sums, causal_sums, initial_carry
from lasi.linear_map import linear_map, undivided
from lasi.predictors import gather
from lasi.regression import (
    factorize,
    flat,
    gradient_of_sums,
    inner,
    packed_size,
    products,
    products_adjoint,
    ridge_solve,
)
from lasi.spec import Spec, by_processor

T = TypeVar("T")
Readout = Callable[[Array, Array], Array]
"""From the solutions of a strip (u, N, B, n, m) and an auxiliary vector per element (u, K, B, n, m) to one value per
element (u, 1, B, 1 or n, m), which depends on that element alone."""
AnyCarry = Carry | Array | None
"""Between the strips of a CPU, between blocks of rows on a GPU, or none."""
SolveFor = Callable[[Array], Array]
"""From another right-hand side of a strip's equations to its solutions, both (u, N, B, n, m)."""


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


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def map_elements(readout: Callable[[Strip], Array], spec: Spec, image: Array) -> Array:
    """A function of every strip of an image (H, W, C), arranged as an image.

    Args:
        readout: from a strip of the image to (u, …, B, 1, m).
        spec: which images and which regression.
        image: (H, W, C), floating point.

    Returns:
        (H, W, C, …).
    """
    size = spec.neighborhood_size
    of_one = Strip(*(_type(image, 1, count, 1, 1, 1) for count in (size + 1, packed_size(size), size)))
    trailing = jax.eval_shape(readout, of_one).shape[1:-3]
    on = functools.partial(by_processor, functools.partial(_map_elements, readout), spec)
    return undivided(_type(image, *spec.shape, *trailing), on, image)


def _map_elements(readout: Callable[[Strip], Array], spec: Spec, image: Array) -> Array:
    def step(above: AnyCarry, inputs: tuple[Array, Array]) -> tuple[AnyCarry, Array]:
        predictors = _predictors(spec, *inputs)
        sums, above = _sums(spec, inputs[0], predictors, above)
        w = ridge_solve(sums, jnp.asarray(spec.ridge, image.dtype), not spec.on_cpu)
        return above, readout(Strip(predictors, sums, w))

    layout = spec.layout(1)
    strips = jnp.arange(layout.strips), layout.windows(image[None])
    return layout.to_image(lax.scan(step, _zero_carry(spec, image[None]), strips)[1])[..., 0]


@map_elements.defjvp
def _map_elements_jvp(
    readout: Callable[[Strip], Array], spec: Spec, primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Array, Array]:
    def tangent(image: Array, of_image: Array) -> Array:
        def on(spec: Spec, image: Array, of_image: Array) -> Array:
            return jax.jvp(functools.partial(_map_elements, readout, spec), (image,), (of_image,))[1]

        return by_processor(on, spec, image, of_image)

    def transpose(image: Array, cotangent: Array) -> tuple[Array]:
        def on(spec: Spec, image: Array, cotangent: Array) -> tuple[Array]:
            of_image: tuple[Array] = jax.vjp(functools.partial(_map_elements, readout, spec), image)[1](cotangent)
            return of_image

        return by_processor(on, spec, image, cotangent)

    value = map_elements(readout, spec, *primals)
    return value, linear_map(value, tangent, transpose, *primals, *tangents)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def solutions(spec: Spec, image: Array) -> Array:
    """The solutions of every element of an image (H, W, C), (H, W, C, N)."""
    return map_elements(_solutions_of, spec, image)


def _solutions_of(strip: Strip) -> Array:
    return strip.solutions


@solutions.defjvp
def _solutions_jvp(spec: Spec, primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """The transpose is the gradient of the inner product with the cotangent."""

    def tangent(image: Array, of_image: Array) -> Array:
        return jax.jvp(functools.partial(map_elements, _solutions_of, spec), (image,), (of_image,))[1]

    def transpose(image: Array, cotangent: Array) -> tuple[Array]:
        one = jnp.ones_like(image, shape=(*spec.shape, 1))
        gradients = functools.partial(_values_and_gradients, inner)
        return (by_processor(gradients, spec, image[None], cotangent, one, keeps_solutions=True)[1][0],)

    value = solutions(spec, *primals)
    return value, linear_map(value, tangent, transpose, *primals, *tangents)


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
    on = functools.partial(by_processor, functools.partial(_values, readout), spec)
    return undivided(_type(images, *spec.shape, _count(readout, spec, images, aux)), on, images, aux)


def _type(array: Array, *shape: int) -> Any:
    """That of an array of this shape, and of another's numbers."""
    return jax.ShapeDtypeStruct(shape, array.dtype)  # type: ignore[no-untyped-call]


def _count(readout: Readout, spec: Spec, images: Array, aux: Array) -> int:
    """How many values a readout has at each element: 1, or one for each of the images."""
    of_one = (_type(images, 1, quantities, 1, len(images), 1) for quantities in (spec.neighborhood_size, aux.shape[-1]))
    return int(jax.eval_shape(readout, *of_one).shape[-2])


@element_values.defjvp
def _element_values_jvp(
    readout: Readout, spec: Spec, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The gradient solves the regressions again, so that no solutions are kept for it."""

    def tangent(primals: tuple[Array, Array], *tangents: Array) -> Array:
        def on(spec: Spec, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> Array:
            return jax.jvp(functools.partial(_values, readout, spec), primals, tangents)[1]

        return by_processor(on, spec, primals, tangents)

    def transpose(primals: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
        gradients = functools.partial(_values_and_gradients, readout)
        _, of_images, of_aux = by_processor(gradients, spec, *primals, cotangent, keeps_solutions=True)
        return of_images, of_aux.sum(axis=0)

    value = element_values(readout, spec, *primals)
    return value, linear_map(value, tangent, transpose, primals, *tangents)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1, 2))
def mean_values(readout: Readout, spec: Spec, separate: bool, images: Array, aux: Array) -> Array:
    """The mean over all elements of `element_values`.

    Args:
        readout: the function of `element_values`.
        spec: which images and which regression.
        separate: whether each image has a value of its own; images may then be computed a group at a time.
        images: (n, H, W, C), floating point.
        aux: (H, W, C, K), the same for all images.

    Returns:
        (n,), or (1,) if not separate.
    """

    def means(spec: Spec, images: Array, aux: Array) -> Array:
        def of_group(group: Array) -> Array:
            return _mean(_values(readout, spec, group, aux))

        return _by_group(of_group, spec, separate, images)

    mean = _type(images, len(images) if separate else 1)
    return undivided(mean, functools.partial(by_processor, means, spec), images, aux)


@functools.partial(mean_values.defjvp, symbolic_zeros=True)
def _mean_values_jvp(
    readout: Readout,
    spec: Spec,
    separate: bool,
    primals: tuple[Array, Array],
    tangents: tuple[Array | SymbolicZero, Array | SymbolicZero],
) -> tuple[Array, Array]:
    """The gradients are computed with the values, so that memory holds the solutions of one group at a time."""

    def means_and_gradients(spec: Spec, images: Array, aux: Array) -> tuple[Array, Array, Array]:
        share = jnp.full((*spec.shape, 1), 1 / math.prod(spec.shape), images.dtype)

        def of_group(group: Array) -> tuple[Array, Array, Array]:
            values, of_images, of_aux = _values_and_gradients(readout, spec, group, aux, share)
            return _mean(values), of_images, of_aux

        return _by_group(of_group, spec, separate, images)

    computed = functools.partial(by_processor, means_and_gradients, spec, keeps_solutions=True)
    images, aux = primals
    shapes = (len(images) if separate else 1,), images.shape, (len(images), *aux.shape)
    means, of_images, of_aux = undivided(tuple(_type(images, *shape) for shape in shapes), computed, images, aux)
    changes = jnp.zeros_like(means, shape=len(of_images))
    if not isinstance(tangents[0], SymbolicZero):
        changes += jnp.sum(of_images * tangents[0], axis=(1, 2, 3))
    if not isinstance(tangents[1], SymbolicZero):
        changes += jnp.tensordot(of_aux, tangents[1], axes=4)
    return means, changes.reshape(len(means), -1).sum(axis=1)


def _values(readout: Readout, spec: Spec, images: Array, aux: Array) -> Array:
    """The values of `element_values`, for one kind of processor."""

    def value(index: Array, w: Array, _: SolveFor, strip_aux: Array) -> Array:
        return _materialize_each(spec, index, readout, w, strip_aux)

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
        """w and the v of (A + λI) v = ∂value/∂w are kept in one array, (u, 2N, elements), which is faster than two.

        On a GPU the kernel that solves for v computes ∂value/∂w too.
        """
        if spec.on_cpu:
            values, w_gradient, aux_gradient = _materialize_each(spec, index, value_and_gradients, w, strip_aux)
        else:
            values, w_gradient, aux_gradient = value_and_gradients(w, strip_aux)
        return values, flat(jnp.concatenate([w, solve_for(w_gradient)], axis=1)), aux_gradient

    layout = spec.layout(len(images))
    values, solved, aux_gradient = _map_solved(of_strip, spec, images, aux)
    strip_weights = jnp.swapaxes(layout.to_strips(weights), 2, 3)[:, :, None]
    of_images = _image_gradient(spec, images, solved, jnp.broadcast_to(strip_weights, values.shape))
    of_aux = jnp.moveaxis(layout.to_image(aux_gradient * strip_weights), -1, 0)
    return layout.to_image(values)[..., 0, :], of_images, of_aux


def _map_solved(function: Callable[[Array, Array, SolveFor, Array], T], spec: Spec, images: Array, aux: Array) -> T:
    """Map a function over the strips: of a strip's number, its solutions, its `SolveFor` and its auxiliary vectors."""
    layout, ridge = spec.layout(len(images)), jnp.asarray(spec.ridge, images.dtype)

    def step(above: AnyCarry, inputs: tuple[Array, Array, Array]) -> tuple[AnyCarry, T]:
        index, window, rows = inputs
        sums, above = _sums(spec, index, _predictors(spec, index, window), above)
        w, solve_for = factorize(sums, ridge, not spec.on_cpu)
        strip_aux = _materialize(spec, index, layout.to_strip, rows)[..., None, :]
        strip_aux = jnp.broadcast_to(strip_aux, (*strip_aux.shape[:2], *w.shape[2:]))
        return above, function(index, _materialize(spec, index, jnp.asarray, w), solve_for, strip_aux)

    inputs = (jnp.arange(layout.strips), layout.windows(images), layout.to_rows(aux))
    return lax.scan(step, _zero_carry(spec, images), inputs)[1]


def _image_gradient(spec: Spec, images: Array, solved: Array, weights: Array) -> Array:
    """From w and v of every element, (strips, u, 2N, elements), and weights of values, (strips, u, 1, B, 1 or n, m)."""
    layout = spec.layout(len(images))
    *first, rows, _, tiles = weights.shape
    rest = rows, len(images), tiles
    weights = jnp.broadcast_to(weights, (*first, *rest)).reshape(*first, -1)

    def step(below: AnyCarry, inputs: tuple[Array, ...]) -> tuple[AnyCarry, Array]:
        index, window, solved, weight = inputs
        w, v = jnp.split(solved, 2, axis=1)
        predictors, pull = jax.vjp(lambda window: _predictors(spec, index, window), window)
        of_sums = _materialize(spec, index, gradient_of_sums, v * weight, w)
        of_sums = of_sums.reshape(*of_sums.shape[:2], *rest)
        later_sums = functools.partial(_causal_sums, spec, later=True)
        of_products, below = _materialize(spec, index, later_sums, of_sums, below)
        (of_window,) = pull(_materialize_each(spec, index, products_adjoint, predictors, of_products))
        return below, of_window

    windows, pull = jax.vjp(layout.windows, images)
    inputs = (jnp.arange(layout.strips), windows, solved, weights)
    of_windows = lax.scan(step, _zero_carry(spec, images), inputs, reverse=True)[1]
    of_images: Array = pull(of_windows)[0]
    return of_images


def _by_group(function: Callable[[Array], T], spec: Spec, separate: bool, images: Array) -> T:
    """Map a function over groups of images; the first axis of its results is the image."""
    together = spec.group(len(images)) if separate else len(images)
    groups = images.reshape(-1, together, *images.shape[1:])
    return jax.tree.map(
        lambda array: array.reshape(math.prod(array.shape[:2]), *array.shape[2:]), lax.map(function, groups)
    )


def _mean(values: Array) -> Array:
    """The mean over all elements of values (H, W, C, n), (n,)."""
    return values.mean(axis=(0, 1, 2))


def _predictors(spec: Spec, strip: Array, window: Array) -> Array:
    """Predictors (u, N + 1, B, n, m) of a strip, from its window (n, window)."""
    return gather(window, *spec.layout(len(window)).indices_of(strip))


def _sums(spec: Spec, strip: Array, predictors: Array, above: AnyCarry) -> tuple[Array, AnyCarry]:
    """Packed weighted sums (u, F, B, n, m) of a strip and the carry for the strip below."""
    values = _materialize_each(spec, strip, products, predictors)
    if spec.on_cpu:
        return _causal_sums(spec, values, above)
    return _materialize(spec, strip, functools.partial(_causal_sums, spec), values, above)


def _causal_sums(spec: Spec, values: Array, carry: AnyCarry, *, later: bool = False) -> tuple[Array, AnyCarry]:
    if isinstance(carry, Carry):
        return causal_sums(values, carry, later=later)
    layout = spec.layout(values.shape[-2])
    return block_sums(values, carry, layout.width, spec.shape[2], later=later)


def _zero_carry(spec: Spec, images: Array) -> AnyCarry:
    layout, channels, size = spec.layout(len(images)), spec.shape[2], packed_size(spec.neighborhood_size)
    if spec.on_cpu:
        return initial_carry(layout.width * channels, channels, (size, len(images), layout.tiles), images)
    if layout.strips == 1:
        return None
    return jnp.zeros_like(images, shape=(1, size, 1, len(images), layout.tiles * layout.width * channels))


def _materialize(spec: Spec, strip: Array, function: Callable[..., T], *arguments: Any) -> T:
    """The value of a function, written to memory instead of fused into the operations that use it.

    XLA would otherwise recompute cheap operations, and those they depend on, at each use, or make kernels too large for
    the registers of a GPU. Its compiler for CPUs respects no barrier, but it does not fuse across a conditional whose
    branch is known only at run time; here the condition is the number of the strip. Axes of length 1 stay outside of
    it: XLA would give them a place in the layout of its operands and results, and copy these.
    """
    if not spec.on_cpu:
        value: T = lax.optimization_barrier(function(*arguments))  # type: ignore[no-untyped-call]
        return value

    types: list[Any] = []

    def on_squeezed(arrays: Any) -> Any:
        result = function(*jax.tree.map(_like, arrays, arguments))
        types.append(jax.tree.map(lambda array: _type(array, *array.shape), result))
        return jax.tree.map(jnp.squeeze, result)

    once = jax.jit(on_squeezed)  # traced once for both branches
    squeezed = jax.tree.map(jnp.squeeze, arguments)
    shapes = jax.eval_shape(once, squeezed)
    value = lax.cond(strip >= 0, once, lambda _: jax.tree.map(jnp.zeros_like, shapes), squeezed)
    return jax.tree.map(_like, value, types[0])


def _materialize_each(spec: Spec, strip: Array, function: Callable[..., T], *arrays: Array) -> T:
    """`_materialize` for a function of each element of arrays (u, K, B, n, m).

    On a CPU the elements of one image are one axis: XLA's loops run along the last.
    """
    *_, rows, images, tiles = arrays[0].shape
    if not spec.on_cpu or images > 1:
        return _materialize(spec, strip, function, *arrays)
    in_one = (array.reshape(*array.shape[:2], 1, 1, -1) for array in arrays)
    values = _materialize(spec, strip, function, *in_one)
    return jax.tree.map(lambda value: value.reshape(*value.shape[:2], rows, images, tiles), values)


def _like(array: Array, other: Any) -> Array:
    return array.reshape(other.shape)
