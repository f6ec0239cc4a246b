"""The eigenbasis of a molecule's graph Laplacian: its spatial scales.

**Convention.**  An eigenvector is fixed only up to its sign, and a set of them with one eigenvalue only up to a
rotation among themselves; what the molecule does fix is each eigenspace's projector P.  The basis is read off P alone,
by pivoted Cholesky factorisation: the next vector is the column of P at the atom with the largest diagonal element (the
first such atom where several agree to 1e-6), scaled to unit length, and P is deflated by it.  So the entry at the pivot
is positive, the basis does not depend on the linear-algebra library, and renumbering the atoms permutes every
projector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from msmd.errors import DataError, ProtocolError
from msmd.graph import laplacian as graph_laplacian
from msmd.molecule import Molecule
from msmd.spectrum.lanczos import dense_eigenpairs, lanczos_eigenpairs

EQUAL_TOLERANCE = 1e-8
"""Eigenvalues nearer to each other than this are equal.  Rounding leaves 1e-14 (dense) to 1e-11 (Lanczos); different
eigenvalues of a chain of 1000 atoms are 1e-5 apart."""

TIE_TOLERANCE = 1e-6
"""Diagonal elements of a projector nearer than this are equal by symmetry; rounding leaves 1e-13."""

DENSE_ATOMS = 800
"""Up to this many atoms all modes are computed densely (0.3 s); beyond, the first ones by Lanczos."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GraphSpectrum:
    """Eigenvalues and eigenvectors of a graph Laplacian, ascending, in the module's convention.

    The graph Fourier transform of an array over atoms is its coordinates in this basis: *nodal* arrays have an axis of
    atoms, *modal* ones an axis of modes in its place.

    Attributes:
        laplacian: ``"combinatorial"`` or ``"normalized"``.
        eigenvalues: ascending, from 0; equal ones exactly equal.  Dimensionless: the unit is one bond.
        eigenvectors: orthonormal columns.

    Raises:
        DataError: when the eigenvectors are not one orthonormal column per eigenvalue, or eigenvalues descend.
    """

    laplacian: str
    eigenvalues: Float[np.ndarray, " modes"]
    eigenvectors: Float[np.ndarray, "atoms modes"]

    def __post_init__(self) -> None:
        if self.eigenvectors.shape[1:] != self.eigenvalues.shape:
            raise DataError(
                f"{self.eigenvectors.shape[1]} eigenvectors came with {self.n_modes} eigenvalues; expected one each."
            )
        if np.any(np.diff(self.eigenvalues) < 0):
            raise DataError("The eigenvalues of a spectrum must ascend.")
        overlaps = self.eigenvectors.T @ self.eigenvectors
        if np.abs(overlaps - np.eye(self.n_modes)).max() > 1e-6:
            raise DataError("The eigenvectors of a spectrum must be orthonormal.")
        for name in ("eigenvalues", "eigenvectors"):
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.eigenvectors)

    @property
    def n_modes(self) -> int:
        """Number of modes held; all of them when it equals ``n_atoms``."""
        return len(self.eigenvalues)

    @property
    def is_complete(self) -> bool:
        """True where every mode is held, so that the transform loses nothing."""
        return self.n_modes == self.n_atoms

    @property
    def group_of_mode(self) -> Int[np.ndarray, " modes"]:
        """For each mode the number of its eigenspace, counted from 0 upwards."""
        return np.cumsum(np.diff(self.eigenvalues, prepend=self.eigenvalues[:1]) > 0)

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The modes of each eigenspace; more than one where an eigenvalue is repeated."""
        number = self.group_of_mode
        return tuple(tuple(np.flatnonzero(number == k).tolist()) for k in range(number[-1] + 1))

    def to_modal(self, nodal: Float[np.ndarray, "*batch atoms dim"]) -> Float[np.ndarray, "*batch modes dim"]:
        """Graph Fourier transform, x̂ = Uᵀ x along the axis of atoms.

        Raises:
            ProtocolError: when the array has another number of atoms.
        """
        if nodal.shape[-2] != self.n_atoms:
            raise ProtocolError(f"The array has {nodal.shape[-2]} atoms; this spectrum has {self.n_atoms}.")
        return self.eigenvectors.T @ nodal

    def to_nodal(self, modal: Float[np.ndarray, "*batch modes dim"]) -> Float[np.ndarray, "*batch atoms dim"]:
        """Inverse graph Fourier transform, x = U x̂; undoes ``to_modal`` where the spectrum is complete.

        Raises:
            ProtocolError: when the array has another number of modes.
        """
        if modal.shape[-2] != self.n_modes:
            raise ProtocolError(f"The array has {modal.shape[-2]} modes; this spectrum has {self.n_modes}.")
        return self.eigenvectors @ modal

    def projector(self, modes: Bool[np.ndarray, " modes"]) -> Float[np.ndarray, "atoms atoms"]:
        """P = Σ u uᵀ over the chosen modes."""
        chosen = self.eigenvectors[:, modes]
        return chosen @ chosen.T


def graph_spectrum(
    molecule: Molecule, *, laplacian: str = "combinatorial", n_modes: int | None = None
) -> GraphSpectrum:
    """The eigenbasis of the molecule's graph Laplacian, all of it or its smoothest part.

    Args:
        laplacian: a name in ``msmd.graph.LAPLACIANS``.
        n_modes: how many modes from the smoothest on; all when None.  An eigenspace is never cut: where the last mode
            shares its eigenvalue with further ones, they are kept too.

    Raises:
        UnknownNameError: for an unknown Laplacian.
        ProtocolError: for a number of modes below 1 or above the number of atoms.

    >>> water = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    >>> graph_spectrum(water).eigenvalues.round(6)
    array([0., 1., 3.])
    """
    wanted = molecule.n_atoms if n_modes is None else n_modes
    if not 1 <= wanted <= molecule.n_atoms:
        raise ProtocolError(f"{wanted} modes were asked for; {molecule.name!r} has 1 to {molecule.n_atoms}.")
    matrix = graph_laplacian(molecule, laplacian)
    solve = (
        dense_eigenpairs if molecule.n_atoms <= DENSE_ATOMS or wanted > molecule.n_atoms // 4 else lanczos_eigenpairs
    )
    eigenvalues, vectors = solve(matrix, wanted, EQUAL_TOLERANCE)
    eigenvalues = _equalised(eigenvalues)
    return GraphSpectrum(laplacian=laplacian, eigenvalues=eigenvalues, eigenvectors=_canonical(eigenvalues, vectors))


def _equalised(eigenvalues: Float[np.ndarray, " modes"]) -> Float[np.ndarray, " modes"]:
    """Equal eigenvalues set to their mean, and those that rounding moved off zero to zero."""
    starts = np.concatenate([[0], 1 + np.flatnonzero(np.diff(eigenvalues) > EQUAL_TOLERANCE)])
    sizes = np.diff(np.append(starts, len(eigenvalues)))
    means = np.add.reduceat(eigenvalues, starts) / sizes
    return np.repeat(np.where(means < EQUAL_TOLERANCE, 0.0, means), sizes)


def _canonical(
    eigenvalues: Float[np.ndarray, " modes"], vectors: Float[np.ndarray, "atoms modes"]
) -> Float[np.ndarray, "atoms modes"]:
    """Each eigenspace's basis by the convention above, from any orthonormal basis of it."""
    canonical = np.empty_like(vectors)
    for value in np.unique(eigenvalues):
        modes = np.flatnonzero(eigenvalues == value)
        canonical[:, modes] = _pivoted_basis(vectors[:, modes])
    return canonical


def _pivoted_basis(vectors: Float[np.ndarray, "atoms modes"]) -> Float[np.ndarray, "atoms modes"]:
    """Pivoted Cholesky of P = V Vᵀ without forming it: rows of V are turned so that pivots come one by one."""
    basis = np.empty_like(vectors)
    left = vectors
    for index in range(vectors.shape[1]):
        diagonal = np.einsum("am,am->a", left, left)
        pivot = int(np.argmax(diagonal > diagonal.max() - TIE_TOLERANCE))
        direction = left[pivot] / np.sqrt(diagonal[pivot])
        basis[:, index] = left @ direction
        left = left - np.outer(basis[:, index], direction)
    return basis
