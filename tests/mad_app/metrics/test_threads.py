"""The cores that a process may use, by affinity, control group and Slurm."""

import os
import sys
from pathlib import Path

import pytest

from mad_app.metrics.threads import SLURM_VARIABLES, available_cores

MACHINE = 8


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 8 cores, without Slurm."""
    for variable in SLURM_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    if sys.platform == "linux":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(MACHINE)))
    else:
        monkeypatch.setattr(os, "cpu_count", lambda: MACHINE)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


VERSION_1 = "4:memory:/job\n3:cpu,cpuacct:/job\n"
GROUPS = {
    "no control groups": ({}, MACHINE),
    "version 2": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
    "version 2, no limit": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, MACHINE),
    "rounded up": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
    "less than one core": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}, 1),
    "more than the machine": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "9900000 100000\n"}, MACHINE),
    "a group above": (
        {
            "proc/self/cgroup": "0::/slice/job\n",
            "sys/fs/cgroup/slice/job/cpu.max": "max 100000",
            "sys/fs/cgroup/slice/cpu.max": "400000 100000",
        },
        4,
    ),
    "version 1": (
        {
            "proc/self/cgroup": VERSION_1,
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "500000\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        },
        5,
    ),
    "version 1, no limit": (
        {
            "proc/self/cgroup": VERSION_1,
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        },
        MACHINE,
    ),
    "a group of the host, seen in a container": (
        {
            "proc/self/cgroup": VERSION_1,
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        },
        2,
    ),
}


@pytest.mark.parametrize("name", GROUPS)
def test_quota_of_the_control_group(tmp_path: Path, name: str) -> None:
    files, expected = GROUPS[name]
    assert available_cores(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("per_task", "on_node", "expected"),
    [("3", "6", 3), (None, "6", 6), ("", "5", 5), ("64", None, MACHINE), ("many", None, MACHINE), ("0", None, MACHINE)],
)
def test_allocation_of_slurm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_task: str | None, on_node: str | None, expected: int
) -> None:
    for variable, value in zip(SLURM_VARIABLES, (per_task, on_node), strict=True):
        if value is not None:
            monkeypatch.setenv(variable, value)
    assert available_cores(tmp_path) == expected


def test_the_smallest_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}
    assert available_cores(write(tmp_path, files)) == 3
