"""Message-passing layers on positions, velocities and features, for one molecule's graph.

All take and return a ``NodeState`` whose leading axes are free (windows, or windows and times), so that one layer
serves encoder and decoder.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.nn import GCNConv

from msmd.peers.molecular_graph import MolecularGraph


class NodeState(NamedTuple):
    """What a layer knows of each atom: positions (Å), velocities (in units of their rms) and features."""

    positions: Float[Tensor, "*batch atoms 3"]
    velocities: Float[Tensor, "*batch atoms 3"]
    features: Float[Tensor, "*batch atoms width"]


def two_layer_network(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """Linear, SiLU, linear: the φ of all these papers."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, n_out))


class EdgeNetwork(nn.Module):
    """φ(n_i, n_j, e_ij) for every edge: a two-layer network on receiver, sender and edge values.

    Its first layer is split into three, W [n_i; n_j; e_ij] = W₁ n_i + W₂ n_j + W₃ e_ij, so that the products with n are
    taken once per atom instead of once per edge.
    """

    def __init__(self, n_nodal: int, n_edge: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(2 * n_nodal + n_edge, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.widths = (n_nodal, n_nodal, n_edge)

    def forward(
        self, nodal: Float[Tensor, "*batch atoms n"], edges: Float[Tensor, "*batch edges e"], graph: MolecularGraph
    ) -> Float[Tensor, "*batch edges hidden"]:
        """The messages, before any last activation."""
        to_receiver, to_sender, to_edge = self.first.weight.split(self.widths, dim=1)
        summed = graph.at_receivers(nodal @ to_receiver.T) + graph.at_senders(nodal @ to_sender.T)
        return self.second(nn.functional.silu(summed + edges @ to_edge.T + self.first.bias))


def squared_lengths(
    positions: Float[Tensor, "*batch atoms 3"], graph: MolecularGraph
) -> Float[Tensor, "*batch edges 1"]:
    """|x_i − x_j|² of every edge, Å²."""
    return (graph.at_receivers(positions) - graph.at_senders(positions)).square().sum(dim=-1, keepdim=True)


def with_edge_features(
    values: Float[Tensor, "*batch edges n"], graph: MolecularGraph
) -> Float[Tensor, "*batch edges m"]:
    """Edge values with the molecule's own edge features behind them."""
    return torch.cat([values, graph.edge_features.expand(*values.shape[:-2], -1, -1)], dim=-1)


class EquivariantLayer(nn.Module):
    """EGNN's layer with velocities, which moves with every translation, rotation and reflection of its input.

        m_ij = φ_e(h_i, h_j, |x_i − x_j|², e_ij)
        v_i ← φ_v(h_i) v_i + mean_j (x_i − x_j) φ_x(m_ij)
        x_i ← x_i + v_i
        h_i ← h_i + φ_h(h_i, Σ_j m_ij)

    The residual on h is that of the authors' code.  Where it departs from that: v is handed on from layer to layer
    (there every layer starts from v(0)), φ_x keeps its bias, and the distance at the start is no edge feature.  v
    carries the rms velocity's unit before and Å after the first layer; φ_v learns the factor.

    Reference: Satorras, Hoogeboom and Welling, ICML 2021, equations 3–7.
    """

    SMALL_GAIN = 1e-3
    """Initial gain of φ_x's last layer, so that a deep stack starts near the identity; that of the authors' code, which
    has no bias there."""

    def __init__(self, width: int, n_edge_features: int) -> None:
        super().__init__()
        self.message = EdgeNetwork(width, 1 + n_edge_features, width)
        self.push = two_layer_network(width, width, 1)
        self.inertia = two_layer_network(width, width, 1)
        self.update = two_layer_network(2 * width, width, width)
        nn.init.xavier_uniform_(self.push[-1].weight, gain=self.SMALL_GAIN)

    def forward(self, state: NodeState, graph: MolecularGraph) -> NodeState:
        """The state one layer on."""
        x, v, h = state
        arms = graph.at_receivers(x) - graph.at_senders(x)
        edges = with_edge_features(arms.square().sum(dim=-1, keepdim=True), graph)
        messages = nn.functional.silu(self.message(h, edges, graph))
        v = self.inertia(h) * v + graph.mean(arms * self.push(messages))
        h = h + self.update(torch.cat([h, graph.total(messages)], dim=-1))
        return NodeState(x + v, v, h)


class MeanMessageLayer(nn.Module):
    """GraphSAGE's mean aggregation on s = [x; v; h], with messages that see the edge:

        s_i ← s_i + φ_s(s_i, mean_j φ_m(s_i, s_j, |x_i − x_j|², e_ij))

    Positions and velocities are features like any other, so that it is neither rotation- nor translation-equivariant.

    Reference: Hamilton, Ying and Leskovec, NeurIPS 2017, in the form that GF-NODE uses.
    """

    def __init__(self, width: int, n_edge_features: int) -> None:
        super().__init__()
        self.width = width + 6
        self.message = EdgeNetwork(self.width, 1 + n_edge_features, self.width)
        self.update = two_layer_network(2 * self.width, self.width, self.width)

    def forward(self, state: NodeState, graph: MolecularGraph) -> NodeState:
        """The state one layer on."""
        stacked = torch.cat(state, dim=-1)
        edges = with_edge_features(squared_lengths(state.positions, graph), graph)
        received = graph.mean(self.message(stacked, edges, graph))
        stacked = stacked + self.update(torch.cat([stacked, received], dim=-1))
        return NodeState(*stacked.split([3, 3, self.width - 6], dim=-1))


class ConvolutionLayer(nn.Module):
    """A graph convolution on s = [x; v; h]: s_i ← s_i + φ(Σ_j s_j W / √(d_i d_j)).  Edges carry no features.

    Reference: Kipf and Welling, ICLR 2017 (torch-geometric's ``GCNConv``).
    """

    def __init__(self, width: int, n_edge_features: int) -> None:
        super().__init__()
        self.width = width + 6
        self.convolution = GCNConv(self.width, self.width, node_dim=-2)
        self.update = two_layer_network(self.width, self.width, self.width)

    def forward(self, state: NodeState, graph: MolecularGraph) -> NodeState:
        """The state one layer on."""
        stacked = torch.cat(state, dim=-1)
        stacked = stacked + self.update(self.convolution(stacked, graph.edge_index))
        return NodeState(*stacked.split([3, 3, self.width - 6], dim=-1))
