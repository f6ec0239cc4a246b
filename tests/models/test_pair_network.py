"""The written-out gradient is the gradient, and columns do not see each other."""

from __future__ import annotations

import pytest
import torch

from msmd.models.pair_network import PairNetwork


def _network(widths: tuple[int, ...]) -> tuple[PairNetwork, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    inverse = 0.3 + 0.1 * torch.randn(15, 400, generator=generator, dtype=torch.float64)
    network = PairNetwork(15, widths).double()
    network.initialise(inverse, energy_scale=20.0, generator=generator)
    with torch.no_grad():
        for parameter in (*network.biases, network.slope, network.curvature, network.offset):
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return network, inverse[:, :7].clone()


@pytest.mark.parametrize("widths", [(12,), (12, 9), (12, 9, 5)])
def test_the_derivative_is_autograds(widths: tuple[int, ...]) -> None:
    network, inverse = _network(widths)
    inverse.requires_grad_(True)
    energy, derivative = network(inverse)
    (expected,) = torch.autograd.grad(energy.sum(), inverse)
    torch.testing.assert_close(derivative, expected, rtol=1e-10, atol=1e-10)


def test_columns_are_independent() -> None:
    network, inverse = _network((12, 9))
    spoiled = inverse.clone()
    spoiled[:, 3] = torch.nan
    energy, derivative = network(spoiled)
    expected, slope = network(inverse)
    kept = [0, 1, 2, 4, 5, 6]
    torch.testing.assert_close(energy[kept], expected[kept])
    torch.testing.assert_close(derivative[:, kept], slope[:, kept])


def test_inputs_are_standardised() -> None:
    network, _ = _network((12,))
    generator = torch.Generator().manual_seed(1)
    inverse = 0.3 + 0.1 * torch.randn(15, 400, generator=generator, dtype=torch.float64)
    features = (inverse - network.centre) * network.inverse_spread
    torch.testing.assert_close(features.mean(1), torch.zeros(15).double(), atol=1e-12, rtol=0)
    torch.testing.assert_close(features.std(1), torch.ones(15).double())


def test_a_rigid_bond_gives_finite_energies() -> None:
    inverse = torch.rand(3, 20, generator=torch.Generator().manual_seed(0)) + 0.5
    inverse[0] = 0.7
    network = PairNetwork(3, (4,))
    network.initialise(inverse, energy_scale=1.0, generator=torch.Generator().manual_seed(1))
    assert all(part.isfinite().all() for part in network(inverse))
