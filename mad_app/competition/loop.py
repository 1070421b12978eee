"""The loop of the iterative solver: step by step, or, where both metrics are JAX, many steps in one compiled program.

The compiled program runs as many steps as the host asks for and keeps the `StepInfo` of each. How many those are
depends on the time they take, so that a page can show images and stop; the results do not depend on it, because it is
one and the same program for any number. It also restores the level at the end, so that the metrics are compiled once.

On an accelerator the host runs ahead: it launches further work before it waits for the numbers of a step, which are
copied meanwhile, so that the device always has something to do. A step needs no value from the host, so the results are
the same; what was launched after the last step is dropped. On a CPU, where that work would delay the end, the host does
not run ahead.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition.problem import OPTIMIZES_FIRST, Constants, Problem, Values, pulled_back, values_at
from mad_app.competition.solver import SolverState, StepInfo, restore_step, step
from mad_app.metrics import BoundJaxMetric, value_and_grad_of
from mad_app.metrics.from_jax import QUICK_TO_COMPILE, Distances, Prepared, cpu_options
from mad_app.metrics.joint import Joint, Positions, Weights, joint, mixed

SECONDS_PER_CALL = 0.1
"""How long the compiled program should run before the host sees its steps."""
BYTES_PER_CALL = 32 * 2**20
"""How much memory the kept steps may take."""
STEPS_PER_CALL = 32
STEPS_AHEAD = 2
"""How many steps an accelerator is given before the host waits for the numbers of an earlier one."""
CALLS_AHEAD = 1
"""The same for calls of the compiled program."""

STEP_OPTIONS = {**QUICK_TO_COMPILE, "xla_backend_optimization_level": "1"}
"""XLA's options on a CPU for a step: compiled in half the time, and about as fast."""

_ASIDE = ThreadPoolExecutor(1, thread_name_prefix="compile")
"""Compiles the return to the level while the first steps are made, so that no one waits for it at the end."""

Program = Callable[..., tuple[SolverState, StepInfo]]

Bound = tuple[tuple[Prepared, ...], Weights]
"""Of metrics that are bound: what each part prepared of the reference, and the weights of sums."""


def iterate(
    problem: Problem,
    state: SolverState,
    *,
    restore: bool = False,
    known: tuple[Values, ...] | None = None,
    thorough: bool = False,
) -> Iterator[StepInfo]:
    """The solver's iterations, for as long as they are asked for.

    Args:
        problem: what stays the same.
        state: where to begin.
        restore: whether to return to the level rather than to optimize; see `completed`.
        known: both metrics at the first proposal, if they have been computed; step by step they are not computed again.
        thorough: whether a return to the level computes both metrics at each step, and stays where both are finite.
    """
    runs_ahead = not restore and _is_on_accelerator(problem.initial)
    metrics = joint((problem.first, problem.second))
    if metrics.in_jax:
        ahead = CALLS_AHEAD if runs_ahead else 0
        return _iterate_compiled(metrics, metrics.in_jax, problem.constants, state, restore, ahead)
    if restore:
        return _restore_stepwise(problem, state, known, thorough)
    steps = _iterate_stepwise(problem, state, known)
    return _run_ahead(steps, STEPS_AHEAD) if runs_ahead else steps


def _is_on_accelerator(params: Array) -> bool:
    return all(device.platform != "cpu" for device in params.devices())


def _run_ahead(steps: Iterator[StepInfo], ahead: int) -> Iterator[StepInfo]:
    """The same iterations, each handed out when `ahead` further ones are launched and its numbers are on their way."""
    launched: deque[StepInfo] = deque()
    try:
        for info in steps:
            launched.append(_copied_to_host(info))
            if len(launched) > ahead:
                yield launched.popleft()
    except Exception:  # of a later step: those before it are good
        yield from launched
        raise


def _copied_to_host(info: StepInfo) -> StepInfo:
    """The iteration, of which all that page, record and stopping read at every step begins to be copied to the host."""
    ends = info.converged, info.at_bounds, info.optimizer.failed
    for numbers in (info.step_index, info.first, info.second, info.drift, *ends):
        numbers.copy_to_host_async()
    return info


def _iterate_stepwise(problem: Problem, state: SolverState, known: tuple[Values, ...] | None) -> Iterator[StepInfo]:
    metrics, constants = (problem.first, problem.second), problem.constants
    is_compiled = False
    while True:
        values, known = known or values_at(state.proposal, constants.parametrization, metrics), None
        state, info = compiled(take_step)(state, *values, constants)
        if not is_compiled:
            _ASIDE.submit(compiled(restore_step), state, *values, constants)
            is_compiled = True
        yield info._replace(evaluation=state.accepted)


def _restore_stepwise(
    problem: Problem, state: SolverState, known: tuple[Values, ...] | None, thorough: bool
) -> Iterator[StepInfo]:
    """The return to the level, for which a metric is computed only while an image that it fixes is off its level."""
    _ASIDE.submit(int).result()  # what compiles there has ended
    metrics, constants = (problem.first, problem.second), problem.constants
    values = known or values_at(state.proposal, constants.parametrization, metrics)
    outdated = [False, False]
    while True:
        state, info = compiled(restore_step)(state, *values, constants)
        yield info._replace(outdated=outdated)
        off = ~(np.abs(info.drift) <= constants.solver.level_tolerance)
        outdated = [not (thorough or off[fixed].any()) for fixed in (~OPTIMIZES_FIRST, OPTIMIZES_FIRST)]
        values = _updated(values, [not old for old in outdated], state.proposal, problem)


def completed(problem: Problem, info: StepInfo) -> StepInfo:
    """The last iteration of a return to the level with both metrics at its iterates."""
    if info.outdated is None or not any(info.outdated):
        return info
    outdated = (info.first, info.params), (info.second, info.params)
    values = _updated(outdated, info.outdated, info.params, problem)
    rows = [np.asarray(array).reshape(len(info.drift), -1) for of_metric in values for array in of_metric]
    are_finite = np.concatenate([np.isfinite(row) for row in rows], axis=1).all(axis=1)  # nothing is compiled for it
    (first, _), (second, _) = values
    return info._replace(first=first, second=second, finite=info.finite & jnp.asarray(are_finite), outdated=None)


def _updated(values: Sequence[Values], which: Sequence[bool], params: Array, problem: Problem) -> tuple[Values, ...]:
    """The values, with those of some of the two metrics computed at params."""
    chosen = [metric for metric, is_chosen in zip((problem.first, problem.second), which, strict=True) if is_chosen]
    computed = iter(values_at(params, problem.constants.parametrization, chosen))
    return tuple(next(computed) if is_chosen else old for old, is_chosen in zip(values, which, strict=True))


def take_step(state: SolverState, first: Values, second: Values, constants: Constants) -> tuple[SolverState, StepInfo]:
    """`solver.step` with its proposal projected to where the constraints clip little (`constraints`)."""
    state, info = step(state, first, second, constants)
    return state._replace(proposal=constants.parametrization.project(state.proposal)), info


@lru_cache(maxsize=2)
def compiled(taken: Callable[..., tuple[SolverState, StepInfo]]) -> jax.stages.Wrapped:
    """`take_step` or `restore_step` as a program of its own."""
    return jax.jit(taken, compiler_options=dict(cpu_options(STEP_OPTIONS)) or None)


def _iterate_compiled(
    metrics: Joint,
    parts: Sequence[BoundJaxMetric],
    constants: Constants,
    state: SolverState,
    restore: bool,
    ahead: int,
) -> Iterator[StepInfo]:
    program = _program(tuple(part.metric.distances_to for part in parts), metrics.positions)
    bound = tuple(part.prepared for part in parts), metrics.weights
    room = max(1, min(STEPS_PER_CALL, BYTES_PER_CALL // (3 * state.proposal.nbytes)))
    count = 1
    launched: deque[tuple[StepInfo, int]] = deque()
    while True:
        began = time.monotonic()
        state, infos = program(bound, state, constants, restore, count, room=room)
        launched.append((infos, count))
        if len(launched) <= ahead:
            continue
        infos, steps = launched.popleft()
        infos.drift.block_until_ready()
        seconds = (time.monotonic() - began) / steps
        yield from [_copied_to_host(_pick(infos, i)) for i in range(steps)]
        if not restore:
            count = max(1, min(room, int(SECONDS_PER_CALL / max(seconds, 1e-6))))


@lru_cache(maxsize=64)
def _program(parts: tuple[Distances, ...], positions: Positions) -> Program:
    """The compiled loop of two metrics; the same object each time, so that it compiles once for each shape."""
    gradients = [value_and_grad_of(part) for part in parts]

    def take(bound: Bound, constants: Constants, restore: Array, state: SolverState) -> tuple[SolverState, StepInfo]:
        images = constants.parametrization.to_images(state.proposal)
        prepared, weights = bound
        values = [of(own, images) for of, own in zip(gradients, prepared, strict=True)]
        values = mixed(values, positions, weights)
        pulled = pulled_back(constants.parametrization, state.proposal, values)
        return jax.lax.cond(restore, restore_step, take_step, state, *pulled, constants)

    @partial(jax.jit, static_argnames="room")
    def program(
        bound: Bound,
        state: SolverState,
        constants: Constants,
        restore: Array,
        count: Array,
        *,
        room: int,
    ) -> tuple[SolverState, StepInfo]:
        one = partial(take, bound, constants, restore)
        shapes = jax.eval_shape(one, state)[1]
        infos = jax.tree.map(lambda shape: jnp.zeros((room, *shape.shape), shape.dtype), shapes)

        def body(i: Array, carry: tuple[SolverState, StepInfo]) -> tuple[SolverState, StepInfo]:
            state, info = one(carry[0])
            return state, jax.tree.map(lambda rows, row: rows.at[i].set(row), carry[1], info)

        return jax.lax.fori_loop(0, count, body, (state, infos))

    return program


@jax.jit
def _pick(infos: StepInfo, index: Array) -> StepInfo:
    """One of the steps that were kept."""
    return jax.tree.map(lambda rows: jax.lax.dynamic_index_in_dim(rows, index, keepdims=False), infos)
