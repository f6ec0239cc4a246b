"""Which reader serves a file: found by suffix, and for npz by what it holds."""

from __future__ import annotations

from pathlib import Path

from msmd.data.native import read_native
from msmd.trajectory import Dataset


def read_file(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """The dataset in a file."""
    return read_native(path).dataset()
