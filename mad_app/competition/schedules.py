"""Schedules: the size of a step, and the tolerance on the violation of the constraint, over a competition.

Ascent has many local optima: steps begin large and decay along a cosine. Descent follows a valley with steps of
constant length, because the reported iterate is their average (`updates`). The feasibility tolerance shrinks in the
same time, from 300 % of the level to 1 %: intermediate iterates may leave the level set, the last ones may not.
"""

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import Array

from mad_app.competition.settings import SolverOptions


def step_size(progress: Array, plateau: Array, falls: npt.NDArray[np.bool_], solver: SolverOptions) -> Array:
    """Size of each image's step, in pixel values, (n,).

    Args:
        progress: fraction of the steps that is done, a scalar in [0, 1].
        plateau: fraction of each image's patience that passed without a gain, (n,). In its second half the steps decay,
            so that an iterate that oscillates comes to rest.
        falls: whether each image descends, with steps that decay on a plateau alone, (n,).
        solver: the constants.
    """
    return solver.step_size * jnp.where(falls, 1, _decay(progress, solver)) * _decay(2 * plateau - 1, solver)


def feasibility_tolerance(progress: Array, solver: SolverOptions) -> Array:
    """Relative departure from the level up to which a step is accepted when this fraction of the steps is done."""
    return jnp.maximum(_decay(progress, solver) ** 4 * solver.max_violation, solver.last_violation)


def _decay(progress: Array, solver: SolverOptions) -> Array:
    """From 1 at 0 to `last_step_size` at 1, along a cosine (Loshchilov & Hutter, ICLR 2017)."""
    last = solver.last_step_size
    return last + (1 - last) * (1 + jnp.cos(jnp.pi * jnp.clip(progress, 0, 1))) / 2
