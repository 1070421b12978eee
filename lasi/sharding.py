"""Compiling under explicit sharding (`jax.sharding.AxisType.Explicit`), where every operation has to be told.

The regressions mix an image with weights and zeros that are on all devices, which explicit sharding refuses. Inside a
compiled function the axes of the mesh are therefore automatic: the compiler decides, as it does for other meshes.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
from jax import Array
from jax.sharding import NamedSharding, PartitionSpec, auto_axes, get_abstract_mesh

Method = TypeVar("Method", bound=Callable[..., Array])


def compiled(method: Method) -> Method:
    """`jax.jit` of a method of a hashable object; its values are on all devices, even where an image is divided."""
    return _compiled(method, lambda _: ())


def compiled_for_batch(method: Method) -> Method:
    """Likewise, where the last argument is a batch; its values, one per entry, are divided as the batch is."""
    return _compiled(method, lambda batch: tuple(_sharding(batch).spec[:1]))


def _compiled(method: Method, spec: Callable[[Array], tuple[Any, ...]]) -> Method:
    @functools.wraps(method)
    def run(self: Any, *arrays: Array) -> Array:
        function = functools.partial(method, self)
        meshes = (get_abstract_mesh(), *(_sharding(array).mesh for array in arrays))
        mesh = next((mesh for mesh in meshes if mesh.explicit_axes), None)
        if mesh is None:
            return function(*arrays)
        divided = PartitionSpec(*spec(arrays[-1]))  # type: ignore[no-untyped-call]
        value: Array = auto_axes(function, out_sharding=NamedSharding(mesh, divided))(*arrays)
        return value

    return jax.jit(run, static_argnums=0)  # type: ignore[return-value]


def _sharding(array: Array) -> Any:
    return jax.typeof(array).sharding
