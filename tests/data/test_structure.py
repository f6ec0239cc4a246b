"""Structures from SMILES have the bonds of the registry, in MD17's atom order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.data.gfn2 import GFN2
from msmd.data.registry import MOLECULES, molecule_card
from msmd.data.structure import FORCE_TOLERANCE, relax, structure_from_smiles
from msmd.errors import DataError
from msmd.molecule import bonds_from_positions


@pytest.mark.parametrize("card", MOLECULES, ids=lambda card: card.name)
def test_every_molecule_builds_with_its_bonds(card):
    positions = structure_from_smiles(card.molecule, card.smiles)
    assert positions.shape == (card.molecule.n_atoms, 3)
    assert bonds_from_positions(card.molecule.numbers, positions) == card.molecule.bonds


def test_the_seed_decides():
    card = molecule_card("ethanol")
    first, again = (structure_from_smiles(card.molecule, card.smiles, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_relaxation_ends_where_forces_vanish():
    card = molecule_card("ethanol")
    force_field = GFN2(card.molecule.numbers)
    start = structure_from_smiles(card.molecule, card.smiles)
    relaxed = relax(force_field, start)
    before, _ = force_field.energy_and_forces(start)
    after, forces = force_field.energy_and_forces(relaxed)
    assert after < before
    assert np.abs(forces).max() < 1.5 * FORCE_TOLERANCE
    carbon_carbon = np.linalg.norm(relaxed[0] - relaxed[1])
    assert carbon_carbon == pytest.approx(1.515, abs=0.02)


def test_forces_are_minus_the_gradient(random):
    card = molecule_card("ethanol")
    force_field = GFN2(card.molecule.numbers)
    positions = structure_from_smiles(card.molecule, card.smiles)
    _, forces = force_field.energy_and_forces(positions)
    direction = random.normal(size=positions.shape)
    step = 1e-3
    higher, _ = force_field.energy_and_forces(positions + step * direction)
    lower, _ = force_field.energy_and_forces(positions - step * direction)
    assert (lower - higher) / (2 * step) == pytest.approx(np.sum(forces * direction), rel=5e-3)


def test_another_molecules_smiles_is_refused():
    card = molecule_card("ethanol")
    with pytest.raises(DataError, match="SMILES of 'ethanol' describes another molecule"):
        structure_from_smiles(card.molecule, "COC")
    with pytest.raises(DataError, match="SMILES of 'odd' describes another molecule"):
        structure_from_smiles(replace(card.molecule, name="odd", numbers=(6, 6, 16, *[1] * 6)), "CCO")
