"""The bond graph of a molecule: adjacency, Laplacians, hops, components and symmetries.

Matrices are sparse; a molecule of n atoms has about n bonds, so that nothing here grows faster than n but
``hop_distances``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components, dijkstra

from msmd.errors import ProtocolError, unknown_name
from msmd.molecule import Molecule


def adjacency(molecule: Molecule) -> csr_array:
    """A, with A_ij = 1 where atoms i and j are bonded and 0 elsewhere; symmetric, shape (atoms, atoms).

    >>> water = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    >>> adjacency(water).toarray()
    array([[0., 1., 1.],
           [1., 0., 0.],
           [1., 0., 0.]])
    """
    rows, columns = edge_index(molecule)
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(molecule.n_atoms, molecule.n_atoms))


def combinatorial_laplacian(molecule: Molecule) -> csr_array:
    """L = D − A, where D holds each atom's number of bonds.  Its rows sum to zero.

    Equation: xᵀ L x = Σ over bonds (x_i − x_j)², so that small eigenvalues belong to smooth eigenvectors.
    """
    matrix = adjacency(molecule)
    return csr_array(diags_array(matrix.sum(axis=1)) - matrix)


def normalized_laplacian(molecule: Molecule) -> csr_array:
    """L = D^{-1/2} (D − A) D^{-1/2}, with eigenvalues between 0 and 2; rows of atoms without bonds are zero.

    Reference: Chung, Spectral Graph Theory (1997), section 1.2.
    """
    matrix = adjacency(molecule)
    degrees = matrix.sum(axis=1)
    scale = diags_array(np.where(degrees > 0, 1.0 / np.sqrt(np.maximum(degrees, 1.0)), 0.0))
    return csr_array(scale @ (diags_array(degrees) - matrix) @ scale)


LAPLACIANS: dict[str, Callable[[Molecule], csr_array]] = {
    "combinatorial": combinatorial_laplacian,
    "normalized": normalized_laplacian,
}
"""Every kind of Laplacian by its name on the command line."""


def laplacian(molecule: Molecule, kind: str = "combinatorial") -> csr_array:
    """The graph Laplacian of the named kind, shape (atoms, atoms).

    Raises:
        UnknownNameError: for a kind that is not in ``LAPLACIANS``.
    """
    if kind not in LAPLACIANS:
        raise unknown_name("Laplacian", kind, LAPLACIANS)
    return LAPLACIANS[kind](molecule)


def edge_index(molecule: Molecule) -> Int[np.ndarray, "2 edges"]:
    """Every bond in both directions as (sources, targets), the form that torch-geometric takes.

    >>> edge_index(Molecule(name="H2", numbers=(1, 1), bonds=((0, 1),)))
    array([[0, 1],
           [1, 0]])
    """
    bonds = molecule.bond_array
    return np.concatenate([bonds, bonds[:, ::-1]]).T


def hop_distances(molecule: Molecule, *, limit: int | None = None) -> Float[np.ndarray, "atoms atoms"]:
    """The number of bonds on the shortest path between each two atoms; infinite where none is within ``limit``."""
    return dijkstra(adjacency(molecule), unweighted=True, limit=np.inf if limit is None else limit)


def hop_edges(molecule: Molecule, hops: int) -> Int[np.ndarray, "2 edges"]:
    """Every pair of atoms exactly ``hops`` bonds apart, in both directions, sorted by source.

    Raises:
        ProtocolError: for fewer than one hop.

    >>> chain = Molecule(name="C3", numbers=(6, 6, 6), bonds=((0, 1), (1, 2)))
    >>> hop_edges(chain, 2)
    array([[0, 2],
           [2, 0]])
    """
    if hops < 1:
        raise ProtocolError(f"hops is {hops}; expected at least 1 bond between the atoms of an edge.")
    return np.array(np.nonzero(hop_distances(molecule, limit=hops) == hops))


def component_labels(molecule: Molecule) -> Int[np.ndarray, " atoms"]:
    """For each atom the number of the connected component it lies in, counted from 0 in atom order."""
    return connected_components(adjacency(molecule), directed=False)[1].astype(int)


def hydrogen_groups(molecule: Molecule) -> tuple[tuple[int, ...], ...]:
    """Hydrogens that hang on the same atom, two or more of them: those of CH2, CH3, NH2.

    >>> methane = Molecule(name="CH4", numbers=(6, 1, 1, 1, 1), bonds=((0, 1), (0, 2), (0, 3), (0, 4)))
    >>> hydrogen_groups(methane)
    ((1, 2, 3, 4),)
    """
    neighbours: dict[int, list[int]] = {}
    for source, target in edge_index(molecule).T:
        if molecule.numbers[target] == 1:
            neighbours.setdefault(int(source), []).append(int(target))
    return tuple(tuple(sorted(group)) for _, group in sorted(neighbours.items()) if len(group) > 1)


def automorphisms(molecule: Molecule, *, limit: int = 1000) -> Int[np.ndarray, "symmetries atoms"]:
    """Permutations of the atoms that keep every element and every bond; the identity first, ``limit`` at most.

    ``positions[:, p]`` is the same molecule with equal atoms renamed.  They are symmetries of the graph, not of a
    structure: swapping two hydrogens of a methyl group mirrors it.  There are 12 in ethanol and in benzene; a long
    alkane has astronomically many, hence the limit.

    Raises:
        ProtocolError: for a limit below 1.

    >>> water = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    >>> automorphisms(water)
    array([[0, 1, 2],
           [0, 2, 1]])
    """
    if limit < 1:
        raise ProtocolError(f"limit is {limit}; expected room for at least the identity.")
    import networkx
    from networkx.algorithms.isomorphism import GraphMatcher, categorical_node_match

    graph = networkx.Graph()
    graph.add_nodes_from((atom, {"number": z}) for atom, z in enumerate(molecule.numbers))
    graph.add_edges_from(molecule.bonds)
    matcher = GraphMatcher(graph, graph, node_match=categorical_node_match("number", 0))
    identity = tuple(range(molecule.n_atoms))
    found = (tuple(mapping[atom] for atom in identity) for mapping in matcher.isomorphisms_iter())
    others = (permutation for permutation in found if permutation != identity)
    return np.array([identity, *islice(others, limit - 1)])
