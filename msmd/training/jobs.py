"""Training jobs: start, stop, resume, rename, delete; each is a process of its own with a run folder."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from msmd.checkpoint import config_from_json
from msmd.errors import MsmdError
from msmd.training.folder import RUN
from msmd.training.job_folder import LOG, STARTED, JobSpec, read_entry, write_entry
from msmd.training.locks import INHERITED, holder, open_claimed, sign
from msmd.training.queue import THREADS_PER_JOB

NICENESS = "5"
"""A job leaves the processor to the page that watches it."""

PATIENCE_S = 5.0
"""A process that is asked to end and has not by then is killed; its state lies in the folder since the last epoch."""


def start_job(root: Path, spec: JobSpec, title: str, *, data: bytes | None = None) -> Path:
    """Starts a job that goes on when this process ends; returns its run folder.

    Args:
        root: the folder of runs.
        spec: what to do.
        title: for people.
        data: content of the file that ``spec.data`` names, where it lies nowhere yet; it is kept in the run.
    """
    stem = Path(spec.data).stem
    folder = root / f"{stem}-{spec.forecaster}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    if data is not None:
        kept = folder / f"data{Path(spec.data).suffix}"
        kept.write_bytes(data)
        spec = replace(spec, data=str(kept))
    write_entry(folder, {"title": title, "spec": asdict(spec), "created": time.time(), "stopped": False})
    _launch(folder, spec.arguments())
    return folder


def resume_job(folder: Path) -> None:
    """Goes on with a run that was stopped, died or failed, from its last epoch.

    Raises:
        MsmdError: when a process works on it already.
    """
    entry = read_entry(folder)
    spec = config_from_json(JobSpec, entry["spec"])
    _launch(folder, [] if (folder / RUN).exists() else spec.arguments())
    write_entry(folder, entry | {"stopped": False})


def stop_job(folder: Path) -> None:
    """Ends the process of a run; the run can be resumed from its last epoch."""
    pid = holder(folder)
    if not pid:
        return
    write_entry(folder, read_entry(folder) | {"stopped": True})
    for number, patience in ((signal.SIGTERM, PATIENCE_S), (signal.SIGKILL, PATIENCE_S)):
        _send(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if holder(folder) is None:
                return
            time.sleep(0.05)
    raise MsmdError(f"Process {pid} of the run {folder} does not end; end it by hand.")


def rename_job(folder: Path, title: str) -> None:
    """Gives a run another title; its folder keeps its name.

    Raises:
        MsmdError: for an empty title.
    """
    if not title.strip():
        raise MsmdError("A run needs a title of at least one character.")
    write_entry(folder, read_entry(folder) | {"title": title.strip()})


def delete_job(folder: Path) -> None:
    """Removes a run and everything in it.

    Raises:
        MsmdError: while a process works on it.
    """
    if holder(folder) is not None:
        raise MsmdError(f"The run {folder.name} is at work; stop it before you delete it.")
    shutil.rmtree(folder)


def _launch(folder: Path, arguments: list[str]) -> None:
    """Starts ``msmd train`` in a session of its own; it inherits the run's lock, so that it is never without."""
    command = [sys.executable, "-m", "msmd", "train", *arguments, "--run", str(folder), "--queued"]
    nice = shutil.which("nice")
    with open_claimed(folder) as lock, (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(f"{STARTED} {time.strftime('%Y-%m-%d %H:%M:%S')}: {shlex.join(command)}\n")
        log.flush()
        process = subprocess.Popen(
            [nice, "-n", NICENESS, *command] if nice else command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | _environment(lock.fileno()),
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
        sign(lock, process.pid)


def _environment(lock: int) -> dict[str, str]:
    """The lock, this installation of msmd, and the threads of one job."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = str(min(THREADS_PER_JOB, os.cpu_count() or 1))
    return {INHERITED: str(lock), "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": threads}


def _send(pid: int, number: signal.Signals) -> None:
    """Signals the job's whole process group where it has one of its own."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has just ended, which is what was wanted
