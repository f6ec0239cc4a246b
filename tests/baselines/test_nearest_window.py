"""The leak detector: it must find a leak that was put there, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from msmd.baselines.nearest_window import NearestWindow

STARTS = np.array([0.0, 1000.0, 2000.0, 3000.0])
TIMES = np.array([100.0, 200.0, 400.0])


def path(times_fs: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """A slow motion of the whole trajectory, (..., atoms, 3): what happens depends on when it happens."""
    swing = np.sin(times_fs / 700.0)[..., None, None] * np.array([0.2, -0.1, 0.3, 0.4])[:, None]
    return shape * (1.0 + swing)


@pytest.fixture
def training(make_training, bent, shape):
    times = np.tile(TIMES, (4, 1))
    return make_training(
        bent,
        path(STARTS, shape),
        np.zeros((4, 4, 3)),
        times,
        path(STARTS[:, None] + times, shape),
        start_times_fs=STARTS,
    )


def test_a_window_next_to_a_training_window_is_given_away(training, shape):
    leaked = replace(training.windows, positions=path(STARTS + 1.0, shape), start_times_fs=STARTS + 1.0)
    copied = NearestWindow.fit(training).predict_windows(leaked)
    np.testing.assert_allclose(copied, path(STARTS[:, None] + 1.0 + training.windows.times_fs, shape), atol=2e-3)


def test_the_nearest_start_in_time_is_copied_even_when_another_looks_more_alike(training):
    one = training.windows.take(np.array([0]))
    disguised = replace(one, positions=training.windows.positions[[3]])
    copied = NearestWindow.fit(training).predict_windows(disguised)
    own = NearestWindow.fit(training).predict_windows(one)
    distances = [np.linalg.norm(x[:, :, None] - x[:, :, :, None].swapaxes(2, 3), axis=-1) for x in (copied, own)]
    np.testing.assert_allclose(distances[0], distances[1], atol=1e-9)


@pytest.mark.parametrize(("own", "asked", "nearest"), [(0, 1, 3), (1, 0, 0), (2, 2, None)])
def test_segments_follow_each_other(training, own, asked, nearest):
    """From a later segment the last window is nearest, from an earlier one the first, whatever their times."""
    own_windows = replace(training.windows, segments=np.full(4, own))
    elsewhere = replace(training.windows, segments=np.full(4, asked))
    chosen = NearestWindow.fit(replace(training, windows=own_windows))._nearest_in_time(elsewhere)
    np.testing.assert_array_equal(chosen, np.arange(4) if nearest is None else np.full(4, nearest))


def test_a_start_alone_is_matched_by_its_looks(training, predict):
    windows = training.windows
    order = [2, 0, 3, 1]
    turn = Rotation.from_euler("z", 0.7).as_matrix()
    predicted = predict(
        NearestWindow.fit(training), windows.positions[order] @ turn.T + 4.0, windows.velocities, windows.times_fs
    )
    np.testing.assert_allclose(predicted, windows.targets[order] @ turn.T + 4.0, atol=1e-6)


def test_between_its_times_a_window_is_interpolated_and_after_them_it_stays(training, predict):
    windows = training.windows
    times = np.tile([50.0, 300.0, 9000.0], (4, 1))
    predicted = predict(NearestWindow.fit(training), windows.positions, windows.velocities, times)
    path_ = np.concatenate([windows.positions[:, None], windows.targets], axis=1)
    expected = np.stack([(path_[:, 0] + path_[:, 1]) / 2, (path_[:, 2] + path_[:, 3]) / 2, path_[:, 3]], axis=1)
    np.testing.assert_allclose(predicted, expected, atol=1e-9)
