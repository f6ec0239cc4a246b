"""Mass-weighted vibrational coordinates about a reference structure, and the stiffness that holds it together."""

from __future__ import annotations

import numpy as np

from msmd.data.windows import TrainingData
from msmd.frame import eckart_frame
from msmd.shapes import Array, Float, Frame
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

RIGID_TOLERANCE = 1e-8
"""Singular values of the rigid motions below this part of the largest count as zero: a linear molecule has five."""

RELATIVE_RIDGE = 1e-8
"""Part of the mean variance added to every variance: keeps the fit solvable where frames are fewer than modes, and is
far below the stiffest mode's share (some 1e-3 of the mean)."""


def vibrational_basis(structure: Frame, masses: Float[Array, " atoms"]) -> Float[Array, "coordinates vibrations"]:
    """Orthonormal columns that span all √m-weighted displacements but translations and infinitesimal rotations.

    Args:
        structure: reference with its centre of mass at the origin, Å.
        masses: u.

    >>> vibrational_basis(np.array([[0.0, 0, -1], [0, 0, 1]]), np.ones(2)).shape
    (6, 1)
    """
    root = np.sqrt(masses)[:, None]
    translations = [root * axis for axis in np.eye(3)]
    rotations = [root * np.cross(axis, structure) for axis in np.eye(3)]
    rigid = np.array([*translations, *rotations]).reshape(6, -1)
    _, sizes, rows = np.linalg.svd(rigid)
    return rows[int((sizes > RIGID_TOLERANCE * sizes[0]).sum()) :].T


def stiffness(
    training: TrainingData, structure: Frame, basis: Float[Array, "coordinates vibrations"]
) -> Float[Array, "vibrations vibrations"]:
    """The mass-weighted stiffness H of the best linear force in the Eckart frame, q̈ = −H q, in 1/fs².

    With forces: ridge regression of the forces on the displacements, made symmetric.  Without: H = k_B T C⁻¹, C the
    covariance of the displacements and k_B T the mean square of the velocities.  In a canonical ensemble both are the
    same, because ⟨q_i F_j⟩ = −k_B T δ_ij; they differ by how few frames they get along with.
    """
    if basis.shape[1] == 0:
        return np.zeros((0, 0))  # a single atom
    positions, forces = training.labelled()
    if len(positions) >= basis.shape[1]:
        return _from_forces(positions, forces, structure, basis, training.molecule.masses)
    return _from_covariance(training, structure, basis)


def _from_forces(
    positions: Float[Array, "labelled atoms 3"],
    forces: Float[Array, "labelled atoms 3"],
    structure: Frame,
    basis: Float[Array, "coordinates vibrations"],
    masses: Float[Array, " atoms"],
) -> Float[Array, "vibrations vibrations"]:
    frame = eckart_frame(positions, structure, masses)
    shifts = to_modal(frame.to_body(positions) - frame.reference, basis, masses)
    accelerations = KCAL_PER_MOL_PER_ANGSTROM_PER_U * forces @ frame.rotations / masses[:, None]
    pulls = to_modal(accelerations, basis, masses)
    shifts, pulls = shifts - shifts.mean(axis=0), pulls - pulls.mean(axis=0)
    fitted = -np.linalg.solve(_with_ridge(shifts.T @ shifts), shifts.T @ pulls)
    return 0.5 * (fitted + fitted.T)


def _from_covariance(
    training: TrainingData, structure: Frame, basis: Float[Array, "coordinates vibrations"]
) -> Float[Array, "vibrations vibrations"]:
    masses, windows, structures = training.molecule.masses, training.windows, training.structures()
    frame = eckart_frame(structures, structure, masses)
    shifts = to_modal(frame.to_body(structures) - frame.reference, basis, masses)
    starts = eckart_frame(windows.positions, structure, masses)
    speeds = to_modal(starts.body_velocities(windows.positions, windows.velocities), basis, masses)
    covariance = np.atleast_2d(np.cov(shifts, rowvar=False))
    return np.square(speeds).mean() * np.linalg.inv(_with_ridge(covariance))


def to_modal(
    body: Float[Array, "*batch atoms 3"],
    basis: Float[Array, "coordinates vibrations"],
    masses: Float[Array, " atoms"],
) -> Float[Array, "*batch vibrations"]:
    """Displacements (or velocities, accelerations) in the body frame as √m-weighted coordinates."""
    weighted = np.sqrt(masses)[:, None] * body
    return weighted.reshape(*body.shape[:-2], len(basis)) @ basis


def to_nodal(
    modal: Float[Array, "*batch vibrations"],
    basis: Float[Array, "coordinates vibrations"],
    masses: Float[Array, " atoms"],
) -> Float[Array, "*batch atoms 3"]:
    """The inverse of ``to_modal``."""
    weighted = (modal @ basis.T).reshape(*modal.shape[:-1], len(masses), 3)
    return weighted / np.sqrt(masses)[:, None]


def _with_ridge(gram: Float[Array, "vibrations vibrations"]) -> Float[Array, "vibrations vibrations"]:
    return gram + RELATIVE_RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
