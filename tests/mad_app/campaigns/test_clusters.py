"""The adapters of Slurm and Ray, where their packages are installed: they are extras."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from mad_app.campaigns import Standing, execute
from mad_app.errors import ArgumentError, ClusterUnavailable
from tests.mad_app.campaigns.examples import requests_in, small


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # submitit leaves its logs open
@pytest.mark.parametrize("cluster", ["debug", "local"])
def test_jobs_of_submitit_run_a_campaign(tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit, an extra, is not installed")
    from mad_app.campaigns.slurm import SlurmExecutor

    monkeypatch.setattr(os, "environ", os.environ.copy())
    campaign = small("seed = [0, 1]")
    with SlurmExecutor(tmp_path / "jobs", cluster=cluster) as executor:
        found = execute(campaign, tmp_path / "runs", executor)
    assert found.failed == {}
    assert requests_in(tmp_path / "runs") == sorted(campaign.requests)


def test_options_and_clusters_that_there_are_not_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit", reason="submitit, an extra, is not installed")
    from mad_app.campaigns.slurm import SlurmExecutor

    monkeypatch.setattr(os, "environ", {**os.environ, "PATH": ""})
    with pytest.raises(ArgumentError, match="slurm_options cannot be used"):
        SlurmExecutor(tmp_path, cluster="local", options={"minutes": 3})
    with pytest.raises(ArgumentError, match="cpus_per_task must be a whole number from 1 on, got 'two'"):
        SlurmExecutor(tmp_path, cluster="local", options={"cpus_per_task": "two"})
    with pytest.raises(ClusterUnavailable, match="there is no Slurm here"):
        SlurmExecutor(tmp_path)


@pytest.fixture
def cluster() -> Any:
    pytest.importorskip("ray", reason="ray, an extra, is not installed")
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    yield nodes
    nodes.shutdown()


@pytest.mark.filterwarnings("ignore")  # ray leaves sockets and files open
def test_a_cluster_of_two_nodes_outlives_a_worker_and_a_node(tmp_path: Path, cluster: Any) -> None:
    from mad_app.campaigns.ray import RayExecutor

    node, lost = cluster.add_node(num_cpus=1), list[int]()
    campaign = small("seed = [0, 1, 2, 3, 4, 5]")

    def lose_the_node(standing: Standing) -> None:
        if standing.done >= 2 and not lost:
            lost.append(standing.done)
            cluster.remove_node(node, allow_graceful=False)

    with RayExecutor(cluster.address) as executor:
        assert executor.submit(os.getenv, "XLA_PYTHON_CLIENT_PREALLOCATE").result() == "false"
        os.kill(executor.submit(os.getpid).result(), signal.SIGKILL)
        found = execute(campaign, tmp_path, executor, on_progress=lose_the_node)
    assert lost
    assert found.failed == {}
    assert requests_in(tmp_path) == sorted(campaign.requests)
