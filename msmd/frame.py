"""Rigid motion of a molecule: its centre, drift, spin and Eckart frame."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def without_drift_and_spin(
    positions: Float[np.ndarray, "atoms 3"],
    velocities: Float[np.ndarray, "atoms 3"],
    masses: Float[np.ndarray, " atoms"],
) -> Float[np.ndarray, "atoms 3"]:
    """Velocities with total linear and angular momentum taken out.

    The angular velocity solves I ω = L with the pseudo-inverse, so that linear molecules are served too.
    """
    total = masses.sum()
    arms = positions - masses @ positions / total
    velocities = velocities - masses @ velocities / total
    angular_momentum = (masses[:, None] * np.cross(arms, velocities)).sum(axis=0)
    inertia = np.einsum("a,ab,ab->", masses, arms, arms) * np.eye(3) - np.einsum("a,ab,ac->bc", masses, arms, arms)
    spin = np.linalg.pinv(inertia, rcond=1e-10, hermitian=True) @ angular_momentum
    return velocities - np.cross(spin, arms)
