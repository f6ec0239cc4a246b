"""Is the predicted molecule still a molecule?  Bond lengths, and distance after the best alignment."""

from __future__ import annotations

import numpy as np

from msmd.errors import ProtocolError
from msmd.frame import aligned
from msmd.molecule import Molecule
from msmd.shapes import Array, Bool, Float


def bond_lengths(positions: Float[Array, "*batch atoms 3"], molecule: Molecule) -> Float[Array, "*batch bonds"]:
    """Length of every bond of the molecule's graph, Å.

    >>> water = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    >>> bond_lengths(np.array([[0.0, 0, 0], [0.96, 0, 0], [0, 1.0, 0]]), water)
    array([0.96, 1.  ])
    """
    first, second = molecule.bond_array.T
    return np.linalg.norm(positions[..., first, :] - positions[..., second, :], axis=-1)


def bond_length_error(
    predicted: Float[Array, "*batch atoms 3"], reference: Float[Array, "*batch atoms 3"], molecule: Molecule
) -> float:
    """Root mean square difference of bond lengths, frame by frame and bond by bond, Å.

    Raises:
        ProtocolError: for a molecule without bonds.
    """
    if not molecule.bonds:
        raise ProtocolError(f"{molecule.name!r} has no bonds whose lengths could be compared.")
    return float(np.sqrt(np.mean((bond_lengths(predicted, molecule) - bond_lengths(reference, molecule)) ** 2)))


def aligned_rmsd(
    predicted: Float[Array, "*batch atoms 3"],
    reference: Float[Array, "*batch atoms 3"],
    atoms: Bool[Array, " atoms"] | None = None,
) -> Float[Array, "*batch"]:
    """RMSD in Å after the prediction is moved as a rigid body onto the reference, unweighted; per frame.

    RMSD = sqrt(1/N Σ_a |x̃_a − x_a|²): the sum over x, y and z, as chemists quote it, so √3 times the root of a mean
    squared error per coordinate.

    Args:
        atoms: the atoms that are aligned and count, such as ``molecule.is_heavy``; None for all.
    """
    if atoms is not None:
        predicted, reference = predicted[..., atoms, :], reference[..., atoms, :]
    return np.asarray(np.sqrt(np.square(aligned(predicted, reference) - reference).sum(axis=-1).mean(axis=-1)))


def error_by_atom(
    predicted: Float[Array, "*batch atoms 3"], reference: Float[Array, "*batch atoms 3"]
) -> Float[Array, " atoms"]:
    """Root mean square distance of each atom over all frames, after alignment, Å: where the shape is wrong."""
    squares = np.square(aligned(predicted, reference) - reference).sum(axis=-1)
    return np.sqrt(squares.reshape(-1, squares.shape[-1]).mean(axis=0))
