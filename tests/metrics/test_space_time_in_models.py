"""Time scales inside forecasts: those of a known motion, and the same stretches on both sides."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import msmd
from msmd.errors import DataError, ProtocolError
from msmd.metrics.space_time import Stretch, choose_stretches, forecast_space_time, reference_space_time
from msmd.spectrum import graph_spectrum

ETHANOL = msmd.load_dataset("ethanol")
SPECTRUM = graph_spectrum(ETHANOL.molecule)


class Replay:
    """Forecasts what happened: the reference itself, in between by cubic interpolation."""

    name = "replay"
    molecule = ETHANOL.molecule

    def __init__(self, stretches: tuple[Stretch, ...], slower: float = 1.0) -> None:
        self.stretches, self.slower = stretches, slower

    def predict(self, positions, velocities, times_fs):
        paths = []
        for stretch, times in zip(self.stretches, times_fs, strict=True):
            segment = ETHANOL.segments[stretch.segment]
            at = segment.times_fs[stretch.start] + times.numpy() / self.slower
            paths.append(segment.positions_at(at))
        return torch.tensor(np.stack(paths))


class Frozen:
    """Nothing moves, in members too."""

    name = "frozen"
    molecule = ETHANOL.molecule

    def samples(self, positions, velocities, times_fs, *, n_samples=None):
        return positions[None, :, None].expand(n_samples, -1, times_fs.shape[1], -1, -1)

    def predict(self, positions, velocities, times_fs):
        raise AssertionError("a forecaster with members is asked for one of them")


def test_stretches_are_of_the_test_part_and_share_no_frame():
    stretches = choose_stretches(ETHANOL, horizon_fs=400.0, at_most=6)
    assert len(stretches) == 6
    assert {stretch.segment for stretch in stretches} <= {1, 5, 9}
    assert all(stretch.n_frames == 100 for stretch in stretches)
    starts = sorted((stretch.segment, stretch.start) for stretch in stretches)
    assert all(b[0] != a[0] or b[1] >= a[1] + 100 for a, b in pairwise(starts))


def test_a_perfect_forecast_has_the_time_scales_of_the_reference():
    stretches = choose_stretches(ETHANOL, horizon_fs=800.0, at_most=4)
    expected = reference_space_time(ETHANOL, stretches, SPECTRUM)
    found = forecast_space_time(Replay(stretches), ETHANOL, stretches, SPECTRUM)
    both = expected.scales.is_resolved & found.scales.is_resolved
    assert both.sum() >= 5
    np.testing.assert_allclose(
        found.scales.correlation_times_fs[both], expected.scales.correlation_times_fs[both], rtol=0.02
    )
    assert found.correlation.value == pytest.approx(expected.correlation.value, abs=0.01)
    assert not found.is_still


def test_a_forecast_at_half_the_pace_has_twice_the_time_scales():
    stretches = choose_stretches(ETHANOL, horizon_fs=800.0, at_most=4)
    halves = tuple(replace(stretch, n_frames=stretch.n_frames // 2) for stretch in stretches)
    expected = reference_space_time(ETHANOL, halves, SPECTRUM).scales
    found = forecast_space_time(Replay(stretches, slower=2.0), ETHANOL, stretches, SPECTRUM).scales
    both = expected.is_resolved & found.is_resolved
    assert both.sum() >= 4
    np.testing.assert_allclose(found.correlation_times_fs[both], 2 * expected.correlation_times_fs[both], rtol=0.05)


def test_what_does_not_move_is_still():
    stretches = choose_stretches(ETHANOL, horizon_fs=100.0, at_most=2)
    assert forecast_space_time(Frozen(), ETHANOL, stretches, SPECTRUM).is_still


def test_a_forecaster_of_another_molecule_is_refused():
    toluene = msmd.load_dataset("toluene")
    with pytest.raises(DataError, match="was made for 'ethanol'"):
        forecast_space_time(Frozen(), toluene, choose_stretches(toluene), graph_spectrum(toluene.molecule))


def test_data_without_whole_stretches_are_refused():
    with pytest.raises(ProtocolError, match="need evenly spaced frames with velocities over 50000 fs"):
        choose_stretches(ETHANOL, horizon_fs=50000.0)
