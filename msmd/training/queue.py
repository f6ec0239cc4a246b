"""Jobs take turns: as many at once as the machine has room for, the others wait, without any server.

Every job is a process of its own that takes a *slot*, a lock on one of a few files beside the runs, before it trains.
A job that ends, however it ends, gives its slot back.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from msmd.errors import MsmdError
from msmd.file_lock import try_lock
from msmd.training.folder import RunStatus, read_status, write_status

SLOTS = ".slots"
N_SLOTS = "MSMD_JOB_SLOTS"
CORES_PER_JOB = 2
"""One for the job, one for the page that watches it, and whatever else the machine is for."""

THREADS_PER_JOB = 1
"""Networks of this size gain little from a second thread, and lose everything where it has to wait for a core: a
validation that takes 16 s with one thread took more than 300 s with two on two busy cores."""

LOOK_AGAIN_S = 0.5


def n_slots() -> int:
    """How many jobs run at once: one for every two cores, or ``MSMD_JOB_SLOTS``.

    Raises:
        MsmdError: when ``MSMD_JOB_SLOTS`` is no positive whole number.
    """
    text = os.environ.get(N_SLOTS)
    if text is None:
        return max(1, (os.cpu_count() or 1) // CORES_PER_JOB)
    if not text.isdigit() or int(text) < 1:
        raise MsmdError(f"{N_SLOTS} is {text!r}; expected how many jobs may run at once, a whole number from 1.")
    return int(text)


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Waits for a slot among the runs beside this one, and holds it inside; the run's status says so."""
    _say(folder, "queued")
    with _slot(folder.parent / SLOTS):
        _say(folder, "starting")
        yield


@contextmanager
def _slot(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "turn").open("a", encoding="utf-8") as turn:
        # One job stands at the front and looks for a free slot; the others sleep behind it until the kernel wakes them.
        fcntl.flock(turn, fcntl.LOCK_EX)
        file = _first_free(folder)
    with file:
        yield


def _first_free(folder: Path) -> IO[str]:
    while True:
        for index in range(n_slots()):
            file = (folder / str(index)).open("a", encoding="utf-8")
            if try_lock(file):
                return file
            file.close()
        time.sleep(LOOK_AGAIN_S)


def _say(folder: Path, state: str) -> None:
    """Changes the state alone, so that a run that goes on keeps showing how far it is."""
    before = read_status(folder) or RunStatus(state=state)
    if before.state != "finished":
        write_status(folder, replace(before, state=state, message=""))
