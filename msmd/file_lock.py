"""Locks that the kernel gives back when their process ends, however it ends: ``flock`` (Linux and macOS)."""

from __future__ import annotations

import fcntl
from typing import IO


def try_lock(file: IO[str] | int, *, shared: bool = False) -> bool:
    """True when the lock of an open file, or of a descriptor, such as a folder's, could be taken at once."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
