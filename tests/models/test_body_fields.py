"""Fields in the body frame: forces are what they claim, turn with the molecule, and serve a SpectralODE."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from msmd.data.windows import Split
from msmd.errors import DataError
from msmd.frame import eckart_frame
from msmd.models.basis import BASES
from msmd.models.body_fields import SeparableField
from msmd.models.body_frame import body_frames
from msmd.models.fields import FIELDS
from msmd.models.modal_field import KnownStructures, ModalGeometry
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.molecule import Molecule

SMALL = SpectralODEConfig(
    widths=(24, 24), fast_widths=(8,), n_members=2, plan=PlanConfig(force_steps=60, refine_steps=0, fast_steps=5)
)
IN_THE_BODY = ("body-frame", "separable")
TURN = torch.from_numpy(Rotation.random(random_state=5).as_matrix())
ORDER = [4, 0, 8, 2, 1, 7, 5, 3, 6]


def _trained(split: Split, field: str) -> SpectralODE:
    """After so few steps that its forces have the right size."""
    forecaster = SpectralODE.create(split.training, replace(SMALL, field=field))
    optimiser, generator = torch.optim.Adam(forecaster.parameters(), lr=3e-3), torch.Generator().manual_seed(1)
    for stage in forecaster.stages(split.training):
        for _ in range(stage.n_steps):
            optimiser.zero_grad()
            stage.batch_loss(generator).backward()
            optimiser.step()
    return forecaster.eval()


@pytest.fixture(scope="module", params=IN_THE_BODY)
def forecaster(request: pytest.FixtureRequest, split: Split) -> SpectralODE:
    """One of each field."""
    return _trained(split, request.param)


@pytest.fixture(scope="module")
def separable(split: Split) -> SeparableField:
    """In double precision, so that differences of energies mean something."""
    return _trained(split, "separable").field.double()


def test_frames_are_those_of_the_library(start: tuple, split: Split) -> None:
    masses, reference = split.test.molecule.masses, start[0][0].numpy()
    expected = eckart_frame(start[0].numpy(), reference, masses)
    found = body_frames(start[0].permute(1, 2, 0), torch.from_numpy(expected.reference), torch.from_numpy(masses))
    np.testing.assert_allclose(found.rotations, expected.rotations, atol=1e-9)
    np.testing.assert_allclose(found.body.permute(2, 0, 1), expected.to_body(start[0].numpy()), atol=1e-9)


def test_separable_forces_are_minus_the_slope_of_the_energy(separable: SeparableField, start: tuple) -> None:
    positions, step = start[0][:3], 1e-5
    _, forces = separable.energies_and_forces(positions)
    along = torch.randn(positions.shape, generator=torch.Generator().manual_seed(0), dtype=positions.dtype)
    ahead, behind = (separable.energies_and_forces(positions + sign * step * along)[0] for sign in (1, -1))
    expected = -(ahead - behind) / (2 * step)
    torch.testing.assert_close((forces * along).sum((1, 2)), expected, rtol=1e-6, atol=1e-6)


def test_autograd_through_the_frame_gives_the_same_forces(separable: SeparableField, start: tuple) -> None:
    positions = start[0].clone().requires_grad_(True)
    energies, forces = separable.energies_and_forces(positions)
    (gradient,) = torch.autograd.grad(energies.sum(), positions)
    torch.testing.assert_close(forces, -gradient, rtol=1e-6, atol=1e-6)


def test_separable_forces_have_no_sum_and_no_torque(separable: SeparableField, start: tuple) -> None:
    _, forces = separable.energies_and_forces(start[0])
    assert forces.abs().max() > 1.0
    assert forces.sum(1).abs().max() < 1e-9
    assert torch.linalg.cross(start[0], forces).sum(1).abs().max() < 1e-8


def test_modes_do_not_feel_each_other(separable: SeparableField) -> None:
    network, n_modes = separable.network, len(separable.masses)
    displacements = torch.randn(n_modes, 3, 1, dtype=torch.float64)
    _, before = network(displacements)
    displacements[3] += 0.5
    _, after = network(displacements)
    changed = (after - before).abs().amax((1, 2)) > 0
    assert changed.tolist() == [mode == 3 for mode in range(n_modes)]


def test_body_frame_forces_do_work_around_a_loop(split: Split, start: tuple) -> None:
    """A potential's forces have a symmetric Jacobian; these have not, or the ablation would ablate nothing."""
    field = _trained(split, "body-frame").field.double().requires_grad_(False)
    energies, _ = field.energies_and_forces(start[0])
    first, second, step = torch.zeros(9, 3), torch.zeros(9, 3), 1e-5
    first[0, 0], second[1, 1] = 1.0, 1.0

    def slope(force: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        ahead, behind = (field.energies_and_forces(start[0] + sign * step * shift)[1] for sign in (1, -1))
        return ((ahead - behind) * force).sum((1, 2)) / (2 * step)

    assert torch.isnan(energies).all()
    assert (slope(first, second) - slope(second, first)).abs().max() > 1.0


@torch.no_grad()
def test_forces_turn_and_move_with_the_molecule(forecaster: SpectralODE, start: tuple) -> None:
    _, expected = forecaster.field.energies_and_forces(start[0])
    _, found = forecaster.field.energies_and_forces(start[0] @ TURN.T + 3.0)
    assert (found - expected @ TURN.T.float()).abs().max() < 1e-3 * expected.abs().max()


@torch.no_grad()
def test_modal_accelerations_are_the_forces_over_masses(forecaster: SpectralODE, start: tuple) -> None:
    geometry = forecaster.geometry
    _, acceleration, inverse = forecaster.field(geometry.modal(start[0]))
    _, forces = forecaster.field.energies_and_forces(start[0])
    nodal = geometry.nodal(acceleration) * geometry.masses[:, None] / 4.184e-4
    torch.testing.assert_close(nodal, forces.double(), rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(inverse.double(), geometry.inverse_distances(start[0]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("solver", ["multiple-time-steps", "verlet", "rk4", "dopri5"])
def test_every_solver_takes_it_to_the_same_place(forecaster: SpectralODE, start: tuple, solver: str) -> None:
    positions, velocities = (part[:2] for part in start)
    times = torch.tensor([[0.0, 6.0]] * 2, dtype=torch.float64)
    exact = _with(forecaster, solver="verlet", step_fs=0.1).predict(positions, velocities, times)
    found = _with(forecaster, solver=solver, step_fs=0.5).predict(positions, velocities, times)
    assert torch.equal(found[:, 0], positions)
    assert (found - exact).abs().max() < 5e-3


def test_a_forecast_turns_and_is_renumbered_with_its_input(forecaster: SpectralODE, start: tuple) -> None:
    positions, velocities = (part[:2] for part in start)
    times = torch.tensor([[4.0, 12.0]] * 2, dtype=torch.float64)
    expected = forecaster.predict(positions, velocities, times)
    turned = forecaster.predict(positions @ TURN.T, velocities @ TURN.T, times)
    assert (turned - expected @ TURN.T).abs().max() < 1e-4
    other = forecaster.renumbered(ORDER).predict(positions[:, ORDER], velocities[:, ORDER], times)
    assert (other - expected[:, :, ORDER]).abs().max() < 1e-4


def test_networks_are_of_the_size_of_the_model(split: Split) -> None:
    def n_parameters(field: str) -> int:
        forecaster = SpectralODE(split.training.molecule, SpectralODEConfig(field=field))
        return sum(weight.numel() for weight in forecaster.parameters())

    for field in IN_THE_BODY:
        assert n_parameters(field) == pytest.approx(n_parameters("pairs"), rel=0.2)


@pytest.mark.parametrize("name", IN_THE_BODY)
def test_a_molecule_on_a_line_is_refused(name: str) -> None:
    dioxide = Molecule(name="carbon dioxide", numbers=(8, 6, 8), bonds=((0, 1), (1, 2)))
    line = np.array([[-1.16, 0.0, 0.0], [0.0, 0.0, 0.0], [1.16, 0.0, 0.0]])
    field = FIELDS[name].build(ModalGeometry(dioxide, BASES["graph"](dioxide)), (8,))
    known = KnownStructures(positions=line[None], mean=line, inverse_distances=torch.ones(3, 1))
    with pytest.raises(DataError, match="mean structure is a line"):
        field.initialise(known, 1.0, torch.Generator())


def _with(forecaster: SpectralODE, **changes: object) -> SpectralODE:
    """The same weights under another config."""
    other = SpectralODE(forecaster.molecule, replace(forecaster.config, **changes))
    other.load_state_dict(forecaster.state_dict())
    return other.eval()
