"""Writing generated data: our compact npz, MD17's npz, or extended xyz; the suffix decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from msmd.data.md17 import content_md5
from msmd.data.native import Recording, write_native
from msmd.data.npz import write_npz
from msmd.errors import DataError
from msmd.trajectory import Dataset, Trajectory
from msmd.units import ASE_FS, KCAL_PER_MOL_PER_EV
from msmd.whole_file import written_whole


def write_recording(recording: Recording, path: Path) -> None:
    """Stores a recording in the format that the file's suffix names.

    Args:
        recording: generated data.
        path: ``.npz`` for our compact format, ``.md17.npz`` for MD17's, ``.extxyz`` or ``.xyz`` for extended xyz.

    Raises:
        DataError: for another suffix, or data that the format cannot hold.
    """
    writer_of(path)(recording, path)


def check_writable(path: Path, *, n_segments: int, label_every: int) -> None:
    """Refuses a file that could not hold what is to be generated; ask before long work.

    Raises:
        DataError: as ``write_recording``.
    """
    if writer_of(path) is write_md17:
        _require_one_labelled(n_segments, label_every)


def writer_of(path: Path) -> Callable[[Recording, Path], None]:
    """The writer for a file name.

    Raises:
        DataError: for an unknown suffix.
    """
    for suffix, writer in WRITERS:
        if path.name.lower().endswith(suffix):
            return writer
    legal = ", ".join(suffix for suffix, _ in WRITERS)
    raise DataError(f"{path.name} has the suffix {path.suffix!r}; msmd writes {legal}.")


def write_md17(recording: Recording, path: Path) -> None:
    """MD17's arrays R, z, E, F, name, theory, type, md5, and ``dt_fs``, which MD17 lacks.

    Raises:
        DataError: for several segments, or frames without forces: MD17's format is one trajectory, all of it labelled.
    """
    _require_one_labelled(len(recording.positions), recording.label_every)
    arrays = {
        "R": recording.positions[0],
        "z": np.array(recording.molecule.numbers, dtype=np.uint8),
        "E": recording.energies[0][:, None],
        "F": recording.forces[0],
        "name": np.array(recording.molecule.name),
        "theory": np.array(recording.recipe.source),
        "type": np.array("d"),
        "dt_fs": np.array(recording.frame_dt_fs),
    }
    write_npz(path, {**arrays, "md5": np.array(content_md5(arrays))})


def _require_one_labelled(n_segments: int, label_every: int) -> None:
    if (n_segments, label_every) != (1, 1):
        raise DataError(
            f"MD17's format holds one segment with forces at every frame; found {n_segments} segments with forces at "
            f"every {label_every}. Generate with --segments 1 --forces-every 1, or write .npz."
        )


def write_extxyz(dataset: Dataset, path: Path) -> None:
    """Every frame of every segment, with ``time_fs`` and ``segment`` in its comment line; ASE's units."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [atoms for index, segment in enumerate(dataset.segments) for atoms in _atoms(segment, index)]
    with written_whole(path) as partial:
        write(partial, frames, format="extxyz")


def _atoms(segment: Trajectory, index: int) -> list[Atoms]:
    labelled = set(segment.labelled_frames.tolist())
    frames = []
    for frame, time_fs in enumerate(segment.times_fs):
        atoms = Atoms(numbers=segment.molecule.numbers, positions=segment.positions[frame])
        atoms.info.update(time_fs=float(time_fs), segment=index)
        if segment.velocities is not None and np.isfinite(segment.velocities[frame]).all():
            atoms.set_velocities(segment.velocities[frame] / ASE_FS)
        if frame in labelled:
            energy = None if segment.energies is None else segment.energies[frame] / KCAL_PER_MOL_PER_EV
            forces = segment.forces[frame] / KCAL_PER_MOL_PER_EV
            atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces)
        frames.append(atoms)
    return frames


WRITERS: tuple[tuple[str, Callable[[Recording, Path], None]], ...] = (
    (".md17.npz", write_md17),
    (".npz", write_native),
    (".extxyz", lambda recording, path: write_extxyz(recording.dataset(), path)),
    (".xyz", lambda recording, path: write_extxyz(recording.dataset(), path)),
)
"""Suffixes and their writers; the first that fits counts."""
