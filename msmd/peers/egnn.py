"""EGNN: an equivariant graph neural network that is told which time to predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.errors import MsmdError
from msmd.molecule import Molecule
from msmd.peers.message_layers import EquivariantLayer, NodeState
from msmd.peers.peer import Peer, PeerConfig
from msmd.peers.time_embedding import check_embedding_width, sinusoidal_embedding

POSITIONS_PER_HORIZON = 3000.0
"""The embedding's unit of time: one frame of the papers' horizon."""


@dataclass(frozen=True, kw_only=True)
class EGNNConfig(PeerConfig):
    """Settings of ``EGNN``.

    Attributes:
        n_layers, width: of the network; the sizes that EGNO's comparison on MD17 used.
        time_width: of the embedding of the time.

    Raises:
        MsmdError: for a number that is not positive.
    """

    n_layers: int = 5
    width: int = 64
    time_width: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_layers", "width"):
            if getattr(self, name) < 1:
                raise MsmdError(f"{name} is {getattr(self, name)}; expected at least 1.")
        check_embedding_width("time_width", self.time_width)


class EGNN(Peer):
    """E(n)-equivariant layers on (x(0), v(0), [|v(0)|, Z, sinusoidal(t)]), once for every time.

    Moves with every translation, rotation and reflection, and with the order of the atoms.  Nothing makes it return
    x(0) at t = 0.  The paper predicts one fixed time; the embedding of the time is how MD17's eight are told apart.

    Reference: Satorras, Hoogeboom and Welling, "E(n) Equivariant Graph Neural Networks", ICML 2021.
    """

    name = "egnn"
    Config = EGNNConfig
    config: EGNNConfig
    n_atom_features: ClassVar[int] = 2

    def __init__(self, molecule: Molecule, config: EGNNConfig) -> None:
        super().__init__(molecule, config)
        self.embedding = nn.Linear(self.n_atom_features + config.time_width, config.width)
        self.layers = nn.ModuleList(
            EquivariantLayer(config.width, self.graph.n_edge_features) for _ in range(config.n_layers)
        )

    def forward(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions of the modelled atoms at each time."""
        state = self.initial_state(positions, velocities, POSITIONS_PER_HORIZON * times_fs / self.horizon_fs)
        for layer in self.layers:
            state = layer(state, self.graph)
        return state.positions

    def initial_state(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times: Float[Tensor, "windows times"],
    ) -> NodeState:
        """The start frame, once for every time, with the time's embedding in h."""
        velocities = velocities / self.velocity_rms
        speeds = velocities.norm(dim=-1, keepdim=True)
        atom_features = torch.cat([speeds, self.graph.charges.expand_as(speeds)], dim=-1)
        embedded = sinusoidal_embedding(times, self.config.time_width)
        n_times, n_atoms = times.shape[1], positions.shape[1]
        inputs = torch.cat(
            [
                atom_features[:, None].expand(-1, n_times, -1, -1),
                embedded[:, :, None].expand(-1, -1, n_atoms, -1),
            ],
            dim=-1,
        )
        repeated = (x[:, None].expand(-1, n_times, -1, -1) for x in (positions, velocities))
        return NodeState(*repeated, self.embedding(inputs))
