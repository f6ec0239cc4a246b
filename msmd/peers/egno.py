"""EGNO: equivariant layers with convolutions over time, all times of a window at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.errors import MsmdError
from msmd.molecule import Molecule
from msmd.peers.egnn import EGNN, EGNNConfig
from msmd.peers.message_layers import NodeState
from msmd.peers.time_slots import in_slots, out_of_slots
from msmd.peers.window_batches import WindowBatch


@dataclass(frozen=True, kw_only=True)
class EGNOConfig(EGNNConfig):
    """Settings of ``EGNO``.

    Attributes:
        n_time_modes: lowest temporal frequencies that the convolutions keep.
        n_steps, batch_size: as published: 5000 epochs of 500 windows, 100 at a time.

    Raises:
        MsmdError: for a number that is not positive.
    """

    n_time_modes: int = 2
    n_steps: int = 25_000
    batch_size: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_time_modes < 1:
            raise MsmdError(f"n_time_modes is {self.n_time_modes}; expected at least 1.")


class TemporalConvolution(nn.Module):
    """F⁻¹(W_k · F(y)_k) over the time axis, for the lowest frequencies k; all others are dropped.

    W_k is a complex matrix over channels, alike for x, y and z, so that vectors in give vectors out.

    Reference: Li et al., Fourier Neural Operator, ICLR 2021.
    """

    def __init__(self, n_channels: int, n_modes: int, initial_scale: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(initial_scale * torch.rand(n_modes, n_channels, n_channels, 2))

    def forward(
        self, signal: Float[Tensor, "windows times parts channels"]
    ) -> Float[Tensor, "windows times parts channels"]:
        """The filtered signal."""
        n_times = signal.shape[1]
        weights = torch.view_as_complex(self.weights)
        spectrum = torch.fft.rfft(signal, dim=1)[:, : len(weights)]
        mixed = torch.einsum("wkpi,kio->wkpo", spectrum, weights[: spectrum.shape[1]])
        return torch.fft.irfft(mixed, n=n_times, dim=1)


class TemporalLayer(nn.Module):
    """One convolution over time for h, another for (x − x̄(0), v), both added to what was there.

    h ← h + LeakyReLU(conv(h)),   (x − x̄, v) ← (x − x̄, v) + conv(x − x̄, v)
    """

    VECTOR_SCALE = 0.1
    """Upper end of the vector weights at the start, as published; those of h are 1/width²."""

    def __init__(self, width: int, n_modes: int) -> None:
        super().__init__()
        self.features = TemporalConvolution(width, n_modes, initial_scale=1 / width**2)
        self.vectors = TemporalConvolution(2, n_modes, initial_scale=self.VECTOR_SCALE)

    def forward(self, state: NodeState, centre: Float[Tensor, "windows 1 1 3"]) -> NodeState:
        """The state with its times mixed."""
        h = state.features + nn.functional.leaky_relu(self.features(state.features))
        vectors = torch.stack([state.positions - centre, state.velocities], dim=-1)
        mixed = vectors + self.vectors(vectors.flatten(2, 3)).view_as(vectors)
        return NodeState(mixed[..., 0] + centre, mixed[..., 1], h)


class EGNO(EGNN):
    """EGNN layers, each after an equivariant convolution over the times of a window.

    Moves with every translation, rotation and reflection, and with the order of the atoms.  Nothing makes it return
    x(0) at t = 0.

    The Fourier transform runs over slots, equally spaced whatever the times are; irregular times reach the network
    through their embedding alone, by t/horizon·T − 1, which is the paper's slot number when times are even.  A forecast
    at one time depends on the others it is asked with: other numbers of times than it was trained with are served in
    rounds of that many (``time_slots``).

    Where it departs from the authors' code: as ``EquivariantLayer`` does (but for φ_x's bias, which theirs has too), by
    that layer's residual on h and small initial gain, which theirs lacks, by no limit to the mean push, by no flag for
    rigid bonds among the edge features, and by units: velocities over their rms, atomic numbers over the largest.

    Reference: Xu et al., "Equivariant Graph Neural Operator for Modeling 3D Dynamics", ICML 2024.
    """

    name = "egno"
    Config = EGNOConfig
    config: EGNOConfig

    def __init__(self, molecule: Molecule, config: EGNOConfig) -> None:
        super().__init__(molecule, config)
        self.register_buffer("n_times", torch.tensor(8))
        self.temporal = nn.ModuleList(TemporalLayer(config.width, config.n_time_modes) for _ in range(config.n_layers))

    def measure(self, windows: WindowBatch, horizon_fs: float) -> None:
        """Sets the statistics, the number of times per window among them."""
        super().measure(windows, horizon_fs)
        self.n_times.fill_(windows.times_fs.shape[1])

    def forward(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions of the modelled atoms at each time."""
        rounds, places = in_slots(times_fs / self.horizon_fs, int(self.n_times))
        n_rounds = rounds.shape[1]
        repeated = (x.repeat_interleave(n_rounds, dim=0) for x in (positions, velocities))
        served = self._serve(*repeated, rounds.flatten(0, 1))
        return out_of_slots(served.unflatten(0, (-1, n_rounds)), places)

    def _serve(
        self,
        positions: Float[Tensor, "rounds modelled 3"],
        velocities: Float[Tensor, "rounds modelled 3"],
        times: Float[Tensor, "rounds slots"],
    ) -> Float[Tensor, "rounds slots modelled 3"]:
        centre = positions.mean(dim=-2, keepdim=True)[:, None]
        state = self.initial_state(positions, velocities, times * times.shape[1] - 1)
        for temporal, layer in zip(self.temporal, self.layers, strict=True):
            state = layer(temporal(state, centre), self.graph)
        return state.positions
