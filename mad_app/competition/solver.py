"""One turn of a competition, as a pure function: judge where the last step led, then choose the next.

A turn begins with the metrics' values and gradients at the images that the last step proposed. An image that strayed
from its level goes back and takes a smaller step next; so does one off its level that the box lets move nowhere. What a
turn shows is all that a later one needs, so that a competition goes on from it bit for bit.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from mad_app.competition import schedules as pace
from mad_app.competition.geometry import Moments, no_moments, norms, return_step, tangent_gradient, tangent_step
from mad_app.competition.settings import CORNERS, MAX_DRIFT

GROWTH, SHRINKAGE = 1.1, 0.5
"""What an image's trust is multiplied by after a step that held, and after one that strayed."""
FULL_RETURN = 4.0
"""An image makes up for all it lacks to its level at a trust of 1 / FULL_RETURN or more, and for less below: where
the level is so curved that even the return strays, it comes back in small steps."""
LOST = 2.0**-8
"""An image whose trust falls below this cannot come back from where it strayed, and sets out again from where it last
was on its level."""
SECOND_TRUST = 2.0**-3
"""The trust with which it does."""
ON_LEVEL = 0.01
"""Relative departure from the level up to which a gain counts."""
GAIN = 1e-4
"""The least relative gain that counts."""
RELAPSE = 0.1
"""Where a distance falls, a step that led this far above the least of it is taken back too: what dies away by powers of
ten leaves the scale of the steps behind, and a leader may gather speed where he should not."""
PATIENCE = 100
"""Steps on the level without a gain after which an image has converged."""
FLAT = 1e-3
"""A tangent gradient this small, in units of the first, leads nowhere."""
PRESSED = 0.5
"""The part of the values that a metric sees which must be pressed against 0 or 1 for an image to be stuck there."""

RISES = ~pace.FALLING
DRIVES_FIRST = np.array([corner.optimized == "first" for corner in CORNERS])

Values = tuple[Array, Array]
"""A metric's distances (4,) and their gradients (4, H, W, 3)."""


class Terms(NamedTuple):
    """What stays the same through a competition.

    Attributes:
        level: what each image's fixed metric is held at, (4,).
        steps: how many steps there will be.
        step_size: size of the first.
        tolerance: relative departure from the level that is aimed at in the end.
    """

    level: Array
    steps: Array
    step_size: Array
    tolerance: Array


class View(NamedTuple):
    """What both metrics say of the four images, sorted by what is driven and what is held."""

    images: Array
    first: Array
    second: Array
    ascent: Array
    normal: Array
    missing: Array


class Memory(NamedTuple):
    """What the next step needs beside the images.

    Attributes:
        moments: Adam's.
        trust: each image's step size, in units of its pace, at most 1, (4,).
        held: each image as it last was on its level, (4, H, W, 3).
        best: the furthest that each image's driven metric came on the level, falling ones negated, (4,).
        idle: steps since then, (4,).
        slope: norm of each image's first tangent gradient, (4,).
    """

    moments: Moments
    trust: Array
    held: Array
    best: Array
    idle: Array
    slope: Array


class Walk(NamedTuple):
    """Where a competition stands between two turns.

    Attributes:
        proposed: the images that the next turn looks at.
        view: what the last turn ended with; anything where `fresh`.
        memory: as it was left by the last turn.
        done: steps done when the proposed images are those of the competition.
        fresh: whether the proposed images are to be taken as they are.
    """

    proposed: Array
    view: View
    memory: Memory
    done: Array
    fresh: Array


class Turn(NamedTuple):
    """What a turn shows.

    Attributes:
        images: (4, H, W, 3).
        told: `first`, `second`, `drift`, and as 0 or 1 `finite`, `converged` and `boxed`, in rows, (6, 4).
        memory: before the next step was chosen.
        done: steps done.
    """

    images: Array
    told: Array
    memory: Memory
    done: Array


def begin(images: Array) -> Walk:
    """A walk that sets out from images (4, H, W, 3)."""
    four = jnp.ones(len(CORNERS), jnp.float32)
    idle = jnp.zeros_like(four, jnp.int32)
    memory = Memory(no_moments(images), four, images, -jnp.inf * four, idle, jnp.nan * four)
    return resume(images, memory, 0)


def resume(images: Array, memory: Memory, done: int) -> Walk:
    """A walk that goes on from what a turn showed."""
    nothing = View(images, memory.trust, memory.trust, images, images, memory.trust)
    return Walk(images, nothing, memory, jnp.asarray(done, jnp.int32), jnp.asarray(True))


def advance(walk: Walk, first: Values, second: Values, terms: Terms) -> tuple[Walk, Turn]:
    """Judge the proposed images by what the metrics say of them, and step on."""
    seen = _sort(walk.proposed, first, second, terms)
    allowed = jnp.maximum(pace.stray((walk.done - 1) / terms.steps), jnp.abs(walk.view.missing / terms.level))
    departure = jnp.abs(seen.missing / terms.level)
    held = (departure <= allowed) & _finite(seen.normal)
    best = walk.memory.best
    relapsed = (_driven(seen) < best - RELAPSE * jnp.abs(best)) & pace.FALLING
    blocked = (departure > ON_LEVEL) & (walk.proposed == walk.view.images).all(axis=(1, 2, 3))
    strayed = (~held | relapsed | blocked) & ~walk.fresh
    view = _choose(strayed, walk.view, seen)
    trust = jnp.where(strayed, SHRINKAGE * walk.memory.trust, jnp.minimum(GROWTH * walk.memory.trust, 1))
    memory, flat, boxed = _remember(view, walk.memory, terms)
    heading = _where(relapsed, SHRINKAGE * memory.moments.heading, memory.moments.heading)
    memory = memory._replace(trust=trust, moments=memory.moments._replace(heading=heading))
    start = walk.memory._replace(slope=memory.slope, best=memory.best)
    memory = jax.tree.map(partial(jnp.where, walk.fresh), start, memory)
    converged = (flat | (memory.idle >= PATIENCE)) & ~boxed
    turn = Turn(view.images, _tell(view, terms, converged, boxed), memory, walk.done)
    images, memory = _step(view, memory, walk.done, terms)
    return Walk(images, view, memory, walk.done + 1, jnp.asarray(False)), turn


def settle(walk: Walk, first: Values, second: Values, terms: Terms) -> tuple[Walk, Turn]:
    """Judge a return by whether it came nearer, and return on, half as far after one that did not.

    `trust` is here the share of what is missing that a return makes up for. An image on its level stays as it is, and
    one that counts as held never falls back to where it was on its level before.
    """
    seen = _sort(walk.proposed, first, second, terms)
    settled = (jnp.abs(walk.view.missing / terms.level) <= terms.tolerance) & ~walk.fresh
    nearer = (jnp.abs(seen.missing) < jnp.abs(walk.view.missing)) & ~settled | walk.fresh
    view = _choose(~nearer, walk.view, seen)
    trust = jnp.where(walk.fresh | settled, 1, walk.memory.trust)
    share = jnp.where(nearer, jnp.minimum(2 * trust, 1), trust / 2)
    memory = walk.memory._replace(trust=share)
    no = jnp.zeros_like(nearer)
    turn = Turn(view.images, _tell(view, terms, no, no), memory, walk.done)
    returned = return_step(view.images, view.normal, share * view.missing)
    lost = (share < LOST) & (jnp.abs(view.missing / terms.level) > MAX_DRIFT)
    return Walk(_where(lost, memory.held, returned), view, memory, walk.done, jnp.asarray(False)), turn


def _sort(images: Array, first: Values, second: Values, terms: Terms) -> View:
    """The view, from each metric's values and gradients."""
    pick, sign = DRIVES_FIRST[:, None, None, None], jnp.where(RISES, 1.0, -1.0)[:, None, None, None]
    return View(
        images=images,
        first=first[0],
        second=second[0],
        ascent=jnp.where(pick, first[1], second[1]) * sign,
        normal=jnp.where(pick, second[1], first[1]),
        missing=terms.level - jnp.where(DRIVES_FIRST, second[0], first[0]),
    )


def _driven(view: View) -> Array:
    """What shall grow: the driven metric, falling ones negated, (4,)."""
    return jnp.where(DRIVES_FIRST, view.first, view.second) * jnp.where(RISES, 1.0, -1.0)


def _choose(back: Array, before: View, after: View) -> View:
    """The view after a step, but that before it for the images that go back, (4,)."""
    return jax.tree.map(partial(_where, back), before, after)


def _remember(view: View, memory: Memory, terms: Terms) -> tuple[Memory, Array, Array]:
    """The memory with this turn's gains, whether an image's way is flat, and whether that is the box's doing, (4,)."""
    driven = _driven(view)
    on_level = jnp.abs(view.missing / terms.level) <= ON_LEVEL
    gained = on_level & ((driven > memory.best + GAIN * jnp.abs(memory.best)) | jnp.isinf(memory.best))
    gradient, free = tangent_gradient(view.images, view.ascent, view.normal)
    slope = norms(gradient)
    first_slope = jnp.where(jnp.isnan(memory.slope), slope, memory.slope)
    flat = on_level & (slope <= FLAT * first_slope)
    counting = (view.ascent != 0) | (view.normal != 0)
    moving = jnp.sum(free & counting, axis=(1, 2, 3)) / jnp.maximum(jnp.sum(counting, axis=(1, 2, 3)), 1)
    boxed = flat & (moving < 1 - PRESSED)
    idle = jnp.where(gained | ~on_level, 0, memory.idle + 1)
    best = jnp.where(gained, driven, memory.best)
    held = _where(on_level, view.images, memory.held)
    return memory._replace(held=held, best=best, idle=idle, slope=first_slope), flat, boxed


def _step(view: View, memory: Memory, done: Array, terms: Terms) -> tuple[Array, Memory]:
    """The images of the next step, and the memory that it leaves."""
    images, moments = tangent_step(
        view.images,
        memory.moments,
        view.ascent,
        view.normal,
        view.missing * jnp.minimum(FULL_RETURN * memory.trust, 1),
        terms.step_size * pace.step_sizes(done / terms.steps, memory.idle / PATIENCE),
        memory.trust,
        pace.FALLING,
    )
    lost = memory.trust < LOST
    trust = jnp.where(lost, SECOND_TRUST, memory.trust)
    return _where(lost, memory.held, images), memory._replace(moments=moments, trust=trust)


def _tell(view: View, terms: Terms, converged: Array, boxed: Array) -> Array:
    finite = jnp.stack([_finite(array) for array in view]).all(axis=0)
    return jnp.stack([view.first, view.second, -view.missing / terms.level, finite, converged, boxed])


def _finite(array: Array) -> Array:
    """Image by image, whether every number is finite, (4,)."""
    return jnp.isfinite(array).reshape(len(CORNERS), -1).all(axis=1)


def _where(which: Array, these: Array, those: Array) -> Array:
    """Image by image, `these` or `those`."""
    return jnp.where(which.reshape(-1, *[1] * (these.ndim - 1)), these, those)
