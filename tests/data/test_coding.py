"""Linear prediction and byte planes give back exactly what they were given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msmd.data.coding import from_planes, predict_away, predict_back, to_planes
from msmd.errors import DataError

INT16 = st.integers(-32768, 32767)


@given(arrays(np.int16, st.tuples(st.integers(0, 4), st.integers(1, 5)), elements=INT16))
def test_planes_round_trip(values):
    planes = to_planes(values)
    assert planes.shape == (2, *values.shape)
    np.testing.assert_array_equal(from_planes(planes), values)


def test_planes_are_the_same_on_any_machine():
    assert to_planes(np.array([0x0102, -2], dtype=np.int16)).tolist() == [[1, 255], [2, 254]]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 30), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_prediction_round_trip(n_atoms, n_series, n_frames, order, seed):
    noise = np.random.default_rng(seed).integers(-9000, 9000, (n_atoms, 2, n_series, n_frames))
    motion = noise.astype(np.int16)
    np.testing.assert_array_equal(predict_back(predict_away(motion, order)), motion)


def test_smooth_motion_leaves_almost_nothing():
    times = 4.0 * np.arange(400)
    frequency = 2 * np.pi / 40.0
    phases = np.linspace(0, 3, 6)[:, None]
    x = 2000 * np.sin(frequency * times + phases)
    v = 1500 * np.cos(frequency * times + phases)
    motion = np.rint(np.stack([x, v]))[None].astype(np.int16)
    innovations = predict_away(motion)
    assert np.abs(innovations.residuals[..., 4:]).max() <= 3
    np.testing.assert_array_equal(predict_back(innovations), motion)


def test_coefficients_are_exact_binary_fractions(random):
    motion = random.integers(-500, 500, (2, 2, 6, 200)).cumsum(axis=-1).clip(-32000, 32000).astype(np.int16)
    innovations = predict_away(motion)
    scaled = innovations.coefficients * 4096
    np.testing.assert_array_equal(scaled, np.rint(scaled))


def test_a_jump_that_no_past_foretells_is_refused():
    motion = np.zeros((1, 2, 1, 40), dtype=np.int16)
    motion[..., :20] = -32768
    motion[..., 20:] = 32767
    with pytest.raises(DataError, match="does not follow from those before"):
        predict_away(motion)
