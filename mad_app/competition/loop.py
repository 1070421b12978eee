"""Turn after turn: one at a time, or, where both metrics are JAX, many in one compiled program.

The compiled program runs the turns that the host has asked for and keeps what each one shows. How many those are
depends on the time they take, so that a page sees images and can stop; what they compute does not: it is one and the
same program for any number, and for settling at the end, so that LASI is compiled once.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from mad_app.competition.constraints import Parametrization
from mad_app.competition.solver import Terms, Turn, Values, Walk, advance, settle
from mad_app.metrics import BoundJaxMetric, BoundMetric, value_and_grad_of
from mad_app.metrics.from_jax import Distances, Prepared

SECONDS_A_CALL = 0.1
"""How long the compiled program should run before it shows its turns."""
BYTES_A_CALL = 32 * 2**20
"""How much it may keep of them."""
TURNS_A_CALL = 32

Rivals = tuple[Prepared, Prepared]
"""What the two metrics know of the reference."""


def iterate(
    first: BoundMetric, second: BoundMetric, space: Parametrization, walk: Walk, terms: Terms, *, settling: bool = False
) -> Iterator[Turn]:
    """What each turn shows, for as long as it is asked for: of a competition, or of its return to the level.

    The walk goes among the points of a space, and the metrics look at their pictures.
    """
    if isinstance(first, BoundJaxMetric) and isinstance(second, BoundJaxMetric):
        return _march_compiled(first, second, space, walk, terms, settling)
    return _march(first, second, space, walk, terms, settling)


def _march(
    first: BoundMetric, second: BoundMetric, space: Parametrization, walk: Walk, terms: Terms, settling: bool
) -> Iterator[Turn]:
    turn_of = _settle if settling else _advance
    while True:
        said = _look(first, second, space.pictures(walk.proposed))
        walk, turn = turn_of(space, walk, *_pulled_back(space, walk.proposed, said), terms)
        yield turn


def _look(first: BoundMetric, second: BoundMetric, images: Array) -> tuple[Values, Values]:
    """Both metrics' values and gradients. JAX computes on its own thread, so it is set to work before PyTorch."""
    if isinstance(second, BoundJaxMetric):
        said = second.value_and_grad(images)
        return first.value_and_grad(images), said
    return first.value_and_grad(images), second.value_and_grad(images)


def _pulled_back(space: Parametrization, points: Array, said: Iterable[Values]) -> list[Values]:
    return [(values, space.pullback(points, gradients)) for values, gradients in said]


@jax.jit
def _advance(space: Parametrization, walk: Walk, first: Values, second: Values, terms: Terms) -> tuple[Walk, Turn]:
    walk, turn = advance(walk, first, second, terms)
    return walk._replace(proposed=space.project(walk.proposed)), turn


@jax.jit
def _settle(_: Parametrization, walk: Walk, first: Values, second: Values, terms: Terms) -> tuple[Walk, Turn]:
    return settle(walk, first, second, terms)


def _march_compiled(
    first: BoundJaxMetric, second: BoundJaxMetric, space: Parametrization, walk: Walk, terms: Terms, settling: bool
) -> Iterator[Turn]:
    program = _program(first.metric.distances_to, second.metric.distances_to)
    room = max(1, min(TURNS_A_CALL, BYTES_A_CALL // (3 * walk.proposed.nbytes)))
    count = 1
    while True:
        began = time.monotonic()
        walk, turns = program((first.prepared, second.prepared), space, walk, terms, settling, count, room=room)
        turns.told.block_until_ready()
        each = (time.monotonic() - began) / count
        for i in range(count):
            yield _pick(turns, i)
        if not settling:
            count = max(1, min(room, int(SECONDS_A_CALL / each)))


@lru_cache(maxsize=64)
def _program(first: Distances, second: Distances) -> Callable[..., tuple[Walk, Turn]]:
    """The compiled loop over turns of two metrics; the same object each time, so that it compiles once a shape."""
    looks = value_and_grad_of(first), value_and_grad_of(second)

    def take(known: Rivals, space: Parametrization, walk: Walk, terms: Terms, settling: Array) -> tuple[Walk, Turn]:
        images = space.pictures(walk.proposed)
        said = [look(rival, images) for look, rival in zip(looks, known, strict=True)]
        pulled = _pulled_back(space, walk.proposed, said)
        return jax.lax.cond(settling, _settle, _advance, space, walk, *pulled, terms)

    @partial(jax.jit, static_argnames="room")
    def program(
        known: Rivals, space: Parametrization, walk: Walk, terms: Terms, settling: Array, count: Array, *, room: int
    ) -> tuple[Walk, Turn]:
        one = partial(take, known, space, terms=terms, settling=settling)
        shapes = jax.eval_shape(one, walk)[1]
        kept = jax.tree.map(lambda shape: jnp.zeros((room, *shape.shape), shape.dtype), shapes)

        def go_on(i: Array, at: tuple[Walk, Turn]) -> tuple[Walk, Turn]:
            walk, turn = one(at[0])
            return walk, jax.tree.map(lambda rows, row: rows.at[i].set(row), at[1], turn)

        return jax.lax.fori_loop(0, count, go_on, (walk, kept))

    return program


@jax.jit
def _pick(turns: Any, index: Array) -> Any:
    """One of the turns that were kept."""
    return jax.tree.map(lambda rows: jax.lax.dynamic_index_in_dim(rows, index, keepdims=False), turns)
