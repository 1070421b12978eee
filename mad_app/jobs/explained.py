"""The arrows of the method at a step of a run, computed by a worker process and drawn by a page, as plain JSON:

    {"step": …, "values": [[first, second], …], "levels": […], "changes": [[[first, second] of each arrow], …],
     "pictures": [[data URI of the gradient, of its tangent part], …]}

Lists of four are in the order of CORNERS; numbers that are not finite are null.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from mad_app.competition import explain_step, parametrization
from mad_app.errors import ArgumentError
from mad_app.images import from_uint8
from mad_app.images.encode import Picture
from mad_app.metrics import KnownMetric, get_metric
from mad_app.records import Run, load_record
from mad_app.runs import metrics_of, request_of


def explain_images(run: Run, images: np.ndarray, step: int, metrics: Sequence[KnownMetric]) -> dict[str, Any]:
    """The arrows at four images of a run.

    Args:
        run: the record, for its reference, start, mask, settings and levels.
        images: float32 (4, H, W, 3).
        step: their step.
        metrics: the first and the second.
    """
    first, second = (metric.bind(jnp.asarray(run.reference)) for metric in metrics)
    to = parametrization(run.start, request_of(run).settings(), run.mask)
    levels = jnp.asarray([math.nan if image.level is None else image.level for image in run.results], jnp.float32)
    explained = explain_step(jnp.asarray(images), first, second, levels, to)
    pictures = [[_signed(move).uri() for move in moves[:2]] for moves in explained.moves]
    numbers = {name: _finite(getattr(explained, name).tolist()) for name in ("values", "levels", "changes")}
    return {"step": step, **numbers, "pictures": pictures}


def explain_record(folder: Path, step: int) -> dict[str, Any]:
    """The arrows at a step of a finished run, of which the record has the images.

    Raises:
        RecordError: it cannot be read.
        ArgumentError: the record has no images of this step, or a metric is not available.
    """
    run = load_record(folder)
    return explain_images(run, images_at(run, step), step, metrics_of(request_of(run), get_metric))


def explainable_steps(run: Run) -> list[int]:
    """The steps of which a record has the images."""
    return [*map(int, run.keyframes.step), int(run.history.step[-1])]


def images_at(run: Run, step: int) -> np.ndarray:
    """The four images at one of `explainable_steps`, float32 (4, H, W, 3).

    Raises:
        ArgumentError: it is none of them.
    """
    if step == run.history.step[-1]:
        return run.finals
    found = np.flatnonzero(run.keyframes.step == step)
    if not len(found):
        raise ArgumentError("step", f"must be one of {explainable_steps(run)}, got {step}")
    return np.stack([from_uint8(image) for image in run.keyframes.images[found[0]]])


def _signed(move: np.ndarray) -> Picture:
    """A change as a picture: mid gray where there is none, its largest value black or white."""
    move = np.nan_to_num(move)
    largest = float(np.abs(move).max())
    return Picture.png(np.float32(0.5) + move / (2 * largest) if largest else np.full_like(move, 0.5))


def _finite(values: Any) -> Any:
    if isinstance(values, list):
        return [_finite(value) for value in values]
    return values if math.isfinite(values) else None
