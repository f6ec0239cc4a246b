"""NDCN: graph diffusion in a hidden space as a neural ODE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.errors import MsmdError
from msmd.graph import normalized_laplacian
from msmd.molecule import Molecule
from msmd.peers.evolution import DormandPrince, solve_at_times
from msmd.peers.peer import Peer, PeerConfig


@dataclass(frozen=True, kw_only=True)
class NDCNConfig(PeerConfig):
    """Settings of ``NDCN``.

    Attributes:
        learning_rate: Adam's; the paper's 0.01 is for one trajectory at a time.
        width: of the hidden state; the paper has 20 for one number per node, a molecule has seven.
        relative_tolerance, absolute_tolerance: of dopri5; ten times tighter than the published 1e-2 and 1e-3, under
            which a window's forecast depends visibly on the others of its batch.

    Raises:
        MsmdError: for a number that is not positive.
    """

    learning_rate: float = 1e-3
    width: int = 64
    relative_tolerance: float = 1e-3
    absolute_tolerance: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width < 1:
            raise MsmdError(f"width is {self.width}; expected at least 1.")


class NDCN(Peer):
    """Encoder, dH/dt = ReLU(Φ H W + b) with Φ = D^{-1/2} (D − A) D^{-1/2}, linear decoder.

        H(0) = φ_e(x(0) − x̄(0), v(0), Z),   x̂(t) = x(0) + σ · (H(t) W_d + b_d)

    Translation-equivariant (positions enter about their centre) and blind to the order of the atoms; not
    rotation-equivariant; nothing makes it return x(0) at t = 0.  Where it departs from the paper: velocity and atomic
    number among the inputs, and a decoder of displacements in units of their rms σ, where the paper decodes the signal
    itself; dopri5 over one horizon as the unit of time, where the authors' commands take Euler steps up to T = 5; the
    squared error without weight decay, where they have the absolute error with it.  The field has no other knowledge of
    time, as in the paper.

    Reference: Zang and Wang, "Neural Dynamics on Complex Networks", KDD 2020.
    """

    name = "ndcn"
    Config = NDCNConfig
    config: NDCNConfig
    n_inputs: ClassVar[int] = 7

    def __init__(self, molecule: Molecule, config: NDCNConfig) -> None:
        super().__init__(molecule, config)
        width = config.width
        diffusion = normalized_laplacian(self.modelled_molecule).toarray()
        self.register_buffer("diffusion", torch.tensor(diffusion, dtype=torch.float32), persistent=False)
        self.encoder = nn.Sequential(nn.Linear(self.n_inputs, width), nn.Tanh(), nn.Linear(width, width))
        self.mixing = nn.Linear(width, width)
        self.decoder = nn.Linear(width, 3)
        self.solver = DormandPrince(
            relative_tolerance=config.relative_tolerance,
            absolute_tolerance=config.absolute_tolerance,
        )

    def forward(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions of the modelled atoms at each time."""
        centred = positions - positions.mean(dim=-2, keepdim=True)
        charges = self.graph.charges.expand(len(positions), -1, -1)
        hidden = self.encoder(torch.cat([centred, velocities / self.velocity_rms, charges], dim=-1))
        evolved = solve_at_times(self.field, hidden, times_fs / self.horizon_fs, self.solver)
        return positions[:, None] + self.displacement_rms * self.decoder(evolved)

    def field(
        self, time: Float[Tensor, ""], hidden: Float[Tensor, "windows modelled width"]
    ) -> Float[Tensor, "windows modelled width"]:
        """dH/dt, per horizon."""
        return nn.functional.relu(self.mixing(self.diffusion @ hidden))
