"""The free rigid body: conserved quantities and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from msmd.frame import angular_momentum, centre_of_mass, inertia, inverse_inertia
from msmd.rotor import carry_rigidly, free_rotations

MASSES = np.array([12.0, 16.0, 1.0, 1.0])
BODY = np.array([[0.0, 0.1, 0.2], [1.4, -0.2, 0.0], [-0.5, 0.9, -0.1], [-0.4, -0.6, 0.8]])
TIMES = np.array([0.0, 10.0, 333.3, 1500.0])


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_angular_momentum_and_energy_are_conserved(seed: int):
    momentum = 0.02 * np.random.default_rng(seed).normal(size=3)
    moments = inertia(BODY, MASSES)
    turned = free_rotations(moments, momentum, TIMES)
    np.testing.assert_allclose(turned @ np.swapaxes(turned, -1, -2), np.tile(np.eye(3), (4, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turned), 1.0)
    energies = np.einsum("i,tij,jk,tlk,l->t", momentum, turned, inverse_inertia(moments), turned, momentum)
    np.testing.assert_allclose(energies, energies[0], rtol=1e-6)


def test_velocities_of_the_carried_body_have_the_momentum_that_was_asked_for():
    momentum, drift, h = np.array([0.005, -0.01, 0.02]), np.array([0.01, 0.0, -0.02]), 1e-3
    times = np.concatenate([TIMES[1:] - h, TIMES[1:] + h])
    path = carry_rigidly(BODY, drift, momentum, MASSES, times)
    velocities, middle = (path[3:] - path[:3]) / (2 * h), (path[3:] + path[:3]) / 2
    np.testing.assert_allclose(angular_momentum(middle, velocities, MASSES), np.tile(momentum, (3, 1)), atol=1e-6)
    np.testing.assert_allclose(centre_of_mass(velocities, MASSES), np.tile(drift, (3, 1)), atol=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turning_about_a_principal_axis_is_uniform(axis: int):
    moments = np.diag([2.0, 3.0, 4.0])
    momentum = 0.02 * np.eye(3)[axis]
    expected = Rotation.from_rotvec(TIMES[:, None] * momentum / moments[axis, axis]).as_matrix()
    np.testing.assert_allclose(free_rotations(moments, momentum, TIMES), expected, atol=1e-6)


def test_a_symmetric_top_precesses_as_the_closed_form_says():
    """R(t) = exp(t [L]/I₁) exp(t L₃ (1/I₃ − 1/I₁) [e₃]): precession about L times rotation about the figure axis."""
    moments, momentum = np.diag([2.0, 2.0, 5.0]), np.array([0.03, 0.0, 0.04])
    precession = Rotation.from_rotvec(TIMES[:, None] * momentum / 2.0)
    figure = Rotation.from_rotvec(TIMES[:, None] * momentum[2] * (1 / 5.0 - 1 / 2.0) * np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(free_rotations(moments, momentum, TIMES), (precession * figure).as_matrix(), atol=1e-6)


def test_order_sign_and_batching_of_times_do_not_matter():
    momentum = np.array([0.005, -0.01, 0.02])
    moments = inertia(BODY, MASSES)
    shuffled = np.array([1500.0, -200.0, 0.0, 10.0])
    turned = free_rotations(np.stack([moments, moments]), np.stack([momentum, momentum]), np.stack([TIMES, shuffled]))
    np.testing.assert_allclose(turned[0], free_rotations(moments, momentum, TIMES), atol=1e-6)
    np.testing.assert_allclose(turned[1, 0], turned[0, 3], atol=1e-6)
    np.testing.assert_allclose(turned[1, 3], turned[0, 1], atol=1e-6)
    np.testing.assert_allclose(turned[1, 2], np.eye(3), atol=1e-6)
    back = free_rotations(moments, -momentum, np.array([200.0]))
    np.testing.assert_allclose(turned[1, 1], back[0], atol=1e-6)


def test_a_linear_molecule_turns_uniformly_and_nothing_turns_without_momentum():
    line = np.array([[-1.0, 0, 0], [0, 0, 0], [1.0, 0, 0]])
    path = carry_rigidly(line, np.zeros(3), np.array([0.0, 0.0, 0.02]), np.ones(3), np.array([np.pi / 0.01]))
    np.testing.assert_allclose(path[0], -line, atol=1e-6)
    still = carry_rigidly(BODY, np.zeros(3), np.zeros(3), MASSES, TIMES)
    np.testing.assert_allclose(still, np.tile(BODY, (4, 1, 1)), atol=1e-14)


def test_rotating_the_start_rotates_the_path():
    rotation = Rotation.random(rng=np.random.default_rng(1)).as_matrix()
    momentum, drift = np.array([0.005, -0.01, 0.02]), np.array([0.01, 0.0, -0.02])
    path = carry_rigidly(BODY, drift, momentum, MASSES, TIMES)
    turned = carry_rigidly(BODY @ rotation.T, rotation @ drift, rotation @ momentum, MASSES, TIMES)
    np.testing.assert_allclose(turned, path @ rotation.T, atol=1e-7)


@pytest.mark.parametrize("bent", [0.0, 1e-6, 0.1])
def test_a_line_never_turns_about_itself_however_it_is_bent(bent: float):
    """It would turn by L₁/I₁ with hardly any I₁, as often as one likes; what is left is precession about L."""
    masses = np.array([16.0, 12.0, 16.0])
    line = np.array([[-1.16, 0.0, 0.0], [0.0, bent, 0.0], [1.16, 0.0, 0.0]])
    momentum, normal = np.array([0.05, 0.0, 0.3]), 2 * 16.0 * 1.16**2
    precession = Rotation.from_rotvec(TIMES[:, None] * momentum / normal)
    figure = Rotation.from_rotvec(-TIMES[:, None] * momentum[0] / normal * np.array([1.0, 0.0, 0.0]))
    turned = free_rotations(inertia(line, masses), momentum, TIMES)
    np.testing.assert_allclose(turned, (precession * figure).as_matrix(), atol=0.05 if bent == 0.1 else 1e-5)
