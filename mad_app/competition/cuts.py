"""Linearizations of the fixed metric, kept on the return to the level: a bundle-level method.

Where a level set bends more sharply than one Newton step is long, steps along a single gradient zigzag across a valley.
The bundle-level method (Lemaréchal, Nemirovskii, Nesterov, Mathematical Programming 69, 1995) keeps the linearizations
at several iterates, called cuts, and makes the smallest step d after which each of them has reached the level:

    min ⟨d, E⁻¹ d⟩   subject to   ⟨nⱼ, d⟩ ≥ rⱼ for every cut j

where nⱼ is the gradient and rⱼ what the cut still lacks at the present iterate, both with the sign of the present
residual. With one cut this is Newton's step. The multipliers of three cuts are found by trying each subset of them.
"""

import itertools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.geometry import damped_scale, is_inactive, per_image, products, quotient
from mad_app.competition.problem import Evaluation, select_evaluation

OLDER = 2
"""Cuts that are kept beside that of the present iterate; with one the steps still zigzag."""

_SUBSETS = np.array(sorted(itertools.product((True, False), repeat=1 + OLDER), key=sum)[1:])
"""Which cuts are active, fewest first, (7, 3)."""
_INDEPENDENT = 1 - 1e-5
"""Factor on the cosines between gradients, so that parallel ones leave the multipliers finite."""
_SLACK = 1e-4
"""Part of the largest requirement by which another cut may stay below its own."""


class Cuts(NamedTuple):
    """The older cuts of four images, newest first.

    Attributes:
        normals: gradients of the fixed metric, (2, 4, H, W, 3); 0 where there is none.
        residuals: level − linearization, at the present iterate, (2, 4).
        held: whether an image has any, (4,).
    """

    normals: Array
    residuals: Array
    held: Array


def no_cuts(params: Array) -> Cuts:
    """Those before the first rejected step, of images (4, H, W, 3)."""
    count = len(params)
    return Cuts(
        normals=jnp.asarray(np.zeros((OLDER, *params.shape), np.float32)),  # of NumPy, for which nothing is compiled
        residuals=jnp.asarray(np.zeros((OLDER, count), np.float32)),
        held=jnp.asarray(np.zeros(count, np.bool_)),
    )


def cuts_after(cuts: Cuts, before: Evaluation, trial: Evaluation, accepted: Array, rejected: Array) -> Cuts:
    """The cuts after a trial.

    The first that is rejected becomes a cut, and from then on each rejected trial and each iterate that is replaced. An
    iterate beyond the level leaves none, since all of them aim from the other side.

    Args:
        cuts: before the trial.
        before: the last accepted iterate.
        trial: the trial.
        accepted: whether the trial replaces it, (4,).
        rejected: whether it does not, though all its numbers are finite, (4,); neither for an image that rests.
    """
    now, other = select_evaluation(accepted, trial, before), select_evaluation(accepted, before, trial)
    added = other.residual + products(other.constraint_gradient, other.params - now.params)
    kept = cuts.residuals + products(cuts.normals, (before.params - now.params)[None])
    grows = rejected | accepted & cuts.held
    passed = accepted & is_beyond(trial, before)
    normals = jnp.concatenate([other.constraint_gradient[None], cuts.normals[:-1]])
    normals = jnp.where(per_image(grows)[None], normals, cuts.normals)
    residuals = jnp.where(grows[None], jnp.concatenate([added[None], kept[:-1]]), kept)
    return Cuts(
        normals=jnp.where(per_image(passed)[None], 0, normals),
        residuals=jnp.where(passed[None], 0, residuals),
        held=(cuts.held | grows) & ~passed,
    )


def is_beyond(trial: Evaluation, before: Evaluation) -> Array:
    """Whether the level lies between the trial and the iterate before it, (4,)."""
    return jnp.sign(trial.residual) != jnp.sign(before.residual)


def step_to_level(params: Array, normal: Array, residual: Array, cuts: Cuts, part: Array) -> Array:
    """The iterate moved by a part of the smallest step after which all its cuts have reached the level.

    Args:
        params: x, (4, H, W, 3) in [0, 1].
        normal: gradient of the fixed metric there.
        residual: level − fixed metric, (4,).
        cuts: the older ones.
        part: of the step, (4,).

    Returns:
        The next iterate, (4, H, W, 3) in [0, 1].
    """
    side = jnp.sign(residual)
    normals = jnp.concatenate([normal[None], cuts.normals]) * per_image(side)[None]
    residuals = jnp.concatenate([residual[None], cuts.residuals]) * side[None]
    scale = damped_scale(jnp.ones_like(normal), normal) * is_inactive(params, normals[0])
    multipliers = _multipliers(products(normals[:, None], (scale[None] * normals)[None]), residuals)
    step = scale * jnp.sum(multipliers[..., None, None, None] * normals, axis=0)
    return jnp.clip(params + per_image(part) * step, 0, 1)


def _multipliers(gram: Array, residuals: Array) -> Array:
    """λ ≥ 0 of the smallest step Σ λⱼ E nⱼ that meets every cut, (3, n); of the first one alone if no step does.

    Args:
        gram: ⟨nⱼ, E nₖ⟩, (3, 3, n).
        residuals: rⱼ, (3, n).
    """
    lengths = jnp.sqrt(jnp.diagonal(gram).T)
    inverse = quotient(jnp.ones_like(lengths), lengths)
    cosines, wanted = gram * inverse[:, None] * inverse[None] * _INDEPENDENT, residuals * inverse
    own = np.eye(len(wanted), dtype=np.float32)[..., None]
    pairs = (_SUBSETS[:, :, None] & _SUBSETS[:, None])[..., None]
    systems = jnp.where(pairs & (own == 0), cosines[None], own[None])
    cofactors = jnp.cross(jnp.roll(systems, -1, axis=1), jnp.roll(systems, -2, axis=1), axis=2)
    targets = jnp.where(_SUBSETS[..., None], wanted[None], 0)
    solutions = jnp.sum(cofactors * targets[:, None], axis=2) / jnp.sum(systems[:, :1] * cofactors[:, :1], axis=2)
    least = wanted - _SLACK * jnp.max(jnp.abs(wanted), axis=0, keepdims=True)
    reached = jnp.sum(systems[-1:] * solutions[:, None], axis=2) >= least[None]
    chosen = jnp.argmax(((solutions >= 0) & reached).all(axis=1), axis=0)  # the newest alone where none reaches all
    return jnp.take_along_axis(solutions, chosen[None, None], axis=0)[0] * inverse
