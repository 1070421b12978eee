"""From a picture and names of metrics to their principal distortions."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np

from mad_app.directions.findings import MetricSensitivity, shown_images
from mad_app.directions.result import Distortions
from mad_app.directions.search import Outcome, Pair, Product, SearchSettings, principal_pairs
from mad_app.errors import ArgumentError
from mad_app.images import AnyImage, Decoded, ImageArray, image_and_notes, to_gray
from mad_app.metrics import KnownMetric, QuadraticForm, metric_from, resolve_metric, second_order_form
from mad_app.records.environment import environment
from mad_app.request import PICTURE, Request
from mad_app.runs.interrupts import gentle_interrupts
from mad_app.runs.materialize import is_gray_run, notes_of, read_reference

MetricLike: TypeAlias = str | KnownMetric | Callable[..., Any]
"""The name of a metric, a metric, or a function or module of two images (`mad_app.metric_from`)."""

SIZE = 64
"""Default for the longer side of a picture from a file, in pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """What distortions are searched of.

    Attributes:
        image: float32 (H, W, 3) in [0, 1].
        gray: whether the distortions are gray.
        settings: that describe it.
        notes: what was done to it as it was read.
    """

    image: ImageArray
    gray: bool
    settings: dict[str, Any]
    notes: tuple[str, ...]


def principal_distortions(
    reference: AnyImage | str | Path,
    metrics: MetricLike | Sequence[MetricLike],
    *,
    size: int | None = None,
    gray: bool | None = None,
    settings: SearchSettings | None = None,
    on_step: Callable[[Pair], None] | None = None,
) -> Distortions:
    """The small changes of a picture that metrics disagree about most (Feather et al., ICLR 2025).

    They come in pairs, one unless `settings.count` says otherwise, each orthogonal to the others. With one metric
    they are its eigen-distortions, the most and the least noticeable changes (Berardino et al., NeurIPS 2017). An
    interrupt (Ctrl-C, a notebook's Stop) ends the search after its step with a valid result.

    Args:
        reference: the picture: its path or bundled name, or an array or Pillow image as `mad_competition` takes it.
        metrics: one or several: names, metrics, or functions or modules of two images.
        size: longer side of a picture that is read from a file, in pixels; 64 if None.
        gray: whether the changes are gray; None for gray pictures alone.
        settings: of the search; the defaults if None.
        on_step: called after each step.

    Returns:
        The distortions. Equal arguments give equal ones on one machine.

    Raises:
        ArgumentError: an argument is not as above, or a metric has no second-order form at the reference.

    Example:
        >>> found = principal_distortions("coffee", ["mse", "ssim"], size=16, settings=SearchSettings(steps=5))
        >>> found.images.shape, found.steps
        ((2, 16, 16, 3), 5)
    """
    listed = [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)
    known = [_metric_of(one) for one in listed]
    picture = _picture_of(reference, size, gray)
    with gentle_interrupts() as should_stop:
        return search_distortions(
            picture, known, settings or SearchSettings(), on_step=on_step, should_stop=should_stop
        )


def eigen_distortions(reference: AnyImage | str | Path, metric: MetricLike, **options: Any) -> Distortions:
    """The most and the least noticeable small changes of a picture for one metric (Berardino et al., NeurIPS 2017).

    Args:
        reference: as in `principal_distortions`.
        metric: one.
        **options: likewise.

    Raises:
        ArgumentError: likewise.
    """
    return principal_distortions(reference, [metric], **options)


def picture_from(request: Request) -> Picture:
    """The picture that a request describes.

    Raises:
        ArgumentError: its file cannot be read, or its size does not suit it or this machine.
    """
    read = read_reference(request)
    gray = is_gray_run(request, read.image)
    described = {name: value for name, value in asdict(request).items() if name in PICTURE}
    return _picture(read, gray, described, notes_of(request, read, gray))


def search_distortions(
    picture: Picture,
    metrics: Sequence[KnownMetric],
    settings: SearchSettings,
    *,
    on_step: Callable[[Pair], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Distortions:
    """As `principal_distortions`, of a picture that was read and metrics that were built; asks whether to stop."""
    if not isinstance(settings, SearchSettings):
        raise ArgumentError("settings", f"must be SearchSettings, got {settings!r:.60}")
    began, names = time.monotonic(), [metric.name for metric in metrics]
    if not names or len(set(names)) < len(names):
        raise ArgumentError("metrics", f"must be one metric, or several that differ, got {', '.join(names) or 'none'}")
    reference = jnp.asarray(picture.image)
    forms = [second_order_form(metric, reference) for metric in metrics]
    space = _Space(picture.image.shape, picture.gray)
    products = [space.product_of(form) for form in forms]
    pairs = principal_pairs(products, space.dimension, settings, on_step=on_step, should_stop=should_stop)
    scale, found = np.sqrt(picture.image.size), np.concatenate([pair.directions for pair in pairs])
    directions = np.stack([scale * space.embed(one) for one in found]).astype(np.float32)
    roots = np.sqrt(np.concatenate([pair.forms for pair in pairs], axis=1))
    shown = jnp.asarray(shown_images(picture.image, directions))
    values = [np.asarray(metric.bind(reference).distances(shown), float).tolist() for metric in metrics]
    ran_with = environment()
    return Distortions(
        reference=picture.image,
        directions=directions,
        metrics=tuple(
            MetricSensitivity(
                name=metric.name,
                kind=form.kind,
                mean_eigenvalue=float(pairs[0].mean_eigenvalues[i]),
                sensitivities=tuple(roots[i].tolist()),
                values=tuple(values[i]),
                weights=metric.weights,
            )
            for i, (metric, form) in enumerate(zip(metrics, forms, strict=True))
        ),
        settings={**picture.settings, "gray": picture.gray, "metrics": names, **asdict(settings)},
        deviations=tuple(pair.deviation for pair in pairs),
        residuals=tuple(float(one) for pair in pairs for one in pair.residuals),
        steps=sum(pair.step for pair in pairs),
        outcome=_outcome(pairs),
        notes=picture.notes,
        versions=ran_with.versions,
        device=ran_with.device,
        seconds=time.monotonic() - began,
    )


def _outcome(pairs: Sequence[Pair]) -> Outcome:
    """Why the search ended: of the first pair that did not converge."""
    ended = [pair.outcome or "stopped" for pair in pairs]
    return next((one for one in ended if one != "converged"), "converged")


@dataclass(frozen=True)
class _Space:
    """The changes among which is searched: those of all elements, or the gray ones, in orthonormal coordinates."""

    shape: tuple[int, ...]
    gray: bool

    @property
    def dimension(self) -> int:
        height, width, channels = self.shape
        return height * width * (1 if self.gray else channels)

    def embed(self, coordinates: np.ndarray) -> np.ndarray:
        """Coordinates (n,) as a change (H, W, 3)."""
        if not self.gray:
            return coordinates.reshape(self.shape)
        return np.broadcast_to(coordinates.reshape(*self.shape[:2], 1), self.shape) / np.sqrt(self.shape[2])

    def product_of(self, form: QuadraticForm) -> Product:
        """The form on these coordinates."""

        def product(coordinates: np.ndarray) -> np.ndarray:
            change = form.product(self.embed(coordinates))
            return change.ravel() if not self.gray else change.sum(axis=2).ravel() / np.sqrt(self.shape[2])

        return product


def _metric_of(given: MetricLike) -> KnownMetric:
    """The metric that an argument stands for."""
    try:
        if isinstance(given, str):
            return resolve_metric(given, argument="metrics")
        if isinstance(given, KnownMetric):
            return given
        return metric_from(given, name=getattr(given, "__name__", type(given).__name__).strip("<>"))
    except ArgumentError as error:
        raise ArgumentError("metrics", error.problem) from error


def _picture_of(reference: AnyImage | str | Path, size: int | None, gray: bool | None) -> Picture:
    try:
        if isinstance(reference, str | Path):
            return picture_from(Request(image=str(reference), size=SIZE if size is None else size, gray=gray))
        if size is not None:
            raise ArgumentError("size", "is that of a picture in a file, but the picture is given itself: leave it out")
        read, request = Decoded(*image_and_notes(reference, "reference")), Request(image=None, gray=gray)
        is_gray = is_gray_run(request, read.image)
        return _picture(read, is_gray, {"image": None}, notes_of(request, read, is_gray))
    except ArgumentError as error:
        raise ArgumentError("reference" if error.argument == "image" else error.argument, error.problem) from error


def _picture(read: Decoded, gray: bool, settings: dict[str, Any], notes: tuple[str, ...]) -> Picture:
    return Picture(image=to_gray(read.image) if gray else read.image, gray=gray, settings=settings, notes=notes)
