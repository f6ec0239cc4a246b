"""Interpolation in time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msmd.baselines.time_knots import N_KNOTS, TimeKnots

EVEN = np.tile(187.5 * np.arange(1, 9), (5, 1))


def test_shared_times_become_the_knots():
    knots = TimeKnots.for_times(EVEN)
    np.testing.assert_allclose(knots.knots_fs, 187.5 * np.arange(9), rtol=1e-12)
    np.testing.assert_allclose(knots.weights(EVEN[0]), np.eye(9)[1:], atol=1e-9)


def test_nearly_shared_times_count_as_shared():
    """Windows of sparse frames: even times within some femtoseconds."""
    times = EVEN + np.random.default_rng(0).uniform(-15.0, 15.0, size=EVEN.shape)
    np.testing.assert_allclose(TimeKnots.for_times(times).knots_fs[1:], times.mean(axis=0))


def test_scattered_times_get_knots_that_are_dense_at_the_start():
    times = np.random.default_rng(0).uniform(0, 1500, size=(40, 8))
    knots = TimeKnots.for_times(times).knots_fs
    assert len(knots) == N_KNOTS + 1
    assert knots[0] == 0
    assert knots[-1] == times.max()
    assert np.all(np.diff(knots, 2) > 0)


@given(st.floats(0, 1500), st.floats(-3, 3), st.floats(-3, 3))
def test_straight_lines_are_interpolated_exactly(time: float, value: float, slope: float):
    knots = TimeKnots.for_times(EVEN)
    line = value + slope * knots.knots_fs
    np.testing.assert_allclose(knots.weights(np.array(time)) @ line, value + slope * time, atol=1e-8)


@given(st.floats(0, 1e5))
def test_weights_are_a_partition_of_one(time: float):
    weights = TimeKnots.for_times(EVEN).weights(np.array(time))
    assert abs(weights.sum() - 1) < 1e-12
    assert (weights >= 0).all()


def test_after_the_last_knot_nothing_changes():
    knots = TimeKnots.for_times(EVEN)
    np.testing.assert_array_equal(knots.weights(np.array([1500.0])), knots.weights(np.array([6000.0])))
