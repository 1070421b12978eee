"""How fast LASI is, beside other metrics in the same run: `python tests/benchmarks/lasi.py [--json] [--quick]`.

Times are milliseconds, each the median over rounds in which everything of one size is measured once, so that a machine
that slows down slows all alike: compare within a run. A measurement is the median of a fifth of a second of calls, so
that what is quick is not timed while another library's threads still wait for work. Columns:

    pair      distance of two images               value   of four images to a prepared reference
    gradient  that and their gradients             jitted  the same, of LASI inside one compiled program
    compile   seconds for `jitted`
    memory    peak of one image's `jitted` above what the process had before, MB, in a process of its own
    copy      one copy of the summed products of one image: what memory alone would take
    loss      mean weighted least-squares loss of one image

Value and gradient are what the engine pays: every metric as `mad_app.metrics` has it.

`dense` is the definition evaluated as it stands, O(P² N²) in time and memory, at 32×32 only. The last rows, left out by
`--quick`, are the loss as N grows and a pair of 3840×2160, in a process of its own.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))
sys.path.insert(0, str(Path(__file__).parents[2]))

import jax
import jax.numpy as jnp
import numpy as np

from lasi import LASI, flat_neighborhood

if TYPE_CHECKING:
    from mad_app.metrics import Metric

BATCH = 4
MEASUREMENT = 200
"""How long a measurement takes at least, milliseconds."""
Thunk = Callable[[], object]
Row = dict[str, object]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--sizes", type=int, nargs="+", default=[32, 64, 128, 256, 512, 1024])
    parser.add_argument("--neighborhoods", type=int, nargs="+", default=[5, 10, 20])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="sizes to 256, N = 10, without memory")
    parser.add_argument("--memory-of", type=int, nargs=2, metavar=("SIZE", "N"), help=argparse.SUPPRESS)
    parser.add_argument("--frame", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.memory_of:
        print(_peak_of_gradient(*chosen.memory_of))
        return
    if chosen.frame:
        print(json.dumps(_frame()))
        return
    if chosen.quick:
        chosen.sizes, chosen.neighborhoods = [32, 64, 128, 256], [10]
    rows = [row for size in chosen.sizes for row in _rows_of_size(size, chosen.neighborhoods, chosen)]
    if not chosen.quick:
        rows += [_loss(n) for n in (1, 2, 5, 10, 20, 50)]
        rows.append(json.loads(_in_own_process("--frame")))
    print(json.dumps(rows, indent=1) if chosen.json else _table(rows))


def _rows_of_size(size: int, neighborhoods: Sequence[int], chosen: argparse.Namespace) -> list[Row]:
    images = _pictures(size)
    rows: list[Row] = []
    tasks: dict[tuple[int, str], Thunk] = {}
    for n in neighborhoods:
        row, its_tasks = _lasi_tasks(images, n, with_gradient=size < 1024)
        if not chosen.quick and size < 1024:
            row["memory"] = _memory(size, n)
        tasks.update({(len(rows), column): task for column, task in its_tasks.items()})
        rows.append(row)
    for name, its_tasks in _other_tasks(images, with_gradient=size <= 512).items():
        tasks.update({(len(rows), column): task for column, task in its_tasks.items()})
        rows.append({"metric": name, "size": size})
    for (index, column), milliseconds in _in_rounds(tasks, chosen.rounds).items():
        rows[index][column] = milliseconds
    if size == 32:
        rows.append({"metric": "dense, N = 10", "size": size, "pair": _once(lambda: _dense_distance(*images[:2], 10))})
    return rows


def _lasi_tasks(images: jax.Array, n: int, *, with_gradient: bool) -> tuple[Row, dict[str, Thunk]]:
    from mad_app.metrics import get_metric

    lasi = LASI(images.shape[1:], n)
    row: Row = {"metric": f"LASI, N = {n}", "size": images.shape[1]}
    features = jnp.zeros(((n + 1) * (n + 2) // 2, images[0].size), jnp.float32)
    copy = jax.jit(lambda array: array + 1)
    reference, batch = images[0] * 2 - 1, images[1:] * 2 - 1
    image = batch[0]
    pair = jax.jit(lasi.compute_distance)
    tasks = _tasks_of(get_metric(f"lasi:{n}"), images, with_gradient=with_gradient)
    tasks |= {"pair": lambda: pair(reference, image), "copy": lambda: copy(features)}
    if with_gradient:
        embedding = lasi.embedding(reference)
        gradient = jax.jit(jax.value_and_grad(lambda ys, e: lasi.compute_distances_to(e, ys).sum()))
        began = time.perf_counter()
        compiled = gradient.lower(batch, embedding).compile()
        row["compile"] = time.perf_counter() - began
        tasks["jitted"] = lambda: compiled(batch, embedding)
    return row, tasks


def _other_tasks(images: jax.Array, *, with_gradient: bool) -> dict[str, dict[str, Thunk]]:
    from mad_app.metrics import get_metric

    tasks: dict[str, dict[str, Thunk]] = {}
    for name in ("ssim", "ms-ssim", "lpips-alex", "lpips-vgg"):
        metric = get_metric(name)
        if min(images.shape[1:3]) < metric.minimum_size:
            continue
        tasks[name] = _tasks_of(metric, images, with_gradient=with_gradient and "ssim" not in name)
    return tasks


def _tasks_of(metric: "Metric", images: jax.Array, *, with_gradient: bool) -> dict[str, Thunk]:
    reference, image, batch = images[0], images[1:2], images[1:]
    comparison = metric.bind(reference)
    tasks: dict[str, Thunk] = {
        "pair": lambda: metric.bind(reference).distances(image),
        "value": lambda: comparison.distances(batch),
    }
    return tasks | ({"gradient": lambda: comparison.value_and_grad(batch)} if with_gradient else {})


def _in_rounds(tasks: dict[tuple[int, str], Thunk], rounds: int) -> dict[tuple[int, str], float]:
    """Median milliseconds of each task, after one measurement that does not count."""
    times: dict[tuple[int, str], list[float]] = {key: [] for key in tasks}
    for _ in range(rounds + 1):
        for key, task in tasks.items():
            times[key].append(_measurement(task))
    return {key: statistics.median(values[1:]) for key, values in times.items()}


def _measurement(task: Thunk) -> float:
    times = [_once(task)]
    while sum(times) < MEASUREMENT:
        times.append(_once(task))
    return statistics.median(times)


def _once(task: Thunk) -> float:
    began = time.perf_counter()
    jax.block_until_ready(task())
    return (time.perf_counter() - began) * 1e3


def _memory(size: int, n: int) -> float:
    return float(_in_own_process("--memory-of", str(size), str(n)))


def _in_own_process(*arguments: str) -> str:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _peak_of_gradient(size: int, n: int) -> float:
    """Peak memory of one image's value and gradient above what JAX and the images take, MB."""
    images = _pictures(size)[:2] * 2 - 1
    lasi = LASI(images.shape[1:], n)
    gradient = jax.jit(jax.value_and_grad(lambda y, e: lasi.compute_distance_to(e, y)))
    before = _peak()
    jax.block_until_ready(gradient(images[1], lasi.embedding(images[0])))
    return _peak() - before


def _peak() -> float:
    """The most memory this process ever held, MB, from Linux: getrusage would count its parent's."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def _loss(n: int) -> Row:
    picture = _pictures(48)[1] * 2 - 1
    return {"metric": f"LASI, N = {n}", "size": 48, "loss": float(LASI(picture.shape, n).wls_loss(picture))}


def _frame() -> Row:
    """The distance of a pair of 3840×2160, after compilation, and its peak memory above what the pictures take."""
    x, y = (picture[:2160] for picture in np.tile(np.asarray(_pictures(128)[:2]) * 2 - 1, (1, 17, 30, 1)))
    lasi = LASI(x.shape, 10)
    before = _peak()
    _once(lambda: lasi.compute_distance(x, y))
    memory = _peak() - before
    pair = _once(lambda: lasi.compute_distance(x, y))
    return {"metric": "LASI, N = 10", "size": "3840×2160", "pair": pair, "memory": memory}


def _pictures(size: int) -> jax.Array:
    """A smooth picture and four noisy copies, (1 + BATCH, size, size, 3) in [0, 1]."""
    generator = np.random.default_rng(0)
    row, column, channel = np.mgrid[:size, :size, :3]
    smooth = 0.5 + 0.4 * np.sin(row / 7 + channel) * np.cos(column / 11)
    noise = generator.normal(0, 0.1, (BATCH + 1, size, size, 3)) * (np.arange(BATCH + 1) > 0)[:, None, None, None]
    return jnp.asarray(np.clip(smooth + noise, 0, 1), jnp.float32)


def _dense_distance(x: jax.Array, y: jax.Array, n: int) -> np.floating:
    neighbors = jnp.asarray(flat_neighborhood(x.shape, n))
    features = []
    for image in (x, y):
        a, b = _dense_sums(image * 2 - 1, neighbors)
        w = np.linalg.solve(np.asarray(a) + 80 / 127.5 * np.eye(n), np.asarray(b)[..., None])[..., 0] + 1e-6
        features.append(w / np.linalg.norm(w, axis=-1, keepdims=True))
    return np.linalg.norm(features[0] - features[1], axis=-1).mean()


def _dense_sums(image: jax.Array, neighbors: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A and b by the definition, as in the authors' program: every element's products, weighted for every other."""
    flat = jnp.append(image.ravel(), 0.0)
    predictors = flat[neighbors]
    products = predictors[:, :, None] * jnp.append(predictors, flat[:-1, None], axis=1)[:, None, :]
    positions = jnp.stack(jnp.unravel_index(jnp.arange(image.size), image.shape), axis=-1)
    weights = jnp.tril(0.8 ** jnp.abs(positions[:, None] - positions).sum(axis=-1), -1)
    sums = (weights[:, :, None, None] * products).sum(axis=1)
    return sums[..., :-1], sums[..., -1]


def _table(rows: Sequence[Row]) -> str:
    columns = ["metric", "size", "pair", "value", "gradient", "jitted", "compile", "memory", "copy", "loss"]
    lines = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 100
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    main()
