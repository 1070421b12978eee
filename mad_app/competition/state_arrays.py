"""The solver's state as named arrays, in the state of a `Step` and in a checkpoint, and back.

The names are the fields of `OptimizerState`, with a dot before those of the update rules: `ascent.momentum`. `params`
are the iterates, where these are not the images themselves. Checkpoints of earlier versions have other names; they are
read as well, and a part that they lack is initialized anew.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from mad_app.competition.problem import ASCENTS, DESCENTS
from mad_app.competition.settings import Step
from mad_app.competition.solver import OptimizerState, SolverState, reinit
from mad_app.competition.updates import AscentState, DescentState
from mad_app.errors import ArgumentError

PARAMS = "params"

_RENAMED = {
    "steps": "update_count",
    "trust": "step_scale",
    "held": "last_on_level",
    "best": "best_value",
    "idle": "plateau_count",
    "slope": "initial_gradient_norm",
    "points": PARAMS,
}
"""Names of earlier versions."""
_DIVIDED = {
    "heading": (("ascent.momentum", ASCENTS), ("descent.fast_offset", DESCENTS)),
    "square": (("ascent.second_moment", ASCENTS), ("descent.second_moment", DESCENTS)),
}
"""Arrays of earlier versions that held a part of all four images, to the names that have it now."""


def to_arrays(optimizer: OptimizerState) -> dict[str, Array]:
    """The state as named arrays."""
    arrays = optimizer._asdict()
    for rule in ("ascent", "descent"):
        arrays |= {f"{rule}.{name}": array for name, array in arrays.pop(rule)._asdict().items()}
    return arrays


def state_at(step: Step, initial: SolverState) -> SolverState:
    """The solver's state at a step.

    Args:
        step: of an earlier run.
        initial: the state at the start, which a part that the step lacks is taken from.

    Raises:
        ArgumentError: an array has not the shape and type that it must have.
    """
    known = _current_names(step.state)
    expected = to_arrays(initial.optimizer)
    arrays = {name: _checked(name, known[name], array) if name in known else array for name, array in expected.items()}
    ascent, descent = (
        {name: arrays.pop(f"{rule}.{name}") for name in state._fields}
        for rule, state in (("ascent", AscentState), ("descent", DescentState))
    )
    optimizer = OptimizerState(ascent=AscentState(**ascent), descent=DescentState(**descent), **arrays)
    params = _checked("images", known.get(PARAMS, step.images), initial.proposal)
    return reinit(params, optimizer, step.index)


def _current_names(state: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    known = {_RENAMED.get(name, name): array for name, array in state.items() if name not in _DIVIDED}
    for name, parts in _DIVIDED.items():
        if name in state:
            known |= {part: jnp.asarray(state[name])[images] for part, images in parts}
    return known


def _checked(name: str, array: ArrayLike, expected: Array) -> Array:
    known = jnp.asarray(array)
    if (known.shape, known.dtype) == (expected.shape, expected.dtype):
        return known
    given, needed = (f"{array.dtype} {array.shape}" for array in (known, expected))
    raise ArgumentError("resume", f"does not fit this competition: its {name} is {given}, expected {needed}")
