"""The processor cores that this process may use, and a thread for each, for the parts of a batch."""

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")

SLURM_VARIABLES = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")
"""Variables in which Slurm gives a task's cores; the first that is set counts."""

NO_LIMIT = {"max", "-1"}
"""Values of a control group's quota without a limit, in version 2 and 1."""


def available_cores(root: Path = Path("/")) -> int:
    """Number of processor cores that this process may use, at least 1.

    It is the least of: the cores of its affinity mask (of the machine, where the system has no such mask), the CPU
    quota of its control group (versions 1 and 2) rounded up, and the cores that Slurm allocated to the task.

    Args:
        root: folder that contains `proc` and `sys`.

    Example:
        >>> available_cores() >= 1
        True
    """
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    limits = [*_control_group_quotas(root), *_slurm_cores()]
    return max(1, min([cores, *limits]))


def _slurm_cores() -> list[int]:
    values = [os.environ.get(variable, "") for variable in SLURM_VARIABLES]
    return [int(value) for value in values if value.isdecimal() and int(value)][:1]


def _control_group_quotas(root: Path) -> Iterator[int]:
    """The quota in cores of the process's control group and of each group above it, where they have one.

    Source: the Linux kernel's documentation, admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc (cpu.cfs_*).
    """
    mounts = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = mounts / controllers if controllers else mounts
        group = mount / path.lstrip("/")
        for folder in (group, *group.parents):
            quota = (_read(folder / "cpu.max") or _version_1_quota(folder)).split()
            if len(quota) == 2 and quota[0] not in NO_LIMIT:
                yield math.ceil(int(quota[0]) / int(quota[1]))
            if folder == mount:
                break


def _version_1_quota(folder: Path) -> str:
    """Quota and period of a group, as cpu.max of version 2 has them."""
    return f"{_read(folder / 'cpu.cfs_quota_us')} {_read(folder / 'cpu.cfs_period_us')}"


def _read(file: Path) -> str:
    """The text of a file, empty where there is none."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


SPINS = "1000"
"""How often a thread of PyTorch looks for its next part before it sleeps (GOMP_SPINCOUNT; libgomp's default: 300,000).

Where other work takes one of the cores, threads that look for long take the core from the one they wait for: 100 steps
of SSIM | MSE at 64 pixels with 2 threads lasted over 60 s beside five busy processes, and 4 s with 1,000. On idle cores
they take 1.2 s instead of 1.3 s. It has to be set before PyTorch is imported, which this package does only later.
"""

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)


def _number_of_threads() -> int:
    requested = os.environ.get("OMP_NUM_THREADS", "")
    return int(requested) if requested.isdecimal() and int(requested) else available_cores()


CORES = _number_of_threads()
"""Number of threads: the cores available, or OMP_NUM_THREADS where it is set."""


def map_threads(function: Callable[[Part], Result], parts: Sequence[Part]) -> list[Result]:
    """Apply a function to each part, in parallel.

    The threads persist: PyTorch caches memory per thread, which the next part reuses, and JAX runs the computations of
    one thread in order, but those of two threads at the same time.

    Args:
        function: called once per part.
        parts: part i is computed by thread i modulo `CORES`.

    Returns:
        The results, in the order of the parts.

    Example:
        >>> map_threads(lambda part: 2 * part, [1, 2, 3])
        [2, 4, 6]
    """
    if len(parts) == 1:
        return [function(parts[0])]
    pending = [_threads()[i % CORES].submit(function, part) for i, part in enumerate(parts)]
    return [result.result() for result in pending]


@lru_cache(maxsize=1)
def _threads() -> list[ThreadPoolExecutor]:
    return [ThreadPoolExecutor(1, thread_name_prefix=f"core-{i}") for i in range(CORES)]
