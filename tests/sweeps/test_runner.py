"""Running sweeps: one task that fails or dies does not touch the others, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from msmd.errors import MsmdError
from msmd.sweeps.outcome import Outcome, identity, read_outcome, write_outcome
from msmd.sweeps.pools import LocalProcesses, WorkerDiedError, local_slots
from msmd.sweeps.runner import TaskReport, environment, run_tasks
from msmd.sweeps.spec import ResourcesSpec
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.task import Task, tasks_of
from msmd.sweeps.work import Work, do
from msmd.training.config import FitConfig
from msmd.training.folder import read_metrics
from msmd.training.locks import holder
from tests.sweeps.specs import HEAD, UNTRAINED, write_spec


class _Here:
    """A pool that works in this process; ``died_at`` says which tasks take the whole pool with them."""

    n_slots = 1

    def __init__(self, dies: Callable[[Task], bool] = lambda task: False) -> None:
        self.dies = dies
        self.done: list[str] = []
        self.stopped = False

    def run(self, works: Sequence[Work]) -> list[str]:
        reasons = []
        for work in works:
            if self.dies(work.task):
                write_outcome(work.folder, Outcome(state="running", task=identity(work.task)))
                raise WorkerDiedError("killed")
            self.done.append(work.task.forecaster)
            reasons.append(do(work))
        return reasons

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[Task, ...]:
    """Three tasks that take no time."""
    parts = (HEAD, UNTRAINED.replace('"mean-structure"', '"constant-velocity", "mean-structure"'))
    return tasks_of(read_spec(write_spec(tmp_path, *parts)))


def _states(reports: Sequence[TaskReport]) -> dict[str, str]:
    return {report.task.forecaster: report.state for report in reports}


def test_every_task_is_reported_once_and_skipped_the_next_time(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    pool = _Here()
    assert set(_states(list(run_tasks(tasks, tmp_path, pool))).values()) == {"finished"}
    assert pool.done == ["persistence", "constant-velocity", "mean-structure"]
    assert pool.stopped
    again = _Here()
    assert [report.state for report in run_tasks(tasks, tmp_path, again)] == ["skipped"] * 3
    assert again.done == []


def test_one_failure_does_not_touch_the_others(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    broken = replace(tasks[1], checkpoint="checkpoints/nowhere")
    reports = list(run_tasks([tasks[0], broken, tasks[2]], tmp_path, _Here()))
    assert _states(reports) == {"persistence": "finished", "constant-velocity": "failed", "mean-structure": "finished"}
    assert "There is no checkpoint" in reports[1].reason


def test_a_death_is_found_out_and_the_others_go_on(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    pool = _Here(dies=lambda task: task.forecaster == "constant-velocity")
    reports = list(run_tasks(tasks, tmp_path, pool))
    assert _states(reports) == {"persistence": "finished", "constant-velocity": "failed", "mean-structure": "finished"}
    assert len(reports) == 3
    assert read_outcome(tmp_path / tasks[1].name).reason.startswith("Its process was killed while it worked on this")


def test_one_that_only_stood_beside_a_death_is_done_after_it(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    deaths = []

    def dies_once(task: Task) -> bool:
        if task.forecaster == "constant-velocity" and not deaths:
            deaths.append(task)
            return True
        return False

    reports = list(run_tasks(tasks, tmp_path, _Here(dies=dies_once)))
    assert set(_states(reports).values()) == {"finished"}


def test_an_error_of_the_pool_itself_is_raised(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    pool = _Here(dies=lambda task: (_ for _ in ()).throw(MsmdError("the cluster is gone")))
    with pytest.raises(MsmdError, match="the cluster is gone"):
        list(run_tasks(tasks, tmp_path, pool))
    assert pool.stopped


def test_workers_are_told_where_data_and_runs_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_REAL_DATA", "/data")
    assert environment()["MSMD_REAL_DATA"] == "/data"
    assert all(name.startswith("MSMD_") for name in environment())


@pytest.mark.parametrize(
    ("resources", "n_cpus", "n_gpus", "n_slots"),
    [
        (ResourcesSpec(), 8, 0, 8),
        (ResourcesSpec(cpus_per_task=3), 8, 0, 2),
        (ResourcesSpec(gpus_per_task=0.25), 16, 1, 4),
        (ResourcesSpec(gpus_per_task=0.25), 16, 8, 4),  # the first of them is used
        (ResourcesSpec(gpus_per_task=0.25), 2, 1, 2),
        (ResourcesSpec(cpus_per_task=4), 2, 0, 1),
        (ResourcesSpec(gpus_per_task=0.5), 4, 0, 4),  # trained on the cores then
    ],
)
def test_slots_follow_from_cores_and_shares_of_gpus(
    resources: ResourcesSpec, n_cpus: int, n_gpus: int, n_slots: int
) -> None:
    assert local_slots(resources, n_cpus=n_cpus, n_gpus=n_gpus) == n_slots


@pytest.mark.slow
def test_a_process_that_is_really_killed_is_replaced(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    """The first finished task makes its report reach us; then we kill the process that works on the long one."""
    head = HEAD.replace("[20]", "[500]")
    long = '[[forecasters]]\nnames = ["spectral-oscillator"]\nset = ["n_steps=300"]\n'
    (victim,) = tasks_of(read_spec(write_spec(tmp_path, head, long, name="long")))
    killed = []
    reports = []
    for report in run_tasks([tasks[0], victim, tasks[2]], tmp_path, LocalProcesses(ResourcesSpec(), 2)):
        pid = holder(tmp_path / victim.name) if (tmp_path / victim.name).exists() else None
        if pid is not None and not killed:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        reports.append(report)
    assert killed
    assert sorted(report.state for report in reports) == ["finished"] * 3


@pytest.mark.slow
def test_nothing_goes_on_without_the_command_and_it_goes_on_from_there(tmp_path: Path) -> None:
    """kill -9 of the command in the middle of a training: its worker ends too, and the command can be repeated."""
    head = HEAD.replace("[20]", "[500]")
    long = '[[forecasters]]\nnames = ["spectral-oscillator"]\nset = ["n_steps=2000"]\n'
    path = write_spec(tmp_path, head, long)
    (task,) = tasks_of(read_spec(path))
    folder = tmp_path / "sweeps" / "tiny" / task.name
    command = [sys.executable, "-m", "msmd", "sweep", str(path), "--jobs", "1"]
    settings = {**os.environ, "MSMD_RUNS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, env=settings, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _wait_for(lambda: (folder / "state.pt").exists())
    first.kill()
    first.wait()
    _wait_for(lambda: holder(folder) is None)
    assert not (folder / "card.json").exists()
    before = len(read_metrics(folder))
    subprocess.run(command, env=settings, check=True, capture_output=True, timeout=300)
    assert read_outcome(folder).state == "finished"
    assert len(read_metrics(folder)) == FitConfig().epochs > before > 0


def _wait_for(condition: Callable[[], bool], timeout_s: float = 200.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_pool_that_dies_before_it_begins_ends_with_failures(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    """Not with the same batch for ever."""

    class Broken(_Here):
        def run(self, works: Sequence[Work]) -> list[str]:
            raise WorkerDiedError("killed while importing")

    assert set(_states(list(run_tasks(tasks, tmp_path, Broken()))).values()) == {"failed"}
