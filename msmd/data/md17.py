"""MD17 files (sGDML's npz): ``R``, ``z``, and where given ``E`` and ``F``, all frames of one trajectory in order.

The original files say no time step; it comes from the registry, or from ``dt_fs`` where a file has one (ours have).

References: Chmiela et al., Science Advances 3, e1603015 (2017).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from math import isclose
from pathlib import Path

import numpy as np

from msmd.data.npz import read_npz
from msmd.data.raw import Origin, RawFrames, dataset_from_raw
from msmd.data.registry import MoleculeCard, RemoteFile
from msmd.errors import DataError
from msmd.trajectory import Dataset
from msmd.units import ANGSTROM_PER_BOHR, KCAL_PER_MOL_PER_EV, KCAL_PER_MOL_PER_HARTREE, KJ_PER_KCAL

REQUIRED = ("R", "z")
OPTIONAL = ("E", "F", "dt_fs")

THEORY = re.compile(r"(unknown|pbe|dft)\b")
"""How the ``theory`` of MD17's own files may begin, if they have one; any other is that of another simulation."""

ANGSTROM_PER = {"ang": 1.0, "angstrom": 1.0, "å": 1.0, "a": 1.0, "bohr": ANGSTROM_PER_BOHR, "nm": 10.0}
KCAL_PER_MOL_PER = {
    "kcal/mol": 1.0,
    "kj/mol": 1.0 / KJ_PER_KCAL,
    "ev": KCAL_PER_MOL_PER_EV,
    "mev": KCAL_PER_MOL_PER_EV / 1000.0,
    "hartree": KCAL_PER_MOL_PER_HARTREE,
    "ha": KCAL_PER_MOL_PER_HARTREE,
}
"""The units that sGDML's files may name (``r_unit``, ``e_unit``), in lower case; MD17's own name none."""


def read_md17(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """Reads an MD17 file.

    Where the file names its units, as sGDML's own do, they are converted.  A file whose ``theory`` is not that of MD17,
    or whose time step is not, holds another simulation, of which no temperature and no thermostat is known.

    Args:
        path: the npz.
        dt_fs: time between frames, where neither the file nor the registry knows it.

    Raises:
        DataError: for a damaged file, missing arrays, shapes that do not belong together, an unknown unit, or an
            unknown time step.
    """
    arrays = read_npz(path, REQUIRED, OPTIONAL)
    positions = as_frames(arrays["R"], "R", path)
    n_frames, n_atoms, _ = positions.shape
    length, energy = _unit(path, "r_unit", ANGSTROM_PER), _unit(path, "e_unit", KCAL_PER_MOL_PER)
    forces = as_frames(arrays["F"], "F", path, like=positions) if "F" in arrays else None
    energies = as_energies(arrays["E"], "E", n_frames, path) if "E" in arrays else None
    raw = RawFrames(
        numbers=as_numbers(arrays["z"], "z", n_atoms, path),
        positions=_scaled(positions, length),
        steps=np.arange(n_frames),
        dt_fs=as_time_step(arrays.get("dt_fs"), path),
        forces=None if forces is None else _scaled(forces, energy / length),
        energies=None if energies is None else _scaled(energies, energy),
    )
    return dataset_from_raw([raw], Origin(path=path, source="md17", published=_published(path, raw)), dt_fs=dt_fs)


def _published(path: Path, raw: RawFrames) -> Callable[[MoleculeCard], RemoteFile | None]:
    """Picks MD17's file from a card, unless this one says that it holds another simulation."""
    theory = _text(path, "theory")
    is_other = theory != "" and THEORY.match(theory) is None

    def pick(card: MoleculeCard) -> RemoteFile | None:
        if is_other or card.md17 is None:
            return None
        return card.md17 if has_time_step_of(raw, card.md17) else None

    return pick


def has_time_step_of(raw: RawFrames, published: RemoteFile) -> bool:
    """Whether frames may be those of a published file: they say its time step, or none."""
    return raw.dt_fs is None or isclose(raw.dt_fs, published.dt_fs)


def _scaled(array: np.ndarray, factor: float) -> np.ndarray:
    """In place: MD17's largest file holds a million frames."""
    if factor != 1.0:
        array *= factor
    return array


def _unit(path: Path, key: str, known: dict[str, float]) -> float:
    """The unit that the file names in the project's own; 1 where it names none."""
    name = _text(path, key)
    if name in ("", "unknown"):
        return 1.0
    if name not in known:
        raise DataError(f"{key} in {path.name} is {name!r}; msmd knows {', '.join(known)}.")
    return known[name]


def _text(path: Path, key: str) -> str:
    """What the file says under a key, in lower case; empty where it says nothing readable."""
    try:
        found = read_npz(path, (), (key,)).get(key, np.array(""))
    except DataError:
        return ""
    text = found.item() if found.size == 1 else ""
    return (text.decode(errors="replace") if isinstance(text, bytes) else str(text)).strip().lower()


def as_time_step(array: np.ndarray | None, path: Path) -> float | None:
    """``dt_fs`` of a file, if it has one: one number, or the same for every frame.

    Raises:
        DataError: for anything else.
    """
    if array is None:
        return None
    steps = np.unique(as_floats(array, "dt_fs", path))
    if len(steps) != 1 or not (np.isfinite(steps[0]) and steps[0] > 0):
        raise DataError(f"dt_fs in {path.name} must be one positive time in fs; found {steps[:3].tolist()}.")
    return float(steps[0])


def as_frames(array: np.ndarray, name: str, path: Path, like: np.ndarray | None = None) -> np.ndarray:
    """The array in float64, its shape checked: (frames, atoms, 3), the same as ``like`` where given.

    Raises:
        DataError: for another shape, or for what is no array of numbers.
    """
    expected = "(frames, atoms, 3)" if like is None else str(like.shape)
    if array.ndim != 3 or array.shape[-1] != 3 or (like is not None and array.shape != like.shape):
        raise DataError(f"{name} in {path.name} has shape {array.shape}; expected {expected}.")
    return as_floats(array, name, path)


def as_numbers(array: np.ndarray, name: str, n_atoms: int, path: Path) -> np.ndarray:
    """Atomic numbers, one per atom.

    Raises:
        DataError: for another shape, or for what are no whole numbers.
    """
    if array.shape != (n_atoms,):
        raise DataError(f"{name} in {path.name} has shape {array.shape}; expected one per atom, ({n_atoms},).")
    numbers = as_floats(array, name, path)
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
    return as_floats(array.reshape(n_frames), name, path)


def content_md5(arrays: dict[str, np.ndarray]) -> str:
    """The ``md5`` field of MD17's files: the MD5 of the MD5 sums of z, R, E and F."""
    total = hashlib.md5(usedforsecurity=False)
    for name in ("z", "R", "E", "F"):
        if name in arrays:
            part = hashlib.md5(np.ascontiguousarray(arrays[name]).ravel(), usedforsecurity=False)
            total.update(part.digest())
    return total.hexdigest()


def as_floats(array: np.ndarray, name: str, path: Path) -> np.ndarray:
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise DataError(f"{name} in {path.name} is of type {array.dtype}; expected real numbers.")
    return array.astype(float)
