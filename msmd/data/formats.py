"""The file formats that can be opened: found by suffix, and among npz files by the arrays inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msmd.data.ase_files import read_ase
from msmd.data.md17 import read_md17
from msmd.data.native import read_native
from msmd.data.npz import npz_keys
from msmd.data.rmd17 import read_rmd17
from msmd.errors import DataError
from msmd.trajectory import Dataset


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """A format and its reader.

    Attributes:
        title: for people.
        suffixes: of its files, in lower case.
        key: an array that only this format's npz files have; empty for other suffixes.
        read: the reader.
    """

    title: str
    suffixes: tuple[str, ...]
    read: Callable[..., Dataset]
    key: str = ""


def _read_native(path: Path, *, dt_fs: float | None = None) -> Dataset:
    if dt_fs is not None:
        raise DataError(f"{path.name} says its own time step; dt_fs={dt_fs} cannot be given.")
    return read_native(path).dataset()


FORMATS: tuple[FileFormat, ...] = (
    FileFormat(title="msmd npz", suffixes=(".npz",), key="residuals", read=_read_native),
    FileFormat(title="MD17 npz", suffixes=(".npz",), key="R", read=read_md17),
    FileFormat(title="rMD17 npz", suffixes=(".npz",), key="coords", read=read_rmd17),
    FileFormat(title="xyz or extended xyz", suffixes=(".xyz", ".extxyz"), read=read_ase),
    FileFormat(title="ASE trajectory", suffixes=(".traj",), read=read_ase),
)
"""Every format; adding one is a module and a line here."""


def read_file(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """The dataset in a file of any known format.

    Args:
        path: the file.
        dt_fs: time between frames in fs, for files that do not say it.

    Raises:
        DataError: when the file is missing, empty, of no known format, or cannot be read.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty.")
    return format_of(path).read(path, dt_fs=dt_fs)


def format_of(path: Path) -> FileFormat:
    """The format of a file.

    Raises:
        DataError: for an unknown suffix, or an npz with arrays of no known format.
    """
    fitting = [known for known in FORMATS if path.suffix.lower() in known.suffixes]
    if not fitting:
        legal = ", ".join(sorted({suffix for known in FORMATS for suffix in known.suffixes}))
        raise DataError(f"{path.name} has the suffix {path.suffix!r}; msmd reads {legal}.")
    if not fitting[0].key:
        return fitting[0]
    keys = npz_keys(path)
    for known in fitting:
        if known.key in keys:
            return known
    raise DataError(
        f"{path.name} holds the arrays {', '.join(keys) or '(none)'}; expected R and z (MD17), or nuclear_charges, "
        "coords and old_indices (rMD17)."
    )
