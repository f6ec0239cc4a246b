"""Energies and forces of frames that were stored without them, computed again with GFN2-xTB where the frames lie.

The shipped files hold forces at every fifth frame, to stay small, and those of the frame before it was rounded: along a
stiff bond .15 kcal/mol/Å from the force at the stored positions.  MD17 has forces at every frame.  Computing them takes
.7 to 10 ms a frame, and they are kept in the cache.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from msmd.data.gfn2 import ACCURACY, GFN2
from msmd.data.load import cache_folder
from msmd.data.npz import read_npz, write_npz
from msmd.errors import ProtocolError
from msmd.trajectory import Trajectory

SOURCE = "gfn2"


def check_can_be_relabelled(segments: Sequence[Trajectory]) -> None:
    """Refuses data of another level of theory.

    Raises:
        ProtocolError: naming where the data come from.
    """
    others = sorted({segment.source for segment in segments} - {SOURCE})
    if others:
        raise ProtocolError(
            f"Forces can be computed again for GFN2-xTB data alone, and these come from {', '.join(others)}: leave "
            "labels as they are stored (plan.labels=stored)."
        )


def relabelled(segments: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """The segments with GFN2-xTB's energy (kcal/mol) and forces (kcal/mol/Å) at every frame, at its stored positions.

    What was computed before comes from the cache (``MSMD_CACHE``), by a hash of atoms and positions.

    Raises:
        ProtocolError: for data of another source.
        MissingPackageError: where tblite is not installed and nothing is in the cache.
        DataError: when GFN2-xTB cannot treat a frame.
    """
    check_can_be_relabelled(segments)
    return tuple(_relabelled(segment) for segment in segments)


def _relabelled(segment: Trajectory) -> Trajectory:
    path = _cache_path(segment)
    if path.is_file():
        found = read_npz(path, required=("energies", "forces"))
        return replace(segment, energies=found["energies"], forces=found["forces"])
    # A force field of its own per segment, so that what is computed does not depend on what came before.
    force_field = GFN2(segment.molecule.numbers)
    labels = [force_field.energy_and_forces(frame) for frame in segment.positions]
    energies, forces = np.array([energy for energy, _ in labels]), np.array([force for _, force in labels])
    write_npz(path, {"energies": energies, "forces": forces})
    return replace(segment, energies=energies, forces=forces)


def _cache_path(segment: Trajectory) -> Path:
    """Without the version of tblite, so that what was computed elsewhere serves where it is not installed."""
    digest = hashlib.sha256(f"{SOURCE} {ACCURACY} {segment.molecule.numbers}".encode())
    digest.update(np.ascontiguousarray(segment.positions))
    return cache_folder() / "labels" / f"{digest.hexdigest()}.npz"
