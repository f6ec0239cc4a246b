"""Time scales of motions whose time scales are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from msmd.data.registry import molecule_card
from msmd.errors import ProtocolError
from msmd.molecule import Molecule
from msmd.spectrum import InternalMotion, graph_spectrum, internal_motions, measure_time_scales
from msmd.spectrum.time_scales import autocorrelation, fall_time
from msmd.trajectory import Trajectory
from msmd.units import WAVENUMBER_PER_INVERSE_FS

EIGHTH_OF_A_TURN = np.arccos(1 / np.e)
"""The phase at which a cosine has fallen to 1/e."""


def relaxing(decay_fs: np.ndarray, *, n_frames: int, seed: int) -> InternalMotion:
    """Ethanol whose modes relax exponentially (Ornstein–Uhlenbeck), each with its own time constant, at 1 fs."""
    ethanol = molecule_card("ethanol").molecule
    modes = graph_spectrum(ethanol).eigenvectors
    keep = np.exp(-1.0 / decay_fs)[:, None]
    kicks = np.random.default_rng(seed).normal(size=(n_frames, 9, 3)) * np.sqrt(1 - keep**2)
    amplitudes = np.empty_like(kicks)
    amplitudes[0] = kicks[0] / np.sqrt(1 - keep**2)
    for frame in range(1, n_frames):
        amplitudes[frame] = keep * amplitudes[frame - 1] + kicks[frame]
    nodal = modes @ amplitudes
    return InternalMotion(molecule=ethanol, dt_fs=1.0, displacements=nodal, velocities=np.gradient(nodal, axis=0))


def test_autocorrelation_is_the_mean_of_products():
    signal = np.random.default_rng(0).normal(size=(60, 2))
    expected = [np.mean(np.sum(signal[: 60 - lag] * signal[lag:], axis=1)) for lag in range(30)]
    np.testing.assert_allclose(autocorrelation([signal]), expected, atol=1e-12)


def test_autocorrelation_over_stretches_weighs_their_pairs():
    long, short = np.random.default_rng(1).normal(size=(60, 1)), np.random.default_rng(2).normal(size=(20, 1))
    expected = [
        (np.sum(long[: 60 - lag] * long[lag:]) + np.sum(short[: 20 - lag] * short[lag:])) / (80 - 2 * lag)
        for lag in range(10)
    ]
    np.testing.assert_allclose(autocorrelation([long, short]), expected, atol=1e-12)


@given(st.floats(2.3, 40.0))
def test_refining_finds_the_correlation_between_frames(period: float):
    """A vibration sampled 2.3 to 40 times per period; C(t) = ½ cos(2πt/T)."""
    wave = np.cos(2 * np.pi * np.arange(8000) / period)[:, None]
    fine = autocorrelation([wave], refine=8)[: int(4 * period)]
    expected = 0.5 * np.cos(2 * np.pi * np.arange(len(fine)) / 8 / period)
    np.testing.assert_allclose(fine, expected, atol=0.01)


def test_refining_keeps_what_the_frames_themselves_say():
    """Also of noise, which has power at the Nyquist frequency."""
    noise = np.random.default_rng(0).standard_normal((64, 1))
    np.testing.assert_allclose(autocorrelation([noise], refine=4)[::4], autocorrelation([noise]), atol=1e-12)


def test_a_correlation_that_stays_up_is_not_resolved():
    assert fall_time(np.ones(100), 0.5) == (50.0, False)


def test_a_harmonic_chain_has_the_time_scales_it_was_given(chain):
    scales = measure_time_scales(
        internal_motions([chain.trajectory(seed=s) for s in range(4)]), graph_spectrum(chain.molecule)
    )
    assert scales.is_resolved[1:].all()
    np.testing.assert_allclose(scales.correlation_times_fs[1:], EIGHTH_OF_A_TURN / chain.omega[1:], rtol=0.01)
    np.testing.assert_allclose(scales.centroids[1:], chain.wavenumbers[1:], rtol=0.01)
    assert np.all(scales.correlation_errors_fs[1:] < 0.1)


def test_relaxing_modes_have_the_time_constants_they_were_given():
    decay = np.array([200.0, 100.0, 80.0, 50.0, 50.0, 50.0, 30.0, 20.0, 10.0])
    motions = [relaxing(decay, n_frames=20_000, seed=s) for s in range(4)]
    scales = measure_time_scales(motions, graph_spectrum(motions[0].molecule), mass_weighted=False)
    np.testing.assert_allclose(scales.correlation_times_fs, decay, rtol=0.15)
    assert np.all(np.abs(scales.correlation_times_fs - decay) < 6 * scales.correlation_errors_fs)


def test_motion_slower_than_the_trajectories_is_marked_as_a_lower_bound():
    """Two trajectories, each stuck in its own conformer: nothing decays, and half their length is all that is known."""
    ethanol = molecule_card("ethanol").molecule
    conformer = np.random.default_rng(0).normal(size=(9, 3)) + np.zeros((400, 9, 3))
    motions = [
        InternalMotion(molecule=ethanol, dt_fs=1.0, displacements=sign * conformer, velocities=np.zeros((400, 9, 3)))
        for sign in (1, -1)
    ]
    scales = measure_time_scales(motions, graph_spectrum(ethanol))
    assert not scales.is_resolved.any()
    np.testing.assert_array_equal(scales.correlation_times_fs, 200.0)
    assert np.isnan(scales.centroids).all()


def test_an_offset_of_the_reference_is_no_slow_motion():
    motion = relaxing(np.full(9, 50.0), n_frames=5000, seed=0)
    moved = replace(motion, displacements=motion.displacements + 10.0)
    spectrum = graph_spectrum(motion.molecule)
    expected, found = (measure_time_scales([m], spectrum) for m in (motion, moved))
    np.testing.assert_allclose(found.correlation_times_fs, expected.correlation_times_fs)


def test_errors_are_standard_errors_over_trajectories():
    motions = [relaxing(np.full(9, 50.0), n_frames=3000, seed=s) for s in range(4)]
    spectrum = graph_spectrum(motions[0].molecule)
    together = measure_time_scales(motions, spectrum)
    alone = [measure_time_scales([m], spectrum) for m in motions]
    times = np.stack([scales.correlation_times_fs for scales in alone])
    centroids = np.stack([scales.centroids for scales in alone])
    np.testing.assert_allclose(together.correlation_errors_fs, times.std(axis=0, ddof=1) / 2)
    np.testing.assert_allclose(together.centroid_errors, centroids.std(axis=0, ddof=1) / 2)


def test_one_trajectory_gives_errors_from_its_parts(chain):
    one = measure_time_scales(internal_motions([chain.trajectory()]), graph_spectrum(chain.molecule))
    assert np.isfinite(one.correlation_errors_fs[1:]).all()
    assert (one.centroid_errors[1:] > 0).all()


def test_weights_by_mass_change_nothing_where_masses_are_equal(chain):
    motions = internal_motions([chain.trajectory()])
    spectrum = graph_spectrum(chain.molecule)
    heavy, plain = (measure_time_scales(motions, spectrum, mass_weighted=w) for w in (True, False))
    np.testing.assert_allclose(heavy.correlation_times_fs[1:], plain.correlation_times_fs[1:])
    assert heavy.mass_weighted
    assert not plain.mass_weighted


def test_rigid_rotation_does_not_count_as_slow_motion(chain):
    """The same vibration in a chain that turns about its middle: same time scales."""
    still = chain.trajectory()
    angle = 0.0005 * still.times_fs
    turn = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    spun_positions, spun_velocities = np.zeros((2, *still.positions.shape))
    along, speed = still.positions[..., 0] - 3.75, still.velocities[..., 0]
    across = np.stack([-turn[:, 1], turn[:, 0]], axis=-1)
    spun_positions[..., :2] = along[..., None] * turn[:, None]
    spun_velocities[..., :2] = speed[..., None] * turn[:, None] + 0.0005 * along[..., None] * across[:, None]
    spun = type(still)(
        molecule=still.molecule, times_fs=still.times_fs, positions=spun_positions, velocities=spun_velocities
    )
    spectrum = graph_spectrum(chain.molecule)
    expected, found = (measure_time_scales(internal_motions([t]), spectrum) for t in (still, spun))
    np.testing.assert_allclose(found.correlation_times_fs[1:], expected.correlation_times_fs[1:], rtol=1e-4)
    np.testing.assert_allclose(found.centroids[1:], expected.centroids[1:], rtol=1e-4)


def test_a_linear_molecule_bends_at_its_own_frequency():
    """Carbon dioxide in one bend of 667 cm⁻¹, lying askew, with a little noise."""
    molecule = Molecule(name="co2", numbers=(8, 6, 8), bonds=((0, 1), (1, 2)))
    omega = 2 * np.pi * 667.0 / WAVENUMBER_PER_INVERSE_FS
    times = 1.0 * np.arange(4000)
    bend = np.array([-0.375, 1.0, -0.375])[:, None] * np.array([0.0, 0.6, 0.8])
    line = np.array([[-1.16, 0, 0], [0, 0, 0], [1.16, 0, 0]])
    askew = Rotation.from_rotvec([0.4, -0.9, 0.5]).as_matrix()
    positions = line + 0.05 * np.cos(omega * times)[:, None, None] * bend
    positions += 1e-5 * np.random.default_rng(0).normal(size=positions.shape)
    velocities = -0.05 * omega * np.sin(omega * times)[:, None, None] * bend
    trajectory = Trajectory(
        molecule=molecule, times_fs=times, positions=positions @ askew.T, velocities=velocities @ askew.T
    )
    found = measure_time_scales(internal_motions([trajectory]), graph_spectrum(molecule))
    np.testing.assert_allclose(found.centroids[[0, 2]], 667.0, rtol=0.01)  # mode 1, the stretch, holds the noise


def test_a_mode_in_which_nothing_moves_has_no_time_scale():
    """Nitrogen's two atoms move against each other alone; what rounding leaves of the other mode is no motion."""
    molecule = Molecule(name="n2", numbers=(7, 7), bonds=((0, 1),))
    omega = 2 * np.pi * 2400.0 / WAVENUMBER_PER_INVERSE_FS
    times = 0.5 * np.arange(4000)
    stretch = np.array([-0.5, 0.5])[:, None] * np.array([0.0, 0.6, 0.8])
    positions = stretch * (1.1 + 0.05 * np.cos(omega * times))[:, None, None]
    velocities = -0.05 * omega * np.sin(omega * times)[:, None, None] * stretch
    trajectory = Trajectory(molecule=molecule, times_fs=times, positions=positions, velocities=velocities)
    found = measure_time_scales(internal_motions([trajectory]), graph_spectrum(molecule))
    assert np.isnan([found.correlation_times_fs[0], found.centroids[0], found.centroid_errors[0]]).all()
    assert found.is_resolved.tolist() == [False, True]
    assert found.centroids[1] == pytest.approx(2400.0, rel=0.01)


def test_different_time_steps_are_refused(chain):
    motions = internal_motions([chain.trajectory(dt_fs=4.0), chain.trajectory(dt_fs=2.0)])
    with pytest.raises(ProtocolError, match=r"time steps of \[2.0, 4.0\] fs"):
        measure_time_scales(motions, graph_spectrum(chain.molecule))
