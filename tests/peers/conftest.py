"""Four windows of ethanol, and every peer, small, trained on them for a moment."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from msmd.data import load_dataset
from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.peers.egnn import EGNNConfig
from msmd.peers.egno import EGNOConfig
from msmd.peers.gf_node import GFNODEConfig
from msmd.peers.latent_ode import LatentODEConfig
from msmd.peers.ndcn import NDCNConfig
from msmd.peers.peer import Peer, PeerConfig

SMALL: dict[str, tuple[int, PeerConfig]] = {
    "gf-node": (50, GFNODEConfig(width=16, n_layers=2, time_width=8, learning_rate=1e-2)),
    "egnn": (220, EGNNConfig(width=32, n_layers=3, time_width=16, learning_rate=1e-2)),
    "egno": (220, EGNOConfig(width=32, n_layers=3, time_width=16, learning_rate=1e-2)),
    "lg-ode": (30, LatentODEConfig(learning_rate=1e-2)),
    "ndcn": (40, NDCNConfig(width=32, learning_rate=1e-2)),
}
"""Steps that reach a fifth of persistence's error on four windows, and a config small enough to take them fast."""


def train(peer: Peer, training: TrainingData, n_steps: int) -> list[float]:
    """The losses of a plain Adam loop on a peer's only stage."""
    (stage,) = peer.stages(training)
    optimizer = torch.optim.Adam(peer.parameters(), lr=stage.learning_rate)
    generator = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(n_steps):
        optimizer.zero_grad()
        loss = stage.batch_loss(generator)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture(scope="session")
def training() -> TrainingData:
    """Four irregular windows of ethanol."""
    protocol = Protocol(n_train=4, n_validation=1, n_test=1, sampling="irregular")
    return split_dataset(load_dataset("ethanol"), protocol).training


@pytest.fixture(scope="session")
def trained(training: TrainingData) -> Callable[[type[Peer]], tuple[Peer, list[float]]]:
    """A small trained peer of a class and the losses on its way, made once."""
    made: dict[str, tuple[Peer, list[float]]] = {}

    def get(kind: type[Peer]) -> tuple[Peer, list[float]]:
        if kind.name not in made:
            n_steps, config = SMALL[kind.name]
            peer = kind.create(training, config)
            made[kind.name] = peer, train(peer, training, n_steps)
        return made[kind.name]

    return get


Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture
def inputs(training: TrainingData) -> Inputs:
    """Positions, velocities and times of the windows, float64."""
    windows = training.windows
    return tuple(torch.tensor(array) for array in (windows.positions, windows.velocities, windows.times_fs))
