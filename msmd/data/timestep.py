"""The time between frames, measured from forces: Newton's equation has only one unknown, dt.

For three frames g₁ and g₂ steps apart, velocity Verlet makes exactly

    (x₂ − x₁)/g₂ − (x₁ − x₀)/g₁ = dt² [a₁ + Σ_{k<g₂} (1 − k/g₂) a_{+k} + Σ_{k<g₁} (1 − k/g₁) a_{−k}]

with a = F/m, the accelerations between the frames taken from the parabola through the three known ones.  A Nosé–Hoover
thermostat adds −ξv, so the part along x₂ − x₀ is left out.  dt² follows by least squares; on contiguous MD17 frames it
comes out to four digits, with 1.0000 of the variance explained.

Frames that carry velocities but forces only now and then (ours) are measured by the second derivative of the Hermite
polynomial through five frames: P(x)/dt² + Q(v)/dt = a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from msmd.trajectory import Trajectory
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

LONGEST_GAPS = (1, 2, 3, 5, 8, 12)
"""Longest distances of frames that are tried: short ones are exact, long ones help where coordinates are rounded
(benzene, whose frames lie 0.2 fs apart).  The one that explains most of the variance is used."""

LEAST_TRIPLES = 3
MOST_TRIPLES = 4000
"""More triples than this tell nothing new and take seconds on MD17's longest files."""

TRUSTWORTHY = 0.9
"""A fit that explains less of the variance than this says nothing about dt."""

DISAGREEMENT = 0.05
"""Relative difference of a stated time step from the one that the forces show, beyond which a warning is given."""


@dataclass(frozen=True, kw_only=True)
class StepFit:
    """A time step measured from forces.

    Attributes:
        dt_fs: time between consecutive frame indices.
        explained: part of the variance of the second differences that the forces explain.
        n_samples: frames that were used.
    """

    dt_fs: float
    explained: float
    n_samples: int


def dt_from_forces(trajectory: Trajectory, dt_fs: float) -> StepFit | None:
    """The time between consecutive frame indices as the forces have it; None where the data cannot tell.

    Args:
        trajectory: with forces on some frames at least.
        dt_fs: the time step that ``trajectory.times_fs`` was made with.
    """
    labelled = trajectory.labelled_frames
    since = trajectory.times_fs - trajectory.times_fs[0]
    indices = np.rint(since / dt_fs).astype(int)
    if len(labelled) == 0 or np.abs(indices * dt_fs - since).max() > 0.01 * dt_fs:
        return None
    fits = [_fit_triples(trajectory, labelled, indices[labelled], longest) for longest in LONGEST_GAPS]
    found = [fit for fit in fits if fit is not None]
    if not found:
        hermite = _fit_hermite(trajectory, labelled, dt_fs)
        found = [] if hermite is None else [hermite]
    best = max(found, key=lambda fit: fit.explained, default=None)
    return best if best is not None and best.explained > TRUSTWORTHY else None


def _accelerations(trajectory: Trajectory, frames: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n atoms 3"]:
    return KCAL_PER_MOL_PER_ANGSTROM_PER_U * trajectory.forces[frames] / trajectory.molecule.masses[:, None]


def _fit_triples(trajectory: Trajectory, frames: np.ndarray, indices: np.ndarray, longest: int) -> StepFit | None:
    gaps = np.diff(indices)
    first = np.flatnonzero((gaps[:-1] <= longest) & (gaps[1:] <= longest))
    if len(first) < LEAST_TRIPLES:
        return None
    first = first[:: -(-len(first) // MOST_TRIPLES)]
    x = [trajectory.positions[frames[first + k]] for k in range(3)]
    a = [_accelerations(trajectory, frames[first + k]) for k in range(3)]
    weights = np.array([_verlet_weights(int(g), int(h)) for g, h in zip(gaps[first], gaps[first + 1], strict=True)])
    before, after = gaps[first][:, None, None], gaps[first + 1][:, None, None]
    # Rounding of the coordinates weighs less the longer the gap, hence the factor.
    scale = (before + after) / 2
    differences = scale * ((x[2] - x[1]) / after - (x[1] - x[0]) / before)
    expected = scale * sum(weights[:, k, None, None] * a[k] for k in range(3))
    differences, expected = (_across(y, x[2] - x[0]) for y in (differences, expected))
    if not (np.any(expected) and np.any(differences)):
        return None
    squared = float(np.vdot(expected, differences) / np.vdot(expected, expected))
    if squared <= 0:
        return None
    left = differences - squared * expected
    explained = 1.0 - float(np.vdot(left, left) / np.vdot(differences, differences))
    return StepFit(dt_fs=float(squared**0.5), explained=explained, n_samples=len(first))


def _across(vectors: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The part of each frame's 3N-vector at right angles to ``direction``."""
    squares = np.einsum("fad,fad->f", direction, direction)
    along = np.einsum("fad,fad->f", vectors, direction) / np.where(squares > 0, squares, 1.0)
    return vectors - along[:, None, None] * direction


def _verlet_weights(before: int, after: int) -> Float[np.ndarray, "3"]:
    """Weights of the three accelerations in the equation above."""
    total = _parabola(before, after, 0)
    for k in range(1, after):
        total = total + (1 - k / after) * _parabola(before, after, k)
    for k in range(1, before):
        total = total + (1 - k / before) * _parabola(before, after, -k)
    return total


def _parabola(before: int, after: int, at: int) -> Float[np.ndarray, "3"]:
    """Lagrange weights of values at −before, 0 and after."""
    return np.array(
        [
            at * (at - after) / (before * (before + after)),
            (at + before) * (after - at) / (before * after),
            at * (at + before) / (after * (before + after)),
        ]
    )


def _fit_hermite(trajectory: Trajectory, labelled: np.ndarray, dt_fs: float) -> StepFit | None:
    half, spacing = 2, trajectory.dt_fs
    if spacing is None or trajectory.velocities is None:
        return None
    frames = labelled[(labelled >= half) & (labelled < trajectory.n_frames - half)]
    if len(frames) == 0 or not np.isfinite(trajectory.velocities).all():
        return None
    of_positions, of_velocities = _hermite_weights(half)
    shifts = range(-half, half + 1)
    p = sum(w * trajectory.positions[frames + k] for w, k in zip(of_positions, shifts, strict=True)).ravel()
    q = sum(w * trajectory.velocities[frames + k] for w, k in zip(of_velocities, shifts, strict=True)).ravel()
    a = _accelerations(trajectory, frames).ravel()
    if not np.any(a):
        return None
    # d/ds |s²p + sq − a|² = 0 with s = 1/dt
    roots = np.roots([2 * p @ p, 3 * p @ q, q @ q - 2 * p @ a, -q @ a])
    inverses = [s.real for s in roots if abs(s.imag) < 1e-12 and s.real > 0]
    if not inverses:
        return None
    misfits = [np.sum((s * s * p + s * q - a) ** 2) for s in inverses]
    best = int(np.argmin(misfits))
    explained = 1.0 - float(misfits[best] / (a @ a))
    return StepFit(dt_fs=float(dt_fs / (inverses[best] * spacing)), explained=explained, n_samples=len(frames))


def _hermite_weights(half: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of positions and velocities (unit spacing) whose sum is the second derivative in the middle."""
    offsets = np.arange(-half, half + 1, dtype=float)
    degrees = np.arange(2 * len(offsets))[:, None]
    values = offsets**degrees
    slopes = degrees * offsets ** np.maximum(degrees - 1, 0)
    weights = np.linalg.solve(np.hstack([values, slopes]), 2.0 * (degrees[:, 0] == 2))
    return weights[: len(offsets)], weights[len(offsets) :]
