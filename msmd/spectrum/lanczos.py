"""The lowest eigenpairs of a sparse symmetric matrix: dense for small ones, shift-invert Lanczos for large ones."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.sparse import csc_array, csr_array, eye_array
from scipy.sparse.linalg import LinearOperator, SuperLU, eigsh, splu

from msmd.errors import ProtocolError

SHIFT = -1e-2
"""The Laplacian is singular at 0; just below it the shifted matrix is positive definite."""

EXTRA = 8
"""Eigenpairs asked for beyond the wanted ones: the last eigenspace is rarely larger."""

MAX_ROUNDS = 50
"""Lanczos finds each eigenvector of a repeated eigenvalue once per round in the worst case."""


def dense_eigenpairs(
    matrix: csr_array, n_modes: int, tolerance: float
) -> tuple[Float[np.ndarray, " modes"], Float[np.ndarray, "atoms modes"]]:
    """The lowest ``n_modes`` eigenvalues and eigenvectors, and those that equal the last to ``tolerance``."""
    eigenvalues, vectors = np.linalg.eigh(matrix.toarray())
    return _first(eigenvalues, vectors, n_modes, tolerance)


def lanczos_eigenpairs(
    matrix: csr_array, n_modes: int, tolerance: float
) -> tuple[Float[np.ndarray, " modes"], Float[np.ndarray, "atoms modes"]]:
    """The same by Lanczos iteration on (L + 0.01)⁻¹, from a fixed start vector.

    Lanczos alone can miss copies of a repeated eigenvalue.  So the eigenvalues below the last one found are counted by
    Sylvester's law of inertia (negative pivots of L − σ), and the search goes on orthogonally to what is known until
    none is missing.

    Raises:
        ProtocolError: when copies are still missing after 50 rounds.
    """
    size = matrix.shape[0]
    factor = splu(csc_array(matrix - SHIFT * eye_array(size)))
    vectors = np.empty((size, 0))
    eigenvalues = np.empty(0)
    for _ in range(MAX_ROUNDS):
        missing = max(n_modes + EXTRA - len(eigenvalues), EXTRA)
        found = _orthogonal_round(factor, vectors, min(missing, size - len(eigenvalues) - 1))
        eigenvalues, vectors = _rayleigh_ritz(matrix, np.concatenate([vectors, found], axis=1))
        edge = eigenvalues[min(n_modes, len(eigenvalues)) - 1] + 2 * tolerance
        if np.sum(eigenvalues < edge) == eigenvalues_below(matrix, edge):
            return _first(eigenvalues, vectors, n_modes, tolerance)
    raise ProtocolError(
        f"Lanczos did not find all of the first {n_modes} modes of this graph; ask for fewer or for all."
    )


def eigenvalues_below(matrix: csr_array, edge: float) -> int:
    """How many eigenvalues lie below ``edge``: the negative pivots of L − edge (Sylvester's law of inertia)."""
    shifted = csc_array(matrix - edge * eye_array(matrix.shape[0]))
    factor = splu(shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return int(np.sum(factor.U.diagonal() < 0))


def _orthogonal_round(
    factor: SuperLU, known: Float[np.ndarray, "atoms known"], count: int
) -> Float[np.ndarray, "atoms found"]:
    """Eigenvectors of the largest eigenvalues of the inverse, orthogonal to the known ones."""
    size = len(known)

    def apply(vector: np.ndarray) -> np.ndarray:
        outside = vector - known @ (known.T @ vector)
        solved = factor.solve(outside)
        return solved - known @ (known.T @ solved)

    operator = LinearOperator((size, size), matvec=apply, dtype=float)
    start = np.random.default_rng(known.shape[1]).normal(size=size)
    _, vectors = eigsh(operator, k=count, which="LM", v0=start)
    return vectors


def _rayleigh_ritz(
    matrix: csr_array, vectors: Float[np.ndarray, "atoms found"]
) -> tuple[Float[np.ndarray, " found"], Float[np.ndarray, "atoms found"]]:
    """Eigenpairs within the span of the vectors."""
    orthonormal, _ = np.linalg.qr(vectors)
    eigenvalues, mixing = np.linalg.eigh(orthonormal.T @ (matrix @ orthonormal))
    return eigenvalues, orthonormal @ mixing


def _first(
    eigenvalues: np.ndarray, vectors: np.ndarray, n_modes: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """The first ``n_modes`` pairs and all that share the last one's eigenspace."""
    gaps = np.diff(eigenvalues[n_modes - 1 :]) > tolerance
    end = n_modes + (int(np.argmax(gaps)) if gaps.any() else len(gaps))
    return eigenvalues[:end], vectors[:, :end]
