"""MD17 files (sGDML's npz): ``R``, ``z``, and where given ``E`` and ``F``, all frames of one trajectory in order.

The original files say no time step; it comes from the registry, or from ``dt_fs`` where a file has one (ours have).

References: Chmiela et al., Science Advances 3, e1603015 (2017).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from msmd.data.npz import read_npz
from msmd.data.raw import Origin, RawFrames, dataset_from_raw
from msmd.errors import DataError
from msmd.trajectory import Dataset

REQUIRED = ("R", "z")
OPTIONAL = ("E", "F", "dt_fs")

OTHER_THEORIES = ("gfn2", "cc")
"""How the ``theory`` of files in MD17's format begins that hold other motion than MD17's: ours, and coupled cluster."""


def read_md17(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """Reads an MD17 file.

    Args:
        path: the npz.
        dt_fs: time between frames, where neither the file nor the registry knows it.

    Raises:
        DataError: for a damaged file, missing arrays, shapes that do not belong together, or an unknown time step.
    """
    arrays = read_npz(path, REQUIRED, OPTIONAL)
    positions = as_frames(arrays["R"], "R", path)
    n_frames, n_atoms, _ = positions.shape
    raw = RawFrames(
        numbers=as_numbers(arrays["z"], "z", n_atoms, path),
        positions=positions,
        steps=np.arange(n_frames),
        dt_fs=float(arrays["dt_fs"]) if "dt_fs" in arrays else None,
        forces=as_frames(arrays["F"], "F", path, like=positions) if "F" in arrays else None,
        energies=as_energies(arrays["E"], "E", n_frames, path) if "E" in arrays else None,
    )
    is_other = _theory(path).startswith(OTHER_THEORIES)
    origin = Origin(path=path, source="md17", published=None if is_other else lambda card: card.md17)
    return dataset_from_raw([raw], origin, dt_fs=dt_fs)


def _theory(path: Path) -> str:
    """What the file says of its electronic-structure method, in lower case; empty where it says nothing readable."""
    try:
        found = read_npz(path, (), ("theory",)).get("theory", np.array(""))
    except DataError:
        return ""
    text = found.item() if found.size == 1 else ""
    return (text.decode(errors="replace") if isinstance(text, bytes) else str(text)).lower()


def as_frames(array: np.ndarray, name: str, path: Path, like: np.ndarray | None = None) -> np.ndarray:
    """The array in float64, its shape checked: (frames, atoms, 3), the same as ``like`` where given.

    Raises:
        DataError: for another shape, or for what is no array of numbers.
    """
    expected = "(frames, atoms, 3)" if like is None else str(like.shape)
    if array.ndim != 3 or array.shape[-1] != 3 or (like is not None and array.shape != like.shape):
        raise DataError(f"{name} in {path.name} has shape {array.shape}; expected {expected}.")
    return _as_floats(array, name, path)


def as_numbers(array: np.ndarray, name: str, n_atoms: int, path: Path) -> np.ndarray:
    """Atomic numbers, one per atom.

    Raises:
        DataError: for another shape, or for what are no whole numbers.
    """
    if array.shape != (n_atoms,):
        raise DataError(f"{name} in {path.name} has shape {array.shape}; expected one per atom, ({n_atoms},).")
    numbers = _as_floats(array, name, path)
    if np.any(numbers != np.rint(numbers)):
        raise DataError(f"{name} in {path.name} must hold atomic numbers; found {numbers.tolist()}.")
    return numbers.astype(int)


def as_energies(array: np.ndarray, name: str, n_frames: int, path: Path) -> np.ndarray:
    """Energies, one per frame, from shape (frames,) or (frames, 1).

    Raises:
        DataError: for another shape.
    """
    if array.shape not in {(n_frames,), (n_frames, 1)}:
        raise DataError(f"{name} in {path.name} has shape {array.shape}; expected one per frame, ({n_frames},).")
    return _as_floats(array.reshape(n_frames), name, path)


def content_md5(arrays: dict[str, np.ndarray]) -> str:
    """The ``md5`` field of MD17's files: the MD5 of the MD5 sums of z, R, E and F."""
    total = hashlib.md5(usedforsecurity=False)
    for name in ("z", "R", "E", "F"):
        if name in arrays:
            part = hashlib.md5(np.ascontiguousarray(arrays[name]).ravel(), usedforsecurity=False)
            total.update(part.digest())
    return total.hexdigest()


def _as_floats(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise DataError(f"{name} in {path.name} is of type {array.dtype}; expected real numbers.")
    return array.astype(float)
