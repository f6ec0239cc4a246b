"""An invariant potential energy: a network on the inverse distances of all pairs of atoms, with its exact gradient."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEAST_SPREAD_PER_ANGSTROM = 1e-4
"""Least standard deviation of an inverse distance that inputs are scaled by: that of a bond of 1.4 Å which moves by
2e-4 Å, less than any that vibrates.  A bond held rigid has none at all."""


class PairNetwork(nn.Module):
    """E(r) of one molecule, and −∂E/∂(1/r), in one pass and without autograd.

    With u = (1/r − μ)/σ over all pairs and h₁ = W₁u + b₁:

        E/s = a·u + c·h₁² + w·silu(h_L),   h_{l+1} = W_{l+1} silu(h_l) + b_{l+1}

    The gradient is written out, so that training differentiates once instead of twice and a call costs two to three
    times less than with autograd.  Columns are configurations: the big products are plain matrix products.

    Args:
        n_pairs: number of atom pairs.
        widths: units per hidden layer.
    """

    def __init__(self, n_pairs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        fan_ins = (n_pairs, *widths[:-1])
        self.weights = nn.ParameterList(
            [nn.Parameter(torch.zeros(n_out, n_in)) for n_in, n_out in zip(fan_ins, widths, strict=True)]
        )
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(n_out, 1)) for n_out in widths])
        self.slope = nn.Parameter(torch.zeros(n_pairs, 1))
        self.curvature = nn.Parameter(torch.zeros(widths[0], 1))
        self.readout = nn.Parameter(torch.zeros(widths[-1], 1))
        self.offset = nn.Parameter(torch.zeros(()))
        self.register_buffer("centre", torch.zeros(n_pairs, 1))
        self.register_buffer("inverse_spread", torch.ones(n_pairs, 1))
        self.register_buffer("energy_scale", torch.ones(()))

    @torch.no_grad()
    def initialise(
        self,
        inverse_distances: Float[Tensor, "pairs structures"],
        energy_scale: float,
        generator: torch.Generator,
    ) -> None:
        """Sets the statistics of the inputs and draws the weights (normal, variance 1/fan-in)."""
        self.centre.copy_(inverse_distances.mean(1, keepdim=True))
        self.inverse_spread.copy_(1.0 / inverse_distances.std(1, keepdim=True).clamp(min=LEAST_SPREAD_PER_ANGSTROM))
        self.energy_scale.fill_(energy_scale)
        for matrix in (*self.weights, self.readout.T):
            matrix.copy_(torch.randn(matrix.shape, generator=generator) / math.sqrt(matrix.shape[1]))

    @property
    def is_trained(self) -> bool:
        """Whether any step has been taken: the linear part starts at zero."""
        return bool(self.slope.detach().any())

    def forward(
        self, inverse_distances: Float[Tensor, "pairs columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "pairs columns"]]:
        """Energy in kcal/mol (up to a constant) and its derivative by each inverse distance, kcal/mol·Å."""
        features = (inverse_distances - self.centre) * self.inverse_spread
        hidden, slopes = features, []
        first = torch.addmm(self.biases[0], self.weights[0], features)
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            sums = torch.addmm(bias, weight, hidden) if index else first
            gate = torch.sigmoid(sums)
            hidden = sums * gate
            slopes.append(gate + hidden * (1.0 - gate))
        energy = self.slope.T @ features + self.curvature.T @ first.square() + self.readout.T @ hidden
        backward = self.readout
        for weight, slope in zip(reversed(self.weights[1:]), reversed(slopes[1:]), strict=True):
            backward = weight.T @ (slope * backward)
        inner = slopes[0] * backward + 2.0 * self.curvature * first
        derivative = torch.addmm(self.slope, self.weights[0].T, inner)
        return energy[0] * self.energy_scale + self.offset, derivative * (self.inverse_spread * self.energy_scale)
