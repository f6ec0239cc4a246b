"""The field is minus the gradient of an energy, keeps momentum and angular momentum, and is the same in every basis."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from msmd.data.registry import molecule_card
from msmd.models.basis import BASES
from msmd.models.modal_field import ModalField, ModalGeometry
from msmd.models.spectral_ode import SpectralODE
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

ETHANOL = molecule_card("ethanol").molecule


def test_forces_are_minus_the_gradient(trained: SpectralODE, start: tuple) -> None:
    positions = start[0].clone().requires_grad_(True)
    energies, forces = deepcopy(trained.field).double().energies_and_forces(positions)
    (gradient,) = torch.autograd.grad(energies.sum(), positions)
    torch.testing.assert_close(forces, -gradient, atol=1e-8, rtol=1e-8)


def test_forces_have_no_sum_and_no_torque(trained: SpectralODE, start: tuple) -> None:
    positions = start[0].float()
    _, forces = trained.field.energies_and_forces(positions)
    scale = forces.abs().sum()
    assert forces.sum(1).abs().max() < 1e-6 * scale
    assert torch.cross(positions, forces, dim=-1).sum(1).abs().max() < 1e-5 * scale


@pytest.mark.parametrize("name", list(BASES))
def test_modal_accelerations_are_the_forces_over_masses(trained: SpectralODE, start: tuple, name: str) -> None:
    geometry = ModalGeometry(ETHANOL, BASES[name](ETHANOL))
    modal = geometry.modal(start[0])
    _, acceleration, _ = ModalField(geometry, trained.field.network)(modal)
    _, forces = trained.field.energies_and_forces(start[0])
    masses = torch.from_numpy(ETHANOL.masses)[:, None]
    expected = forces.double() / masses * KCAL_PER_MOL_PER_ANGSTROM_PER_U
    torch.testing.assert_close(geometry.nodal(acceleration), expected, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", list(BASES))
def test_bases_are_orthonormal_and_transforms_invert(name: str, random: np.random.Generator) -> None:
    basis = BASES[name](ETHANOL)
    np.testing.assert_allclose(basis.T @ basis, np.eye(ETHANOL.n_atoms), atol=1e-12)
    geometry = ModalGeometry(ETHANOL, basis)
    nodal = torch.from_numpy(random.standard_normal((5, ETHANOL.n_atoms, 3)))
    torch.testing.assert_close(geometry.nodal(geometry.modal(nodal)), nodal)


def test_kinetic_energy_is_the_same_in_modal_coordinates(random: np.random.Generator) -> None:
    geometry = ModalGeometry(ETHANOL, BASES["graph"](ETHANOL))
    velocities = random.standard_normal((1, ETHANOL.n_atoms, 3))
    expected = np.einsum("a,fad,fad->", ETHANOL.masses, velocities, velocities)
    modal = geometry.modal(torch.from_numpy(velocities))
    assert float(modal.square().sum()) == pytest.approx(expected)


def test_modes_that_do_not_move_feel_nothing(trained: SpectralODE, start: tuple) -> None:
    geometry = ModalGeometry(ETHANOL, BASES["graph"](ETHANOL), n_moving=4)
    _, acceleration, _ = ModalField(geometry, trained.field.network)(geometry.modal(start[0]))
    assert acceleration[4:].abs().max() == 0.0
    assert acceleration[:4].abs().max() > 0.0
