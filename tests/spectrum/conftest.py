"""A trajectory whose motion is known in closed form: a harmonic chain, whose normal modes are those of its graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from msmd.molecule import Molecule
from msmd.spectrum import graph_spectrum
from msmd.trajectory import Trajectory
from msmd.units import WAVENUMBER_PER_INVERSE_FS


@dataclass(frozen=True, kw_only=True)
class HarmonicChain:
    """Six equal atoms joined by equal springs, vibrating along the line they lie on.

    Such a vibration turns nothing, so that the Eckart frame is the laboratory's.
    """

    base_wavenumber: float = 500.0

    @property
    def molecule(self) -> Molecule:
        return Molecule(name="chain", numbers=(6,) * 6, bonds=tuple((i, i + 1) for i in range(5)))

    @property
    def wavenumbers(self) -> np.ndarray:
        """cm⁻¹ of each mode, base·√λ."""
        return self.base_wavenumber * np.sqrt(graph_spectrum(self.molecule).eigenvalues)

    @property
    def omega(self) -> np.ndarray:
        """rad/fs of each mode."""
        return 2 * np.pi * self.wavenumbers / WAVENUMBER_PER_INVERSE_FS

    def trajectory(self, *, n_frames: int = 4000, dt_fs: float = 4.0, seed: int = 0) -> Trajectory:
        """Every mode but that of the centre of mass at 0.01 Å and a random phase."""
        modes = graph_spectrum(self.molecule).eigenvectors
        times = dt_fs * np.arange(n_frames)
        angles = np.outer(times, self.omega) + np.random.default_rng(seed).uniform(0, 2 * np.pi, 6)
        amplitude = np.where(self.omega > 0, 0.01, 0.0)
        positions, velocities = np.zeros((2, n_frames, 6, 3))
        positions[..., 0] = 1.5 * np.arange(6) + (amplitude * np.cos(angles)) @ modes.T
        velocities[..., 0] = (-amplitude * self.omega * np.sin(angles)) @ modes.T
        return Trajectory(molecule=self.molecule, times_fs=times, positions=positions, velocities=velocities)


@pytest.fixture
def chain() -> HarmonicChain:
    """The chain with a base of 500 cm⁻¹: modes from 259 to 966 cm⁻¹."""
    return HarmonicChain()
