"""GF-NODE: Graph Fourier Neural ODEs, the published method that this project started from.

Sun, Huang, Wang, Tang, Luo, Wang and Sun, "Graph Fourier Neural ODEs: Modeling Spatial-temporal Multi-scales in
Molecular Dynamics", arXiv:2411.01600; details as its authors coded them.  It is not equivariant: see ``GFNODE``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.errors import MsmdError, unknown_name
from msmd.molecule import Molecule
from msmd.peers.evolution import EVOLUTIONS, DormandPrince
from msmd.peers.message_layers import ConvolutionLayer, EquivariantLayer, MeanMessageLayer, NodeState
from msmd.peers.modal_bases import BASES
from msmd.peers.mode_velocity import MODE_INTERACTIONS, POSITIONS_PER_HORIZON, TIME_FEATURES, ModeVelocity
from msmd.peers.peer import Peer, PeerConfig
from msmd.peers.time_embedding import check_embedding_width, sinusoidal_embedding

LAYERS: dict[str, type[nn.Module]] = {
    "graphsage": MeanMessageLayer,
    "egnn": EquivariantLayer,
    "gcn": ConvolutionLayer,
}
"""Message-passing layers by their name in a config."""


@dataclass(frozen=True, kw_only=True)
class GFNODEConfig(PeerConfig):
    """Settings of ``GFNODE``; the defaults are the published ones, the rest its ablations.

    Attributes:
        basis: spatial transform: ``graph``, ``fourier`` (over the order of the atoms) or ``none`` (every atom a mode).
        n_modes: lowest modes that evolve; without a basis, all atoms do.
        evolution: ``ode``, or ``none`` for one step that is the same at all times.
        interaction: between modes: ``attention``, ``concat`` or ``none``.
        time: what the field sees of it: ``concat``, ``mlp``, ``posenc`` or ``none``.
        propagate_positions, propagate_features: whether (x − x̄, v) and h evolve, or stay what the encoder made them.
        layers: of encoder and decoder: ``graphsage``, ``egnn`` or ``gcn``.
        n_layers, width: of the encoder; the decoder has as many, wider by ``time_width``.
        time_width: of the embedding of the time, in field and decoder.
        relative_tolerance, absolute_tolerance: of dopri5.

    Raises:
        UnknownNameError: for a switch that does not exist.
        MsmdError: for a number that is not positive.
    """

    basis: str = "graph"
    n_modes: int = 2
    evolution: str = "ode"
    interaction: str = "attention"
    time: str = "concat"
    propagate_positions: bool = True
    propagate_features: bool = True
    layers: str = "graphsage"
    n_layers: int = 5
    width: int = 64
    time_width: int = 32
    relative_tolerance: float = 1e-3
    absolute_tolerance: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        registries = {
            "basis": BASES,
            "evolution": EVOLUTIONS,
            "interaction": MODE_INTERACTIONS,
            "time": TIME_FEATURES,
            "layers": LAYERS,
        }
        for switch, choices in registries.items():
            if getattr(self, switch) not in choices:
                raise unknown_name(f"{switch} of gf-node", getattr(self, switch), choices)
        for name in ("n_modes", "n_layers", "width"):
            if getattr(self, name) < 1:
                raise MsmdError(f"{name} is {getattr(self, name)}; expected at least 1.")
        check_embedding_width("time_width", self.time_width)


class ModalEvolution(nn.Module):
    """y(t) = y(0) + SiLU(U_K Φ_t(U_Kᵀ y(0))), Φ_t the flow of a field over the first K modes of a basis U.

    SiLU acts on x, y and z one by one, which is where rotation is lost whatever the layers are.
    """

    def __init__(self, molecule: Molecule, n_channels: int, config: GFNODEConfig) -> None:
        super().__init__()
        n_modes = molecule.n_atoms if config.basis == "none" else config.n_modes
        if n_modes > molecule.n_atoms:
            raise MsmdError(
                f"n_modes is {n_modes}; {molecule.name!r} has {molecule.n_atoms} modelled atoms and as many modes."
            )
        basis = BASES[config.basis](molecule)[:, :n_modes]
        self.register_buffer("basis", torch.tensor(basis, dtype=torch.float32))
        self.field = ModeVelocity(
            n_modes, n_channels, interaction=config.interaction, time=config.time, time_width=config.time_width
        )
        self.evolve = EVOLUTIONS[config.evolution]
        self.solver = DormandPrince(
            relative_tolerance=config.relative_tolerance,
            absolute_tolerance=config.absolute_tolerance,
        )

    def forward(
        self, nodal: Float[Tensor, "windows parts atoms channels"], times: Float[Tensor, "windows times"]
    ) -> Float[Tensor, "windows times parts atoms channels"]:
        """The evolved state; ``times`` in horizons, parts (x, y, z) evolve alike and apart."""
        modal = self.evolve(self.field, self.basis.T @ nodal, times, self.solver)
        return nodal[:, None] + nn.functional.silu(self.basis @ modal)


class GFNODE(Peer):
    """GF-NODE: encoder, neural ODE over the lowest graph Fourier modes, decoder at each time.

        (x, v, h) = encoder(x(0), v(0), [|v(0)|, Z])
        h(t) = h + SiLU(U Φ_t Uᵀ h),  the same for (x − x̄(0), v)
        x̂(t) = decoder(x(t), v(t), [h(t); sinusoidal(t)])

    What it is not: with the published layers (``graphsage``) neither rotation- nor translation-equivariant, with
    ``egnn`` layers translation-equivariant only, and with no layers does it return x(0) at t = 0.  Where it departs
    from the published code: continuous times instead of frame indices; velocities in units of their rms and atomic
    numbers over the largest; no hand-made flag for rigid bonds among the edge features (860 parameters), and the
    distance of two atoms as each layer has it, where theirs keeps that of the start; the plain Fourier basis is real,
    so that every field works with it; ``gcn`` is Kipf and Welling's.
    """

    name = "gf-node"
    Config = GFNODEConfig
    config: GFNODEConfig
    n_input_features: ClassVar[int] = 2

    def __init__(self, molecule: Molecule, config: GFNODEConfig) -> None:
        super().__init__(molecule, config)
        layer, n_edge = LAYERS[config.layers], self.graph.n_edge_features
        self.embedding = nn.Linear(self.n_input_features, config.width)
        self.encoder = nn.ModuleList(layer(config.width, n_edge) for _ in range(config.n_layers))
        self.decoder = nn.ModuleList(layer(config.width + config.time_width, n_edge) for _ in range(config.n_layers))
        self.feature_evolution = ModalEvolution(self.modelled_molecule, config.width, config)
        self.motion_evolution = ModalEvolution(self.modelled_molecule, 2, config)

    def renumbered(self, order: Sequence[int]) -> GFNODE:
        """The same forecaster for the molecule whose atom k is atom ``order[k]`` of this one.

        Its modes go along: another basis of equal eigenvalues, or another sign, would be another model.
        """
        other = GFNODE(self.molecule.renumbered(order), self.config)
        places = {old: place for place, old in enumerate(self.modelled.tolist())}
        rows = torch.tensor([places[order[new]] for new in other.modelled.tolist()])
        moved = {name: part[rows] for name, part in self.state_dict().items() if name.endswith(".basis")}
        other.load_state_dict(self.state_dict() | moved)
        return other.eval()

    def forward(
        self,
        positions: Float[Tensor, "windows modelled 3"],
        velocities: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions of the modelled atoms at each time."""
        centre = positions.mean(dim=-2, keepdim=True)
        state = self._encode(positions, velocities / self.velocity_rms)
        times = times_fs / self.horizon_fs
        state = self._evolve(state, centre, times)
        for layer in self.decoder:
            state = layer(state, self.graph)
        return state.positions

    def _encode(self, positions: Tensor, velocities: Tensor) -> NodeState:
        speeds = velocities.norm(dim=-1, keepdim=True)
        inputs = torch.cat([speeds, self.graph.charges.expand_as(speeds)], dim=-1)
        state = NodeState(positions, velocities, self.embedding(inputs))
        for layer in self.encoder:
            state = layer(state, self.graph)
        return state

    def _evolve(self, state: NodeState, centre: Tensor, times: Tensor) -> NodeState:
        """The state at each time, the time's embedding among its features."""
        motion = torch.stack([state.positions - centre, state.velocities], dim=-1).transpose(1, 2)
        features = state.features[:, None]
        motions = self._evolved(self.motion_evolution, motion, times, self.config.propagate_positions)
        motions = motions.transpose(2, 3)
        evolved = self._evolved(self.feature_evolution, features, times, self.config.propagate_features)[:, :, 0]
        embedded = sinusoidal_embedding(POSITIONS_PER_HORIZON * times, self.config.time_width)
        embedded = embedded[:, :, None].expand(-1, -1, evolved.shape[2], -1)
        return NodeState(motions[..., 0] + centre[:, None], motions[..., 1], torch.cat([evolved, embedded], dim=-1))

    @staticmethod
    def _evolved(evolution: ModalEvolution, nodal: Tensor, times: Tensor, propagates: bool) -> Tensor:
        return evolution(nodal, times) if propagates else nodal[:, None].expand(-1, times.shape[1], -1, -1, -1)
