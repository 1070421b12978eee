"""A linear map with its transpose given, differentiable to any order in both modes.

`jax.custom_vjp` gives a fast reverse mode and no forward mode. Here a function has a custom JVP rule whose tangent is a
linear map; reverse mode transposes that map, and the transpose is given too. Derivatives by what the map depends on are
those of the functions given. `jax.custom_derivatives.linear_call` has neither these derivatives nor a batching rule.

The primitive is written as JAX documents it, "JAX internals: primitives" (docs.jax.dev/en/latest/jax-primitives.html).
"""

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend import core
from jax.interpreters import ad, batching, mlir

T = TypeVar("T")
Function = Callable[..., Any]
"""A function of arrays, first the residuals, then the arguments it is linear in."""
Traced = Callable[[], core.ClosedJaxpr]
"""Traces a function when it is called first."""
Processor = Literal["cpu", "gpu"]
"""For which kind of processor a program is laid out."""


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


def undivided(function: Callable[..., T], types: Any, *arguments: Any) -> T:
    """The value of a function of trees of arrays, as one operation that linearization does not look into.

    When JAX linearizes a loop, it moves out of it what does not depend on its variables, here index maps and weights
    for every strip, and stores that; the program is then several times slower. Derivatives are those of the function.

    As the types of its value are given, the function is traced when it is lowered, for that processor alone
    (`lowered_for`), and not at all where only its derivatives are wanted.

    Args:
        function: of the arguments.
        types: of its value, a tree of `jax.ShapeDtypeStruct`.
        arguments: trees of arrays.
    """
    arguments_tree: Any
    value_tree: Any
    arrays, arguments_tree = jax.tree.flatten(arguments)
    flat_types, value_tree = jax.tree.flatten(types)

    def flat_function(*arrays: Array) -> list[Array]:
        return jax.tree.leaves(function(*arguments_tree.unflatten(arrays)))

    if any(_says_where(array) for array in arrays):
        flat, _ = _bind(flat_function, _no_cotangents, arrays, ())
    else:
        types = tuple(jax.core.ShapedArray(one.shape, one.dtype) for one in flat_types)
        flat = _linear_map.bind(
            *arrays,
            function=_traced_later(flat_function, arrays),
            untraced=flat_function,
            types=types,
            transpose=_traced_later(_no_cotangents, [*arrays, *types]),
            residuals=len(arrays),
        )
    value: T = value_tree.unflatten(flat)
    return value


def lowered_for() -> Processor | None:
    """The processor for which the function of `undivided` that is being traced is lowered; None if it is not."""
    return _lowered_for.get()


def varying_alike(*arrays: Array) -> tuple[Array, ...]:
    """Arrays of one type which, under `jax.shard_map`, all vary over every mapped axis that one of them varies over.

    The gradient by an array that is the same on all devices is a sum over them. That sum belongs to the transpose of
    this cast, and not inside a function whose gradient is each device's part. A product with 1, removed by the
    compiler, casts without naming the axes.
    """
    one = math.prod(jnp.ones_like(array, shape=()) for array in arrays)
    return tuple(array * one for array in arrays)


def _no_cotangents(*_: Array) -> tuple[()]:
    return ()


def _says_where(array: Array) -> bool:
    """Whether the type of an array says how it lies on a mesh of devices, on which that of a value then depends."""
    kind: Any = jax.typeof(array)
    return bool(getattr(kind, "vma", None)) or not kind.sharding.mesh.empty


def _traced_later(function: Function, arrays: Sequence[Any]) -> Traced:
    """The jaxpr of a function of arrays of these types, traced when it is asked for first."""
    types = [array if isinstance(array, jax.core.ShapedArray) else jax.typeof(array) for array in arrays]

    @functools.cache
    def traced() -> core.ClosedJaxpr:
        with _precision_of(types):
            return jax.make_jaxpr(function)(*types)

    return traced


def _precision_of(types: Sequence[Any]) -> AbstractContextManager[Any]:
    """JAX keeps float64 where it was kept when these types were made, which may be over."""
    if any(one.dtype == np.float64 for one in types):
        return jax.enable_x64(True)
    return contextlib.nullcontext()


def _bind(function: Function, transpose: Function, known: Sequence[Array], linear: Sequence[Array]) -> tuple[Any, Any]:
    """The values as a list, and the structure of what the function returns."""
    traced, values = jax.make_jaxpr(function, return_shape=True)(*known, *linear)
    flat = _linear_map.bind(
        *known,
        *linear,
        function=lambda: traced,
        untraced=None,
        types=tuple(traced.out_avals),
        transpose=_traced_later(transpose, [*known, *traced.out_avals]),
        residuals=len(known),
    )
    return flat, jax.tree.structure(values)


_linear_map: Any = core.Primitive("linear_map")
_linear_map.multiple_results = True
_lowered_for: ContextVar[Processor | None] = ContextVar("lowered_for", default=None)


def _types(*_: Any, types: Sequence[Any], **__: object) -> Sequence[Any]:
    return types


def _inlined(*arrays: Array, function: Traced, **_: object) -> Sequence[Array]:
    values: Sequence[Array] = core.jaxpr_as_fun(function())(*arrays)
    return values


def _lowering(processor: Processor) -> Callable[..., Any]:
    def lower(context: Any, *values: Any, untraced: Function | None, **parameters: Any) -> Any:
        function = untraced or functools.partial(_inlined, function=parameters["function"])
        before = _lowered_for.set(processor)
        try:
            with _precision_of(context.avals_out):
                return mlir.lower_fun(function, multiple_results=True)(context, *values)
        finally:
            _lowered_for.reset(before)

    return lower


_linear_map.def_impl(_inlined)
_linear_map.def_abstract_eval(_types)
mlir.register_lowering(_linear_map, _lowering("gpu"))
mlir.register_lowering(_linear_map, _lowering("cpu"), platform="cpu")


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
        function=parameters["transpose"],
        untraced=None,
        types=tuple(parameters["transpose"]().out_avals),
        transpose=function,
        residuals=residuals,
    )
    wanted = map(ad.is_undefined_primal, arrays[residuals:])
    return [None] * residuals + [array if want else None for array, want in zip(transposed, wanted, strict=True)]


def _batch(arrays: Sequence[Array], axes: Sequence[Any], **parameters: Any) -> tuple[Any, Any]:
    residuals = parameters["residuals"]
    function, transpose = (core.jaxpr_as_fun(parameters["function"]()), parameters["transpose"])
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
