"""Which molecule a file holds: one of the registry, or a new one with bonds by covalent radii."""

from __future__ import annotations

import warnings

import numpy as np
from jaxtyping import Float, Int

from msmd.data.registry import MOLECULES, MoleculeCard
from msmd.errors import DataError, MsmdWarning
from msmd.molecule import Molecule, bonds_from_distances

MOST_ATOMS = 500
"""Larger systems are neither drawn nor decomposed at interactive speed."""

CLOSEST_ANGSTROM = 0.4
"""The shortest bond there is, that of H₂, has .74 Å."""

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
        DataError: for more than 500 atoms, unknown elements, or atoms that lie upon each other.
    """
    if len(numbers) > MOST_ATOMS:
        raise DataError(f"{name} has {len(numbers)} atoms; msmd takes molecules of up to {MOST_ATOMS}.")
    atoms = tuple(int(z) for z in numbers)
    frames = np.linspace(0, len(positions) - 1, min(LOOKED_AT, len(positions))).astype(int)
    distances = np.median([np.linalg.norm(x[:, None] - x[None, :], axis=-1) for x in positions[frames]], axis=0)
    apart = distances[np.triu_indices(len(atoms), 1)]
    if len(apart) and apart.min() < CLOSEST_ANGSTROM:
        raise DataError(
            f"Two atoms of {name} lie {apart.min():.2g} Å apart, closer than in any molecule; are the positions in Å?"
        )
    unbonded = Molecule(name=name, numbers=atoms, bonds=())
    bonds = bonds_from_distances(unbonded.numbers, distances)
    if len(atoms) > 1 and not bonds:
        warnings.warn(
            f"No two atoms of {name} are near enough for a bond (the nearest are {apart.min():.2f} Å apart); are the "
            "positions in Å?",
            MsmdWarning,
            stacklevel=4,
        )
    for card in MOLECULES:
        if card.molecule.numbers == atoms and card.molecule.bonds == bonds:
            return card.molecule, card
    return Molecule(name=name, numbers=atoms, bonds=bonds), None
