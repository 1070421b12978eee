"""How far apart a competition separates metrics: `python tests/benchmarks/competition.py [--json] [--quick]`.

One row for each of the four images of a competition. Where plenoptic is installed (`pip install '.[benchmarks]'`), its
MADCompetition runs from the same start, with the same metrics, for as many steps: once with the weight that it chooses
itself, and once with each of 10⁻² … 10⁶, of which the best counts that departs from the level by 1 % at most. Columns:

    start, final   the optimized metric                 drift, 8 bit  departure of the fixed one, as floats and saved
    steps          that were made                       seconds       all four images, without compilation
    own, best      plenoptic's, with its drift and its weight; its image is clipped at black and white
    gain           final to best: above 1 is wider      own s         plenoptic's four runs with its own weights
    at its level   the gain, where it is below 1, of a competition at the level that plenoptic's image has
    reached        when the competition was as wide as best, within 1 % of the level, as a fraction of `own s`

Times are of one run: compare within a row.
"""

import argparse
import importlib.util
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["TQDM_DISABLE"] = "1"
sys.path.insert(0, str(Path(__file__).parents[2]))

import jax.numpy as jnp
import numpy as np
import torch

from mad_app.competition import CORNERS, Corner, Settings, compete, quantize_at_level
from mad_app.distortions import distort
from mad_app.images import ImageArray, bundled_path, from_uint8, load_image
from mad_app.metrics import BoundMetric, Metric, get_metric
from mad_app.metrics.from_torch import THREADS, BoundTorchMetric
from mad_app.metrics.interchange import to_jax, to_torch

PAIRS = (("ssim", "mse", 64), ("lasi", "lpips-alex", 64), ("lasi", "mse", 64), ("lpips-alex", "mse", 64))
"""Two metrics, and the side of the picture in pixels."""
LARGE = (("lpips-vgg", "ms-ssim", 256),)
PICTURES = ("cat", "coffee", "bricks", "gradients")
WEIGHTS = tuple(10.0**power for power in range(-2, 7))
MOST_DRIFT = 0.01
"""What plenoptic may depart from the level."""

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Match:
    """Two metrics on a picture and its distorted copy."""

    first: Metric
    second: Metric
    picture: str
    reference: ImageArray
    start: ImageArray
    steps: int

    def bind(self) -> tuple[BoundMetric, BoundMetric]:
        """Both metrics against the picture."""
        reference = jnp.asarray(self.reference)
        return self.first.bind(reference), self.second.bind(reference)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What plenoptic found for one image: the optimized metric, the fixed one and its departure, weight, and time."""

    value: float
    level: float
    drift: float
    weight: float
    seconds: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--quick", action="store_true", help="one picture of 48 pixels, 40 steps, without lpips-vgg")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--pictures", nargs="+", default=PICTURES)
    parser.add_argument("--pairs", nargs="+", metavar="FIRST,SECOND,SIZE", help="in place of the default ones")
    parser.add_argument("--strength", type=float, default=0.1, help="of the white noise to start from")
    chosen = parser.parse_args(arguments)
    pairs = PAIRS + LARGE
    if chosen.quick:
        chosen.steps, chosen.pictures = 40, chosen.pictures[:1]
        pairs = tuple((first, second, 48) for first, second, _ in PAIRS)
    if chosen.pairs:
        pairs = tuple((first, second, int(size)) for first, second, size in (pair.split(",") for pair in chosen.pairs))
    rows = []
    for match in _matches(pairs, chosen):
        rows += _rows(match)
        if not chosen.json:
            print(_table(rows[-len(CORNERS) :], header=len(rows) == len(CORNERS)), flush=True)
    print(json.dumps(rows, indent=1) if chosen.json else _summary(rows))


def _matches(pairs: Sequence[tuple[str, str, int]], chosen: argparse.Namespace) -> Iterator[Match]:
    for first, second, size in pairs:
        metrics = get_metric(first), get_metric(second)
        for i, picture in enumerate(chosen.pictures):
            reference = load_image(bundled_path(picture), size=size)
            start = distort(reference, "noise", strength=chosen.strength, seed=i)
            yield Match(
                first=metrics[0],
                second=metrics[1],
                picture=picture,
                reference=reference,
                start=start,
                steps=chosen.steps,
            )


def _rows(match: Match) -> list[Row]:
    """The four images of the engine, and plenoptic's beside them."""
    rows, trace, seconds = _ours(match)
    if importlib.util.find_spec("plenoptic") is None:
        return rows
    own, best = zip(*(_theirs(match, corner) for corner in CORNERS), strict=True)
    theirs = sum(found.seconds for found in own)
    for i, (row, corner) in enumerate(zip(rows, CORNERS, strict=True)):
        row |= {"own": own[i].value, "own drift": own[i].drift, "own s": theirs if np.isfinite(theirs) else None}
        found = best[i]
        if found:
            sign = 1 if corner.direction == "max" else -1
            as_wide = (sign * trace[:, 0, i] >= sign * found.value) & (np.abs(trace[:, 1, i]) <= MOST_DRIFT)
            row |= {"best": found.value, "best drift": found.drift, "weight": found.weight}
            gain = _gain(float(row["final"]), found, corner)  # type: ignore[arg-type]
            row |= {"gain": gain, "at its level": _gain_at_level(match, i, found) if gain < 1 else None}
            row["reached"] = (
                float(seconds[as_wide.argmax()] / theirs) if as_wide.any() and np.isfinite(theirs) else None
            )
    return rows


def _gain_at_level(match: Match, image: int, found: Found) -> float:
    """The gain of a competition at the level that plenoptic's image has."""
    corner = CORNERS[image]
    *_, last = _run(match, steps=match.steps, **{f"{corner.fixed}_level": found.level})
    return _gain(float(_of(last, "optimized")[image]), found, corner)


def _gain(value: float, found: Found, corner: Corner) -> float:
    """How much wider a value is than plenoptic's: above 1 where it is."""
    return value / found.value if corner.direction == "max" else found.value / value


def _ours(match: Match) -> tuple[list[Row], np.ndarray, np.ndarray]:
    """The rows, the optimized metric and the drift at each step (T, 2, 4), and the seconds until then (T,)."""
    for _ in _run(match, steps=2):
        pass  # compiles
    first, second = match.bind()
    began, trace, seconds = time.perf_counter(), [], []
    for last in _run(match, steps=match.steps):
        trace.append((_of(last, "optimized"), last.drift))
        seconds.append(time.perf_counter() - began)
    levels = _of(last, "fixed") / (1 + last.drift)
    saved = quantize_at_level(np.asarray(last.images), first, second, levels)
    shown = jnp.asarray(np.stack([from_uint8(picture) for picture in saved]))
    values = {"first": np.asarray(first.distances(shown)), "second": np.asarray(second.distances(shown))}
    rows: list[Row] = []
    for i, corner in enumerate(CORNERS):
        optimized, fixed = (getattr(match, role).name for role in (corner.optimized, corner.fixed))
        row: Row = {"optimized": f"{optimized} {corner.direction}", "fixed": fixed, "picture": match.picture}
        row |= {"start": float(trace[0][0][i]), "final": float(trace[-1][0][i]), "drift": float(last.drift[i])}
        row |= {"8 bit": float(values[corner.fixed][i] / levels[i] - 1), "steps": last.index, "seconds": seconds[-1]}
        rows.append(row)
    return rows, np.array(trace), np.array(seconds)


def _run(match: Match, *, steps: int, **levels: float) -> Iterator:  # type: ignore[type-arg]
    return compete(match.reference, match.start, match.first, match.second, Settings(steps=steps, **levels))


def _of(step: object, role: str) -> np.ndarray:
    """The optimized or the fixed metric of each image, (4,)."""
    return np.array([getattr(step, getattr(corner, role))[i] for i, corner in enumerate(CORNERS)])


def _theirs(match: Match, corner: Corner) -> tuple[Found, Found | None]:
    """What plenoptic finds for an image with its own weight, and with the best of the grid, if any keeps the level."""
    own = _plenoptic(match, corner, None)
    grid = [found for weight in WEIGHTS if abs((found := _plenoptic(match, corner, weight)).drift) <= MOST_DRIFT]
    best = max if corner.direction == "max" else min
    return own, best(grid, key=lambda found: found.value, default=None)


def _plenoptic(match: Match, corner: Corner, weight: float | None) -> Found:
    """One run of MADCompetition from the start, for all its steps, with Adam as it comes."""
    import plenoptic

    comparisons = dict(zip(("first", "second"), match.bind(), strict=True))
    optimized, fixed = (_for_torch(getattr(match, role)) for role in (corner.optimized, corner.fixed))
    image, start = (to_torch(jnp.asarray(array)[None]) for array in (match.reference, match.start))
    torch.manual_seed(0)
    torch.set_num_threads(THREADS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mad = plenoptic.MADCompetition(image, optimized, fixed, corner.direction, metric_tradeoff_lambda=weight)
        mad.setup()
        with torch.no_grad():
            mad.mad_image.copy_(start)
        mad._reference_metric_target = fixed(image, start).item()  # it starts from noise of its own only
        began = time.perf_counter()
        try:
            mad.synthesize(match.steps, stop_criterion=0)
        except ValueError:  # a loss that is no number
            return Found(value=np.nan, level=np.nan, drift=np.inf, weight=mad.metric_tradeoff_lambda, seconds=np.nan)
        seconds = time.perf_counter() - began
    found = to_jax(mad.mad_image.detach().clamp(0, 1).permute(0, 2, 3, 1))
    value = float(comparisons[corner.optimized].distances(found)[0])
    level = float(comparisons[corner.fixed].distances(found)[0])
    drift = level / mad._reference_metric_target - 1
    return Found(value=value, level=level, drift=drift, weight=mad.metric_tradeoff_lambda, seconds=seconds)


def _for_torch(metric: Metric) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """A metric as a differentiable PyTorch function of two images (1, 3, H, W), the reference first."""
    known: list[tuple[torch.Tensor, BoundMetric]] = []

    def distance(reference: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        if not (known and known[0][0] is reference):
            known[:] = [(reference, metric.bind(to_jax(reference.detach().permute(0, 2, 3, 1))[0]))]
        comparison = known[0][1]
        if isinstance(comparison, BoundTorchMetric):
            return comparison.metric.distances_to(comparison.prepared, image)[0]
        return _Bridge.apply(image, comparison)

    return distance


class _Bridge(torch.autograd.Function):
    """A JAX comparison in PyTorch's graph; value and gradient come in one evaluation."""

    @staticmethod
    def forward(ctx, image, comparison):  # type: ignore[no-untyped-def]
        value, gradient = comparison.value_and_grad(to_jax(image.detach().permute(0, 2, 3, 1)))
        ctx.save_for_backward(to_torch(gradient))
        return torch.tensor(float(value[0]))

    @staticmethod
    def backward(ctx, share):  # type: ignore[no-untyped-def]
        return share * ctx.saved_tensors[0], None


COLUMNS = ("optimized", "fixed", "picture", "start", "final", "drift", "8 bit", "steps", "seconds") + (
    ("own", "own drift", "best", "best drift", "weight", "gain", "at its level", "own s", "reached")
    if importlib.util.find_spec("plenoptic")
    else ()
)


def _table(rows: Sequence[Row], *, header: bool) -> str:
    lines = [[_cell(name, row.get(name)) for name in COLUMNS] for row in rows]
    return "\n".join(
        "  ".join(cell.rjust(max(10, len(name))) for name, cell in zip(COLUMNS, line, strict=True))
        for line in ([list(COLUMNS)] if header else []) + lines
    )


def _cell(name: str, value: object) -> str:
    if not isinstance(value, float):
        return "–" if value is None else str(value)
    return f"{100 * value:+.3f} %" if "drift" in name or name == "8 bit" else f"{value:.4g}"


def _summary(rows: Sequence[Row]) -> str:
    """Over all rows: the largest departures, and the comparison with plenoptic."""
    drift, drift_8bit = (max(abs(float(row[name])) for row in rows) for name in ("drift", "8 bit"))  # type: ignore[arg-type]
    lines = [f"largest drift {100 * drift:.4f} %, of the saved pictures {100 * drift_8bit:.3f} %"]
    met = [row for row in rows if "gain" in row]
    if met:
        gains = [float(row["gain"]) for row in met]  # type: ignore[arg-type]
        reached = [np.inf if row["reached"] is None else float(row["reached"]) for row in met]  # type: ignore[arg-type]
        times = [float(row["seconds"]) / float(row["own s"]) for row in rows if row["own s"] is not None]  # type: ignore[arg-type]
        lines += [
            f"as wide as plenoptic's best in {sum(gain >= 1 for gain in gains)} of {len(gains)} images, least "
            f"{min(gains):.3f}, median {statistics.median(gains):.3f}; "
            f"{len(rows) - len(met)} where no weight kept the level",
            f"time to plenoptic's: {statistics.median(times):.2f} in the median, {max(times):.2f} at most; "
            f"its best reached after {statistics.median(reached):.2f} of its time, in the median",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
