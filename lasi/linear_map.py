"""A linear map with its transpose given, differentiable to any order in both modes.

`jax.custom_vjp` gives a fast reverse mode and no forward mode. Here a function has a custom JVP rule whose tangent is a
linear map; reverse mode transposes that map, and the transpose is given too. Derivatives by what the map depends on are
those of the functions given. `jax.custom_derivatives.linear_call` has neither these derivatives nor a batching rule.

The primitive is written as JAX documents it, "JAX internals: primitives" (docs.jax.dev/en/latest/jax-primitives.html).
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend import core
from jax.interpreters import ad, batching, mlir

T = TypeVar("T")
Function = Callable[..., Any]
"""A function of arrays, first the residuals, then the arguments it is linear in."""


def linear_map(function: Callable[..., T], transpose: Callable[..., Any], residuals: Any, *arguments: Any) -> T:
    """The value of a linear map.

    Args:
        function: of the residuals and the arguments, linear in each of the arguments.
        transpose: of the residuals and a cotangent of the value; returns a tuple, a cotangent of each argument.
        residuals: a tree of arrays.
        arguments: trees of floating-point arrays.
    """
    known_tree: Any
    linear_tree: Any
    known, known_tree = jax.tree.flatten(residuals)
    linear, linear_tree = jax.tree.flatten(arguments)

    def flat_function(*arrays: Array) -> T:
        known, linear = arrays[: known_tree.num_leaves], arrays[known_tree.num_leaves :]
        return function(known_tree.unflatten(known), *linear_tree.unflatten(linear))

    def flat_transpose(*arrays: Array) -> Any:
        known, cotangent = arrays[: known_tree.num_leaves], arrays[known_tree.num_leaves :]
        return transpose(known_tree.unflatten(known), value_tree.unflatten(cotangent))

    flat_values, value_tree = _bind(flat_function, flat_transpose, known, linear)
    values: T = value_tree.unflatten(flat_values)
    return values


def undivided(function: Callable[..., T], *arguments: Any) -> T:
    """The value of a function of trees of arrays, as one operation that linearization does not look into.

    When JAX linearizes a loop, it moves out of it what does not depend on its variables, here index maps and weights
    for every strip, and stores that; the program is then several times slower. Derivatives are those of the function.
    """
    return linear_map(lambda arguments: function(*arguments), lambda *_: (), arguments)


def varying_alike(*arrays: Array) -> tuple[Array, ...]:
    """Arrays of one type which, under `jax.shard_map`, all vary over every mapped axis that one of them varies over.

    The gradient by an array that is the same on all devices is a sum over them. That sum belongs to the transpose of
    this cast, and not inside a function whose gradient is each device's part. A product with 1, removed by the
    compiler, casts without naming the axes.
    """
    one = math.prod(jnp.ones_like(array, shape=()) for array in arrays)
    return tuple(array * one for array in arrays)


def _bind(function: Function, transpose: Function, known: Sequence[Array], linear: Sequence[Array]) -> tuple[Any, Any]:
    """The values as a list, and the structure of what the function returns."""
    traced, values = jax.make_jaxpr(function, return_shape=True)(*known, *linear)

    known_types = list(map(jax.typeof, known))

    @functools.cache
    def traced_transpose() -> core.ClosedJaxpr:
        return jax.make_jaxpr(transpose)(*known_types, *traced.out_avals)

    flat = _linear_map.bind(*known, *linear, function=traced, transpose=traced_transpose, residuals=len(known))
    return flat, jax.tree.structure(values)


_linear_map: Any = core.Primitive("linear_map")
_linear_map.multiple_results = True


def _types(*_: Any, function: core.ClosedJaxpr, **__: object) -> Sequence[Any]:
    types: Sequence[Any] = function.out_avals
    return types


def _inlined(*arrays: Array, function: core.ClosedJaxpr, **_: object) -> Sequence[Array]:
    values: Sequence[Array] = core.jaxpr_as_fun(function)(*arrays)
    return values


_linear_map.def_impl(_inlined)
_linear_map.def_abstract_eval(_types)
mlir.register_lowering(_linear_map, mlir.lower_fun(_inlined, multiple_results=True))


def _jvp(primals: Sequence[Array], tangents: Sequence[Any], **parameters: Any) -> tuple[Any, Any]:
    residuals = parameters["residuals"]
    known, linear = primals[:residuals], primals[residuals:]
    values = _linear_map.bind(*primals, **parameters)
    parts = []
    if any(not isinstance(tangent, ad.Zero) for tangent in tangents[residuals:]):
        parts.append(_linear_map.bind(*known, *map(ad.instantiate_zeros, tangents[residuals:]), **parameters))
    varied = [i for i, tangent in enumerate(tangents[:residuals]) if not isinstance(tangent, ad.Zero)]
    if varied:

        def by_residuals(*given: Array) -> Sequence[Array]:
            arrays = list(known)
            for i, array in zip(varied, given, strict=True):
                arrays[i] = array
            return _inlined(*arrays, *linear, function=parameters["function"])

        given = tuple(known[i] for i in varied), tuple(tangents[i] for i in varied)
        parts.append(jax.jvp(by_residuals, *given)[1])
    return values, [functools.reduce(jnp.add, terms) for terms in zip(*parts, strict=True)]


def _transpose(cotangents: Sequence[Any], *arrays: Any, **parameters: Any) -> Sequence[Any]:
    residuals, function = parameters["residuals"], parameters["function"]
    transposed = _linear_map.bind(
        *arrays[:residuals],
        *map(ad.instantiate_zeros, cotangents),
        function=parameters["transpose"](),
        transpose=lambda: function,
        residuals=residuals,
    )
    wanted = map(ad.is_undefined_primal, arrays[residuals:])
    return [None] * residuals + [array if want else None for array, want in zip(transposed, wanted, strict=True)]


def _batch(arrays: Sequence[Array], axes: Sequence[Any], **parameters: Any) -> tuple[Any, Any]:
    residuals = parameters["residuals"]
    function, transpose = (core.jaxpr_as_fun(parameters["function"]), parameters["transpose"])
    size = next(array.shape[axis] for array, axis in zip(arrays, axes, strict=True) if axis is not None)
    linear = [
        jnp.broadcast_to(array, (size, *array.shape)) if axis is None else jnp.moveaxis(array, axis, 0)
        for array, axis in zip(arrays[residuals:], axes[residuals:], strict=True)
    ]
    known_axes = tuple(axes[:residuals])

    def batched_transpose(*arrays: Array) -> Sequence[Array]:
        of_each = core.jaxpr_as_fun(transpose())
        of_all: Sequence[Array] = jax.vmap(of_each, (*known_axes, *[0] * (len(arrays) - residuals)))(*arrays)
        return of_all

    batched = jax.vmap(function, (*known_axes, *[0] * len(linear)))
    values, _ = _bind(batched, batched_transpose, arrays[:residuals], linear)
    return values, [0] * len(values)


ad.primitive_jvps[_linear_map] = _jvp
ad.primitive_transposes[_linear_map] = _transpose
batching.primitive_batchers[_linear_map] = _batch
