"""One iteration of the solver as a pure function: accept or reject the proposed iterates, then propose the next.

An iteration begins with the metrics' values and gradients at the proposal. An image whose proposal is infeasible (too
far off its level), regressed (a descent that rose) or stalled (off its level, and the bounds let nothing move) returns
to its last accepted iterate and halves its step scale. One whose proposal would be accepted, but where a metric is not
finite, has failed: it is frozen at its last accepted iterate, and the other images continue. `StepInfo` has all
that is needed to continue, so a resumed competition is the same bit for bit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition import schedules
from mad_app.competition.cuts import Cuts, cuts_after, is_beyond, no_cuts, step_to_level
from mad_app.competition.geometry import norms, riemannian_gradient
from mad_app.competition.problem import (
    ASCENTS,
    DESCENTS,
    FALLS,
    Constants,
    Evaluation,
    Values,
    evaluate,
    finite,
    is_finite,
    objective,
    select,
    select_evaluation,
)
from mad_app.competition.settings import CORNERS, MAX_DRIFT
from mad_app.competition.updates import AscentState, DescentState, Linearization, update


class OptimizerState(NamedTuple):
    """What the next step needs beside the iterate.

    Attributes:
        ascent: state of the ascent's update rule.
        descent: state of the averaged descent's.
        update_count: how many updates were made, a scalar.
        step_scale: each image's factor on its step, in (0, 1], (4,).
        last_on_level: each image's last iterate on its level, (4, H, W, 3).
        best_value: the greatest objective of each image on its level, (4,).
        plateau_count: steps since then, (4,).
        initial_gradient_norm: norm of each image's first Riemannian gradient, (4,).
        failed: whether a metric was not finite at an accepted iterate, (4,).
    """

    ascent: AscentState
    descent: DescentState
    update_count: Array
    step_scale: Array
    last_on_level: Array
    best_value: Array
    plateau_count: Array
    initial_gradient_norm: Array
    failed: Array


class SolverState(NamedTuple):
    """The carry of the loop.

    Attributes:
        proposal: the params to be evaluated next, (4, H, W, 3).
        accepted: the evaluation at the last accepted iterates; anything if `is_initial`.
        optimizer: as the last iteration left it.
        step_index: steps done once the proposal is accepted.
        is_initial: whether the proposal is accepted whatever it is.
        cuts: of the return to the level.
    """

    proposal: Array
    accepted: Evaluation
    optimizer: OptimizerState
    step_index: Array
    is_initial: Array
    cuts: Cuts


class StepInfo(NamedTuple):
    """The result of one iteration.

    Attributes:
        params: the iterates, (4, H, W, 3).
        first: the first metric, (4,).
        second: the second metric, (4,).
        drift: relative departure of the fixed metric from its level, (4,).
        finite: whether both metrics and their gradients are finite, (4,).
        converged: whether an image has converged in the interior, (4,).
        at_bounds: whether it has converged at the bounds, (4,).
        optimizer: before the next step was chosen.
        step_index: steps done.
        evaluation: of the iterates, where it is kept.
        outdated: whether each metric is that of earlier iterates, where one may be.
    """

    params: Array
    first: Array
    second: Array
    drift: Array
    finite: Array
    converged: Array
    at_bounds: Array
    optimizer: OptimizerState
    step_index: Array
    evaluation: Evaluation | None = None
    outdated: Sequence[bool] | None = None


def init(params: Array) -> SolverState:
    """The state before the first step, at params (4, H, W, 3)."""
    ones = jnp.ones(len(CORNERS), jnp.float32)
    zeros = np.zeros(params.shape, params.dtype)  # of NumPy, for which nothing is compiled
    optimizer = OptimizerState(
        ascent=AscentState(*map(jnp.asarray, (zeros[ASCENTS], zeros[ASCENTS]))),
        descent=DescentState(*map(jnp.asarray, (zeros[DESCENTS], zeros[DESCENTS]))),
        update_count=jnp.zeros((), jnp.int32),
        step_scale=ones,
        last_on_level=params,
        best_value=-jnp.inf * ones,
        plateau_count=jnp.zeros_like(ones, jnp.int32),
        initial_gradient_norm=jnp.nan * ones,
        failed=jnp.zeros_like(ones, jnp.bool_),
    )
    return reinit(params, optimizer, 0)


def reinit(params: Array, optimizer: OptimizerState, index: int) -> SolverState:
    """The state that continues from a `StepInfo`."""
    unused = Evaluation(params, optimizer.step_scale, optimizer.step_scale, params, params, optimizer.step_scale)
    return SolverState(params, unused, optimizer, jnp.asarray(index, jnp.int32), jnp.asarray(True), no_cuts(params))


def step(state: SolverState, first: Values, second: Values, constants: Constants) -> tuple[SolverState, StepInfo]:
    """Accept or reject the proposal, given both metrics there, and propose the next iterates."""
    before, solver = state.optimizer, constants.solver
    evaluation = evaluate(state.proposal, first, second, constants.levels)
    rejected, regressed, failed = _judge(state, evaluation, constants)
    current = select_evaluation(rejected, state.accepted, evaluation)
    along = riemannian_gradient(current.params, current.objective_gradient, current.constraint_gradient)
    optimizer, flat, at_bounds = _track_progress(current, along, before, constants)
    offset = before.descent.fast_offset
    offset = select(regressed[DESCENTS], solver.decrease_factor * offset, offset)
    increased = jnp.minimum(solver.increase_factor * before.step_scale, 1)
    optimizer = optimizer._replace(
        descent=before.descent._replace(fast_offset=offset),
        step_scale=jnp.where(rejected, solver.decrease_factor * before.step_scale, increased),
    )
    unchanged = before._replace(initial_gradient_norm=optimizer.initial_gradient_norm, best_value=optimizer.best_value)
    optimizer = jax.tree.map(lambda old, new: jnp.where(state.is_initial, old, new), unchanged, optimizer)
    optimizer = optimizer._replace(failed=failed)
    converged = (flat | (optimizer.plateau_count >= solver.plateau_patience)) & ~at_bounds
    info = _info(current, converged, at_bounds, optimizer, state.step_index, constants)
    proposal, optimizer = _propose(current, along, optimizer, state.step_index, constants)
    return SolverState(proposal, current, optimizer, state.step_index + 1, jnp.asarray(False), state.cuts), info


def restore_step(
    state: SolverState, first: Values, second: Values, constants: Constants
) -> tuple[SolverState, StepInfo]:
    """One step of the return to the level: accept the trial if it came nearer, and try the next one (`cuts`).

    The step scale is halved by each trial that is rejected. It shortens the next step where the trial was beyond the
    level, or a metric not finite. An image on its level stays as it is; one that cannot return, and is off by more than
    MAX_DRIFT, restarts from its last iterate on the level.
    """
    before, levels, solver = state.optimizer, constants.levels, constants.solver
    evaluation = evaluate(state.proposal, first, second, levels)
    restored = (jnp.abs(state.accepted.residual / levels) <= solver.level_tolerance) & ~state.is_initial
    nearer, usable = jnp.abs(evaluation.residual) < jnp.abs(state.accepted.residual), is_finite(evaluation)
    accepted = nearer & usable & ~restored | state.is_initial
    rejected = ~(accepted | restored)
    current = select_evaluation(~accepted, state.accepted, evaluation)
    scale = jnp.where(state.is_initial | restored, 1, before.step_scale)
    scale = jnp.where(accepted, jnp.minimum(2 * scale, 1), scale / 2)
    optimizer = before._replace(step_scale=scale)
    no = jnp.zeros_like(accepted)
    info = _info(current, no, no, optimizer, state.step_index, constants)
    cuts = cuts_after(state.cuts, state.accepted, evaluation, accepted, rejected & usable)
    part = jnp.where(rejected & (is_beyond(evaluation, state.accepted) | ~usable), scale, 1)
    proposal = step_to_level(current.params, current.constraint_gradient, current.residual, cuts, part)
    lost = (scale < solver.min_step_scale) & (jnp.abs(current.residual / levels) > MAX_DRIFT)
    proposal = select(lost, before.last_on_level, proposal)
    return SolverState(proposal, current, optimizer, state.step_index, jnp.asarray(False), cuts), info


def _judge(state: SolverState, evaluation: Evaluation, constants: Constants) -> tuple[Array, Array, Array]:
    """Whether each proposal is rejected, whether because it regressed, and whether the image has failed, (4,).

    A frozen image is accepted wherever its metrics are finite.
    """
    solver, levels, best = constants.solver, constants.levels, state.optimizer.best_value
    tolerance = schedules.feasibility_tolerance((state.step_index - 1) / constants.steps, solver)
    allowed = jnp.maximum(tolerance, jnp.abs(state.accepted.residual / levels))
    violation = jnp.abs(evaluation.residual / levels)
    infeasible = ~((violation <= allowed) & finite(evaluation.constraint_gradient))
    regressed = (objective(evaluation) < best - solver.regression_tolerance * jnp.abs(best)) & FALLS
    unmoved = (state.proposal == state.accepted.params).all(axis=(1, 2, 3))
    stalled = (violation > solver.on_level_tolerance) & unmoved
    rejected = infeasible | regressed | stalled
    unusable = ~is_finite(evaluation)
    was_failed = state.optimizer.failed
    failed = was_failed | unusable & (~rejected | state.is_initial)
    rejected = jnp.where(was_failed, unusable, rejected | failed)
    return rejected & ~state.is_initial, regressed, failed


def _track_progress(
    current: Evaluation, along: tuple[Array, Array], before: OptimizerState, constants: Constants
) -> tuple[OptimizerState, Array, Array]:
    """The state with this iterate's gain, whether the gradient vanished, and whether the bounds are the cause, (4,)."""
    solver, value, best = constants.solver, objective(current), before.best_value
    on_level = jnp.abs(current.residual / constants.levels) <= solver.on_level_tolerance
    gained = on_level & ((value > best + solver.gain_tolerance * jnp.abs(best)) | jnp.isinf(best))
    gradient, inactive = along
    norm = norms(gradient)
    initial_norm = jnp.where(jnp.isnan(before.initial_gradient_norm), norm, before.initial_gradient_norm)
    flat = on_level & (norm <= solver.flat_tolerance * initial_norm)
    counting = (current.objective_gradient != 0) | (current.constraint_gradient != 0)
    free = jnp.sum(inactive & counting, axis=(1, 2, 3)) / jnp.maximum(jnp.sum(counting, axis=(1, 2, 3)), 1)
    tracked = before._replace(
        last_on_level=select(on_level, current.params, before.last_on_level),
        best_value=jnp.where(gained, value, best),
        plateau_count=jnp.where(gained | ~on_level, 0, before.plateau_count + 1),
        initial_gradient_norm=initial_norm,
    )
    return tracked, flat, flat & (free < 1 - solver.active_fraction)


def _propose(
    current: Evaluation, along: tuple[Array, Array], optimizer: OptimizerState, index: Array, constants: Constants
) -> tuple[Array, OptimizerState]:
    """The next proposal, each image by its update rule, and the state that the rules leave."""
    solver, scale, count = constants.solver, optimizer.step_scale, optimizer.update_count + 1
    at = Linearization(current.params, current.objective_gradient, current.constraint_gradient, current.residual)
    plateau = optimizer.plateau_count / solver.plateau_patience
    size = schedules.step_size(index / constants.steps, plateau, FALLS, solver)
    proposal, ascent, descent = update(at, along, optimizer.ascent, optimizer.descent, count, size, scale, solver)
    restart = scale < solver.min_step_scale
    scale = jnp.where(restart, solver.restart_step_scale, scale)
    proposal = select(restart, optimizer.last_on_level, proposal)
    proposal = select(optimizer.failed, current.params, proposal)
    return proposal, optimizer._replace(ascent=ascent, descent=descent, update_count=count, step_scale=scale)


def _info(
    current: Evaluation,
    converged: Array,
    at_bounds: Array,
    optimizer: OptimizerState,
    index: Array,
    constants: Constants,
) -> StepInfo:
    return StepInfo(
        params=current.params,
        first=current.first,
        second=current.second,
        drift=-current.residual / constants.levels,
        finite=is_finite(current),
        converged=converged,
        at_bounds=at_bounds,
        optimizer=optimizer,
        step_index=index,
    )
