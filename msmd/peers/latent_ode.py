"""LG-ODE: a graph encoder infers a latent start, a graph neural ODE moves it, a decoder reads positions off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.errors import MsmdError
from msmd.molecule import Molecule
from msmd.peers.evolution import DormandPrince, solve_at_times
from msmd.peers.message_layers import EdgeNetwork, two_layer_network
from msmd.peers.molecular_graph import MolecularGraph
from msmd.peers.peer import Peer, PeerConfig
from msmd.peers.window_batches import WindowBatch


@dataclass(frozen=True, kw_only=True)
class LatentODEConfig(PeerConfig):
    """Settings of ``LatentODE``; sizes as published.

    Attributes:
        learning_rate: Adam's.
        encoder_width, n_encoder_layers: of the recognition network.
        latent_width: of the random part of each atom's latent start.
        augmented_width: zeros added to it, for the ODE to move in.
        field_width: of the networks in the ODE.
        observation_std: standard deviation of a position about the decoded one, in units of the rms displacement; it
            weighs the Kullback–Leibler term.
        relative_tolerance, absolute_tolerance: of dopri5; the paper's rk4 steps from one observed time to the next,
            which irregular times would make uneven.

    Raises:
        MsmdError: for a number that is not positive.
    """

    learning_rate: float = 5e-4
    encoder_width: int = 64
    n_encoder_layers: int = 2
    latent_width: int = 16
    augmented_width: int = 64
    field_width: int = 128
    observation_std: float = 0.01
    relative_tolerance: float = 1e-3
    absolute_tolerance: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        positive = ("encoder_width", "n_encoder_layers", "latent_width", "field_width", "observation_std")
        for name in positive:
            if not getattr(self, name) > 0:
                raise MsmdError(f"{name} is {getattr(self, name)}; expected a positive number.")
        if self.augmented_width < 0:
            raise MsmdError(f"augmented_width is {self.augmented_width}; expected 0 or more.")


class NeighbourAttention(nn.Module):
    """h_i ← h_i + GELU(Σ_j softmax_j(q_i·k_j/√d) v_j), over an atom, its neighbours and theirs.

    The paper's encoder attends over the observations of an object and its neighbours at many times; with one observed
    frame all time differences are zero.  Theirs has weights of its own for an object itself, ours one set for all.
    """

    def __init__(self, width: int, graph: MolecularGraph) -> None:
        super().__init__()
        self.projections = nn.Linear(width, 3 * width)
        self.norm = nn.LayerNorm(width)
        near = torch.eye(len(graph.charges), dtype=torch.bool)
        near[graph.receivers, graph.senders] = True
        self.register_buffer("near", near, persistent=False)

    def forward(self, features: Float[Tensor, "windows atoms width"]) -> Float[Tensor, "windows atoms width"]:
        """The features one layer on."""
        query, key, value = self.projections(self.norm(features)).chunk(3, dim=-1)
        received = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=self.near)
        return features + nn.functional.gelu(received)


class LatentODE(Peer):
    """Latent graph ODE.

        q(z_i(0) | x(0), v(0)) = N(μ_i, σ_i²),  (μ, log σ²) = attention encoder
        dz_i/dt = f_O(Σ_j f_R(z_i, z_j)),   x̂(t) = x(0) + σ_x · f_D(z(t))

    Trained on the evidence lower bound; ``predict`` starts from the mean μ. Translation-equivariant (positions
    enter about their centre) and blind to the order of the atoms; not rotation-equivariant; nothing makes it return
    x(0) at t = 0.  Where it departs from the paper: one observed frame, which holds the velocity too; the decoder
    gives displacements in units of their rms, from the augmented part too; the weight of the Kullback–Leibler term
    is constant, and one start is drawn per window where theirs draws three; Adam without dropout and weight decay,
    as for the other peers.  The authors' field has more to it: all pairs of objects, a normalised input layer, and
    the object itself beside what it receives.

    Reference: Huang, Sun and Wang, "Learning Continuous System Dynamics from Irregularly-Sampled Partial
    Observations", NeurIPS 2020.
    """

    name = "lg-ode"
    Config = LatentODEConfig
    config: LatentODEConfig
    n_inputs: ClassVar[int] = 7

    def __init__(self, molecule: Molecule, config: LatentODEConfig) -> None:
        super().__init__(molecule, config)
        width, latent, field = config.encoder_width, config.latent_width, config.field_width
        self.embedding = nn.Linear(self.n_inputs, width)
        self.encoder = nn.Sequential(*(NeighbourAttention(width, self.graph) for _ in range(config.n_encoder_layers)))
        self.posterior = two_layer_network(width, width, 2 * latent)
        self.relation = EdgeNetwork(latent + config.augmented_width, self.graph.n_edge_features, field)
        self.object = two_layer_network(field, field, latent + config.augmented_width)
        self.decoder = nn.Linear(latent + config.augmented_width, 3)
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
        """Positions of the modelled atoms at each time, from the mean of the latent start."""
        mean, _ = self.encode(positions, velocities)
        return self.decode(mean, positions, times_fs)

    def loss(self, batch: WindowBatch, generator: torch.Generator) -> Float[Tensor, ""]:
        """The negative evidence lower bound times 2 s² per coordinate, s the observation's standard deviation:

        mean (x̂ − x)² + 2 s² KL(q ‖ N(0, 1)) / coordinates,   Å²
        """
        mean, log_variance = self.encode(batch.positions, batch.velocities)
        noise = torch.randn(mean.shape, generator=generator, device=generator.device).to(mean)
        predicted = self.decode(mean + noise * (0.5 * log_variance).exp(), batch.positions, batch.times_fs)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        weight = 2 * (self.config.observation_std * self.displacement_rms) ** 2
        return (predicted - batch.targets).square().mean() + weight * divergence / batch.targets.numel()

    def encode(
        self, positions: Float[Tensor, "windows modelled 3"], velocities: Float[Tensor, "windows modelled 3"]
    ) -> tuple[Float[Tensor, "windows modelled latent"], Float[Tensor, "windows modelled latent"]]:
        """Mean and log-variance of each atom's latent start."""
        centred = positions - positions.mean(dim=-2, keepdim=True)
        charges = self.graph.charges.expand(len(positions), -1, -1)
        inputs = torch.cat([centred, velocities / self.velocity_rms, charges], dim=-1)
        mean, log_variance = self.posterior(self.encoder(self.embedding(inputs))).chunk(2, dim=-1)
        return mean, log_variance

    def decode(
        self,
        latent: Float[Tensor, "windows modelled latent"],
        positions: Float[Tensor, "windows modelled 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times modelled 3"]:
        """Positions at each time, from a latent start."""
        start = nn.functional.pad(latent, (0, self.config.augmented_width))
        evolved = solve_at_times(self.field, start, times_fs / self.horizon_fs, self.solver)
        return positions[:, None] + self.displacement_rms * self.decoder(evolved)

    def field(
        self, time: Float[Tensor, ""], latent: Float[Tensor, "windows modelled joint"]
    ) -> Float[Tensor, "windows modelled joint"]:
        """dz/dt, per horizon."""
        edges = self.graph.edge_features.expand(*latent.shape[:-2], -1, -1)
        return self.object(self.graph.total(nn.functional.silu(self.relation(latent, edges, self.graph))))
