"""EGNO's temporal part: a linear filter over slots that keeps the lowest frequencies."""

from __future__ import annotations

from collections.abc import Callable

import torch

from msmd.peers.egno import EGNO, TemporalConvolution
from msmd.peers.peer import Peer

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def test_high_frequencies_are_dropped() -> None:
    torch.manual_seed(0)
    convolution = TemporalConvolution(3, 2, initial_scale=1.0)
    alternating = torch.tensor([1.0, -1.0]).repeat(4)[None, :, None, None].expand(1, 8, 5, 3)
    assert convolution(alternating).abs().max() < 1e-6
    assert convolution(torch.ones(1, 8, 5, 3)).abs().max() > 0.1


def test_unit_weights_are_a_low_pass() -> None:
    convolution = TemporalConvolution(1, 2, initial_scale=1.0)
    with torch.no_grad():
        convolution.weights.copy_(torch.tensor([1.0, 0.0]).expand(2, 1, 1, 2))
    slots = torch.arange(8)
    slow = torch.cos(2 * torch.pi * slots / 8) + 0.5
    fast = torch.cos(2 * torch.pi * 3 * slots / 8)
    filtered = convolution((slow + fast)[None, :, None, None])
    torch.testing.assert_close(filtered[0, :, 0, 0], slow, atol=1e-6, rtol=0)


def test_as_many_slots_as_the_training_windows_had_times(
    trained: Callable[[type[Peer]], tuple[Peer, list[float]]],
) -> None:
    peer, _ = trained(EGNO)
    assert peer.n_times.item() == 8


def test_a_forecast_depends_on_the_other_times_asked(
    trained: Callable[[type[Peer]], tuple[Peer, list[float]]], inputs: Inputs
) -> None:
    peer, _ = trained(EGNO)
    positions, velocities, times = inputs
    alone = peer.predict(positions, velocities, times[:, 3:4])[:, 0]
    assert (alone - peer.predict(*inputs)[:, 3]).abs().max() > 1e-4  # the price of convolving over time


def test_even_times_are_numbered_as_in_the_paper(
    trained: Callable[[type[Peer]], tuple[Peer, list[float]]], inputs: Inputs
) -> None:
    peer, _ = trained(EGNO)
    seen = []
    handle = peer.embedding.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    positions, velocities, _ = inputs
    even = torch.arange(1, 9)[None].expand(4, -1) * peer.horizon_fs.item() / 8
    peer.predict(positions, velocities, even.double())
    handle.remove()
    first_sine = seen[0][0, :, 0, peer.n_atom_features]
    torch.testing.assert_close(first_sine, torch.arange(8.0).sin(), atol=1e-4, rtol=0)
