"""Persistence, constant velocity and the rigid body against motion without forces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.spatial.transform import Rotation

from msmd.baselines.constant_velocity import ConstantVelocity
from msmd.baselines.mean_structure import MeanStructure
from msmd.baselines.persistence import Persistence
from msmd.baselines.rigid_body import RigidBody
from msmd.errors import DataError
from msmd.frame import angular_momentum, inertia

TIMES = np.array([[0.0, 3.0, 700.0, 250.0]])


def test_persistence_stays(predict, shape):
    predicted = predict(Persistence(), shape[None], np.ones_like(shape)[None], TIMES)
    np.testing.assert_array_equal(predicted, np.broadcast_to(shape, (1, 4, 4, 3)))


def test_constant_velocity_is_exact_in_free_flight(predict, shape):
    velocities = np.random.default_rng(0).normal(size=shape.shape)
    predicted = predict(ConstantVelocity(), shape[None], velocities[None], TIMES)
    np.testing.assert_allclose(predicted[0], shape + TIMES[0][:, None, None] * velocities, rtol=1e-14)


def tumbling(shape: np.ndarray, masses: np.ndarray, spin: np.ndarray, times_fs: np.ndarray) -> np.ndarray:
    """A torque-free rotor by Euler's equations in the body frame, integrated to 1e-12."""
    moments = inertia(shape, masses)

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        rotation, rate = state[:9].reshape(3, 3), state[9:]
        crossed = np.array([[0, -rate[2], rate[1]], [rate[2], 0, -rate[0]], [-rate[1], rate[0], 0]])
        return np.concatenate([(rotation @ crossed).ravel(), np.linalg.solve(moments, -np.cross(rate, moments @ rate))])

    start = np.concatenate([np.eye(3).ravel(), spin])
    found = solve_ivp(slope, (0, times_fs.max()), start, t_eval=np.sort(times_fs), rtol=1e-12, atol=1e-12).y
    turned = found[:9].T.reshape(-1, 3, 3)[np.argsort(np.argsort(times_fs))]
    return np.einsum("tde,ae->tad", turned, shape)


def test_rigid_body_is_exact_on_a_torque_free_rotor_that_drifts(make_training, predict, bent, shape):
    spin, drift, centre = np.array([0.002, 0.004, -0.001]), np.array([0.01, 0.0, -0.02]), np.array([5.0, 6.0, 7.0])
    velocities = drift + np.cross(spin, shape)
    truth = tumbling(shape, bent.masses, spin, TIMES[0]) + centre + drift * TIMES[0][:, None, None]
    anyhow = Rotation.from_euler("xyz", [1.0, 2.0, 3.0]).as_matrix()
    training = make_training(bent, (shape @ anyhow)[None], np.zeros((1, 4, 3)), TIMES[:, 1:], np.zeros((1, 3, 4, 3)))
    training = training.without_frames()
    frozen = RigidBody(molecule=bent, structure=training.windows.positions[0])
    predicted = predict(frozen, (shape + centre)[None], velocities[None], TIMES)
    # 700 fs are some 3 rad of an asymmetric top: 1e-6 Å is the rotor's own integration error.
    np.testing.assert_allclose(predicted[0], truth, atol=1e-6)
    assert np.abs(angular_momentum(shape, velocities, bent.masses)).min() > 1e-3


@pytest.fixture
def tumbled(make_training, bent, shape):
    """One shape, turned and moved in each window."""
    random = np.random.default_rng(3)
    turns = Rotation.random(12, rng=random).as_matrix()
    frames = np.einsum("wde,ae->wad", turns, shape) + random.normal(size=(12, 1, 3))
    still = np.zeros_like(frames)
    times = np.tile([[10.0, 20.0]], (12, 1))
    return make_training(bent, frames, still, times, np.repeat(frames[:, None], 2, axis=1))


def test_mean_structure_of_a_rigid_molecule_is_where_it_was(tumbled, predict):
    windows = tumbled.windows
    predicted = predict(MeanStructure.fit(tumbled), windows.positions, windows.velocities, windows.times_fs)
    np.testing.assert_allclose(predicted, windows.targets, atol=1e-7)


def test_mean_structure_forgets_the_deformation_and_returns_it_at_the_start(tumbled, predict, shape):
    stretched = 1.1 * shape
    predicted = predict(MeanStructure.fit(tumbled), stretched[None], np.zeros((1, 4, 3)), np.array([[0.0, 1.0]]))
    np.testing.assert_array_equal(predicted[0, 0], stretched)
    np.testing.assert_allclose(predicted[0, 1], shape, atol=1e-7)


def test_rigid_body_at_rest_is_the_mean_structure(tumbled, predict):
    windows = tumbled.windows
    rows = windows.positions, windows.velocities, windows.times_fs
    np.testing.assert_allclose(
        predict(RigidBody.fit(tumbled), *rows), predict(MeanStructure.fit(tumbled), *rows), atol=1e-12
    )


def test_another_number_of_atoms_is_refused(tumbled):
    rows = torch.zeros(1, 3, 3), torch.zeros(1, 3, 3), torch.ones(1, 1)
    with pytest.raises(DataError, match=r"'mean-structure' was made for the 4 atoms of 'bent'; the positions hold 3\."):
        MeanStructure.fit(tumbled).predict(*rows)
