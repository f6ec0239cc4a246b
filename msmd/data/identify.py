"""Which molecule a file holds: one of the registry, or a new one with bonds by covalent radii."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from msmd.data.registry import MOLECULES, MoleculeCard
from msmd.errors import DataError
from msmd.molecule import Molecule, bonds_from_distances

MOST_ATOMS = 500
"""Larger systems are neither drawn nor decomposed at interactive speed."""

LOOKED_AT = 32
"""Frames, spread over the file, whose median distances tell the bonds; a single hot frame may have a stretched one."""


def identify(
    numbers: Int[np.ndarray, " atoms"], positions: Float[np.ndarray, "frames atoms 3"], name: str
) -> tuple[Molecule, MoleculeCard | None]:
    """The molecule, and its card where it is one of the registry (same atoms in the same order, same bonds).

    Args:
        numbers: atomic numbers.
        positions: Å.
        name: for a molecule that is not in the registry.

    Raises:
        DataError: for more than 500 atoms or unknown elements.
    """
    if len(numbers) > MOST_ATOMS:
        raise DataError(f"{name} has {len(numbers)} atoms; msmd takes molecules of up to {MOST_ATOMS}.")
    atoms = tuple(int(z) for z in numbers)
    frames = np.linspace(0, len(positions) - 1, min(LOOKED_AT, len(positions))).astype(int)
    distances = np.median([np.linalg.norm(x[:, None] - x[None, :], axis=-1) for x in positions[frames]], axis=0)
    unbonded = Molecule(name=name, numbers=atoms, bonds=())
    bonds = bonds_from_distances(unbonded.numbers, distances)
    for card in MOLECULES:
        if card.molecule.numbers == atoms and card.molecule.bonds == bonds:
            return card.molecule, card
    return Molecule(name=name, numbers=atoms, bonds=bonds), None
