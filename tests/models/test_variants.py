"""Variants keep what was learned and change what they say they change."""

from __future__ import annotations

import pytest
import torch

from msmd.errors import ProtocolError
from msmd.models.variants import variant, without_fallback


@pytest.fixture
def window(start) -> tuple[torch.Tensor, ...]:
    """Two starts and a few times."""
    positions, velocities = (row[:2] for row in start)
    return positions, velocities, torch.tensor([[5.0, 20.0, 60.0]] * 2, dtype=torch.float64)


def test_without_changes_it_forecasts_the_same(trained, window) -> None:
    assert torch.equal(variant(trained).predict(*window), trained.predict(*window))


def test_another_basis_of_all_modes_is_another_way_to_write_the_same(trained, window) -> None:
    rotated = variant(trained, basis="nodal", n_members=1).predict(*window)
    assert torch.allclose(rotated, variant(trained, n_members=1).predict(*window), atol=1e-4)


def test_dropping_modes_changes_the_forecast(trained, window) -> None:
    assert not torch.allclose(variant(trained, n_modes=2).predict(*window), trained.predict(*window), atol=1e-2)


def test_leaves_the_original_alone(trained, window) -> None:
    before = trained.predict(*window)
    without_fallback(variant(trained, solver="verlet", step_fs=0.5))
    assert torch.equal(trained.predict(*window), before)


def test_without_fallback_the_ensemble_is_believed(trained, window) -> None:
    trained = variant(trained)
    trained.fallback.weights.zero_()[..., 1] = 1.0
    bare = without_fallback(trained)
    assert torch.allclose(bare.predict(*window), bare.samples(*window).mean(0), atol=1e-6)
    assert not torch.allclose(trained.predict(*window), bare.predict(*window), atol=1e-3)


def test_refuses_other_networks(trained) -> None:
    with pytest.raises(ProtocolError, match=r"Networks of widths \(8,\) and"):
        variant(trained, widths=(8,))


def test_refuses_a_memory_that_it_does_not_have(trained) -> None:
    with pytest.raises(ProtocolError, match="n_remembered=50 was asked for; the weights were learned with 0"):
        variant(trained, n_remembered=50)
