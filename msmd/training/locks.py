"""Who trains in a folder: a lock that the kernel gives back when its process ends, however it ends.

The lock is ``flock`` on a file (Linux and macOS).  There is no such thing as a stale one: what counts is the lock, not
the file, and a killed process holds none.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from msmd.errors import MsmdError
from msmd.file_lock import try_lock

LOCK = "lock"
INHERITED = "MSMD_RUN_LOCK"
"""Environment variable: the file descriptor under which a job got its run's lock from the process that started it."""

ATTEMPTS, PAUSE_S = 10, 0.05
"""``holder`` takes the lock for a moment to see whether it is free; whoever wants it tries again."""


def holder(folder: Path) -> int | None:
    """The number of the process that trains in a folder, None where nobody does."""
    path = folder / LOCK
    while path.exists():
        with path.open("r", encoding="utf-8") as file:
            if try_lock(file, shared=True):
                return None
            number = file.read().strip()
        if number:
            return int(number.split()[0])
        time.sleep(PAUSE_S)  # whoever took the lock is about to sign it
    return None


def host(folder: Path) -> str:
    """The machine of the process that holds, or last held, the lock; empty where nobody has said so."""
    path = folder / LOCK
    words = path.read_text(encoding="utf-8").split() if path.exists() else []
    return words[1] if len(words) > 1 else ""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Inside, this process alone trains in the folder.

    Raises:
        MsmdError: when another process does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if _is_inherited(folder):
        yield
        return
    with open_claimed(folder) as file:
        sign(file, os.getpid())
        yield


def open_claimed(folder: Path) -> IO[str]:
    """The folder's lock file, locked until it is closed here and in every process that inherits it.

    Raises:
        MsmdError: when another process holds it.
    """
    file = (folder / LOCK).open("a+", encoding="utf-8")
    for _ in range(ATTEMPTS):
        if try_lock(file):
            file.truncate(0)  # of whoever held it before: that number may be another process's by now
            return file
        time.sleep(PAUSE_S)
    file.seek(0)
    pid = next(iter(file.read().split()), "")
    file.close()
    raise MsmdError(f"Process {pid or 'of unknown number'} trains in {folder} already; wait for it, or stop it first.")


def sign(file: IO[str], pid: int) -> None:
    """Writes into a lock file whose lock it is: a process, and the machine, whose file system others may share."""
    file.truncate(0)
    file.write(f"{pid} {socket.gethostname()}\n")
    file.flush()


def _is_inherited(folder: Path) -> bool:
    """True when the process that started this one has handed the folder's lock down."""
    descriptor = os.environ.get(INHERITED)
    if descriptor is None:
        return False
    try:
        return os.path.samestat(os.fstat(int(descriptor)), (folder / LOCK).stat())
    except OSError:
        return False
