"""Commands that go on when the process that started them ends: each holds the lock of its folder and logs into it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from msmd.errors import MsmdError
from msmd.training.job_folder import LOG, STARTED
from msmd.training.locks import INHERITED, holder, host, open_claimed, sign
from msmd.training.queue import THREADS_PER_JOB

NICENESS = "5"
"""A job leaves the processor to the page that watches it."""

PATIENCE_S = 5.0
"""A process that is asked to end and has not by then is killed; what it has done lies in its folder."""


def launch(folder: Path, words: Sequence[str]) -> None:
    """Starts ``msmd WORDS`` in a session of its own; it inherits the folder's lock, so that it is never without.

    Raises:
        MsmdError: when another process holds the lock.
    """
    command = [sys.executable, "-m", "msmd", *words]
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


def end(folder: Path) -> None:
    """Ends the process that holds a folder's lock, and those it has started.

    Raises:
        MsmdError: when it does not end, or runs on another machine, or for another user.
    """
    pid = holder(folder)
    if not pid:
        return
    where = host(folder)
    if where and where != socket.gethostname():
        raise MsmdError(f"The run {folder} is trained on {where}; stop it there.")
    for number, patience in ((signal.SIGTERM, PATIENCE_S), (signal.SIGKILL, PATIENCE_S)):
        _send(pid, number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if holder(folder) is None:
                return
            time.sleep(0.05)
    raise MsmdError(f"Process {pid} of the run {folder} does not end; end it by hand.")


def _environment(lock: int) -> dict[str, str]:
    """The lock, this installation of msmd, and the threads of one job."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {INHERITED: str(lock), "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": str(THREADS_PER_JOB)}


def _send(pid: int, number: signal.Signals) -> None:
    """Signals the job's whole process group where it has one of its own."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has just ended, which is what was wanted
    except PermissionError as error:
        raise MsmdError(f"Process {pid} belongs to another user, who has to end it.") from error
