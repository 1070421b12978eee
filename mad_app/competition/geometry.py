"""Riemannian geometry of a level set inside the box [0, 1], for several images at once.

The level set {x : f(x) = ℓ} of the fixed metric f is a Riemannian manifold (Absil, Mahony, Sepulchre, Optimization
Algorithms on Matrix Manifolds, 2008). With the objective gradient g and the constraint gradient n = ∇f at x:

    h   = g − n ⟨g, n⟩ / ⟨n, n⟩              Riemannian gradient
    P d = d − D n ⟨n, d⟩ / ⟨n, D n⟩          projection on the tangent space, orthogonal in the metric D⁻¹
    R x = clip(x + E n r / ⟨n, E n⟩)         Newton retraction, which removes the residual r = ℓ − f(x) to first order

Inner products run over the inactive values: those that are not at a bound with the step pointing out of the box
(the active-set strategy of L-BFGS-B). Arrays are (n, H, W, 3); inner products are taken image by image.
"""

import jax
import jax.numpy as jnp
from jax import Array


def riemannian_gradient(params: Array, objective_gradient: Array, constraint_gradient: Array) -> tuple[Array, Array]:
    """The gradient of the objective along the level set.

    Args:
        params: x, (n, H, W, 3) in [0, 1].
        objective_gradient: g.
        constraint_gradient: n.

    Returns:
        h, and which values are inactive along it, (n, H, W, 3) both.
    """
    inactive = is_inactive(
        params,
        objective_gradient - ratio(objective_gradient, constraint_gradient, constraint_gradient) * constraint_gradient,
    )
    normal = constraint_gradient * inactive
    return objective_gradient * inactive - ratio(objective_gradient, normal, normal) * normal, inactive


def project_tangent(direction: Array, normal: Array, scale: Array) -> Array:
    """P d for a diagonal D, `scale`."""
    return direction - ratio(direction, normal, scale * normal) * scale * normal


@jax.jit
def retract(params: Array, constraint_gradient: Array, residual: Array, scale: Array | None = None) -> Array:
    """One Newton step towards the level set, over the values that may move that way.

    Args:
        params: x, (n, H, W, 3) in [0, 1].
        constraint_gradient: n.
        residual: r, by how much the fixed metric shall change, (n,).
        scale: E, of x's shape; by default `damped_scale(1, n)`.

    Returns:
        R x, (n, H, W, 3) in [0, 1].
    """
    if scale is None:
        scale = damped_scale(jnp.ones_like(constraint_gradient), constraint_gradient)
    normal = constraint_gradient * is_inactive(params, constraint_gradient * per_image(residual))
    step = scale * normal * quotient(per_image(residual), inner(normal, scale * normal))
    return jnp.clip(params + step, 0, 1)


def damped_scale(scale: Array, constraint_gradient: Array) -> Array:
    """E = D / (1 + |D n| / rms(D n)).

    A few pixels of a dark, flat region can have nearly all of n. Without the damping they alone would be moved.
    """
    size = jnp.abs(scale * constraint_gradient)
    typical = jnp.sqrt(jnp.mean(size**2, axis=(1, 2, 3), keepdims=True))
    return scale * jnp.where(typical > 0, typical / (size + typical), 1)


def is_inactive(params: Array, direction: Array) -> Array:
    """False where a value is at a bound and the direction points out of the box."""
    return ~((params <= 0) & (direction < 0) | (params >= 1) & (direction > 0))


def norms(arrays: Array) -> Array:
    """‖·‖₂ of each image's array, (n,)."""
    return jnp.sqrt(jnp.sum(arrays**2, axis=(1, 2, 3)))


def inner(a: Array, b: Array) -> Array:
    """⟨a, b⟩ image by image, (n, 1, 1, 1)."""
    return per_image(products(a, b))


def products(a: Array, b: Array) -> Array:
    """⟨a, b⟩ of each pair of images (…, H, W, 3), (…)."""
    return jnp.sum(a * b, axis=(-3, -2, -1))


def ratio(a: Array, b: Array, c: Array) -> Array:
    """⟨a, b⟩ / ⟨b, c⟩, (n, 1, 1, 1); 0 where the denominator is 0."""
    return quotient(inner(a, b), inner(b, c))


def per_image(values: Array) -> Array:
    """One number for each image (n,) as (n, 1, 1, 1)."""
    return values[:, None, None, None]


def quotient(numerator: Array, denominator: Array) -> Array:
    """The quotient; 0 where the denominator is 0."""
    safe = denominator != 0
    return jnp.where(safe, numerator / jnp.where(safe, denominator, 1), 0)
