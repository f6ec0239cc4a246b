"""Members start alike but for impulses in opposite pairs that keep momentum, angular momentum and energy."""

from __future__ import annotations

import pytest
import torch

from msmd.models.ensemble import internal_momenta, normal_quantiles, opposite_pairs, pair_impulses, perturbed_momenta
from msmd.models.spectral_ode import SpectralODE


@pytest.mark.parametrize("n_members", [2, 3, 8, 9])
def test_quantiles_have_mean_zero_and_variance_one(n_members: int) -> None:
    quantiles = normal_quantiles(n_members)
    assert float(quantiles.mean()) == pytest.approx(0.0, abs=1e-12)
    assert float(quantiles.square().mean()) == pytest.approx(1.0)
    paired = quantiles[n_members % 2 :].reshape(-1, 2)
    torch.testing.assert_close(paired[:, 0], -paired[:, 1])
    assert len(set(quantiles.tolist())) == n_members


def test_one_member_has_no_friction_of_its_own() -> None:
    assert normal_quantiles(1).tolist() == [0.0]


def test_draws_are_used_with_both_signs() -> None:
    strengths = opposite_pairs(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 5)
    assert strengths.tolist() == [[0.0, -1.0, 1.0, -2.0, 2.0], [0.0, -3.0, 3.0, -4.0, 4.0]]


def test_impulses_keep_momentum_and_angular_momentum(trained: SpectralODE, start: tuple) -> None:
    geometry, masses = trained.geometry, torch.from_numpy(trained.molecule.masses)[:, None]
    modal = geometry.modal(start[0])
    strengths = torch.randn(geometry.n_pairs, modal.shape[-1], dtype=torch.float64)
    change = masses * geometry.nodal(pair_impulses(geometry, modal, strengths))
    assert change.abs().max() > 0.1
    assert change.sum(1).abs().max() < 1e-10
    assert torch.cross(start[0], change, dim=-1).sum(1).abs().max() < 1e-10


def _spinning(start: tuple) -> tuple[torch.Tensor, torch.Tensor]:
    """The start with drift and a fast spin added."""
    positions, velocities = start
    rate = torch.tensor([0.01, -0.02, 0.03]).to(positions)
    return positions, velocities + 0.005 + torch.linalg.cross(rate.expand_as(positions), positions)


def test_perturbed_starts_keep_energy_drift_and_spin(trained: SpectralODE, start: tuple) -> None:
    geometry, masses = trained.geometry, torch.from_numpy(trained.molecule.masses)[:, None]
    positions, velocities = _spinning(start)
    before = geometry.modal(velocities)
    generator = torch.Generator().manual_seed(1)
    strengths = torch.randn(geometry.n_pairs, len(positions), generator=generator, dtype=torch.float64)
    strengths[:, 0] = 0.0
    after = perturbed_momenta(geometry, geometry.modal(positions), before, strengths, torch.tensor(0.2).double())
    torch.testing.assert_close(after[..., 0], before[..., 0], rtol=0.0, atol=0.0)
    assert (after - before)[..., 1:].abs().amax((0, 1)).min() > 1e-3
    torch.testing.assert_close(after.square().sum((0, 1)), before.square().sum((0, 1)))
    for moment in (lambda v: masses * v, lambda v: masses * torch.linalg.cross(positions, v)):
        found, wanted = moment(geometry.nodal(after)).sum(1), moment(velocities).sum(1)
        assert wanted.abs().max() > 1e-2
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


def test_a_body_that_only_drifts_and_spins_has_no_internal_momenta(trained: SpectralODE, start: tuple) -> None:
    geometry = trained.geometry
    positions, moving = _spinning((start[0], torch.zeros_like(start[1])))
    momenta = geometry.modal(moving)
    internal = internal_momenta(geometry, geometry.modal(positions), momenta)
    assert internal.abs().max() < 1e-9 * momenta.abs().max()


def test_a_molecule_at_rest_stays_at_rest(trained: SpectralODE, start: tuple) -> None:
    coordinates = trained.geometry.modal(start[0])
    rest, strengths = (
        torch.zeros_like(coordinates),
        torch.ones(trained.geometry.n_pairs, coordinates.shape[-1]).double(),
    )
    found = perturbed_momenta(trained.geometry, coordinates, rest, strengths, torch.tensor(0.1).double())
    assert torch.isfinite(found).all()
    assert found.abs().max() < 1e-12
