"""Jobs of a Slurm cluster, by submitit: one run per job, submitted again when it is preempted or its time is over.

Source: github.com/facebookincubator/submitit, docs/checkpointing.md.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import submitit
from submitit.helpers import DelayedSubmission

from mad_app.campaigns.work import worker_environment
from mad_app.errors import ArgumentError, ClusterUnavailable

MINUTES = 240
"""Time of a job unless an option gives another."""


class SlurmExecutor:
    """An executor of jobs.

    Args:
        folder: for the logs of the jobs, reached from every node.
        cluster: "slurm"; "local" or "debug" try the same on this machine.
        options: of `submitit.AutoExecutor.update_parameters`, such as {"slurm_partition": "gpu", "timeout_min": 60}.

    Raises:
        ClusterUnavailable: this machine belongs to no Slurm cluster.
        ArgumentError: there is no such option.
    """

    def __init__(self, folder: Path, *, cluster: str = "slurm", options: Mapping[str, Any] | None = None) -> None:
        chosen = {"timeout_min": MINUTES, "cpus_per_task": 1, **(options or {})}
        cores = chosen["cpus_per_task"]
        if not isinstance(cores, int) or cores < 1:
            raise ArgumentError("slurm_options", f"cpus_per_task must be a whole number from 1 on, got {cores!r}")
        os.environ.update(worker_environment(cores))  # jobs take over the environment
        try:
            self._executor = submitit.AutoExecutor(folder=folder, cluster=cluster)
        except RuntimeError as error:
            raise ClusterUnavailable(f"there is no Slurm here: {error}") from error
        try:
            self._executor.update_parameters(**chosen)
        except (NameError, TypeError, ValueError) as error:
            raise ArgumentError("slurm_options", f"cannot be used: {' '.join(str(error).split())}") from error

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Any:
        """Submit a job that calls a function."""
        return self._executor.submit(_Resubmitted(function), *arguments)

    def __enter__(self) -> "SlurmExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        """Jobs that are left in the queue end by themselves: what they would do is done, or was stopped."""


class _Resubmitted:
    """A function that goes on in another job where its own is preempted."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def checkpoint(self, *arguments: Any) -> DelayedSubmission:
        return DelayedSubmission(self, *arguments)
