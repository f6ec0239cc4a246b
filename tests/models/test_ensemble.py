"""Members start alike but for impulses that keep momentum and angular momentum."""

from __future__ import annotations

import pytest
import torch

from msmd.models.ensemble import normal_quantiles, pair_impulses
from msmd.models.spectral_ode import SpectralODE


@pytest.mark.parametrize("n_members", [2, 3, 8])
def test_quantiles_have_mean_zero_and_variance_one(n_members: int) -> None:
    quantiles = normal_quantiles(n_members)
    assert float(quantiles.mean()) == pytest.approx(0.0, abs=1e-12)
    assert float(quantiles.square().mean()) == pytest.approx(1.0)


def test_impulses_keep_momentum_and_angular_momentum(trained: SpectralODE, start: tuple) -> None:
    geometry, masses = trained.geometry, torch.from_numpy(trained.molecule.masses)[:, None]
    modal = geometry.modal(start[0])
    strengths = torch.randn(geometry.n_pairs, modal.shape[-1], dtype=torch.float64)
    change = masses * geometry.nodal(pair_impulses(geometry, modal, strengths))
    assert change.abs().max() > 0.1
    assert change.sum(1).abs().max() < 1e-10
    assert torch.cross(start[0], change, dim=-1).sum(1).abs().max() < 1e-10
