"""LG-ODE's bound: its divergence is the closed form, its noise comes from the generator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msmd.data.windows import TrainingData
from msmd.peers.latent_ode import LatentODE, LatentODEConfig, NeighbourAttention
from msmd.peers.molecular_graph import MolecularGraph
from msmd.peers.window_batches import WindowBatch


def heavy_windows(training: TrainingData) -> WindowBatch:
    """All windows, heavy atoms only."""
    return WindowBatch.of(training.windows, np.flatnonzero(training.molecule.is_heavy))


def test_the_bound_adds_the_divergence_of_torch(training: TrainingData) -> None:
    torch.manual_seed(0)
    small, large = (
        LatentODE.create(training, LatentODEConfig(observation_std=std, latent_width=4)) for std in (1e-6, 1.0)
    )
    large.load_state_dict(small.state_dict())
    batch = heavy_windows(training)
    with torch.no_grad():
        losses = [model.loss(batch, torch.Generator().manual_seed(0)).item() for model in (small, large)]
        mean, log_variance = small.encode(batch.positions, batch.velocities)
        posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
        divergence = torch.distributions.kl_divergence(posterior, prior).sum().item()
    weight = 2 * small.displacement_rms.item() ** 2 / batch.targets.numel()
    assert losses[1] - losses[0] == pytest.approx(weight * divergence, rel=1e-3)


def test_noise_comes_from_the_generator(training: TrainingData) -> None:
    model, batch = LatentODE.create(training, LatentODEConfig()), heavy_windows(training)
    first, again, other = (model.loss(batch, torch.Generator().manual_seed(seed)).item() for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_attention_stays_within_two_bonds(training: TrainingData) -> None:
    graph = MolecularGraph(training.molecule)
    torch.manual_seed(0)
    attention = NeighbourAttention(8, graph)
    features = torch.randn(1, 9, 8)
    changed = features.clone()
    changed[:, 8] = torch.randn(8)
    moved = (attention(changed) - attention(features)).abs().amax(dim=(0, 2)) > 1e-7
    heard = torch.zeros(9, dtype=torch.bool)
    heard[graph.receivers[graph.senders == 8]] = True
    heard[8] = True
    assert torch.equal(moved, heard)


def test_a_batch_is_drawn_without_repetition(training: TrainingData) -> None:
    batch = heavy_windows(training)
    drawn = batch.draw(3, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert drawn.n_windows == 3
    assert len({row.item() for row in drawn.times_fs[:, 0]}) == 3
    everything = batch.draw(99, torch.Generator().manual_seed(0), torch.device("cpu"))
    assert sorted(everything.times_fs[:, 0].tolist()) == sorted(batch.times_fs[:, 0].tolist())
