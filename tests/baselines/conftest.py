"""Constructed training data: windows whose future is known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from msmd.data.windows import TrainingData, Windows
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory

BENT = Molecule(name="bent", numbers=(8, 6, 1, 1), bonds=((0, 1), (1, 2), (1, 3)))
"""Four atoms without symmetry: every frame, mode and index is told apart."""

SHAPE = np.array([[0.0, 0.0, 0.0], [1.3, 0.0, 0.0], [1.9, 0.9, 0.1], [1.8, -0.7, 0.6]])


@pytest.fixture
def bent() -> Molecule:
    return BENT


@pytest.fixture
def shape() -> np.ndarray:
    """The resting shape of ``bent``, centre of mass at the origin, Å."""
    masses = BENT.masses
    return SHAPE - masses @ SHAPE / masses.sum()


@pytest.fixture
def make_training() -> Callable[..., TrainingData]:
    """Training data out of starts and futures."""

    def make(
        molecule: Molecule,
        positions: np.ndarray,
        velocities: np.ndarray,
        times_fs: np.ndarray,
        targets: np.ndarray,
        *,
        segments: tuple[Trajectory, ...] = (),
        start_times_fs: np.ndarray | None = None,
    ) -> TrainingData:
        n_windows = len(positions)
        starts = 2000.0 * np.arange(n_windows) if start_times_fs is None else start_times_fs
        windows = Windows(
            molecule=molecule,
            positions=positions,
            velocities=velocities,
            times_fs=times_fs,
            targets=targets,
            segments=np.zeros(n_windows, dtype=int),
            start_frames=np.arange(n_windows),
            start_times_fs=starts,
        )
        return TrainingData(
            molecule=molecule,
            windows=windows,
            segments=segments,
            horizon_fs=float(times_fs.max()),
            temperature_kelvin=None,
            thermostat=False,
        )

    return make


@pytest.fixture
def predict() -> Callable[..., np.ndarray]:
    """Calls ``predict`` on arrays."""
    import torch

    def call(forecaster: object, *rows: np.ndarray) -> np.ndarray:
        return forecaster.predict(*(torch.tensor(row) for row in rows)).numpy()

    return call
