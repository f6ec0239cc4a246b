"""The times a forecast is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msmd.app.forecast_times import (
    HORIZONS_FS,
    MAX_TIMES,
    SAMPLINGS,
    Timing,
    forecast_times,
    possible_horizons,
    possible_starts,
    possible_steps,
)
from msmd.data.sampling import is_continuous
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory

HELIUM = Molecule(name="helium", numbers=(2,), bonds=())


def trajectory(times: np.ndarray, known: np.ndarray | None = None) -> Trajectory:
    """One atom at rest; velocities known where ``known`` says."""
    velocities = np.zeros((len(times), 1, 3))
    if known is not None:
        velocities[~known] = np.nan
    return Trajectory(molecule=HELIUM, times_fs=times, positions=np.zeros((len(times), 1, 3)), velocities=velocities)


def test_even_times_are_the_step_apart_and_end_at_the_horizon():
    times = forecast_times(
        trajectory(np.arange(0, 400, 4.0)), 0, Timing(sampling="even", horizon_fs=50.0, step_fs=12.5)
    )
    assert times.tolist() == [0, 12.5, 25, 37.5, 50]


def test_irregular_times_are_the_same_again_and_not_even():
    timing = Timing(sampling="irregular", horizon_fs=200.0, step_fs=25.0)
    moving = trajectory(np.arange(0, 400, 4.0))
    times = forecast_times(moving, 0, timing)
    assert len(times) == 9
    assert np.ptp(np.diff(times)) > 1
    assert np.array_equal(times, forecast_times(moving, 0, timing))


def test_custom_times_outside_the_horizon_are_left_out():
    timing = Timing(sampling="custom", horizon_fs=100.0, step_fs=1.0, custom_fs=(250.0, 10.5, -3.0, 5.0, 10.5))
    assert forecast_times(trajectory(np.arange(0, 400, 4.0)), 0, timing).tolist() == [0, 5, 10.5]


def test_frames_at_random_times_are_asked_for_where_they_are():
    stored = np.array([0.0, 3.0, 10.0, 11.0, 40.0])
    times = forecast_times(trajectory(stored), 1, Timing(sampling="even", horizon_fs=37.0, step_fs=8.0))
    assert set(times.tolist()) <= set((stored[1:] - 3.0).tolist())
    assert times[0] == 0


@given(
    sampling=st.sampled_from(sorted(SAMPLINGS)),
    horizon=st.floats(10.0, 300.0),
    step=st.floats(1.0, 200.0),
    start=st.integers(0, 20),
)
def test_times_ascend_from_zero_and_stay_inside(sampling, horizon, step, start):
    moving = trajectory(np.arange(0, 400, 4.0))
    timing = Timing(sampling=sampling, horizon_fs=horizon, step_fs=step, custom_fs=(horizon / 3, horizon))
    times = forecast_times(moving, start, timing)
    assert times[0] == 0
    assert np.all(np.diff(times) > 0)
    assert times[-1] <= horizon + 1e-6


def test_starts_leave_room_for_the_horizon_and_have_velocities():
    known = np.ones(100, dtype=bool)
    known[:3] = False
    moving = trajectory(4.0 * np.arange(100), known)
    assert possible_starts(moving, 380.0).tolist() == [3, 4]
    assert not is_continuous(moving)


@pytest.mark.parametrize(("duration", "expected"), [(30.0, (30.0,)), (160.0, (50.0, 150.0)), (0.0, ())])
def test_horizons_fit_into_the_trajectory(duration, expected):
    times = np.linspace(0, duration, 11) if duration else np.array([0.0])
    assert possible_horizons(trajectory(times)) == expected


def test_no_velocities_no_horizon():
    still = Trajectory(molecule=HELIUM, times_fs=np.arange(5.0), positions=np.zeros((5, 1, 3)))
    assert possible_horizons(still) == ()


@pytest.mark.parametrize("horizon", HORIZONS_FS)
def test_every_step_on_offer_reaches_the_horizon(horizon):
    moving = trajectory(np.arange(0, 6100, 4.0))
    for step in possible_steps(horizon):
        for sampling in ("even", "irregular"):
            times = forecast_times(moving, 0, Timing(sampling=sampling, horizon_fs=horizon, step_fs=step))
            assert len(times) <= MAX_TIMES + 1
            assert times[-1] > (1 - 3 * step / horizon) * horizon if sampling == "even" else times[-1] > 0.3 * horizon


def test_too_many_times_are_thinned_and_not_cut_off():
    timing = Timing(sampling="even", horizon_fs=6000.0, step_fs=1.0)
    times = forecast_times(trajectory(np.arange(0, 6100, 4.0)), 0, timing)
    assert len(times) == MAX_TIMES + 1
    assert times[-1] == 6000


def test_a_horizon_shorter_than_every_step_is_a_step():
    assert possible_steps(0.5) == (0.5,)


def test_coarse_frames_are_asked_for_where_they_are():
    """Nothing between frames 50 fs apart is known, whatever velocities they have."""
    coarse = trajectory(np.arange(0, 2000, 50.0))
    assert not is_continuous(coarse)
    times = forecast_times(coarse, 0, Timing(sampling="even", horizon_fs=400.0, step_fs=16.0))
    assert set(times.tolist()) <= set(np.arange(0, 450, 50.0).tolist())
