"""A short constant-energy simulation in memory: what really happens after a start, and after one a hair beside it."""

from __future__ import annotations

from itertools import islice

import numpy as np
from jaxtyping import Float

from msmd.data.dynamics import ForceField, start_state, velocity_verlet
from msmd.errors import DataError
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory


def simulate(
    force_field: ForceField,
    molecule: Molecule,
    positions: Float[np.ndarray, "atoms 3"],
    velocities: Float[np.ndarray, "atoms 3"],
    *,
    duration_fs: float,
    dt_fs: float = 0.5,
    stride: int = 8,
) -> Trajectory:
    """Constant-energy motion from one start by velocity Verlet, the start as its first frame.

    Args:
        force_field: such as ``GFN2(molecule.numbers)``.
        positions, velocities: of the start, Å and Å/fs.
        duration_fs: time to the last frame; rounded down to whole frames.
        dt_fs: integration step.
        stride: integration steps per stored frame; the defaults are those of the shipped data.

    Raises:
        DataError: when the duration holds no frame after the start.
    """
    n_frames = int(duration_fs / (dt_fs * stride) + 1e-9)
    if n_frames < 1:
        raise DataError(f"duration_fs is {duration_fs}; expected at least one frame of {dt_fs * stride:g} fs.")
    state = start_state(force_field, np.asarray(positions, dtype=float), np.asarray(velocities, dtype=float))
    motion = velocity_verlet(force_field, state, molecule.masses, dt_fs)
    states = [state, *islice(motion, stride - 1, n_frames * stride, stride)]
    return Trajectory(
        molecule=molecule,
        times_fs=dt_fs * stride * np.arange(n_frames + 1),
        positions=np.array([s.positions for s in states]),
        velocities=np.array([s.velocities for s in states]),
        forces=np.array([s.forces for s in states]),
        energies=np.array([s.energy for s in states]),
        source="simulated",
    )


def nudged(
    positions: Float[np.ndarray, "*batch atoms 3"], size: float, *, seed: int = 0
) -> Float[np.ndarray, "*batch atoms 3"]:
    """The positions with every coordinate moved by a normal random number of this standard deviation, Å.

    >>> nudged(np.zeros((2, 3)), 0.0)
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """
    return positions + size * np.random.default_rng(seed).standard_normal(np.shape(positions))
