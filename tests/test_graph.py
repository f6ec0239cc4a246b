"""The bond graph against closed forms and by its symmetries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from msmd.data.registry import molecule_card
from msmd.errors import MsmdError, ProtocolError
from msmd.graph import (
    LAPLACIANS,
    adjacency,
    automorphisms,
    component_labels,
    edge_index,
    hop_distances,
    hop_edges,
    hydrogen_groups,
    laplacian,
)
from msmd.molecule import Molecule


def carbons(n: int, bonds: list[tuple[int, int]]) -> Molecule:
    return Molecule(name="graph", numbers=(6,) * n, bonds=tuple(bonds))


@st.composite
def graphs(draw: st.DrawFn) -> Molecule:
    n = draw(st.integers(1, 9))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    return carbons(n, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else [])


def test_laplacians_of_a_path_of_three():
    path = carbons(3, [(0, 1), (1, 2)])
    assert laplacian(path).toarray().tolist() == [[1, -1, 0], [-1, 2, -1], [0, -1, 1]]
    half = -1 / np.sqrt(2)
    np.testing.assert_allclose(laplacian(path, "normalized").toarray(), [[1, half, 0], [half, 1, half], [0, half, 1]])


@given(graphs(), st.sampled_from(sorted(LAPLACIANS)))
def test_laplacians_are_symmetric_and_positive(molecule: Molecule, kind: str):
    matrix = laplacian(molecule, kind).toarray()
    np.testing.assert_array_equal(matrix, matrix.T)
    eigenvalues = np.linalg.eigvalsh(matrix)
    assert eigenvalues.min() > -1e-12
    n_components = component_labels(molecule).max() + 1
    assert np.sum(eigenvalues < 1e-9) == n_components
    if kind == "normalized":
        assert eigenvalues.max() < 2 + 1e-12


@given(graphs())
def test_combinatorial_rows_sum_to_zero_and_trace_counts_bonds(molecule: Molecule):
    matrix = laplacian(molecule).toarray()
    assert not matrix.sum(axis=1).any()
    assert np.trace(matrix) == 2 * len(molecule.bonds)


@given(graphs(), st.randoms(use_true_random=False))
def test_renumbering_permutes_the_laplacian(molecule: Molecule, random):
    order = list(range(molecule.n_atoms))
    random.shuffle(order)
    place = np.argsort(order)
    renumbered = carbons(molecule.n_atoms, [(int(place[i]), int(place[j])) for i, j in molecule.bonds])
    np.testing.assert_array_equal(laplacian(renumbered).toarray(), laplacian(molecule).toarray()[np.ix_(order, order)])


def test_isolated_atoms_have_zero_rows():
    lone = carbons(3, [(0, 1)])
    for kind in LAPLACIANS:
        assert not laplacian(lone, kind).toarray()[2].any()
    assert component_labels(lone).tolist() == [0, 0, 1]


def test_unknown_laplacian_names_the_choices():
    with pytest.raises(MsmdError, match="Unknown Laplacian 'normalised'; did you mean 'normalized'"):
        laplacian(carbons(2, [(0, 1)]), "normalised")


@given(graphs(), st.integers(1, 4))
def test_hop_edges_are_the_pairs_at_that_distance(molecule: Molecule, hops: int):
    distances = shortest_path(adjacency(molecule).toarray(), unweighted=True)
    found = {(int(i), int(j)) for i, j in hop_edges(molecule, hops).T}
    assert found == {(int(i), int(j)) for i, j in np.argwhere(distances == hops)}
    np.testing.assert_array_equal(hop_distances(molecule), distances)


def test_one_hop_edges_are_the_bonds_both_ways():
    ethanol = molecule_card("ethanol").molecule
    assert set(map(tuple, hop_edges(ethanol, 1).T)) == set(map(tuple, edge_index(ethanol).T))
    assert edge_index(ethanol).shape == (2, 16)


def test_zero_hops_are_refused():
    with pytest.raises(ProtocolError, match="hops is 0; expected at least 1"):
        hop_edges(carbons(2, [(0, 1)]), 0)


@pytest.mark.parametrize(
    ("name", "count"),
    [("ethanol", 12), ("benzene", 12), ("naphthalene", 4), ("toluene", 12), ("aspirin", 6), ("malonaldehyde", 4)],
)
def test_number_of_automorphisms(name: str, count: int):
    """CH3: 3!, CH2: 2!; benzene: the dihedral group; naphthalene: two mirrors; toluene: CH3 and the ring's mirror;
    malonaldehyde: CH2 and the two ends."""
    molecule = molecule_card(name).molecule
    found = automorphisms(molecule)
    assert found.shape == (count, molecule.n_atoms)
    assert len({tuple(p) for p in found}) == count
    assert found[0].tolist() == list(range(molecule.n_atoms))
    matrix, numbers = adjacency(molecule).toarray(), np.array(molecule.numbers)
    for permutation in found:
        np.testing.assert_array_equal(matrix[np.ix_(permutation, permutation)], matrix)
        np.testing.assert_array_equal(numbers[permutation], numbers)


def test_automorphisms_stop_at_the_limit_and_keep_the_identity():
    star = Molecule(name="star", numbers=(6,) + (1,) * 8, bonds=tuple((0, i) for i in range(1, 9)))
    found = automorphisms(star, limit=5)
    assert found.shape == (5, 9)
    assert found[0].tolist() == list(range(9))
    with pytest.raises(ProtocolError, match="limit is 0"):
        automorphisms(star, limit=0)


def test_hydrogen_groups_of_ethanol_are_its_ch2_and_ch3():
    assert hydrogen_groups(molecule_card("ethanol").molecule) == ((3, 4), (5, 6, 7))
    assert hydrogen_groups(molecule_card("benzene").molecule) == ()
