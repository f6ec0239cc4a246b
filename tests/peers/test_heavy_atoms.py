"""Hydrogens ride along: exact for rigid motion, in bond length always."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msmd.data.registry import MOLECULES, molecule_card
from msmd.molecule import Molecule
from msmd.peers.heavy_atoms import CarriedAtoms, modelled_atoms, submolecule

METHANE = Molecule(name="CH4", numbers=(6, 1, 1, 1, 1), bonds=((0, 1), (0, 2), (0, 3), (0, 4)))


def carried(molecule: Molecule, start: torch.Tensor, forecast: torch.Tensor) -> torch.Tensor:
    """All atoms from a forecast of the heavy ones."""
    heavy = modelled_atoms(molecule, heavy_only=True)
    return CarriedAtoms(molecule, heavy).double()(start[None], forecast[None, None, heavy])[0, 0]


def rotation(seed: int) -> torch.Tensor:
    """A random proper rotation."""
    turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    return turned * torch.linalg.det(turned)


def structure(n_atoms: int) -> torch.Tensor:
    """Random positions, Å."""
    return 1.5 * torch.randn(n_atoms, 3, generator=torch.Generator().manual_seed(n_atoms), dtype=torch.float64)


@pytest.mark.parametrize("card", MOLECULES, ids=lambda card: card.name)
def test_rigid_motion_carries_every_atom_exactly(card: object) -> None:
    start = structure(card.molecule.n_atoms)
    moved = start @ rotation(1) + torch.tensor([3.0, -1.0, 0.4], dtype=torch.float64)
    # 2e-3 Å: the weight on not turning (STAY) holds a rotation of more than a radian back by this little.
    torch.testing.assert_close(carried(card.molecule, start, moved), moved, atol=2e-3, rtol=0)


def test_no_motion_is_no_motion() -> None:
    molecule = molecule_card("toluene").molecule
    start = structure(molecule.n_atoms)
    torch.testing.assert_close(carried(molecule, start, start), start, atol=1e-6, rtol=0)


def test_start_and_forecast_turned_together_turn_the_hydrogens() -> None:
    molecule = molecule_card("aspirin").molecule
    start = structure(molecule.n_atoms)
    forecast = start + 0.5 * structure(molecule.n_atoms).flip(0)
    turn = rotation(2)
    torch.testing.assert_close(
        carried(molecule, start @ turn, forecast @ turn), carried(molecule, start, forecast) @ turn, atol=1e-9, rtol=0
    )


@pytest.mark.parametrize(
    "molecule", [METHANE, Molecule(name="HCCH", numbers=(1, 6, 6, 1), bonds=((0, 1), (1, 2), (2, 3)))]
)
def test_an_undecided_turn_is_no_turn(molecule: Molecule) -> None:
    start = structure(molecule.n_atoms)
    shift = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    torch.testing.assert_close(carried(molecule, start, start + shift), start + shift, atol=1e-6, rtol=0)


def test_a_molecule_without_heavy_atoms_is_modelled_whole() -> None:
    hydrogen = Molecule(name="H2", numbers=(1, 1), bonds=((0, 1),))
    assert modelled_atoms(hydrogen, heavy_only=True).tolist() == [0, 1]
    assert modelled_atoms(METHANE, heavy_only=True).tolist() == [0]
    assert modelled_atoms(METHANE, heavy_only=False).tolist() == [0, 1, 2, 3, 4]


def test_submolecule_keeps_bonds_among_its_atoms() -> None:
    molecule = molecule_card("ethanol").molecule
    heavy = submolecule(molecule, np.flatnonzero(molecule.is_heavy))
    assert heavy.numbers == (6, 6, 8)
    assert heavy.bonds == ((0, 1), (0, 2))


def test_where_the_molecule_is_makes_no_difference_in_single_precision() -> None:
    """MD17's benzene drifts 200 Å away from the origin; methanol's two heavy atoms leave a turn open."""
    methanol = Molecule(name="CH4O", numbers=(6, 8, 1, 1, 1, 1), bonds=((0, 1), (0, 2), (0, 3), (0, 4), (1, 5)))
    heavy = modelled_atoms(methanol, heavy_only=True)
    start = structure(6).float()
    forecast = (start + 0.1 * structure(6).flip(0).float())[None, None, heavy]
    layer = CarriedAtoms(methanol, heavy)
    near = layer(start[None], forecast)
    far = layer(start[None] + 200.0, forecast + 200.0) - 200.0
    torch.testing.assert_close(far, near, atol=2e-3, rtol=0)
