"""Drift, spin, alignment and the Eckart frame, each against what defines it."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import molecule
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from msmd.errors import DataError
from msmd.frame import (
    aligned,
    angular_momentum,
    centre_of_mass,
    eckart_frame,
    inertia,
    is_nearly_linear,
    kabsch_rotation,
    mean_structure,
    spin,
    without_drift_and_spin,
)

N_ATOMS = 6
MASSES = np.array([12.0, 16.0, 1.0, 1.0, 14.0, 1.0])
seeds = st.integers(0, 2**32 - 1)


def state(seed: int, n_frames: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(n_frames, N_ATOMS, 3)), random.normal(size=(n_frames, N_ATOMS, 3))


def turn(seed: int) -> np.ndarray:
    return Rotation.random(rng=np.random.default_rng(seed)).as_matrix()


def test_centre_of_mass_of_two_atoms():
    positions = np.array([[0.0, 0, 0], [4.0, 0, 0]])
    np.testing.assert_allclose(centre_of_mass(positions, np.array([3.0, 1.0])), [1.0, 0, 0])


def test_inertia_of_a_dumbbell_is_reduced_mass_times_distance_squared():
    tensor = inertia(np.array([[0.0, 0, 0], [0, 0, 2.0]]), np.array([3.0, 1.0]))
    np.testing.assert_allclose(tensor, np.diag([3.0, 3.0, 0.0]), atol=1e-14)


@given(seeds)
def test_spin_of_a_rigid_body_is_found(seed: int):
    positions, _ = state(seed)
    rate, drift = np.random.default_rng(seed).normal(size=(2, 3))
    velocities = drift + np.cross(rate, positions)
    np.testing.assert_allclose(spin(positions, velocities, MASSES), np.tile(rate, (4, 1)), rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(without_drift_and_spin(positions, velocities, MASSES), 0, atol=1e-7)


def test_a_line_of_atoms_spins_about_its_normal_only():
    positions = np.array([[-1.0, 0, 0], [0, 0, 0], [1.0, 0, 0]])
    velocities = np.cross([0.3, 0.0, 0.7], positions)
    np.testing.assert_allclose(spin(positions, velocities, np.ones(3)), [0, 0, 0.7], atol=1e-14)


@given(seeds)
def test_without_drift_and_spin_leaves_no_momentum_and_changes_nothing_twice(seed: int):
    positions, velocities = state(seed)
    still = without_drift_and_spin(positions, velocities, MASSES)
    np.testing.assert_allclose(centre_of_mass(still, MASSES), 0, atol=1e-12)
    np.testing.assert_allclose(angular_momentum(positions, still, MASSES), 0, atol=1e-8)
    np.testing.assert_allclose(without_drift_and_spin(positions, still, MASSES), still, atol=1e-8)


@given(seeds)
def test_removing_rigid_motion_takes_out_its_energy_and_no_other(seed: int):
    """The rigid and the internal velocities are orthogonal in the mass metric (Pythagoras)."""
    positions, velocities = state(seed)
    still = without_drift_and_spin(positions, velocities, MASSES)

    def energy(v: np.ndarray) -> np.ndarray:
        return np.einsum("a,fad,fad->f", MASSES, v, v)

    np.testing.assert_allclose(energy(velocities), energy(still) + energy(velocities - still), rtol=1e-8)


def test_leading_axes_give_what_single_frames_give():
    positions, velocities = state(1, 6)
    stacked = without_drift_and_spin(positions.reshape(2, 3, N_ATOMS, 3), velocities.reshape(2, 3, N_ATOMS, 3), MASSES)
    for index in range(6):
        single = without_drift_and_spin(positions[index], velocities[index], MASSES)
        np.testing.assert_allclose(stacked.reshape(6, N_ATOMS, 3)[index], single, atol=1e-12)


@given(seeds, st.booleans())
def test_kabsch_finds_the_rotation_that_was_made(seed: int, weighted: bool):
    reference = state(seed)[0][0]
    rotation = turn(seed)
    positions = reference @ rotation.T + [5.0, -3.0, 1.0]
    found = kabsch_rotation(positions, reference, MASSES if weighted else None)
    np.testing.assert_allclose(found, rotation, atol=1e-7)
    np.testing.assert_allclose(aligned(positions, reference, MASSES if weighted else None), reference, atol=1e-7)


@given(seeds)
def test_kabsch_refuses_a_reflection_that_would_fit_perfectly(seed: int):
    reference = state(seed)[0][0]
    mirrored = reference * [1, 1, -1]
    rotation = kabsch_rotation(mirrored, reference)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert np.linalg.norm(aligned(mirrored, reference) - reference) > 1e-3


@pytest.mark.parametrize("flat", [[1, 1, 0], [1, 0, 0]], ids=["planar", "collinear"])
def test_kabsch_handles_planar_and_collinear_molecules(flat: list[int]):
    reference = state(3)[0][0] * flat
    positions = reference @ turn(4).T + 1.0
    assert np.linalg.det(kabsch_rotation(positions, reference)) == pytest.approx(1.0)
    np.testing.assert_allclose(aligned(positions, reference), reference, atol=1e-12)


def test_the_frame_of_a_line_turns_no_more_than_its_axis():
    """Nothing tells a line's turn about itself, which must not jump from frame to frame."""
    line = np.array([[-1.16, 0, 0], [0, 0, 0], [1.16, 0, 0]])
    turns = Rotation.from_rotvec(np.outer(np.linspace(0.0, 2.5, 50), [0.2, 0.7, 0.6])).as_matrix()
    bent = line + 0.05 * np.random.default_rng(0).normal(size=(50, 3, 3))
    rotations = kabsch_rotation(bent @ np.swapaxes(turns, -1, -2), line)
    axes = rotations[:, :, 0]
    between = Rotation.from_matrix(np.swapaxes(rotations[:-1], -1, -2) @ rotations[1:]).magnitude()
    angles = np.arccos(np.clip(np.einsum("td,td->t", axes[:-1], axes[1:]), -1, 1))
    assert between.max() < 2 * angles.max() < 0.5
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0)


def test_a_line_turned_over_is_half_a_turn():
    line = np.array([[-1.0, 0, 0], [0.2, 0, 0], [1.0, 0, 0]])
    rotation = kabsch_rotation(-line, line)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    np.testing.assert_allclose(aligned(-line, line), line, atol=1e-12)


def test_kabsch_of_coinciding_atoms_is_still_a_rotation():
    rotation = kabsch_rotation(np.zeros((3, 3)), np.zeros((3, 3)))
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


@given(seeds)
def test_no_nearby_rotation_fits_better(seed: int):
    positions, reference = state(seed)[0][:2]
    centred = positions - centre_of_mass(positions, MASSES)
    body = reference - centre_of_mass(reference, MASSES)

    def misfit(rotation: np.ndarray) -> float:
        return float(np.einsum("a,ad->", MASSES, (centred - body @ rotation.T) ** 2))

    best = kabsch_rotation(positions, reference, MASSES)
    for axis in np.concatenate([np.eye(3), -np.eye(3)]):
        assert misfit(Rotation.from_rotvec(1e-3 * axis).as_matrix() @ best) >= misfit(best) - 1e-9


@given(seeds)
def test_eckart_conditions_hold(seed: int):
    positions, _ = state(seed)
    reference = state(seed + 1)[0][0]
    frame = eckart_frame(positions, reference, MASSES)
    body = frame.to_body(positions)
    np.testing.assert_allclose(np.einsum("a,fad->fd", MASSES, body), 0, atol=1e-11)
    np.testing.assert_allclose(np.einsum("a,fad->fd", MASSES, np.cross(frame.reference, body)), 0, atol=1e-10)
    np.testing.assert_allclose(frame.to_laboratory(body), positions, atol=1e-12)


@given(seeds)
def test_body_coordinates_do_not_see_how_the_molecule_is_placed(seed: int):
    reference, deformed = state(seed)[0][0], state(seed)[0][0] + 0.1 * state(seed + 1)[0][0]
    moved = deformed @ turn(seed).T + [1.0, 2.0, 3.0]
    body = eckart_frame(deformed, reference, MASSES).to_body(deformed)
    np.testing.assert_allclose(eckart_frame(moved, reference, MASSES).to_body(moved), body, atol=1e-6)


def test_body_velocities_are_the_derivative_of_body_coordinates():
    """Against central differences along a path that drifts, spins and vibrates."""
    reference, wobble = state(5)[0][:2]

    def path(t: float) -> np.ndarray:
        rotation = Rotation.from_rotvec(t * np.array([0.7, -0.4, 1.1])).as_matrix()
        return (reference + 0.1 * np.sin(3 * t) * wobble) @ rotation.T + t * np.array([2.0, 1.0, 0.0])

    def body(t: float) -> np.ndarray:
        return eckart_frame(path(t), reference, MASSES).to_body(path(t))

    t, h = 0.4, 1e-5
    velocities = (path(t + h) - path(t - h)) / (2 * h)
    found = eckart_frame(path(t), reference, MASSES).body_velocities(path(t), velocities)
    np.testing.assert_allclose(found, (body(t + h) - body(t - h)) / (2 * h), atol=1e-7)


def test_body_velocities_of_a_rigid_motion_vanish():
    reference = state(6)[0][0]
    velocities = np.array([0.1, 0.2, 0.3]) + np.cross([0.5, -1.0, 0.2], reference)
    np.testing.assert_allclose(
        eckart_frame(reference, reference, MASSES).body_velocities(reference, velocities), 0, atol=1e-12
    )


@settings(max_examples=20)
@given(seeds)
def test_mean_structure_of_a_tumbling_rigid_body_is_the_body(seed: int):
    body = state(seed)[0][0]
    frames = np.stack([body @ turn(seed + k).T + k for k in range(5)])
    mean = mean_structure(frames, MASSES)
    np.testing.assert_allclose(aligned(mean, body, MASSES), body, atol=1e-6)
    np.testing.assert_allclose(centre_of_mass(mean, MASSES), 0, atol=1e-10)


def test_mean_structure_is_its_own_aligned_mean():
    random = np.random.default_rng(0)
    body = random.normal(size=(N_ATOMS, 3))
    frames = np.stack([(body + 0.1 * random.normal(size=body.shape)) @ turn(k).T for k in range(30)])
    mean = mean_structure(frames, MASSES)
    np.testing.assert_allclose(aligned(frames, mean, MASSES).mean(axis=0), mean, atol=1e-8)


def test_mean_structure_keeps_the_orientation_of_the_first_frame():
    random = np.random.default_rng(0)
    frames = random.normal(size=(N_ATOMS, 3)) + 0.3 * random.normal(size=(20, N_ATOMS, 3))
    mean = mean_structure(frames, MASSES)
    np.testing.assert_allclose(kabsch_rotation(mean, frames[0], MASSES), np.eye(3), atol=1e-10)


def test_mean_structure_of_nothing_is_refused():
    with pytest.raises(DataError, match="mean structure of no frames"):
        mean_structure(np.empty((0, N_ATOMS, 3)), MASSES)


def test_the_mean_of_a_bending_line_is_a_line():
    """Alignment lays all bends on top of each other; averaged, they would be a bent molecule."""
    rng = np.random.default_rng(0)
    masses, line = np.array([16.0, 12.0, 16.0]), np.array([[-1.16, 0.0, 0.0], [0.0, 0.0, 0.0], [1.16, 0.0, 0.0]])
    frames = np.tile(line, (200, 1, 1))
    frames[:, 1, 1:] += 0.1 * rng.normal(size=(200, 2))
    mean = mean_structure(frames, masses)
    assert np.linalg.matrix_rank(mean, tol=1e-6) == 1
    assert np.linalg.norm(mean[0] - mean[2]) == pytest.approx(2.32, abs=0.02)


@pytest.mark.parametrize(
    ("atoms", "line"),
    [("H2", True), ("CO2", True), ("HCN", True), ("C2H2", True), ("H2O", False), ("CH3Cl", False), ("NH3", False)],
)
def test_lines_are_told_from_the_lightest_bent_molecules(atoms: str, line: bool):
    built = molecule(atoms)
    assert is_nearly_linear(inertia(built.positions, built.get_masses())) == line
