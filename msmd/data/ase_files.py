"""xyz, extended xyz and ASE trajectories, read by ASE.

Units are ASE's: Å, eV, eV/Å, and momenta in its own unit of time.  Times come from ``time_fs`` (or ``time``, in fs) in
each frame's info, the number of the segment from ``segment``.
"""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_masses, covalent_radii

from msmd.data.identify import MOST_ATOMS
from msmd.data.raw import Origin, RawFrames, dataset_from_raw
from msmd.errors import DataError, MsmdWarning
from msmd.trajectory import Dataset
from msmd.units import ASE_FS, KCAL_PER_MOL_PER_EV

if TYPE_CHECKING:
    from ase import Atoms

TIME_KEYS = ("time_fs", "time")
READ = ("positions", "momenta", "forces")
MASS_TOLERANCE = 0.01
"""Relative; files round masses, and hydrogen's second isotope has twice the mass."""

LONGEST_BOND = 1.5
"""In sums of covalent radii; a longer gap means that the molecule is cut, or is several."""

ROUNDING_ANGSTROM = 1e-6
"""Images of one place are never so near."""

FORMAT_OF_SUFFIX = {".xyz": "extxyz", ".extxyz": "extxyz", ".traj": "traj"}


def read_ase(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """Reads an xyz, extxyz or ASE traj file.

    Args:
        path: the file.
        dt_fs: time between frames, for files without times.

    Raises:
        DataError: for text that is no such file, atoms that change between frames, more than 500 atoms, or frames
            whose times nothing tells.
    """
    frames = _frames(path)
    numbers = frames[0].numbers
    for index, frame in enumerate(frames):
        if not np.array_equal(frame.numbers, numbers):
            raise DataError(
                f"Frame {index} of {path.name} has other atoms ({frame.get_chemical_formula()}) than frame 0 "
                f"({frames[0].get_chemical_formula()}); expected one molecule, its atoms always in the same order."
            )
    labels = _labels(frames, path)
    cuts = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    bounds = [0, *cuts.tolist(), len(frames)]
    segments = [_raw(frames[a:b], path) for a, b in pairwise(bounds)]
    _warn_of_unread(frames[0], path)
    return dataset_from_raw(segments, Origin(path=path), dt_fs=dt_fs)


def _frames(path: Path) -> list[Atoms]:
    from ase.io import iread  # half a second, which nobody waits for who opens no such file

    frames: list[Atoms] = []
    try:
        for frame in iread(path, index=":", format=FORMAT_OF_SUFFIX[path.suffix.lower()]):
            if len(frame) > MOST_ATOMS:
                raise DataError(f"{path.name} has {len(frame)} atoms; msmd takes molecules of up to {MOST_ATOMS}.")
            frames.append(frame)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, AttributeError) as error:
        # ASE's readers raise all of these on files that are cut short or are something else.
        raise DataError(f"{path.name} cannot be read as {path.suffix} after {len(frames)} frames: {error}.") from error
    if not frames or len(frames[0]) == 0:
        raise DataError(f"{path.name} holds no frames; expected at least one.")
    return frames


def _raw(frames: list[Atoms], path: Path) -> RawFrames:
    _require_standard_masses(frames[0], path)
    return RawFrames(
        numbers=frames[0].numbers,
        positions=_unwrapped(frames, path),
        steps=np.arange(len(frames)),
        times_fs=_times(frames, path),
        velocities=_velocities(frames),
        forces=_forces(frames),
        energies=_energies(frames, path),
    )


def _labels(frames: list[Atoms], path: Path) -> np.ndarray:
    """The segment of each frame as the file names it, by a number or a word; one for all where it names none."""
    labels = [frame.info.get("segment", 0) for frame in frames]
    wrong = next((index for index, label in enumerate(labels) if np.ndim(label) > 0), None)
    if wrong is not None:
        raise DataError(f"'segment' of frame {wrong} in {path.name} is {labels[wrong]}; expected one number or word.")
    return np.array(labels)


def _unwrapped(frames: list[Atoms], path: Path) -> np.ndarray:
    """Positions of a whole molecule, where a periodic box has cut it: each atom in the image nearest to its neighbour.

    Neighbours are those of the shortest tree that holds the first frame's atoms together; the atom at its root takes,
    from frame to frame, the image nearest to where it was.  A box that is narrower than two bonds is none: files have
    such cells where there was no box.
    """
    stored = np.array([frame.positions for frame in frames])
    if not frames[0].pbc.any() or frames[0].cell.rank < 3 or len(frames[0]) < 2:
        return stored
    from ase.geometry import find_mic
    from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

    bonds = minimum_spanning_tree(frames[0].get_all_distances()).tocoo()
    radii = covalent_radii[frames[0].numbers]
    is_whole = np.all(bonds.data < LONGEST_BOND * (radii[bonds.row] + radii[bonds.col]))
    width = 1.0 / np.linalg.norm(frames[0].cell.reciprocal(), axis=1)[frames[0].pbc].max()
    if is_whole and width < 2.0 * bonds.data.max(initial=0.0):
        warnings.warn(
            f"{path.name} has a periodic cell {width:.2g} Å wide, which cannot hold its molecule; positions are taken "
            "as they are stored.",
            MsmdWarning,
            stacklevel=3,
        )
        return stored

    tree = minimum_spanning_tree(frames[0].get_all_distances(mic=True))
    order, before = breadth_first_order(tree, 0, directed=False)
    whole = stored.copy()
    for index, frame in enumerate(frames):
        root = stored[index, 0] - whole[max(index - 1, 0), 0]
        arms = stored[index, order[1:]] - stored[index, before[order[1:]]]
        steps, _ = find_mic(np.vstack([root, arms]), frame.cell, frame.pbc)
        whole[index, 0] = whole[max(index - 1, 0), 0] + steps[0]
        for atom, step in zip(order[1:], steps[1:], strict=True):
            whole[index, atom] = whole[index, before[atom]] + step
    return np.where(np.abs(whole - stored) < ROUNDING_ANGSTROM, stored, whole)


def _require_standard_masses(frame: Atoms, path: Path) -> None:
    """Isotopes and repartitioned masses move otherwise than ``Molecule.masses`` says, which everything here goes by."""
    if not frame.has("masses"):
        return
    standard = atomic_masses[frame.numbers]
    off = np.flatnonzero(np.abs(frame.get_masses() - standard) > MASS_TOLERANCE * standard)
    if len(off):
        atom = off[0]
        raise DataError(
            f"Atom {atom} of {path.name} ({frame.symbols[atom]}) has a mass of {frame.get_masses()[atom]:g} u; msmd "
            f"knows standard masses alone ({standard[atom]:g} u), and no isotopes."
        )


def _warn_of_unread(frame: Atoms, path: Path) -> None:
    """A sentence on vectors in the file that might be velocities or forces under a name that ASE does not know."""
    unread = [name for name, array in frame.arrays.items() if name not in READ and array.shape == (len(frame), 3)]
    if unread:
        warnings.warn(
            f"{path.name}: {', '.join(unread)} {'is' if len(unread) == 1 else 'are'} not read; msmd takes momenta and "
            "forces, as ASE writes them (momenta in its own unit, forces in eV/Å).",
            MsmdWarning,
            stacklevel=3,
        )


def _times(frames: list[Atoms], path: Path) -> np.ndarray | None:
    # A word alone, without a value, is read as True.
    key = next((key for key in TIME_KEYS if not isinstance(frames[0].info.get(key, True), bool | np.bool_)), None)
    if key is None:
        return None
    missing = [index for index, frame in enumerate(frames) if key not in frame.info]
    if missing:
        raise DataError(f"Frame {missing[0]} of {path.name} has no {key!r}, which frame 0 has.")
    try:
        times = np.array([frame.info[key] for frame in frames], dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{key!r} in {path.name} must be one number per frame, in fs: {error}.") from error
    wrong = np.flatnonzero(~np.isfinite(times.reshape(len(frames), -1)).all(axis=1))
    if times.ndim != 1 or len(wrong):
        frame = wrong[0] if len(wrong) else 0
        raise DataError(
            f"{key!r} of frame {frame} in {path.name} is {times[frame]}; expected one finite number, in fs."
        )
    return times


def _velocities(frames: list[Atoms]) -> np.ndarray | None:
    """Velocities where a frame has momenta, else NaN; None where no frame has any."""
    if not any(frame.has("momenta") for frame in frames):
        return None
    blank = np.full((len(frames[0]), 3), np.nan)
    return np.array([frame.get_velocities() if frame.has("momenta") else blank for frame in frames]) * ASE_FS


def _forces(frames: list[Atoms]) -> np.ndarray | None:
    """Forces where a frame has them, else NaN; None where no frame has any."""
    blank = np.full((len(frames[0]), 3), np.nan)
    found = [_calculated(frame, "forces") for frame in frames]
    if all(forces is None for forces in found):
        return None
    return np.array([blank if forces is None else forces for forces in found]) * KCAL_PER_MOL_PER_EV


def _energies(frames: list[Atoms], path: Path) -> np.ndarray | None:
    """Energies where a frame has one that is a number, else NaN; None where no frame has any."""
    found = [_calculated(frame, "energy") for frame in frames]
    known = [None if energy is None else _as_number(energy) for energy in found]
    unread = [energy for energy, number in zip(found, known, strict=True) if energy is not None and number is None]
    if unread:
        warnings.warn(
            f"{path.name}: energies such as {unread[0]!r} are no numbers in eV and are left out.",
            MsmdWarning,
            stacklevel=4,
        )
    if all(number is None for number in known):
        return None
    return np.array([np.nan if number is None else number for number in known]) * KCAL_PER_MOL_PER_EV


def _as_number(value: object) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _calculated(frame: Atoms, quantity: str) -> object | None:
    return None if frame.calc is None else frame.calc.results.get(quantity)
