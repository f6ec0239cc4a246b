"""rMD17 files: 100,000 frames drawn at random from MD17, with forces computed anew.

``old_indices`` is each frame's number in MD17, and so its time.  The forces that are kept are ``old_forces`` where the
file has them: the motion obeys MD17's functional, not rMD17's, and forces that disagree with the motion would teach
a forecaster another molecule (against second differences they explain .93 of the variance, the old ones 1.00).

Reference: Christensen and von Lilienfeld, Mach. Learn.: Sci. Technol. 1, 045018 (2020).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from msmd.data.md17 import as_energies, as_floats, as_frames, as_numbers, as_time_step, has_time_step_of
from msmd.data.npz import read_npz
from msmd.data.raw import Origin, RawFrames, dataset_from_raw
from msmd.data.registry import MoleculeCard, RemoteFile
from msmd.errors import DataError
from msmd.trajectory import Dataset

REQUIRED = ("nuclear_charges", "coords", "old_indices")
OPTIONAL = ("old_forces", "old_energies", "forces", "energies", "dt_fs")


def read_rmd17(path: Path, *, dt_fs: float | None = None) -> Dataset:
    """Reads an rMD17 file, frames in the order of ``old_indices``.

    Args:
        path: the npz.
        dt_fs: time between consecutive frame numbers, where the registry does not know it.

    Raises:
        DataError: for a damaged file, missing arrays, shapes that do not belong together, or repeated frame numbers.
    """
    arrays = read_npz(path, REQUIRED, OPTIONAL)
    positions = as_frames(arrays["coords"], "coords", path)
    n_frames, n_atoms, _ = positions.shape
    steps = _as_steps(arrays["old_indices"], n_frames, path)
    order = np.argsort(steps, kind="stable")
    steps = steps[order]
    repeated = steps[1:][np.diff(steps) == 0]
    if len(repeated):
        raise DataError(f"old_indices in {path.name} names frame {repeated[0]} more than once; expected each once.")
    forces = next((name for name in ("old_forces", "forces") if name in arrays), None)
    energies = "old_energies" if forces == "old_forces" else "energies"
    raw = RawFrames(
        numbers=as_numbers(arrays["nuclear_charges"], "nuclear_charges", n_atoms, path),
        positions=positions[order],
        steps=steps,
        dt_fs=as_time_step(arrays.get("dt_fs"), path),
        forces=as_frames(arrays[forces], forces, path, like=positions)[order] if forces else None,
        energies=as_energies(arrays[energies], energies, n_frames, path)[order] if energies in arrays else None,
    )
    return dataset_from_raw([raw], Origin(path=path, source="rmd17", published=_published(raw)), dt_fs=dt_fs)


def _published(raw: RawFrames) -> Callable[[MoleculeCard], RemoteFile | None]:
    """Picks rMD17's file from a card, unless this one's own time step says that it holds another simulation."""
    return lambda card: card.rmd17 if card.rmd17 is not None and has_time_step_of(raw, card.rmd17) else None


def _as_steps(array: np.ndarray, n_frames: int, path: Path) -> np.ndarray:
    """Numbers of frames, checked: whole, and one per frame."""
    if array.shape != (n_frames,):
        raise DataError(f"old_indices in {path.name} has shape {array.shape}; expected one per frame, ({n_frames},).")
    steps = as_floats(array, "old_indices", path)
    wrong = steps[~(np.isfinite(steps) & (steps == np.rint(steps)))]
    if len(wrong):
        raise DataError(f"old_indices in {path.name} holds {wrong[0]:g}; expected whole numbers of frames.")
    return steps.astype(int)
