"""The orthonormal bases that GF-NODE's spatial transform can use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from msmd.graph import hop_edges
from msmd.molecule import Molecule


def graph_basis(molecule: Molecule) -> Float[np.ndarray, "atoms atoms"]:
    """Eigenvectors of L = D − A over 1-hop and 2-hop edges alike, unweighted, by ascending eigenvalue.

    2-hop edges are part of A, as GF-NODE has it.  Each column's largest entry is positive; inside an equal-eigenvalue
    space the basis is what LAPACK gives, which is why it travels with the checkpoint.
    """
    adjacency = np.zeros((molecule.n_atoms, molecule.n_atoms))
    for hops in (1, 2):
        adjacency[tuple(hop_edges(molecule, hops))] = 1.0
    _, vectors = np.linalg.eigh(np.diag(adjacency.sum(axis=1)) - adjacency)
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return vectors * np.sign(largest)


def fourier_basis(molecule: Molecule) -> Float[np.ndarray, "atoms atoms"]:
    """The real discrete Fourier basis over the order of the atoms, lowest frequency first, cosine before sine.

    It knows nothing of the bonds: the ablation of the graph.

    >>> chain = Molecule(name="C4", numbers=(6, 6, 6, 6), bonds=((0, 1), (1, 2), (2, 3)))
    >>> fourier_basis(chain)[:, 3]
    array([ 0.5, -0.5,  0.5, -0.5])
    """
    n = molecule.n_atoms
    phases = 2 * np.pi * np.outer(np.arange(n), np.arange(n // 2 + 1)) / n
    waves = np.stack([np.cos(phases), np.sin(phases)], axis=2).reshape(n, -1)
    norms = np.linalg.norm(waves, axis=0)
    is_wave = norms > 1e-9 * n**0.5  # the sines of frequency 0 and n/2 vanish but for rounding
    return waves[:, is_wave] / norms[is_wave]


def nodal_basis(molecule: Molecule) -> Float[np.ndarray, "atoms atoms"]:
    """The identity: every atom is its own mode, the ablation of the spatial scales."""
    return np.eye(molecule.n_atoms)


BASES: dict[str, Callable[[Molecule], np.ndarray]] = {
    "graph": graph_basis,
    "fourier": fourier_basis,
    "none": nodal_basis,
}
"""Every basis by its name in a config."""
