"""Splits and windows: nothing leaks under the blocked split, and targets are what lies at those times."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from msmd.data.load import load_dataset
from msmd.data.sampling import LONG_FACTOR
from msmd.data.windows import (
    Protocol,
    Split,
    Windows,
    default_horizon_fs,
    segment_parts,
    split_dataset,
)
from msmd.errors import MsmdWarning, ProtocolError, UnknownNameError
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory
from tests.conftest import REAL_MOLECULES

H2 = Molecule(name="hydrogen", numbers=(1, 1), bonds=((0, 1),))


def straight_line(times: np.ndarray, known: np.ndarray | None = None) -> Trajectory:
    """x(t) = t in every coordinate, so that a target tells its time; velocities where ``known``."""
    positions = times[:, None, None] * np.ones((1, 2, 3))
    velocities = np.ones(positions.shape)
    if known is not None:
        velocities[~known] = np.nan
    return Trajectory(molecule=H2, times_fs=times, positions=positions, velocities=velocities)


def sparse(seed: int, n_frames: int, density: float) -> Dataset:
    """Random frames out of a long run, a third of them with velocities: like rMD17."""
    random = np.random.default_rng(seed)
    steps = np.sort(random.choice(round(n_frames / density), n_frames, replace=False))
    return Dataset(segments=(straight_line(0.5 * steps, random.random(n_frames) < 0.35),), source="sparse", dt_fs=0.5)


def continuous(n_segments: int, n_frames: int) -> Dataset:
    return Dataset(
        segments=tuple(straight_line(4.0 * np.arange(n_frames)) for _ in range(n_segments)), source="made", dt_fs=0.5
    )


def ends(windows: Windows) -> np.ndarray:
    return windows.start_times_fs + windows.times_fs.max(axis=1)


def check_targets(dataset: Dataset, windows: Windows) -> None:
    """Start frames, times and targets belong together."""
    for row in range(windows.n_windows):
        segment = dataset.segments[windows.segments[row]]
        frame = windows.start_frames[row]
        assert segment.times_fs[frame] == windows.start_times_fs[row]
        np.testing.assert_array_equal(segment.positions[frame], windows.positions[row])
        assert np.isfinite(windows.velocities[row]).all()
    expected = windows.start_times_fs[:, None] + windows.times_fs
    np.testing.assert_allclose(windows.targets, expected[..., None, None] * np.ones((2, 3)), rtol=1e-12)


def check_no_leak(split: Split) -> None:
    """No training frame of this one trajectory lies within the time of a test or validation window."""
    trained = np.concatenate([segment.times_fs for segment in split.training.segments])
    for windows in (split.validation, split.test):
        for start, end in zip(windows.start_times_fs, ends(windows), strict=True):
            assert not np.any((trained >= start) & (trained <= end)), (start, end)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(0.03, 0.3),
    st.sampled_from(["even", "irregular", "long"]),
    st.floats(50.0, 400.0),
)
def test_blocks_of_a_sparse_trajectory_never_leak(seed, density, sampling, horizon_fs):
    dataset = sparse(seed, 3000, density)
    protocol = Protocol(sampling=sampling, horizon_fs=horizon_fs, n_times=3, n_train=60, n_validation=20, n_test=40)
    try:
        split = split_dataset(dataset, protocol)
    except ProtocolError:
        reject()  # too few frames within the horizon; hypothesis complains where that is the rule
    check_no_leak(split)
    for windows in (split.training.windows, split.validation, split.test):
        check_targets(dataset, windows)
        assert windows.times_fs.min() > 0
        assert np.all(np.diff(windows.times_fs, axis=1) > 0)
    assert split.training.windows.times_fs.max() <= horizon_fs * (1 + 0.25 / 3) + 1e-6
    longest = horizon_fs * (LONG_FACTOR if sampling == "long" else 1)
    assert split.test.times_fs.max() <= longest * (1 + 0.25 / 3) + 1e-6
    trained = np.concatenate([segment.times_fs for segment in split.training.segments])
    inside = (split.training.windows.start_times_fs[:, None] + split.training.windows.times_fs).ravel()
    assert np.isin(inside, trained).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["even", "irregular"]), st.floats(20.0, 190.0))
def test_blocks_of_a_continuous_trajectory_never_leak(seed, sampling, horizon_fs):
    dataset = continuous(1, 1000)
    protocol = Protocol(sampling=sampling, horizon_fs=horizon_fs, n_train=50, n_validation=10, n_test=30, seed=seed)
    split = split_dataset(dataset, protocol)
    check_no_leak(split)
    check_targets(dataset, split.test)
    assert split.test.times_fs.min() > 0
    assert split.test.times_fs.max() <= horizon_fs + 1e-9
    assert np.all(np.diff(split.test.times_fs, axis=1) > 0)


def test_the_gap_between_blocks_is_one_horizon():
    split = split_dataset(continuous(1, 2000), Protocol(horizon_fs=300.0, n_train=None))
    trained = [(segment.times_fs[0], segment.times_fs[-1]) for segment in split.training.segments]
    assert len(trained) == 6
    block = 1999 * 4.0 / 10
    for first, last in trained[:-1]:
        assert first % block < 4.0
        assert block - 300.0 - 8.0 < last - first < block - 300.0 + 1e-9


def test_segments_are_dealt_whole():
    dataset = continuous(10, 500)
    split = split_dataset(dataset, Protocol(horizon_fs=400.0))
    parts = np.array(segment_parts(dataset))
    assert [list(parts).count(part) for part in ("training", "validation", "test")] == [5, 2, 3]
    assert set(parts[split.training.windows.segments]) == {"training"}
    assert set(parts[split.validation.segments]) == {"validation"}
    assert set(parts[split.test.segments]) == {"test"}
    assert sum(segment.n_frames for segment in split.training.segments) == 5 * 500


@pytest.mark.parametrize(("n_segments", "expected"), [(1, ()), (2, ()), (3, ("training", "validation", "test"))])
def test_few_segments(n_segments, expected):
    assert segment_parts(continuous(n_segments, 500)) == expected
    split = split_dataset(continuous(n_segments, 500), Protocol(horizon_fs=80.0, n_train=20))
    assert split.training.windows.n_windows == 20


def test_the_papers_split_mixes_starts_and_leaks():
    dataset = continuous(1, 3000)
    split = split_dataset(dataset, Protocol(split="paper", horizon_fs=500.0, n_validation=100, n_test=100))
    starts = [w.start_frames for w in (split.training.windows, split.validation, split.test)]
    assert [len(s) for s in starts] == [500, 100, 100]
    together = np.concatenate(starts)
    assert len(np.unique(together)) == len(together)
    trained = split.training.windows
    first, last = trained.start_times_fs, ends(trained)
    inside = [np.any((first <= t) & (t <= last)) for t in split.test.start_times_fs]
    assert np.mean(inside) > 0.9


def test_the_papers_split_trains_on_the_frames_of_its_windows():
    dataset = continuous(2, 400)
    split = split_dataset(dataset, Protocol(split="paper", horizon_fs=100.0, n_train=3, n_test=5, n_validation=5))
    windows = split.training.windows
    covered = {
        (int(i), int(f) + k) for i, f in zip(windows.segments, windows.start_frames, strict=True) for k in range(26)
    }
    n_trained = sum(segment.n_frames for segment in split.training.segments)
    assert n_trained == len(covered)


def test_even_times_of_continuous_data():
    split = split_dataset(continuous(3, 500), Protocol(horizon_fs=200.0, n_train=7))
    np.testing.assert_allclose(split.training.windows.times_fs, np.tile(25.0 * np.arange(1, 9), (7, 1)))


def test_long_trains_within_one_horizon_and_asks_for_four():
    split = split_dataset(continuous(3, 500), Protocol(sampling="long", horizon_fs=200.0))
    assert split.training.windows.times_fs.max() == 200.0
    assert split.test.times_fs.max() == 800.0


def test_seeds_decide():
    dataset = continuous(3, 500)
    first, again, other = (
        split_dataset(dataset, Protocol(sampling="irregular", horizon_fs=200.0, seed=s)).test for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.targets, again.targets)
    assert first.targets.shape != other.targets.shape or np.any(first.targets != other.targets)


def test_all_windows_of_the_training_range():
    split = split_dataset(continuous(3, 500), Protocol(horizon_fs=200.0, n_train=None))
    assert split.training.windows.n_windows == 500 - 50


def test_the_horizon_follows_the_source():
    assert default_horizon_fs(load_dataset("ethanol")) == 1500.0
    assert default_horizon_fs(continuous(1, 1000)) == pytest.approx(999 * 4.0 / 21)
    assert default_horizon_fs(continuous(3, 2500)) == 1500.0  # frames 4 fs apart are no steps of a simulation


def test_windows_budget_hides_frames_and_forces():
    training = split_dataset(load_dataset("ethanol"), Protocol(n_train=5, n_validation=5, n_test=5)).training
    assert len(training.labelled()[0]) == 5 * 500
    assert np.isfinite(training.labelled()[1]).all()
    hidden = training.without_frames()
    assert hidden.structures().shape == (5 + 5 * 8, 9, 3)
    assert hidden.labelled()[0].shape == (0, 9, 3)
    assert len(training.structures()) == 5 * 2500


def test_take_keeps_rows_together():
    windows = split_dataset(continuous(3, 500), Protocol(horizon_fs=200.0)).test
    taken = windows.take(np.array([4, 2]))
    np.testing.assert_array_equal(taken.targets, windows.targets[[4, 2]])
    np.testing.assert_array_equal(taken.start_times_fs, windows.start_times_fs[[4, 2]])
    assert taken.molecule is windows.molecule


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"split": "block"}, UnknownNameError, "Unknown split 'block'; did you mean 'blocked'"),
        ({"sampling": "odd"}, UnknownNameError, "Unknown sampling 'odd'"),
        ({"n_times": 0}, ProtocolError, "n_times is 0; expected at least 1"),
        ({"horizon_fs": -1.0}, ProtocolError, "expected a positive time"),
    ],
)
def test_senseless_protocols(changes, error, message):
    with pytest.raises(error, match=message):
        Protocol(**changes)


def test_a_horizon_that_no_block_holds():
    with pytest.raises(ProtocolError, match=r"A tenth of this trajectory \(400 fs\) cannot hold .* at most 190 fs"):
        split_dataset(continuous(1, 1000), Protocol(horizon_fs=300.0))
    split_dataset(continuous(1, 1000), Protocol(horizon_fs=190.0))


def test_segments_shorter_than_the_horizon():
    with pytest.raises(ProtocolError, match="No window of 3000 fs fits"):
        split_dataset(continuous(3, 500), Protocol(horizon_fs=3000.0))


def test_no_velocities_at_all():
    nothing = replace(continuous(1, 1000).segments[0], velocities=None)
    with pytest.raises(ProtocolError, match="no frame with a known velocity"):
        split_dataset(Dataset(segments=(nothing,), source="", dt_fs=4.0), Protocol(horizon_fs=100.0))


def test_too_few_frames_within_the_horizon():
    with pytest.raises(ProtocolError, match="No window has 8 target frames within 100 fs"):
        split_dataset(sparse(0, 3000, 0.01), Protocol(sampling="irregular", horizon_fs=100.0))


# --- real data ----------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_segments_of_unequal_length_can_be_split():
    """What is too short for ten blocks, or for a window, is left out; the horizon is one that every part can serve."""
    ethanol = load_dataset("ethanol").segments
    long, short = ethanol[0], ethanol[1].between(0, 5)
    with pytest.warns(MsmdWarning, match="1 of 2 segments are too short"):
        found = split_dataset(_dataset_of(long, short), Protocol(n_train=5, n_validation=5, n_test=5))
    assert set(found.test.segments) == {0}
    middle = ethanol[1].between(0, 500)
    for segments in ((long, middle, middle), (long, middle)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MsmdWarning)
            found = split_dataset(_dataset_of(*segments), Protocol(n_train=5, n_validation=5, n_test=5))
        assert found.test.n_windows == 5


def _dataset_of(*segments: Trajectory) -> Dataset:
    return replace(load_dataset("ethanol"), segments=segments)


@pytest.mark.parametrize("name", REAL_MOLECULES)
@pytest.mark.parametrize(("split", "least"), [("blocked", (400, 70, 250)), ("paper", (270, 270, 270))])
def test_real_files_give_windows(real_data, name, split, least):
    dataset = load_dataset(real_data / f"rmd17_{name}.npz")
    found = split_dataset(dataset, Protocol(split=split, sampling="irregular"))
    assert found.horizon_fs == 3000 * dataset.dt_fs
    counts = (found.training.windows.n_windows, found.validation.n_windows, found.test.n_windows)
    assert all(count >= wanted for count, wanted in zip(counts, least, strict=True)), counts
    if split == "blocked":
        check_no_leak(found)
    segment = dataset.segments[0]
    times = found.test.start_times_fs[:, None] + found.test.times_fs
    assert np.isin(np.rint(times / dataset.dt_fs), np.rint(segment.times_fs / dataset.dt_fs)).all()


@pytest.mark.real_data
def test_a_picosecond_of_real_md17_gives_a_shorter_horizon(real_data):
    found = split_dataset(load_dataset(real_data / "md17_ethanol.npz"), Protocol())
    assert 40 < found.horizon_fs < 50
    assert found.test.n_windows >= 20
    check_no_leak(found)
