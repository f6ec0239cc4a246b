"""Rigid motion of a molecule: its centre, drift and spin, alignment, and the Eckart frame.

Every function takes any number of leading axes (frames, windows) before ``atoms 3``.  Rotations are proper matrices R
that turn body coordinates into the laboratory's: x = c + R y.  Units: Å, fs, u; angular momentum u·Å²/fs, spin rad/fs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from msmd.errors import DataError

RANK_TOLERANCE = 1e-10
"""Principal moments of inertia below this part of the largest count as zero: the molecule is linear."""

LINEAR_MOMENT, LINEAR_PART = 0.3, 0.1
"""A smallest moment below this many u·Å² (half of water's) and this part of the next is that of a bending line."""

MEAN_TOLERANCE_ANGSTROM = 1e-9
"""``mean_structure`` stops when no coordinate moves further; far below anything that a trajectory resolves."""

MEAN_ITERATIONS = 100
"""It takes 5 to 15 for rigid molecules; floppy ones may need a few dozen."""


def centre_of_mass(
    positions: Float[np.ndarray, "*batch atoms 3"], masses: Float[np.ndarray, " atoms"]
) -> Float[np.ndarray, "*batch 3"]:
    """Σ m x / Σ m; of velocities, the drift in Å/fs."""
    return np.einsum("a,...ad->...d", masses / masses.sum(), positions)


def angular_momentum(
    positions: Float[np.ndarray, "*batch atoms 3"],
    velocities: Float[np.ndarray, "*batch atoms 3"],
    masses: Float[np.ndarray, " atoms"],
) -> Float[np.ndarray, "*batch 3"]:
    """L = Σ m (x − c) × v, about the centre of mass, in u·Å²/fs."""
    arms = positions - centre_of_mass(positions, masses)[..., None, :]
    return np.einsum("a,...ad->...d", masses, np.cross(arms, velocities))


def inertia(
    positions: Float[np.ndarray, "*batch atoms 3"], masses: Float[np.ndarray, " atoms"]
) -> Float[np.ndarray, "*batch 3 3"]:
    """I = Σ m (|r|² 1 − r rᵀ) about the centre of mass, in u·Å²."""
    arms = positions - centre_of_mass(positions, masses)[..., None, :]
    second = np.einsum("a,...ad,...ae->...de", masses, arms, arms)
    return np.trace(second, axis1=-2, axis2=-1)[..., None, None] * np.eye(3) - second


def inverse_inertia(moments: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch 3 3"]:
    """The pseudo-inverse of inertia tensors; a linear molecule's axis, about which nothing turns, counts as zero."""
    return np.linalg.pinv(moments, rcond=RANK_TOLERANCE, hermitian=True)


def is_nearly_linear(moments: Float[np.ndarray, "*batch 3 3"]) -> Bool[np.ndarray, "*batch"]:
    """True for the inertia tensor (u·Å²) of a linear molecule, bent by its vibrations or not.

    Such a molecule has no spin about its axis worth carrying on: how fast that would be is a matter of how far the
    molecule happens to be bent.
    """
    least, middle, _ = np.moveaxis(np.linalg.eigvalsh(moments), -1, 0)
    return np.asarray((least < LINEAR_MOMENT) & (least < LINEAR_PART * middle))


def spin(
    positions: Float[np.ndarray, "*batch atoms 3"],
    velocities: Float[np.ndarray, "*batch atoms 3"],
    masses: Float[np.ndarray, " atoms"],
) -> Float[np.ndarray, "*batch 3"]:
    """The angular velocity ω of the rigid body with the same L: I ω = L, in rad/fs.

    The pseudo-inverse serves linear molecules too, which cannot spin about their axis.
    """
    inverse = inverse_inertia(inertia(positions, masses))
    return np.einsum("...de,...e->...d", inverse, angular_momentum(positions, velocities, masses))


def without_drift_and_spin(
    positions: Float[np.ndarray, "*batch atoms 3"],
    velocities: Float[np.ndarray, "*batch atoms 3"],
    masses: Float[np.ndarray, " atoms"],
) -> Float[np.ndarray, "*batch atoms 3"]:
    """Velocities with total linear and angular momentum taken out: v − v_c − ω × (x − c).

    >>> dumbbell, drifting_and_turning = np.array([[1.0, 0, 0], [-1, 0, 0]]), np.array([[1.0, 2, 0], [1, -2, 0]])
    >>> np.allclose(without_drift_and_spin(dumbbell, drifting_and_turning, np.ones(2)), 0)
    True
    """
    arms = positions - centre_of_mass(positions, masses)[..., None, :]
    drift = centre_of_mass(velocities, masses)[..., None, :]
    return velocities - drift - np.cross(spin(positions, velocities, masses)[..., None, :], arms)


def kabsch_rotation(
    positions: Float[np.ndarray, "*batch atoms 3"],
    reference: Float[np.ndarray, "*#batch atoms 3"],
    weights: Float[np.ndarray, " atoms"] | None = None,
) -> Float[np.ndarray, "*batch 3 3"]:
    """The proper rotation R that best turns the reference onto the positions, both about their weighted centres.

    R minimises Σ w |(x − x̄) − R (r − r̄)|² over rotations; a reflection is never returned, even where it would fit
    better.  Where the minimum is not unique because one of the two is a line, R turns its axis along the shortest way,
    so that it follows a moving molecule without jumps (but where the axis is turned over).

    Args:
        weights: one per atom; all equal when None.  Masses give the Eckart frame.

    Reference: Kabsch, Acta Cryst. A 32, 922 (1976).
    """
    weights = np.ones(positions.shape[-2]) if weights is None else weights
    body = reference - centre_of_mass(reference, weights)[..., None, :]
    left, sizes, right = np.linalg.svd(np.einsum("a,...ad,...ae->...de", weights, positions, body))
    handedness = np.sign(np.linalg.det(left @ right))
    left = left.copy()
    left[..., :, 2] *= handedness[..., None]
    best = left @ right
    is_line = sizes[..., 1] < RANK_TOLERANCE * sizes[..., 0]
    if is_line.any():
        best[is_line] = _shortest_turn(right[is_line][:, 0, :], left[is_line][:, :, 0])
    return best


def _shortest_turn(start: Float[np.ndarray, "turns 3"], end: Float[np.ndarray, "turns 3"]) -> np.ndarray:
    """The rotations that turn one unit vector into another about the axis across both (Rodrigues)."""
    cosine = np.einsum("td,td->t", start, end)
    over = cosine < -1.0 + 1e-12  # half a turn, about any axis across
    across = np.linalg.svd(start[:, None, :])[2][:, 1]
    axis = np.where(over[:, None], across, np.cross(start, end))
    cross = np.cross(np.eye(3), axis[:, None, :])
    square = cross @ cross
    scale = np.where(over, 2.0, 1.0 / np.where(over, 1.0, 1.0 + cosine))[:, None, None]
    return np.eye(3) + np.where(over[:, None, None], 0.0, cross) + scale * square


def aligned(
    positions: Float[np.ndarray, "*batch atoms 3"],
    reference: Float[np.ndarray, "*#batch atoms 3"],
    weights: Float[np.ndarray, " atoms"] | None = None,
) -> Float[np.ndarray, "*batch atoms 3"]:
    """The positions moved as a rigid body to lie as near as they can to the reference (weighted least squares)."""
    weights = np.ones(positions.shape[-2]) if weights is None else weights
    rotation = kabsch_rotation(positions, reference, weights)
    arms = positions - centre_of_mass(positions, weights)[..., None, :]
    return arms @ rotation + centre_of_mass(reference, weights)[..., None, :]


@dataclass(frozen=True, kw_only=True, eq=False)
class EckartFrame:
    """The frame that moves with a molecule so that nothing but its deformation is left.

    Body coordinates y = Rᵀ (x − c) satisfy the Eckart conditions with the reference r (about its own centre of mass):
    Σ m y = 0 and Σ m r × y = 0.

    Attributes:
        centres: centre of mass of each frame, Å.
        rotations: proper rotations from the body to the laboratory.
        reference: the structure r with its centre of mass at the origin, Å.
        masses: u.

    Reference: Eckart, Phys. Rev. 47, 552 (1935); Kudin and Dymarsky, J. Chem. Phys. 122, 224105 (2005).
    """

    centres: Float[np.ndarray, "*batch 3"]
    rotations: Float[np.ndarray, "*batch 3 3"]
    reference: Float[np.ndarray, "atoms 3"]
    masses: Float[np.ndarray, " atoms"]

    def to_body(self, positions: Float[np.ndarray, "*batch atoms 3"]) -> Float[np.ndarray, "*batch atoms 3"]:
        """y = Rᵀ (x − c)."""
        return (positions - self.centres[..., None, :]) @ self.rotations

    def to_laboratory(self, body: Float[np.ndarray, "*batch atoms 3"]) -> Float[np.ndarray, "*batch atoms 3"]:
        """x = c + R y."""
        return self.centres[..., None, :] + body @ np.swapaxes(self.rotations, -1, -2)

    def body_velocities(
        self, positions: Float[np.ndarray, "*batch atoms 3"], velocities: Float[np.ndarray, "*batch atoms 3"]
    ) -> Float[np.ndarray, "*batch atoms 3"]:
        """The exact time derivative of the body coordinates, ẏ = Rᵀ (v − v_c) − Ω × y.

        The frame's own angular velocity Ω follows from the derivative of the second Eckart condition,
        Σ m r × ẏ = 0, that is J Ω = Σ m r × Rᵀ v with J = Σ m ((r·y) 1 − y rᵀ).
        """
        body = self.to_body(positions)
        drift = centre_of_mass(velocities, self.masses)[..., None, :]
        turned = (velocities - drift) @ self.rotations
        outer = np.einsum("a,...ad,ae->...de", self.masses, body, self.reference)
        matrix = np.trace(outer, axis1=-2, axis2=-1)[..., None, None] * np.eye(3) - outer
        momentum = np.einsum("a,...ad->...d", self.masses, np.cross(self.reference, turned))
        turning = np.einsum("...de,...e->...d", np.linalg.pinv(matrix, rcond=RANK_TOLERANCE), momentum)
        return turned - np.cross(turning[..., None, :], body)


def eckart_frame(
    positions: Float[np.ndarray, "*batch atoms 3"],
    reference: Float[np.ndarray, "atoms 3"],
    masses: Float[np.ndarray, " atoms"],
) -> EckartFrame:
    """The Eckart frame of each set of positions: the mass-weighted best alignment with the reference."""
    return EckartFrame(
        centres=centre_of_mass(positions, masses),
        rotations=kabsch_rotation(positions, reference, masses),
        reference=reference - centre_of_mass(reference, masses),
        masses=masses,
    )


def mean_structure(
    positions: Float[np.ndarray, "frames atoms 3"], masses: Float[np.ndarray, " atoms"]
) -> Float[np.ndarray, "atoms 3"]:
    """The structure that is the mean of all frames when each is aligned with it (masses as weights), centred.

    Found by aligning and averaging in turn, from the first frame; the result keeps that frame's orientation.  That of
    a linear molecule is put on a line: alignment lays bends on top of each other, and their mean would be bent.

    Raises:
        DataError: when there are no frames.
    """
    if len(positions) == 0:
        raise DataError("The mean structure of no frames was asked for; expected at least one frame.")
    first = positions[0] - centre_of_mass(positions[0], masses)
    mean = first
    for _ in range(MEAN_ITERATIONS):
        found = aligned(positions, mean, masses).mean(axis=0)
        moved = np.abs(found - mean).max()
        mean = found
        if moved < MEAN_TOLERANCE_ANGSTROM:
            break
    mean = aligned(mean, first, masses)
    moments = inertia(mean, masses)
    if is_nearly_linear(moments):
        axis = np.linalg.eigh(moments)[1][:, 0]
        mean = np.outer(mean @ axis, axis)
    return mean
