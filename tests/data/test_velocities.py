"""Velocities from frames: exact on polynomials, and as accurate on real MD17 as the docstring says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msmd.data.load import load_dataset
from msmd.data.velocities import (
    LONGEST_GAP_FS,
    derivative_weights,
    derived_velocities,
    rounding_error,
    tells_velocities,
)
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U


@given(st.integers(2, 20), st.integers(0, 2**32 - 1), st.floats(0.1, 1.5))
def test_regular_frames_differentiate_polynomials_exactly(n_frames, seed, dt_fs):
    degree = min(6, n_frames - 1)
    random = np.random.default_rng(seed)
    polynomial = np.polynomial.Polynomial(random.uniform(-1, 1, degree + 1))
    s = np.linspace(-1, 1, n_frames)
    times = dt_fs * np.arange(n_frames)
    positions = polynomial(s)[:, None, None] * np.ones((1, 2, 3))
    expected = polynomial.deriv()(s) * 2 / (dt_fs * (n_frames - 1))
    found = derived_velocities(times, positions)[:, 1, 2]
    np.testing.assert_allclose(found, expected, atol=1e-9 * n_frames / dt_fs)


def test_weights_are_the_known_central_ones():
    expected = [-1 / 60, 3 / 20, -3 / 4, 0, 3 / 4, -3 / 20, 1 / 60]
    np.testing.assert_allclose(derivative_weights(np.arange(-3.0, 4.0)), expected, atol=1e-14)


def test_coarse_frames_stay_sane_at_the_ends():
    """A C–H bond turns every 11 fs; at 4 fs a one-sided polynomial through seven frames would be off by a factor."""
    times = 4.0 * np.arange(60)
    omega = 2 * np.pi / 11.0
    positions = np.sin(omega * times)[:, None, None] * np.ones((1, 1, 3))
    found = derived_velocities(times, positions)[:, 0, 0]
    truth = omega * np.cos(omega * times)
    assert np.abs(found - truth)[[0, -1]].max() < 1.3 * omega
    assert np.abs(found - truth)[3:-3].max() < 0.4 * omega


def test_one_frame_has_no_velocity():
    assert np.isnan(derived_velocities(np.array([3.0]), np.zeros((1, 2, 3)))).all()


def test_constant_acceleration_is_exact_on_irregular_frames():
    times = np.array([0.0, 0.5, 2.5, 3.0, 30.0, 32.0])
    a, v = 0.003, 0.02
    positions = (v * times + 0.5 * a * times**2)[:, None, None] * np.ones((1, 1, 3))
    accelerations = np.full(positions.shape, a)
    found = derived_velocities(times, positions, accelerations)
    np.testing.assert_allclose(found[:, 0, 0], v + a * times, atol=1e-12)


def test_friction_cancels_between_two_sides():
    """Under ẍ = −ξv the one-sided estimates are off by ξh/2 in opposite directions."""
    xi, times = 0.02, np.array([0.0, 0.5, 2.0, 100.0])
    positions = (-np.exp(-xi * times) / xi)[:, None, None] * np.ones((1, 1, 3))
    found = derived_velocities(times, positions, np.zeros(positions.shape))[:, 0, 0]
    truth = np.exp(-xi * times)
    assert found[0] / truth[0] == pytest.approx(1 - xi * 0.5 / 2, abs=1e-4)
    assert found[1] / truth[1] == pytest.approx(1.0, abs=1e-4)
    assert found[2] / truth[2] == pytest.approx(1 + xi * 1.5 / 2, abs=4e-4)
    assert np.isnan(found[3])


def _rounded_flight(times: np.ndarray, decimals: int) -> np.ndarray:
    """Atoms that drift at a benzene's speed, stored with so many decimals."""
    start = 100.0 + np.random.default_rng(0).uniform(0.0, 10.0, (12, 3))
    return np.round(start + 0.0053 * times[:, None, None], decimals)


def test_rounded_irregular_frames_look_further_away():
    """Two frames .2 fs apart that are known to 1e-3 Å say nothing; one 2.4 fs away does."""
    times = np.array([0.0, 0.2, 2.4, 2.6, 50.0])
    found = derived_velocities(times, _rounded_flight(times, 3), np.zeros((5, 12, 3)))
    assert np.abs(found[:4] - 0.0053).max() < 1e-3
    nearest = np.diff(_rounded_flight(times, 3), axis=0)[0] / 0.2
    assert np.abs(nearest - 0.0053).max() > 4e-3


def test_rounded_regular_frames_are_smoothed():
    times = 0.2 * np.arange(200)
    found = derived_velocities(times, _rounded_flight(times, 3))
    assert np.sqrt(np.square(found[12:-12] - 0.0053).mean()) < 3e-4


def test_exact_frames_are_not_smoothed():
    """A fast wave through regular frames that show no rounding has the seven-point derivative's accuracy."""
    times = 0.2 * np.arange(200)
    positions = (0.1 * np.sin(0.6 * times))[:, None, None] * np.ones((1, 1, 3))
    found = derived_velocities(times, positions)[:, 0, 0]
    assert np.abs(found - 0.06 * np.cos(0.6 * times)).max() < 1e-7


@pytest.mark.parametrize("decimals", range(2, 8))
def test_decimals_are_counted(decimals):
    positions = np.round(200 + np.random.default_rng(0).uniform(0.1, 0.9, (4, 5, 3)), decimals)
    np.testing.assert_allclose(rounding_error(positions), 10.0**-decimals / np.sqrt(12))


def test_far_frames_tell_nothing():
    times = np.array([0.0, LONGEST_GAP_FS, LONGEST_GAP_FS + 2.6, 60.0])
    positions = np.pi * times[:, None, None] * np.ones((1, 1, 3))
    with_forces = derived_velocities(times, positions, np.zeros(positions.shape))
    np.testing.assert_array_equal(np.isfinite(with_forces[:, 0, 0]), [True, True, False, False])
    without = derived_velocities(times, positions)
    assert not np.isfinite(without).any()


@pytest.fixture(scope="module")
def contiguous(real_data):
    return load_dataset(real_data / "md17_ethanol.npz").segments[0]


@pytest.mark.real_data
@pytest.mark.parametrize(("gap", "one_side", "both_sides"), [(1, 0.025, 0.003), (3, 0.07, 0.02), (5, 0.12, 0.06)])
def test_irregular_velocities_on_real_md17(contiguous, gap, one_side, both_sides):
    """Pairs and triples of frames out of contiguous MD17 ethanol, against the velocities of the whole."""
    accelerations = KCAL_PER_MOL_PER_ANGSTROM_PER_U * contiguous.forces / contiguous.molecule.masses[:, None]
    errors, scale = np.zeros(2), 0.0
    for first in range(100, 1500, 7):
        frames = np.array([first, first + gap, first + 2 * gap, first + 400])
        found = derived_velocities(contiguous.times_fs[frames], contiguous.positions[frames], accelerations[frames])
        truth = contiguous.velocities[frames]
        errors += ((found - truth) ** 2).sum(axis=(1, 2))[:2]
        scale += (truth**2).sum() / 4
    at_end, inside = np.sqrt(errors / scale)
    assert inside < both_sides < at_end < one_side


@pytest.mark.real_data
def test_regular_velocities_obey_newton_on_real_md17(contiguous):
    """Work done by the forces along the path is the change of potential energy: −ΔE = ∫ F·v dt."""
    power = np.einsum("fad,fad->f", contiguous.forces, contiguous.velocities)
    work = np.concatenate([[0], np.cumsum(0.25 * (power[1:] + power[:-1]))])
    change = contiguous.energies[0] - contiguous.energies
    assert np.abs(work - change).max() < 0.02 * np.ptp(change)


@pytest.mark.parametrize(
    ("times", "exact"),
    [
        (0.5 * np.arange(20), True),
        (2.0 * np.arange(20), False),
        (0.5 * np.arange(3), False),
        (0.5 * np.arange(20) ** 1.1, False),
    ],
)
def test_only_fine_regular_frames_tell_velocities_exactly(times, exact):
    assert tells_velocities(times) is exact
