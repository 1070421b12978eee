"""A metric in PyTorch as a function of JAX that can be differentiated once, also under `jit` and `vmap`.

Arrays go through the host's memory (`jax.pure_callback`).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import torch

OfTensors = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Within = Callable[[], AbstractContextManager[None]]


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def torch_in_jax(of_tensors: OfTensors, within: Within, reference: jax.Array, images: jax.Array) -> jax.Array:
    """Distances (N,) of images (N, H, W, 3) to a reference (H, W, 3).

    Args:
        of_tensors: the metric, of tensors (1, 3, H, W) and (N, 3, H, W).
        within: in which it is evaluated and differentiated.
        reference: an array of JAX.
        images: likewise.
    """
    shape = _float32(images.shape[:1])
    return jax.pure_callback(
        partial(_distances, of_tensors, within), shape, reference, images, vmap_method="sequential"
    )


def _forward(
    of_tensors: OfTensors, within: Within, reference: jax.Array, images: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return torch_in_jax(of_tensors, within, reference, images), (reference, images)


def _backward(
    of_tensors: OfTensors, within: Within, given: tuple[jax.Array, jax.Array], cotangents: jax.Array
) -> tuple[jax.Array, jax.Array]:
    shapes = tuple(_float32(array.shape) for array in given)
    return jax.pure_callback(
        partial(_pullback, of_tensors, within), shapes, *given, cotangents, vmap_method="sequential"
    )


torch_in_jax.defvjp(_forward, _backward)


def _float32(shape: tuple[int, ...]) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, jnp.float32)  # type: ignore[no-untyped-call]


def _distances(of_tensors: OfTensors, within: Within, reference: jax.Array, images: jax.Array) -> np.ndarray:
    with torch.no_grad(), within():
        return of_tensors(_tensor(reference[None]), _tensor(images)).cpu().numpy()


def _pullback(
    of_tensors: OfTensors, within: Within, reference: jax.Array, images: jax.Array, cotangents: jax.Array
) -> tuple[np.ndarray, np.ndarray]:
    with torch.enable_grad(), within():
        given = _tensor(reference[None]).requires_grad_(), _tensor(images).requires_grad_()
        distances = of_tensors(*given)
        weights = torch.tensor(np.asarray(cotangents), device=distances.device)
        gradients = torch.autograd.grad(distances, given, weights, materialize_grads=True)
    of_reference, of_images = (gradient.permute(0, 2, 3, 1).cpu().numpy() for gradient in gradients)
    return of_reference[0], of_images


def _tensor(images: jax.Array) -> torch.Tensor:
    """Images (N, H, W, 3) as a tensor (N, 3, H, W) on the device on which metrics compute."""
    device = "cuda" if torch.cuda.is_available() and jax.default_backend() == "gpu" else "cpu"
    return torch.tensor(np.asarray(images), device=device).permute(0, 3, 1, 2).contiguous()
