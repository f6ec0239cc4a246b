"""A network from a start and a time to where every mode is then."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.units import WAVENUMBER_PER_INVERSE_FS

START_FS = 10.0
"""Over this time the gate 1 − exp(−t/τ) opens: as fast as the fastest vibration turns."""


class DirectNetwork(nn.Module):
    """Δq(t)/σ = (1 − e^{−t/τ}) (W₀h + W silu(h_L)),   h = (A u + a) ⊙ (B φ(t) + b),   h_{l+1} = W_l silu(h_l) + b_l

    u are the modes' displacements and momenta at the start in units of their spreads, φ(t) sines and cosines of the
    time.  Their product lets an amplitude that the start decides swing with any of the sinusoids; the gate gives
    Δq(0) = 0.

    Args:
        n_modes: modes of three coordinates.
        widths: units per hidden layer, the first of them those of h.
        n_sinusoids: wave numbers of φ.
        highest_wavenumber: the last of them, cm⁻¹.
    """

    def __init__(self, n_modes: int, widths: tuple[int, ...], n_sinusoids: int, highest_wavenumber: float) -> None:
        super().__init__()
        self.n_modes = n_modes
        wavenumbers = torch.arange(1, n_sinusoids + 1, dtype=torch.float64) * (highest_wavenumber / n_sinusoids)
        self.register_buffer("frequencies", 2.0 * math.pi / WAVENUMBER_PER_INVERSE_FS * wavenumbers, persistent=False)
        self.register_buffer("centre", torch.zeros(6 * n_modes))
        self.register_buffer("spread", torch.ones(6 * n_modes))
        self.register_buffer("reach", torch.ones(3 * n_modes))
        self.state = nn.Linear(6 * n_modes, widths[0])
        self.time = nn.Linear(2 * n_sinusoids, widths[0])
        self.layers = nn.ModuleList([nn.Linear(before, after) for before, after in pairwise(widths)])
        self.linear = nn.Linear(widths[0], 3 * n_modes, bias=False)
        self.readout = nn.Linear(widths[-1], 3 * n_modes)

    @torch.no_grad()
    def initialise(
        self, states: Float[Tensor, "starts state"], spread: Float[Tensor, " modal"], generator: torch.Generator
    ) -> None:
        """Sets the statistics and draws the weights (normal, variance 1/fan-in).

        Args:
            states: displacements and momenta of the training starts.
            spread: of the displacements about their mean; what is predicted is √2 of it.
        """
        self.centre.copy_(states.mean(0))
        self.spread.copy_(states.std(0).clamp(min=1e-9))
        self.reach.copy_(math.sqrt(2.0) * spread)
        for layer in (self.state, self.time, *self.layers, self.linear, self.readout):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator) / math.sqrt(layer.in_features))
            if layer.bias is not None:
                layer.bias.zero_()

    def forward(
        self, states: Float[Tensor, "samples state"], times_fs: Float[Tensor, " samples"]
    ) -> Float[Tensor, "samples modal"]:
        """Δq in Å·u^{1/2}, three coordinates per mode, at times after the starts."""
        phases = times_fs.double()[:, None] * self.frequencies
        told = torch.cat([phases.sin(), phases.cos()], -1).to(states.dtype)
        product = self.state((states - self.centre) / self.spread) * self.time(told)
        hidden = nn.functional.silu(product)
        for layer in self.layers:
            hidden = nn.functional.silu(layer(hidden))
        gate = -torch.expm1(-times_fs.to(states.dtype) / START_FS)
        return gate[:, None] * (self.linear(product) + self.readout(hidden)) * self.reach
