"""Ensembles whose honesty is known: drawn around what happens, and too close together."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

import msmd
from msmd.data.windows import Protocol, Split, split_dataset
from msmd.ensemble_scores import crps
from msmd.errors import DataError, ProtocolError
from msmd.metrics.calibration import Calibration, calibrate, calibrate_in_batches
from msmd.metrics.moving_windows import WIDEST_STEP_FS, motion_grid, reference_motions
from msmd.trajectory import Dataset, Trajectory

ETHANOL = msmd.load_dataset("ethanol")
SIGMA = 0.02


class Scattered:
    """Members and what happens are draws around one centre: every atom shifted by N(0, σ²), the same at all times.

    It looks up what happens; ``closer`` draws the members closer together than that.
    """

    name = "scattered"
    molecule = ETHANOL.molecule

    def __init__(self, closer: float = 1.0) -> None:
        self.closer = closer

    def predict(self, positions, velocities, times_fs):
        """Nothing moves: as frozen as a forecast can be."""
        return positions[:, None].expand(-1, times_fs.shape[1], -1, -1)

    def samples(self, positions, velocities, times_fs, *, n_samples=None):
        paths = []
        for start, times in zip(positions.numpy(), times_fs.numpy(), strict=True):
            segment, frame = where(start)
            happens = segment.positions_at(segment.times_fs[frame] + times)
            random = np.random.default_rng(frame)
            centre = random.normal(size=start.shape)
            own = self.closer * random.normal(size=(n_samples, 1, *start.shape))
            paths.append(happens + SIGMA * (centre + own))
        return torch.tensor(np.stack(paths, axis=1))


def where(start: np.ndarray) -> tuple[Trajectory, int]:
    """The segment and frame with these positions."""
    for segment in ETHANOL.segments:
        frames = np.flatnonzero(np.abs(segment.positions - start).max(axis=(1, 2)) < 1e-9)
        if len(frames):
            return segment, int(frames[0])
    raise AssertionError("no such start")


@cache
def split(sampling: str = "irregular") -> Split:
    return split_dataset(ETHANOL, Protocol(sampling=sampling, n_train=1, n_validation=1, n_test=40))


@cache
def measured(closer: float = 1.0) -> Calibration:
    return calibrate(Scattered(closer), ETHANOL, split(), n_members=6, motion_windows=6)


def test_an_honest_ensemble_has_ratio_one_and_the_closed_form_s_score_in_every_band():
    for band in measured().bands[1:]:  # the first holds too few of the times
        assert band.all.ratio == pytest.approx(1.0, abs=0.1)
        assert band.all.crps == pytest.approx(SIGMA / np.sqrt(np.pi), rel=0.12)
        assert band.all.error == pytest.approx(SIGMA * np.sqrt(7 / 6), rel=0.1)


def test_its_ranks_are_flat_and_count_every_coordinate_of_the_band():
    band = measured().bands[-1]
    inside = (split().test.times_fs > 800.0).sum()
    assert sum(band.all.ranks) == inside * 9 * 3
    assert sum(band.heavy.ranks) == inside * 3 * 3
    assert np.std(band.all.ranks) < 0.15 * np.mean(band.all.ranks)


def test_members_too_close_together_are_told_by_ratio_ranks_and_score():
    close, honest = measured(0.25).bands[-1].all, measured().bands[-1].all
    assert close.ratio < 0.4
    assert min(close.ranks[0], close.ranks[-1]) > 2 * max(close.ranks[2:-2])
    assert close.crps > honest.crps


def test_members_that_move_as_it_happens_are_as_warm_and_a_frozen_forecast_is_not():
    for band in measured().bands:
        assert band.members.temperature_kelvin == pytest.approx(band.temperature_kelvin, rel=0.01)
        assert band.members.spectrum.energy_ratio == pytest.approx(1.0, abs=0.05)
        assert band.members.spectrum.overlap > 0.95
        assert abs(band.members.bond_shift) < 0.01
        assert band.forecast.temperature_kelvin == pytest.approx(0.0, abs=1e-6)
        assert band.forecast.spectrum.overlap == 0.0


def test_the_score_is_that_of_the_members_and_the_single_answers_are_persistence_and_the_mean():
    found, test = measured().bands[-1].heavy, split().test
    inside, heavy = test.times_fs > 800.0, ETHANOL.molecule.is_heavy
    still = np.abs(test.positions[:, None] - test.targets)[inside][:, heavy].mean()
    assert found.forecast_error == pytest.approx(still)
    assert 0 < found.structure_error < still
    rows = [torch.tensor(array) for array in (test.positions, test.velocities, test.times_fs)]
    samples = Scattered().samples(*rows, n_samples=6).numpy()
    expected = crps(samples[:, inside][:, :, heavy], test.targets[inside][:, heavy]).mean()
    assert found.crps == pytest.approx(expected)


def test_even_times_leave_the_first_bands_without_scores_but_not_without_motion():
    found = calibrate(Scattered(), ETHANOL, split("even"), n_members=2, motion_windows=2)
    assert found.bands[0].all is None
    assert found.bands[0].members.temperature_kelvin > 100
    assert found.bands[-1].all is not None


def test_progress_counts_windows_and_the_record_is_json():
    steps = calibrate_in_batches(Scattered(), ETHANOL, split(), n_members=2, motion_windows=3)
    counts = [step.n_done for step in steps]
    assert counts[0] == 3
    assert counts[-1] == 40
    record = json.loads(json.dumps(measured().to_json()))
    assert (record["molecule"], record["n_members"], record["n_windows"]) == ("ethanol", 6, 40)
    assert record["bands"][-1]["all"]["ratio"] == pytest.approx(measured().bands[-1].all.ratio)
    assert record["bands"][-1]["members"]["spectrum"]["overlap"] > 0.95


def test_forecasters_without_members_are_refused():
    with pytest.raises(ProtocolError, match="'persistence' makes one forecast per start and has no members"):
        calibrate(msmd.load_forecaster("persistence"), ETHANOL, split(), n_members=4)
    with pytest.raises(ProtocolError, match="1 member was asked for; a calibration compares members"):
        calibrate(Scattered(), ETHANOL, split(), n_members=1)


def test_another_molecule_is_refused():
    toluene = msmd.load_dataset("toluene")
    cut = split_dataset(toluene, Protocol(n_train=1, n_validation=1, n_test=2))
    with pytest.raises(DataError, match="was made for 'ethanol'"):
        calibrate(Scattered(), toluene, cut, n_members=2)


def test_members_that_are_not_finite_are_refused(monkeypatch):
    def broken(self, positions, velocities, times_fs, *, n_samples=None):
        return torch.full((n_samples, *times_fs.shape, *positions.shape[1:]), torch.nan)

    monkeypatch.setattr(Scattered, "samples", broken)
    with pytest.raises(ProtocolError, match="2 of 2 members of 'scattered' are not finite"):
        calibrate(Scattered(), ETHANOL, split("even"), n_members=2, motion_windows=1)


def sparse(keep: slice) -> Dataset:
    """Ethanol with every third frame missing: recorded frames, but no even grid."""

    def thin(segment: Trajectory) -> Trajectory:
        rows = np.flatnonzero(np.arange(segment.n_frames) % 3 != 1)
        velocities = segment.velocities[rows].copy()
        velocities[keep] = np.nan
        return replace(
            segment,
            times_fs=segment.times_fs[rows],
            positions=segment.positions[rows],
            velocities=velocities,
            forces=None,
            energies=None,
        )

    return replace(ETHANOL, segments=tuple(map(thin, ETHANOL.segments)))


def test_the_grid_is_that_of_the_frames_where_they_are_even():
    grid = motion_grid(ETHANOL, 1500.0)
    assert grid.is_recorded
    assert (grid.times_fs[0], grid.times_fs[-1], len(grid.times_fs)) == (4.0, 1500.0, 375)
    uneven = motion_grid(sparse(slice(0, 0)), 1500.0)
    assert not uneven.is_recorded
    assert uneven.times_fs[0] == WIDEST_STEP_FS


def test_sparse_data_give_temperature_and_bonds_of_recorded_frames_and_no_spectrum():
    bands = ((0.0, 400.0), (400.0, 800.0))
    test = split().test.take(slice(0, 40, 8))
    full = reference_motions(ETHANOL, test, motion_grid(ETHANOL, 800.0), bands)
    data = sparse(slice(0, None, 2))
    found = reference_motions(data, test, motion_grid(data, 800.0), bands)
    for thin, whole in zip(found, full, strict=True):
        assert thin.temperature_kelvin == pytest.approx(whole.temperature_kelvin, rel=0.05)
        np.testing.assert_allclose(thin.bond_means, whole.bond_means, atol=5e-3)
        assert thin.spectrum is None
        assert whole.spectrum is not None


def test_a_band_without_recorded_frames_has_no_reference():
    gone = replace(ETHANOL, segments=tuple(s.between(0, 1) for s in ETHANOL.segments))
    (found,) = reference_motions(gone, split().test.take(slice(0, 2)), motion_grid(gone, 800.0), ((0.0, 50.0),))
    assert found is None
