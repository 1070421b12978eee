"""Workers of a Ray cluster, which stay and keep what they have compiled. Every node must reach the folder of the runs.

Source: docs.ray.io, Tasks and Environment dependencies.
"""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import ray

from mad_app.campaigns.work import worker_environment
from mad_app.errors import ClusterUnavailable


class RayExecutor:
    """An executor of a Ray cluster, which does again by itself what a lost worker or node had.

    Args:
        address: of the cluster, as "auto" or "ray://head:10001"; "local" starts one on this machine.
        cpus: cores for a run.
        gpus: GPUs for a run, which may be a part of one.

    Raises:
        ClusterUnavailable: there is no cluster at the address.
    """

    def __init__(self, address: str, *, cpus: float = 1.0, gpus: float = 0.0) -> None:
        environment = {"env_vars": worker_environment(max(1, int(cpus)))}
        try:
            ray.init(address=address, runtime_env=environment, log_to_driver=False, configure_logging=False)
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ClusterUnavailable(f"there is no Ray cluster at {address}: {reason}") from error
        self._call = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=3)(_call)

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Let a worker call a function."""
        return self._call.remote(function, *arguments).future()

    def __enter__(self) -> "RayExecutor":
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster."""
        ray.shutdown()


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    """One task for all functions, those in C included."""
    return function(*arguments)
