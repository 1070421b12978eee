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
from dataclasses import dataclass
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
Processor = Literal["cpu", "gpu"]
"""For which kind of processor a program is laid out."""


def linear_map(
    like: Any, function: Callable[..., T], transpose: Callable[..., Any], residuals: Any, *arguments: Any
) -> T:
    """The value of a linear map.

    As the types of its value are given, the function is traced when it is lowered, for that processor alone
    (`lowered_for`), and not at all where only its derivatives are wanted.

    Args:
        like: a tree of arrays, or of `jax.ShapeDtypeStruct`, of the types of the value.
        function: of the residuals and the arguments, linear in each of the arguments.
        transpose: of the residuals and a cotangent of the value; returns a tuple, a cotangent of each argument.
        residuals: a tree of arrays.
        arguments: trees of floating-point arrays.
    """
    known_tree: Any
    linear_tree: Any
    value_tree: Any
    known, known_tree = jax.tree.flatten(residuals)
    linear, linear_tree = jax.tree.flatten(arguments)
    types, value_tree = jax.tree.flatten(like)

    def flat_function(*arrays: Array) -> list[Array]:
        known, linear = arrays[: known_tree.num_leaves], arrays[known_tree.num_leaves :]
        return jax.tree.leaves(function(known_tree.unflatten(known), *linear_tree.unflatten(linear)))

    def flat_transpose(*arrays: Array) -> list[Array]:
        known, cotangent = arrays[: known_tree.num_leaves], arrays[known_tree.num_leaves :]
        return jax.tree.leaves(transpose(known_tree.unflatten(known), value_tree.unflatten(cotangent)))

    values: T = value_tree.unflatten(_bind(flat_function, flat_transpose, known, linear, types))
    return values


def undivided(like: Any, function: Callable[..., T], *arguments: Any) -> T:
    """The value of a function of trees of arrays, as one operation that linearization does not look into.

    When JAX linearizes a loop, it moves out of it what does not depend on its variables, here index maps and weights
    for every strip, and stores that; the program is then several times slower. Derivatives are those of the function.

    Args:
        like: as in `linear_map`.
        function: of the arguments.
        arguments: trees of arrays.
    """
    return linear_map(like, lambda arguments: function(*arguments), lambda *_: (), arguments)


def lowered_for() -> Processor | None:
    """The processor for which the function that is being traced is lowered; None if it is not."""
    return _lowered_for.get()


def varying_alike(*arrays: Array) -> tuple[Array, ...]:
    """Arrays of one type which, under `jax.shard_map`, all vary over every mapped axis that one of them varies over.

    The gradient by an array that is the same on all devices is a sum over them. That sum belongs to the transpose of
    this cast, and not inside a function whose gradient is each device's part. A product with 1, removed by the
    compiler, casts without naming the axes.
    """
    one = math.prod(jnp.ones_like(array, shape=()) for array in arrays)
    return tuple(array * one for array in arrays)


@dataclass(frozen=True, eq=False)
class _Traced:
    """A function of arrays that returns a list of them.

    Attributes:
        function: that function.
        arguments: the types of its arrays.
        given: those of its values; None if tracing has to find them.
    """

    function: Function
    arguments: tuple[Any, ...]
    given: tuple[Any, ...] | None

    @functools.cached_property
    def jaxpr(self) -> core.ClosedJaxpr:
        with _precision_of(self.arguments):
            return jax.make_jaxpr(self.function)(*self.arguments)

    @property
    def types(self) -> tuple[Any, ...]:
        return tuple(self.jaxpr.out_avals) if self.given is None else self.given


def _bind(
    function: Function, transpose: Function, known: Sequence[Array], linear: Sequence[Array], like: Sequence[Any]
) -> list[Array]:
    """The values of a function of the arrays known and linear, given what has the types of its values."""
    types = tuple(map(jax.typeof, (*known, *linear)))
    is_simple = not any(map(_says_where, types))
    given = tuple(jax.core.ShapedArray(one.shape, one.dtype) for one in like) if is_simple else None
    forward = _Traced(function, types, given)
    backward = _Traced(transpose, (*types[: len(known)], *forward.types), types[len(known) :] if is_simple else None)
    values: list[Array] = _linear_map.bind(*known, *linear, function=forward, transpose=backward, residuals=len(known))
    return values


def _says_where(kind: Any) -> bool:
    """Whether the type of an array says how it lies on a mesh of devices, on which that of a value then depends."""
    return bool(getattr(kind, "vma", None)) or not kind.sharding.mesh.empty


def _precision_of(types: Sequence[Any]) -> AbstractContextManager[Any]:
    """JAX keeps float64 where it was kept when these types were made, which may be over."""
    if any(one.dtype == np.float64 for one in types):
        return jax.enable_x64(True)
    return contextlib.nullcontext()


_linear_map: Any = core.Primitive("linear_map")
_linear_map.multiple_results = True
_lowered_for: ContextVar[Processor | None] = ContextVar("lowered_for", default=None)


def _types(*_: Any, function: _Traced, **__: object) -> Sequence[Any]:
    return function.types


def _inlined(*arrays: Array, function: _Traced, **_: object) -> Sequence[Array]:
    values: Sequence[Array] = core.jaxpr_as_fun(function.jaxpr)(*arrays)
    return values


def _lowering(processor: Processor) -> Callable[..., Any]:
    def lower(context: Any, *values: Any, function: _Traced, **_: object) -> Any:
        traced = functools.partial(_inlined, function=function) if function.given is None else function.function
        before = _lowered_for.set(processor)
        try:
            with _precision_of(context.avals_out):
                return mlir.lower_fun(traced, multiple_results=True)(context, *values)
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
    residuals, function, transpose = (parameters[name] for name in ("residuals", "function", "transpose"))
    values = *arrays[:residuals], *map(ad.instantiate_zeros, cotangents)
    transposed = _linear_map.bind(*values, function=transpose, transpose=function, residuals=residuals)
    wanted = map(ad.is_undefined_primal, arrays[residuals:])
    return [None] * residuals + [array if want else None for array, want in zip(transposed, wanted, strict=True)]


def _batch(arrays: Sequence[Array], axes: Sequence[Any], **parameters: Any) -> tuple[Any, Any]:
    residuals, function, transpose = (parameters[name] for name in ("residuals", "function", "transpose"))
    size = next(array.shape[axis] for array, axis in zip(arrays, axes, strict=True) if axis is not None)
    linear = [
        jnp.broadcast_to(array, (size, *array.shape)) if axis is None else jnp.moveaxis(array, axis, 0)
        for array, axis in zip(arrays[residuals:], axes[residuals:], strict=True)
    ]
    known_axes = tuple(axes[:residuals])

    def batched(one: _Traced, *arrays: Array) -> Sequence[Array]:
        of_all: Sequence[Array] = jax.vmap(one.function, (*known_axes, *[0] * (len(arrays) - residuals)))(*arrays)
        return of_all

    forward, backward = (functools.partial(batched, one) for one in (function, transpose))
    like = [jax.core.ShapedArray((size, *one.shape), one.dtype) for one in function.types]
    return _bind(forward, backward, arrays[:residuals], linear, like), [0] * len(like)


ad.primitive_jvps[_linear_map] = _jvp
ad.primitive_transposes[_linear_map] = _transpose
batching.primitive_batchers[_linear_map] = _batch
