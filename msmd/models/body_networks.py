"""Networks on the displacements of modes in the body frame: potentials of one mode each, and forces of all together."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEAST_SPREAD = 1e-3
"""Å·u^{1/2}: a displacement that hardly varies in the data is not blown up by its standardisation."""


class DisplacementNetwork(nn.Module):
    """What both networks share: displacements in units of their spread in the training data, and forces of theirs."""

    def __init__(self, n_modes: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(n_modes, 3, 1))
        self.register_buffer("inverse_spread", torch.ones(n_modes, 3, 1))
        self.register_buffer("energy_scale", torch.ones(()))

    @torch.no_grad()
    def standardise(self, displacements: Float[Tensor, "modes 3 structures"], energy_scale: float) -> None:
        """Sets the statistics of the inputs and the scale of the forces (kcal/mol/Å)."""
        self.centre.copy_(displacements.mean(-1, keepdim=True))
        self.inverse_spread.copy_(1.0 / displacements.std(-1, keepdim=True).clamp(min=LEAST_SPREAD))
        self.energy_scale.fill_(energy_scale)


class ModePotentials(DisplacementNetwork):
    """E = Σ_k e_k(q_k) and its gradient: a potential of three coordinates for every mode, none of which sees another's.

    With u = (q_k − μ_k)/σ_k and h₁ = W₁u + b₁, separately for every k:

        e_k/s = a·u + c·h₁² + w·silu(h_L),   h_{l+1} = W_{l+1} silu(h_l) + b_{l+1}

    Args:
        n_modes: potentials.
        widths: units per hidden layer, of each.
    """

    def __init__(self, n_modes: int, widths: tuple[int, ...]) -> None:
        super().__init__(n_modes)
        shapes = [(n_out, n_in) for n_in, n_out in pairwise((3, *widths))]
        self.weights = nn.ParameterList([nn.Parameter(torch.zeros(n_modes, *shape)) for shape in shapes])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(n_modes, n_out, 1)) for n_out, _ in shapes])
        self.slope = nn.Parameter(torch.zeros(n_modes, 3, 1))
        self.curvature = nn.Parameter(torch.zeros(n_modes, widths[0], 1))
        self.readout = nn.Parameter(torch.zeros(n_modes, widths[-1], 1))
        self.offset = nn.Parameter(torch.zeros(()))

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draws the weights (normal, variance 1/fan-in)."""
        for matrix in (*self.weights, self.readout.mT):
            matrix.copy_(torch.randn(matrix.shape, generator=generator) / math.sqrt(matrix.shape[-1]))

    def forward(
        self, displacements: Float[Tensor, "modes 3 columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "modes 3 columns"]]:
        """Energy (kcal/mol) and ∂E/∂q (kcal/mol/Å/u^{1/2}) at q (Å·u^{1/2})."""
        features = (displacements - self.centre) * self.inverse_spread
        first = torch.baddbmm(self.biases[0], self.weights[0], features)
        hidden, slopes = features, []
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            sums = torch.baddbmm(bias, weight, hidden) if index else first
            gate = torch.sigmoid(sums)
            hidden = sums * gate
            slopes.append(gate + hidden * (1.0 - gate))
        energy = self.slope.mT @ features + self.curvature.mT @ first.square() + self.readout.mT @ hidden
        backward = self.readout
        for weight, slope in zip(reversed(self.weights[1:]), reversed(slopes[1:]), strict=True):
            backward = weight.mT @ (slope * backward)
        inner = slopes[0] * backward + 2.0 * self.curvature * first
        derivative = torch.baddbmm(self.slope, self.weights[0].mT, inner)
        return energy.sum(
            (0, 1)
        ) * self.energy_scale + self.offset, derivative * self.inverse_spread * self.energy_scale


class ModeForces(DisplacementNetwork):
    """Forces of all modes from the displacements of all modes, without a potential: f/s = A u + W silu(h_L).

    Args:
        n_modes: modes of three coordinates.
        widths: units per hidden layer.
    """

    def __init__(self, n_modes: int, widths: tuple[int, ...]) -> None:
        super().__init__(n_modes)
        n_in = 3 * n_modes
        self.layers = nn.ModuleList([nn.Linear(before, after) for before, after in pairwise((n_in, *widths))])
        self.linear = nn.Linear(n_in, n_in)
        self.readout = nn.Linear(widths[-1], n_in, bias=False)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    @torch.no_grad()
    def draw(self, generator: torch.Generator) -> None:
        """Draws the weights (normal, variance 1/fan-in) of the hidden layers and of what reads them."""
        for layer in (*self.layers, self.readout):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / math.sqrt(layer.in_features))

    def forward(self, displacements: Float[Tensor, "modes 3 columns"]) -> Float[Tensor, "modes 3 columns"]:
        """Forces (kcal/mol/Å) along the orthonormal modes, at q (Å·u^{1/2})."""
        features = ((displacements - self.centre) * self.inverse_spread).flatten(0, 1).T
        hidden = features
        for layer in self.layers:
            hidden = nn.functional.silu(layer(hidden))
        forces = self.linear(features) + self.readout(hidden)
        return forces.T.reshape(displacements.shape) * self.energy_scale
