"""LASI and its gradients over two devices, under `jax.shard_map` and explicit sharding, beside those on one.

Run in a process of its own, with `TWO_DEVICES` among XLA's flags, as the number of devices is fixed when JAX starts.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import NamedSharding, PartitionSpec

from lasi import LASI
from tests.lasi.pictures import noisy, smooth_noise

TWO_DEVICES = "--xla_force_host_platform_device_count=2"
SHAPE = (4, 5, 1)


def main() -> None:
    """Print the largest difference of each quantity, relative to its largest value."""
    mesh = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    sharded = functools.partial(jax.shard_map, mesh=mesh, in_specs=(WHOLE, BATCH))
    reference = jnp.asarray(smooth_noise(SHAPE, seed=1), jnp.float32)
    images = jnp.stack([jnp.asarray(noisy(reference, 0.2, seed=2 + i), jnp.float32) for i in range(4)])
    functions = {*(function for function, _ in QUANTITIES.values()), *EXPLICIT.values()}
    alone = {function: jax.jit(function)(reference, images) for function in functions}
    for name, (function, out_specs) in QUANTITIES.items():
        found = jax.jit(sharded(function, out_specs=out_specs))(reference, images)
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(alone[function]), strict=True):
            print(name, np.max(np.abs(one - other)) / np.max(np.abs(other)))
    explicit = jax.make_mesh((2,), ("batch",), axis_types=(jax.sharding.AxisType.Explicit,))
    divided = jax.device_put(np.asarray(images), NamedSharding(explicit, BATCH))
    for name, function in EXPLICIT.items():
        with jax.set_mesh(explicit):
            found = function(np.asarray(reference), divided)
        expected = np.asarray(alone[function])
        difference = np.max(np.abs(np.asarray(found) - expected)) / np.max(np.abs(expected))
        assert jax.typeof(found).sharding.spec[0] == "batch", name
        print(name, difference)


def _pairs(reference: Array, images: Array) -> Array:
    return jax.vmap(jax.grad(LASI(SHAPE, 2).compute_distance, argnums=1), (None, 0))(reference, images)


def _maps(reference: Array, images: Array) -> Array:
    lasi = LASI(SHAPE, 2)
    return jax.vmap(jax.grad(lambda y: jnp.sum(lasi.distance_map(reference, y) ** 2)))(images)


def _total(reference: Array, images: Array) -> Array:
    lasi = LASI(SHAPE, 2)
    return lasi.compute_distances_to(lasi.embedding(reference), images).sum()


def _by_reference(reference: Array, images: Array) -> Array:
    return jax.grad(_total)(reference, images)


def _tangents(reference: Array, images: Array) -> tuple[Array, Array]:
    lasi = LASI(SHAPE, 2)
    distances = functools.partial(lasi.compute_distances_to, lasi.embedding(reference))
    return jax.jvp(distances, (images,), (jnp.cos(9 * images),))


def _gradient_tangents(reference: Array, images: Array) -> tuple[Array, Array]:
    """The gradients, and how they change."""
    gradients = jax.grad(functools.partial(_total, reference))
    return jax.jvp(gradients, (images,), (jnp.cos(9 * images),))


def _distances(reference: Array, images: Array) -> Array:
    lasi = LASI(SHAPE, 2)
    return lasi.compute_distances_to(lasi.embedding(reference), images)


BATCH, WHOLE = PartitionSpec("batch"), PartitionSpec()
QUANTITIES = {
    "tangents": (_tangents, BATCH),
    "gradient_tangents": (_gradient_tangents, BATCH),
    "by_reference": (_by_reference, WHOLE),
    "pairs": (_pairs, BATCH),
    "maps": (_maps, BATCH),
}
"""Functions of the reference, the same on both devices, and of the images, and how their values lie on the devices."""

EXPLICIT = {"explicit_pairs": _pairs, "explicit_maps": _maps, "explicit_distances": _distances}
"""Functions of both whose first axis is the images'."""

if __name__ == "__main__":
    main()
