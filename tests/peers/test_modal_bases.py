"""Bases are orthonormal, and what they are called."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.data.registry import MOLECULES
from msmd.molecule import Molecule
from msmd.peers.modal_bases import BASES, fourier_basis, graph_basis

CHAIN = Molecule(name="C5", numbers=(6,) * 5, bonds=tuple((i, i + 1) for i in range(4)))


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("card", MOLECULES, ids=lambda card: card.name)
def test_orthonormal_and_complete(card: object, name: str) -> None:
    basis = BASES[name](card.molecule)
    np.testing.assert_allclose(basis.T @ basis, np.eye(card.molecule.n_atoms), atol=1e-12)


def test_graph_basis_diagonalises_the_laplacian_of_one_and_two_hops() -> None:
    adjacency = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            adjacency[i, j] = abs(i - j) in (1, 2)
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    basis = graph_basis(CHAIN)
    spectrum = basis.T @ laplacian @ basis
    np.testing.assert_allclose(spectrum, np.diag(np.diag(spectrum)), atol=1e-12)
    assert np.all(np.diff(np.diag(spectrum)) > -1e-12)
    np.testing.assert_allclose(basis[:, 0], 5**-0.5)


@pytest.mark.parametrize("n_atoms", [1, 2, 5, 8])
def test_fourier_basis_counts_zero_crossings(n_atoms: int) -> None:
    ring = Molecule(name="ring", numbers=(6,) * n_atoms, bonds=())
    basis = fourier_basis(ring)
    assert basis.shape == (n_atoms, n_atoms)
    powers = np.abs(np.fft.rfft(basis, axis=0)) ** 2
    assert powers.argmax(axis=0).tolist() == [(k + 1) // 2 for k in range(n_atoms)]
