"""A short simulation against a spring solved exactly, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.data.simulate import nudged, simulate
from msmd.errors import DataError
from msmd.molecule import Molecule
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

HYDROGEN = Molecule(name="H2", numbers=(1, 1), bonds=((0, 1),))
STIFFNESS, LENGTH = 800.0, 0.74


class Spring:
    """E = k (|x₁ − x₀| − l)² / 2."""

    def energy_and_forces(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        between = positions[1] - positions[0]
        distance = np.linalg.norm(between)
        pull = STIFFNESS * (distance - LENGTH) * between / distance
        return 0.5 * STIFFNESS * (distance - LENGTH) ** 2, np.array([pull, -pull])


def stretched(by: float) -> np.ndarray:
    return np.array([[0.0, 0.0, 0.0], [LENGTH + by, 0.0, 0.0]])


def test_a_spring_swings_as_its_closed_form_says() -> None:
    path = simulate(Spring(), HYDROGEN, stretched(0.05), np.zeros((2, 3)), duration_fs=40.0, dt_fs=0.05, stride=4)
    omega = np.sqrt(STIFFNESS * KCAL_PER_MOL_PER_ANGSTROM_PER_U * 2 / HYDROGEN.masses[0])
    lengths = np.linalg.norm(path.positions[:, 1] - path.positions[:, 0], axis=1)
    assert np.allclose(lengths, LENGTH + 0.05 * np.cos(omega * path.times_fs), atol=1e-4)


def test_frames_are_evenly_spaced_and_carry_everything() -> None:
    path = simulate(Spring(), HYDROGEN, stretched(0.05), np.zeros((2, 3)), duration_fs=10.0, dt_fs=0.25, stride=4)
    assert path.times_fs.tolist() == np.arange(11.0).tolist()
    assert np.array_equal(path.positions[0], stretched(0.05))
    assert len(path.labelled_frames) == len(path.start_frames) == 11
    kinetic = 0.5 * np.einsum("a,fad->f", HYDROGEN.masses, path.velocities**2) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    assert np.ptp(path.energies + kinetic) < 0.02 * np.ptp(path.energies)


def test_refuses_a_duration_without_a_frame() -> None:
    with pytest.raises(DataError, match=r"duration_fs is 3.0; expected at least one frame of 4 fs"):
        simulate(Spring(), HYDROGEN, stretched(0.0), np.zeros((2, 3)), duration_fs=3.0)


def test_a_nudge_has_its_size_and_its_seed() -> None:
    still = np.zeros((500, 3))
    assert nudged(still, 1e-3).std() == pytest.approx(1e-3, rel=0.05)
    assert np.array_equal(nudged(still, 1e-3, seed=4), nudged(still, 1e-3, seed=4))
    assert not np.array_equal(nudged(still, 1e-3, seed=4), nudged(still, 1e-3, seed=5))
