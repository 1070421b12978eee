"""A metric in JAX as a function of PyTorch that can be differentiated once by autograd."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch
from torch.autograd.function import once_differentiable

from mad_app.metrics.interchange import to_jax, to_torch

Distances = Callable[[jax.Array, jax.Array], jax.Array]
Pullback = Callable[[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def jax_in_torch(
    reference: torch.Tensor, images: torch.Tensor, distances: Distances, pullback: Pullback
) -> torch.Tensor:
    """Distances (N,) of images (N, 3, H, W) to a reference (1, 3, H, W).

    Args:
        reference: a tensor.
        images: a tensor on the same device.
        distances: of images (N, H, W, 3) to a reference (H, W, 3), in JAX.
        pullback: reference, images and cotangents (N,) to the gradients of both.
    """
    return _JaxInTorch.apply(reference, images, distances, pullback)


class _JaxInTorch(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, reference: torch.Tensor, images: torch.Tensor, distances: Distances, pullback: Pullback
    ) -> torch.Tensor:
        ctx.save_for_backward(reference, images)
        ctx.pullback = pullback
        return _vector(distances(_array(reference)[0], _array(images)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangents: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        reference, images = ctx.saved_tensors
        arrays = _array(reference)[0], _array(images), jnp.copy(to_jax(cotangents.detach()))
        of_reference, of_images = ctx.pullback(*arrays)
        return to_torch(of_reference[None]), to_torch(of_images), None, None


def _array(images: torch.Tensor) -> jax.Array:
    """Images (N, 3, H, W) as an array (N, H, W, 3) of its own memory: a tensor may change while JAX computes."""
    return jnp.copy(to_jax(images.detach().permute(0, 2, 3, 1))).block_until_ready()


def _vector(distances: jax.Array) -> torch.Tensor:
    return to_torch(distances[:, None, None, None]).reshape(-1)
