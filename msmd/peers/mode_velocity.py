"""GF-NODE's vector field over modes: what it knows of time, how modes see each other, and a linear map per mode."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.peers.time_embedding import sinusoidal_embedding

POSITIONS_PER_HORIZON = 3000.0
"""Sinusoidal embeddings were made for frame indices; the papers' horizon has 3000 of them."""

HIDDEN = 128
"""Width of the small networks for time and for concatenated modes."""


class NoTime(nn.Module):
    """An autonomous field."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = 0

    def forward(self, time: Float[Tensor, ""]) -> Float[Tensor, " width"]:
        """Nothing."""
        return time.new_zeros(0)


class RepeatedTime(nn.Module):
    """The time itself, ``width`` times over (redundant, but so it was published)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, time: Float[Tensor, ""]) -> Float[Tensor, " width"]:
        """(t, t, …, t)."""
        return time.expand(self.width)


class LearnedTime(nn.Module):
    """A small network of the time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.network = nn.Sequential(nn.Linear(1, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, width))

    def forward(self, time: Float[Tensor, ""]) -> Float[Tensor, " width"]:
        """φ(t)."""
        return self.network(time[None])


class SinusoidalTime(nn.Module):
    """Sines and cosines of the time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, time: Float[Tensor, ""]) -> Float[Tensor, " width"]:
        """The embedding of the time in frames."""
        return sinusoidal_embedding(POSITIONS_PER_HORIZON * time, self.width)


TIME_FEATURES: dict[str, type[nn.Module]] = {
    "none": NoTime,
    "concat": RepeatedTime,
    "mlp": LearnedTime,
    "posenc": SinusoidalTime,
}
"""How the field sees the time, by its name in a config."""


class SeparateModes(nn.Module):
    """Modes do not see each other."""

    def __init__(self, n_modes: int, n_channels: int) -> None:
        super().__init__()

    def forward(self, modal: Float[Tensor, "*batch modes channels"]) -> Float[Tensor, "*batch modes channels"]:
        """The state as it is."""
        return modal


class AttendingModes(nn.Module):
    """One head of attention over modes, then a linear layer; nothing tells one mode from another but its values."""

    def __init__(self, n_modes: int, n_channels: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(n_channels, num_heads=1, batch_first=True)
        self.linear = nn.Linear(n_channels, n_channels)

    def forward(self, modal: Float[Tensor, "*batch modes channels"]) -> Float[Tensor, "*batch modes channels"]:
        """Each mode's mixture of all modes."""
        sequences = modal.flatten(0, -3)
        mixed, _ = self.attention(sequences, sequences, sequences, need_weights=False)
        return self.linear(mixed).view_as(modal)


class ConcatenatedModes(nn.Module):
    """A two-layer network on all modes at once."""

    def __init__(self, n_modes: int, n_channels: int) -> None:
        super().__init__()
        joint = n_modes * n_channels
        self.network = nn.Sequential(nn.Linear(joint, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, joint))

    def forward(self, modal: Float[Tensor, "*batch modes channels"]) -> Float[Tensor, "*batch modes channels"]:
        """Each mode's part of the network's output."""
        return self.network(modal.flatten(-2)).view_as(modal)


MODE_INTERACTIONS: dict[str, type[nn.Module]] = {
    "none": SeparateModes,
    "attention": AttendingModes,
    "concat": ConcatenatedModes,
}
"""How modes see each other, by its name in a config."""


class ModeVelocity(nn.Module):
    """dy_k/dt = W_k · interaction([y; τ(t)])_k for every mode k.

    Args:
        n_modes, n_channels: of the state.
        interaction: a name in ``MODE_INTERACTIONS``.
        time: a name in ``TIME_FEATURES``.
        time_width: number of time features.
    """

    def __init__(self, n_modes: int, n_channels: int, *, interaction: str, time: str, time_width: int) -> None:
        super().__init__()
        self.time_features = TIME_FEATURES[time](time_width)
        n_joint = n_channels + self.time_features.width
        self.interaction = MODE_INTERACTIONS[interaction](n_modes, n_joint)
        # The published initial weights: uniform between 0 and 1/(inputs × outputs), so that hardly anything moves.
        self.weights = nn.Parameter(torch.rand(n_modes, n_joint, n_channels) / n_channels**2)

    def forward(
        self, time: Float[Tensor, ""], modal: Float[Tensor, "*batch modes channels"]
    ) -> Float[Tensor, "*batch modes channels"]:
        """The time derivative; ``time`` in horizons."""
        features = self.time_features(time).to(modal)
        joint = torch.cat([modal, features.expand(*modal.shape[:-1], -1)], dim=-1)
        return torch.einsum("...mi,mio->...mo", self.interaction(joint), self.weights)
