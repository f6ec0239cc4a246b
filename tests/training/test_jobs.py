"""Jobs live in their folders alone: they survive whoever started them, are stopped, killed, resumed, and take turns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from msmd.checkpoint import load_checkpoint
from msmd.errors import MsmdError
from msmd.file_lock import try_lock
from msmd.training.export import export_run
from msmd.training.folder import RunStatus, data_of, read_metrics, read_status, write_status
from msmd.training.job_folder import Job, JobSpec, list_jobs, log_lines, read_job, runs_folder, unreadable_jobs
from msmd.training.jobs import delete_job, rename_job, resume_job, start_job, stop_job
from msmd.training.locks import claimed, holder, open_claimed
from msmd.training.processes import end
from msmd.training.queue import in_turn, n_slots
from msmd.training.reference import read_baselines

SMALL = ("n_layers=1", "width=4", "batch_size=2")
SPEC = JobSpec(forecaster="egnn", data="ethanol", windows="10", epochs=1.0, options=(*SMALL, "n_steps=40"))
ENDLESS = replace(SPEC, options=(*SMALL, "n_steps=20000"))
PATIENCE_S = 900.0
"""A job imports torch before it does anything: seconds, but minutes where many processes share two cores."""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of runs with room for one job; what is still at work at the end is stopped."""
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path))
    monkeypatch.setenv("MSMD_JOB_SLOTS", "1")
    yield tmp_path
    for job in list_jobs(tmp_path):
        stop_job(job.folder)


def wait_until(folder: Path, holds: Callable[[Job], bool]) -> Job:
    """The job as soon as the condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds(job := read_job(folder)):
        assert time.monotonic() < deadline, f"{job}, {log_lines(folder)}"
        time.sleep(0.1)
    return job


def is_over(job: Job) -> bool:
    return not job.is_alive


@pytest.mark.slow
def test_a_job_runs_to_a_model_that_loads_and_can_be_exported(runs: Path, tmp_path: Path) -> None:
    folder = start_job(runs_folder(), SPEC, "first")
    assert read_job(folder).is_alive
    with pytest.raises(MsmdError, match="is at work; stop it before"):
        delete_job(folder)
    with pytest.raises(MsmdError, match=r"trains in .* already"):
        resume_job(folder)
    job = wait_until(folder, is_over)
    assert (job.state, job.progress, job.spec) == ("finished", 1.0, SPEC), log_lines(folder)
    assert load_checkpoint(folder).name == "egnn"
    assert set(read_baselines(folder)) == {"persistence", "mean-structure", "normal-modes"}
    exported = export_run(folder, tmp_path / "checkpoints")
    assert exported == tmp_path / "checkpoints" / "gfn2" / "ethanol" / "egnn"
    assert load_checkpoint(exported).name == "egnn"
    rename_job(folder, " second ")
    assert read_job(folder).title == "second"
    wait_until(folder, lambda _: holder(folder) is None)  # a finished job lets go of its run a moment later
    delete_job(folder)
    assert list_jobs(runs) == []


@pytest.mark.slow
def test_kill_stop_and_resume(runs: Path) -> None:
    folder = start_job(runs, ENDLESS, "endless")
    wait_until(folder, lambda job: job.state == "training")
    os.killpg(holder(folder), signal.SIGKILL)
    job = wait_until(folder, is_over)
    assert job.state == "failed"
    assert "killed, ran out of memory" in job.reason
    n_before = len(read_metrics(folder))
    resume_job(folder)
    assert read_job(folder).is_alive
    wait_until(folder, lambda job: job.state == "training" and len(read_metrics(folder)) > n_before)
    stop_job(folder)
    stopped = read_job(folder)
    assert (stopped.state, stopped.reason) == ("stopped", "")
    assert 0.0 < stopped.progress < 1.0
    seconds = [report.seconds for report in read_metrics(folder)]
    assert seconds == sorted(seconds)


@pytest.mark.slow
def test_a_job_outlives_the_process_that_started_it_and_the_next_waits_its_turn(runs: Path) -> None:
    """The starter is killed like a server would be; a second job waits until the first is gone."""
    script = (
        "import sys; from tests.training.test_jobs import ENDLESS; from pathlib import Path;"
        "from msmd.training.jobs import start_job; print(start_job(Path(sys.argv[1]), ENDLESS, 'orphan'), flush=True);"
        "import os; os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(runs)], cwd=root, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    first = Path(done.stdout.strip())
    assert read_job(first).is_alive
    wait_until(first, lambda job: job.status is not None and job.status.state == "starting")
    second = start_job(runs, SPEC, "waiting")
    wait_until(second, lambda job: job.state == "queued")
    wait_until(first, lambda job: job.state == "training")
    assert read_job(second).state == "queued"
    os.killpg(holder(first), signal.SIGKILL)
    assert wait_until(second, is_over).state == "finished"


@pytest.mark.slow
def test_a_job_that_cannot_run_says_why(runs: Path) -> None:
    folder = start_job(runs, replace(SPEC, options=("depth=3",)), "wrong")
    job = wait_until(folder, is_over)
    assert job.state == "failed"
    assert job.reason.startswith("Unknown config entry 'depth'")
    assert log_lines(folder)[-1].startswith("msmd: Unknown config entry")


def test_the_file_of_a_job_is_kept_in_its_folder(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msmd.training.jobs._launch", lambda folder, arguments: None)
    folder = start_job(runs, replace(SPEC, data="motion.xyz"), "mine", data=b"3\n\n")
    spec = read_job(folder).spec
    assert Path(spec.data).read_bytes() == b"3\n\n"
    assert Path(spec.data).name == "motion.xyz", "readers name the source and an unknown molecule after it"
    assert Path(spec.data).parent == folder
    assert spec.arguments()[:2] == ["--data", spec.data]
    moved = folder.rename(runs / "elsewhere")
    assert Path(data_of(moved, spec.data)).read_bytes() == b"3\n\n"
    assert data_of(moved, "ethanol") == "ethanol"


def test_a_file_may_have_a_long_name(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msmd.training.jobs._launch", lambda folder, arguments: None)
    name = "水" * 80 + ".xyz"  # 244 bytes
    assert Path(read_job(start_job(runs, replace(SPEC, data=name), "long", data=b"")).spec.data).name == name


def test_deleting_what_another_visitor_has_deleted_is_no_error(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("msmd.training.jobs._launch", lambda folder, arguments: None)
    folder = start_job(runs, SPEC, "twice")
    delete_job(folder)
    delete_job(folder)
    assert not folder.exists()


def test_a_run_of_another_machine_is_stopped_there(tmp_path: Path) -> None:
    """Where machines share a file system and its locks, a number may be that of an unrelated process here."""
    with open_claimed(tmp_path) as lock, subprocess.Popen(["sleep", "60"]) as bystander:
        lock.write(f"{bystander.pid} node7\n")
        lock.flush()
        with pytest.raises(MsmdError, match="is trained on node7; stop it there"):
            end(tmp_path)
        assert bystander.poll() is None
        bystander.kill()


def test_one_process_at_a_time_trains_in_a_folder(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with claimed(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(MsmdError, match=f"Process {os.getpid()} trains in"), claimed(tmp_path):
            pass
    assert holder(tmp_path) is None


def test_a_lock_file_left_behind_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(f"{os.getpid()}\n")
    assert holder(tmp_path) is None
    with claimed(tmp_path):
        assert holder(tmp_path) == os.getpid()


@pytest.mark.parametrize("n_allowed", [1, 2])
def test_never_more_jobs_than_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_allowed: int) -> None:
    """Six processes take turns; each counts those inside beside itself."""
    monkeypatch.setenv("MSMD_JOB_SLOTS", str(n_allowed))
    script = (
        "import sys, time; from pathlib import Path; from msmd.training import queue; queue.LOOK_AGAIN_S = .01\n"
        "me = Path(sys.argv[1]); me.mkdir(); inside = me.parent / 'inside'\n"
        "with queue.in_turn(me):\n"
        "    mark = inside / me.name; mark.touch(); time.sleep(.1)\n"
        "    print(len(list(inside.iterdir()))); mark.unlink()\n"
    )
    (tmp_path / "inside").mkdir()
    commands = [[sys.executable, "-c", script, str(tmp_path / str(k))] for k in range(6)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    counts = [int(process.communicate(timeout=PATIENCE_S)[0]) for process in processes]
    assert max(counts) <= n_allowed
    assert len(counts) == 6


def test_a_slot_is_free_again_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_JOB_SLOTS", "1")
    (run := tmp_path / "run").mkdir()
    slot = tmp_path / ".slots" / "0"

    def fail_inside() -> None:
        with in_turn(run):
            assert not is_free(slot)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_inside()
    assert is_free(slot)


def is_free(slot: Path) -> bool:
    with slot.open() as file:
        return try_lock(file)


def test_waiting_keeps_how_far_a_run_had_come(tmp_path: Path) -> None:
    (run := tmp_path / "run").mkdir()
    write_status(run, RunStatus(state="training", seconds=30.0, progress=0.5))
    with in_turn(run):
        status = read_status(run)
    assert (status.state, status.seconds, status.progress) == ("starting", 30.0, 0.5)


@pytest.mark.parametrize(
    ("name", "content"),
    [("job.json", ""), ("job.json", '{"title": "x"}'), ("job.json", "[]"), ("run.json", "{}"), ("job.json", '{"title": '
     '"x", "created": 1, "spec": {"forecaster": "egnn", "data": "ethanol", "of_tomorrow": 1}}')],
)  # fmt: skip
def test_a_run_that_cannot_be_read_leaves_the_others_alone(tmp_path: Path, name: str, content: str) -> None:
    for folder in ("good", "odd"):
        (tmp_path / folder).mkdir()
    entry = {"title": "a", "spec": {"forecaster": "egnn", "data": "ethanol"}, "created": 1.0, "stopped": True}
    (tmp_path / "good/job.json").write_text(json.dumps(entry), encoding="utf-8")
    (tmp_path / "odd" / name).write_text(content, encoding="utf-8")
    assert [job.folder.name for job in list_jobs(tmp_path)] == ["good"]
    (sentence,) = unreadable_jobs(tmp_path)
    assert "odd" in sentence
    assert "cannot be read" in sentence


def test_who_claims_a_folder_is_nobody_before_it_has_signed(tmp_path: Path) -> None:
    """The number of the last start may be another process's by now."""
    (tmp_path / "lock").write_text("424242\n", encoding="utf-8")
    with open_claimed(tmp_path):
        assert (tmp_path / "lock").read_text(encoding="utf-8") == ""


def test_nonsense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_JOB_SLOTS", "many")
    with pytest.raises(MsmdError, match="MSMD_JOB_SLOTS is 'many'"):
        n_slots()
    with pytest.raises(MsmdError, match="title of at least one character"):
        rename_job(tmp_path, " ")
    with pytest.raises(MsmdError, match="holds no run"):
        read_job(tmp_path)
