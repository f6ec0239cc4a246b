"""A trajectory in its Eckart frame, and trajectories that cannot give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from msmd.errors import ProtocolError
from msmd.molecule import Molecule
from msmd.spectrum import internal_motions, reference_structure
from msmd.trajectory import Trajectory

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
REST = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])


def tumbling(*, n_frames: int = 400, dt_fs: float = 0.5, stretch: float = 0.05) -> Trajectory:
    """Water that drifts, spins about a tilted axis and stretches one O–H bond with a period of 20 fs."""
    times = dt_fs * np.arange(n_frames)

    def at(t: np.ndarray) -> np.ndarray:
        body = np.tile(REST, (len(t), 1, 1))
        body[:, 1, 0] += stretch * np.sin(2 * np.pi * t / 20)
        turned = Rotation.from_rotvec(np.outer(t, [0.001, -0.002, 0.003])).as_matrix()
        return body @ np.swapaxes(turned, 1, 2) + np.outer(t, [0.01, 0.0, 0.02])[:, None, :]

    h = 1e-4
    return Trajectory(
        molecule=WATER, times_fs=times, positions=at(times), velocities=(at(times + h) - at(times - h)) / (2 * h)
    )


def test_a_rigid_tumbling_molecule_has_no_internal_motion():
    (motion,) = internal_motions([tumbling(stretch=0.0)])
    np.testing.assert_allclose(motion.displacements, 0, atol=1e-8)
    np.testing.assert_allclose(motion.velocities, 0, atol=1e-8)


def test_velocities_are_the_derivative_of_displacements():
    (motion,) = internal_motions([tumbling()])
    np.testing.assert_allclose(
        motion.velocities[1:-1], np.gradient(motion.displacements, motion.dt_fs, axis=0)[1:-1], atol=2e-4
    )
    assert np.abs(motion.velocities).max() > 0.005


def test_unknown_velocities_are_differenced_where_frames_are_close():
    trajectory = tumbling()
    (known,), (derived,) = internal_motions([trajectory]), internal_motions([replace(trajectory, velocities=None)])
    np.testing.assert_allclose(derived.velocities[1:-1], known.velocities[1:-1], atol=2e-4)
    partly = trajectory.velocities.copy()
    partly[-1] = np.nan
    (patched,) = internal_motions([replace(trajectory, velocities=partly)])
    np.testing.assert_array_equal(patched.velocities, derived.velocities)


def test_all_segments_share_one_reference():
    first, second = internal_motions([tumbling(), tumbling(n_frames=100)])
    np.testing.assert_allclose(second.displacements, first.displacements[:100], atol=1e-12)
    given = internal_motions([tumbling()], reference=REST)[0]
    assert np.abs(given.displacements.mean(axis=0)).max() < 0.01


def test_the_reference_of_many_frames_is_the_mean_structure():
    mean = reference_structure([tumbling(n_frames=12_000, dt_fs=1.0)])
    angle = np.arccos(
        np.dot(mean[1] - mean[0], mean[2] - mean[0]) / np.prod(np.linalg.norm(mean[1:] - mean[0], axis=1))
    )
    assert np.degrees(angle) == pytest.approx(104.47, abs=0.3)
    assert np.linalg.norm(mean[2] - mean[0]) == pytest.approx(0.9605, abs=1e-3)


def test_irregular_frames_are_refused():
    trajectory = tumbling()
    chosen = np.sort(np.random.default_rng(0).choice(400, 50, replace=False))
    sparse = replace(
        trajectory, times_fs=trajectory.times_fs[chosen], positions=trajectory.positions[chosen], velocities=None
    )
    with pytest.raises(ProtocolError, match=r"0\.5 to .* fs apart; .* need evenly spaced frames. rMD17"):
        internal_motions([sparse])


def test_frames_too_far_apart_are_refused():
    with pytest.raises(ProtocolError, match=r"5 fs apart .* up to 3336 cm⁻¹ only; .* at most 4\.4 fs"):
        internal_motions([tumbling(dt_fs=5.0)])
    with pytest.raises(ProtocolError, match="4 fs apart and their velocities are not known"):
        internal_motions([replace(tumbling(dt_fs=4.0), velocities=None)])


def test_too_few_frames_and_no_trajectories_are_refused():
    with pytest.raises(ProtocolError, match=r"has 5 frames; .* at least 8"):
        internal_motions([tumbling(n_frames=5)])
    with pytest.raises(ProtocolError, match="of no trajectories"):
        internal_motions([])
