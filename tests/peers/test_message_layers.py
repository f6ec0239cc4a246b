"""Message passing: the fast edge network is the plain one, and each layer has the symmetry it states."""

from __future__ import annotations

import pytest
import torch

from msmd.data.registry import molecule_card
from msmd.peers.message_layers import ConvolutionLayer, EdgeNetwork, EquivariantLayer, MeanMessageLayer, NodeState
from msmd.peers.molecular_graph import MolecularGraph

MOLECULE = molecule_card("ethanol").molecule
LAYERS = (EquivariantLayer, MeanMessageLayer, ConvolutionLayer)


@pytest.fixture
def graph() -> MolecularGraph:
    """All nine atoms of ethanol."""
    return MolecularGraph(MOLECULE)


@pytest.fixture
def state() -> NodeState:
    """Two random windows."""
    generator = torch.Generator().manual_seed(0)
    return NodeState(*(torch.randn(2, 9, n, generator=generator) for n in (3, 3, 6)))


def test_edges_are_one_and_two_bonds_long(graph: MolecularGraph) -> None:
    n_bonds, n_angles = 8, 6 + 6 + 1  # two sp3 carbons with four neighbours each, one oxygen with two
    assert len(graph.senders) == 2 * (n_bonds + n_angles)
    hops = graph.edge_features[:, 2]
    assert (hops == 1).sum() == 2 * n_bonds
    assert not (graph.senders == graph.receivers).any()


def test_sums_and_means_over_edges(graph: MolecularGraph) -> None:
    ones = torch.ones(len(graph.senders), 1)
    degrees = torch.bincount(graph.receivers, minlength=9).float()
    torch.testing.assert_close(graph.total(ones)[:, 0], degrees)
    torch.testing.assert_close(graph.mean(ones)[:, 0], torch.ones(9))


def test_edge_network_is_a_network_on_the_concatenation(graph: MolecularGraph, state: NodeState) -> None:
    torch.manual_seed(0)
    network = EdgeNetwork(6, 3, 10)
    joined = torch.cat(
        [
            graph.at_receivers(state.features),
            graph.at_senders(state.features),
            graph.edge_features.expand(2, -1, -1),
        ],
        dim=-1,
    )
    plain = network.second(torch.nn.functional.silu(network.first(joined)))
    fast = network(state.features, graph.edge_features.expand(2, -1, -1), graph)
    torch.testing.assert_close(fast, plain, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_leading_axes_are_free(kind: type[torch.nn.Module], graph: MolecularGraph, state: NodeState) -> None:
    torch.manual_seed(0)
    layer = kind(6, graph.n_edge_features)
    flat = layer(state, graph)
    deep = layer(NodeState(*(x[:, None].expand(-1, 4, -1, -1) for x in state)), graph)
    for one, many in zip(flat, deep, strict=True):
        torch.testing.assert_close(many, one[:, None].expand_as(many), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_an_atom_hears_two_bonds_far_and_no_further(
    kind: type[torch.nn.Module], graph: MolecularGraph, state: NodeState
) -> None:
    torch.manual_seed(0)
    layer = kind(6, graph.n_edge_features)
    changed = state._replace(features=state.features.index_add(1, torch.tensor([8]), torch.ones(2, 1, 6)))
    moved = (layer(changed, graph).features - layer(state, graph).features).abs().amax(dim=(0, 2)) > 1e-7
    heard = torch.zeros(9, dtype=torch.bool)
    heard[graph.receivers[graph.senders == 8]] = True
    heard[8] = True
    assert torch.equal(moved, heard)


def test_equivariant_layer_moves_with_its_input(graph: MolecularGraph, state: NodeState) -> None:
    torch.manual_seed(0)
    layer = EquivariantLayer(6, graph.n_edge_features)
    torch.nn.init.normal_(layer.push[-1].weight)  # as after training: the initial push is tiny
    turn, _ = torch.linalg.qr(torch.randn(3, 3))
    turned = layer(state._replace(positions=state.positions @ turn + 5.0, velocities=state.velocities @ turn), graph)
    plain = layer(state, graph)
    torch.testing.assert_close(turned.positions, plain.positions @ turn + 5.0, atol=1e-4, rtol=0)
    torch.testing.assert_close(turned.velocities, plain.velocities @ turn, atol=1e-4, rtol=0)
    torch.testing.assert_close(turned.features, plain.features, atol=1e-4, rtol=0)
