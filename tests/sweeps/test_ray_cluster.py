"""A real Ray head with two workers, started here: a sweep runs on both, and what cannot be is refused."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from msmd.errors import MsmdError
from msmd.sweeps.pools import RayCluster
from msmd.sweeps.spec import ResourcesSpec
from msmd.sweeps.table import read_table
from tests.sweeps.specs import HEAD, OSCILLATOR, UNTRAINED, write_spec

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a cluster on this machine: a head without cores, and two workers with one core each."""
    pytest.importorskip("ray", reason="Ray is in requirements-cluster.txt")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        yield cluster.address
    finally:
        cluster.shutdown()


def _sweep(runs: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "msmd", "sweep", *map(str, arguments)],
        env={**os.environ, "MSMD_RUNS": str(runs), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_sweep_runs_on_the_workers_and_goes_on(tmp_path: Path, address: str) -> None:
    missing = '[[forecasters]]\nnames = ["spectral-ode"]\ncheckpoint = "checkpoints/nowhere"\n'
    spec = write_spec(tmp_path, HEAD, UNTRAINED, OSCILLATOR, missing)
    runs = tmp_path / "runs"
    first = _sweep(runs, spec, "--cluster", address, "--out", tmp_path / "cluster")
    assert first.returncode == 1
    assert "There is no checkpoint" in first.stderr
    assert "Traceback" not in first.stderr
    records = read_table(tmp_path / "cluster" / "tiny.csv")
    assert {record.forecaster for record in records} == {"persistence", "mean-structure", "spectral-oscillator"}

    again = _sweep(runs, spec, "--cluster", address, "--forecasters", "persistence,mean-structure,spectral-oscillator")
    assert again.returncode == 0
    assert ": in " not in again.stderr  # nothing was done twice

    assert _sweep(tmp_path / "here", spec, "--out", tmp_path / "local", "--jobs", "1").returncode == 1
    local = {record.key: record.heavy_mse for record in read_table(tmp_path / "local" / "tiny.csv")}
    assert local == pytest.approx({record.key: record.heavy_mse for record in records}, rel=1e-5)


def test_a_cluster_without_room_is_refused(address: str) -> None:
    with pytest.raises(MsmdError, match=r"has room for 0 task\(s\) of 1 core\(s\) and 0.5 GPU\(s\)"):
        RayCluster(address, ResourcesSpec(gpus_per_task=0.5))


def test_nobody_at_the_address_is_said_in_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(MsmdError, match="No Ray cluster answers at"):
        RayCluster(f"127.0.0.1:{port}", ResourcesSpec())
    with pytest.raises(MsmdError, match="expected HOST:PORT, or auto"):
        RayCluster("head:here", ResourcesSpec())
