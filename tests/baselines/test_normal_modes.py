"""Damped normal modes against molecules of springs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from msmd.baselines.normal_modes import NormalModes
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U
from msmd.vibrations import to_modal, to_nodal, vibrational_basis

CHAIN = Molecule(name="chain", numbers=(8, 6, 8), bonds=((0, 1), (1, 2)))
STIFFNESS = 2000.0
"""Force constant of both springs, kcal/mol/Å²; CO2's own is 2300."""

RESTING = np.array([[-1.16, 0.0, 0.0], [0.0, 0.0, 0.0], [1.16, 0.0, 0.0]])
TIMES = np.array([3.0, 8.0, 21.0, 300.0])
EXACT_ANGSTROM = 1e-4
"""The longest damping time that is looked for, 1 ns, takes 3e-4 of the vibration in 300 fs."""


def spring_forces(along: np.ndarray) -> np.ndarray:
    """Hooke forces of the chain, kcal/mol/Å, for displacements (..., atoms) along its axis."""
    laplacian = np.array([[1.0, -1, 0], [-1, 2, -1], [0, -1, 1]])
    return -STIFFNESS * along @ laplacian


def chain_path(along: np.ndarray, speed: np.ndarray, times_fs: np.ndarray) -> np.ndarray:
    """Displacements of the chain along its axis by the exponential of its equations of motion."""
    pull = KCAL_PER_MOL_PER_ANGSTROM_PER_U * spring_forces(np.eye(3)) / CHAIN.masses[:, None]
    generator = np.block([[np.zeros((3, 3)), np.eye(3)], [pull, np.zeros((3, 3))]])
    return np.stack([(expm(generator * time) @ np.concatenate([along, speed]))[:3] for time in times_fs])


def on_axis(along: np.ndarray) -> np.ndarray:
    return along[..., None] * [1.0, 0.0, 0.0]


@pytest.fixture
def chain_training(make_training):
    """Undamped chains, stretched at random along their axis, with the forces of every start; every stretch comes with
    its opposite, so that the mean structure is the resting one."""
    random = np.random.default_rng(0)
    along, speed = 0.05 * random.normal(size=(15, 3)), 0.005 * random.normal(size=(15, 3))
    along, speed = np.concatenate([along, -along]), np.concatenate([speed, -speed])
    futures = np.stack([chain_path(a, s, TIMES) for a, s in zip(along, speed, strict=True)])
    frames = Trajectory(
        molecule=CHAIN,
        times_fs=np.arange(30.0),
        positions=RESTING + on_axis(along),
        forces=on_axis(spring_forces(along)),
    )
    times = np.tile(TIMES, (30, 1))
    rows = RESTING + on_axis(along), on_axis(speed), times, RESTING + on_axis(futures)
    return make_training(CHAIN, *rows, segments=(frames,))


def test_a_linear_molecule_has_one_vibration_more():
    assert vibrational_basis(RESTING, CHAIN.masses).shape == (9, 4)


def test_the_basis_holds_no_rigid_motion(shape, bent):
    basis = vibrational_basis(shape, bent.masses)
    assert basis.shape == (12, 6)
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-12)
    rigid = np.array([0.3, -0.2, 0.5]) + np.cross([0.1, 0.7, -0.4], shape)
    np.testing.assert_allclose(to_modal(rigid, basis, bent.masses), 0, atol=1e-12)


def test_modal_and_nodal_are_inverses(shape, bent):
    basis = vibrational_basis(shape, bent.masses)
    modal = np.random.default_rng(1).normal(size=(2, 5, 6))
    np.testing.assert_allclose(to_modal(to_nodal(modal, basis, bent.masses), basis, bent.masses), modal, atol=1e-12)


def test_frequencies_of_a_chain_are_the_textbook_ones(chain_training):
    """Symmetric stretch √(k/m_O), antisymmetric √(k (1/m_O + 2/m_C)); the bends are not in the data."""
    oxygen, carbon, _ = CHAIN.masses
    unit = KCAL_PER_MOL_PER_ANGSTROM_PER_U * STIFFNESS
    expected = np.sqrt([unit / oxygen, unit * (1 / oxygen + 2 / carbon)])
    np.testing.assert_allclose(NormalModes.fit(chain_training).frequencies[-2:], expected, rtol=1e-6)


def test_normal_modes_are_exact_on_a_harmonic_molecule(chain_training, predict):
    windows = chain_training.windows
    fitted = NormalModes.fit(chain_training)
    predicted = predict(fitted, windows.positions, windows.velocities, windows.times_fs)
    np.testing.assert_allclose(predicted, windows.targets, atol=EXACT_ANGSTROM)
    assert fitted.damping_fs > 1e5


def test_the_harmonic_molecule_may_lie_and_drift_anyhow(chain_training, predict):
    windows = chain_training.windows
    turn, shift, drift = (
        Rotation.from_euler("xyz", [0.4, 1.0, -2.0]).as_matrix(),
        [3.0, 4, 5],
        np.array([0.01, 0.02, 0]),
    )
    predicted = predict(
        NormalModes.fit(chain_training),
        windows.positions @ turn.T + shift,
        windows.velocities @ turn.T + drift,
        windows.times_fs,
    )
    expected = windows.targets @ turn.T + shift + drift * windows.times_fs[..., None, None]
    np.testing.assert_allclose(predicted, expected, atol=EXACT_ANGSTROM)


def test_the_damping_time_is_found(chain_training, make_training, predict):
    windows = chain_training.windows
    undamped = NormalModes.fit(chain_training)
    place = predict(undamped, windows.positions, windows.velocities, windows.times_fs)
    centre = np.einsum("a,wtad->wtd", CHAIN.masses / CHAIN.masses.sum(), place)[:, :, None]
    faded = RESTING + centre + np.exp(-windows.times_fs / 80.0)[..., None, None] * (place - RESTING - centre)
    rows = windows.positions, windows.velocities, windows.times_fs, faded
    training = make_training(CHAIN, *rows, segments=chain_training.segments)
    assert NormalModes.fit(training).damping_fs == pytest.approx(80.0, rel=1e-3)


def test_without_forces_the_covariance_gives_the_frequencies(make_training, bent, shape):
    """Canonical samples of a harmonic molecule at 300 K: k_B T C⁻¹ is the stiffness that drew them."""
    random = np.random.default_rng(5)
    basis = vibrational_basis(shape, bent.masses)
    frequencies = np.linspace(0.05, 0.3, 6)
    thermal = np.sqrt(300.0 * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * KCAL_PER_MOL_PER_ANGSTROM_PER_U)
    n_frames = 20_000
    shift = to_nodal(thermal * random.normal(size=(n_frames, 6)) / frequencies, basis, bent.masses)
    speed = to_nodal(thermal * random.normal(size=(n_frames, 6)), basis, bent.masses)
    times = np.full((n_frames, 1), 5.0)
    training = make_training(bent, shape + shift, speed, times, (shape + shift)[:, None])
    # 20,000 samples leave 0.5 % in a variance; displacements of 0.1 Å leave the rest.
    np.testing.assert_allclose(NormalModes.fit(training).frequencies, frequencies, rtol=0.03)


def test_a_direction_without_stiffness_is_followed_and_not_blown_up(shape, bent, predict):
    basis = vibrational_basis(shape, bent.masses)
    free = NormalModes(molecule=bent, structure=shape, modes=basis, frequencies=np.zeros(6), damping_fs=np.inf)
    speed = to_nodal(np.full(6, 1e-3), basis, bent.masses)
    predicted = predict(free, shape[None], speed[None], np.array([[100.0]]))
    np.testing.assert_allclose(predicted[0, 0], shape + 100.0 * speed, atol=1e-6)


def test_wavenumbers_are_per_centimetre(shape, bent):
    period_fs = 33356.40951981521 / 3000.0
    basis = vibrational_basis(shape, bent.masses)
    modes = NormalModes(
        molecule=bent, structure=shape, modes=basis, frequencies=np.full(6, 2 * np.pi / period_fs), damping_fs=1.0
    )
    np.testing.assert_allclose(modes.wavenumbers, 3000.0)
