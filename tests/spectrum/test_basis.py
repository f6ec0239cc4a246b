"""The eigenbasis against closed forms, its convention, and how it behaves when atoms are renumbered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy.spatial.transform import Rotation

from msmd.data.registry import MOLECULES, molecule_card
from msmd.errors import DataError, MsmdError, ProtocolError
from msmd.graph import LAPLACIANS, automorphisms, laplacian
from msmd.molecule import Molecule
from msmd.spectrum import GraphSpectrum, basis, graph_spectrum
from msmd.spectrum.basis import _canonical
from msmd.spectrum.lanczos import eigenvalues_below, lanczos_eigenpairs

NAMES = [card.name for card in MOLECULES]


def carbons(n: int, bonds) -> Molecule:
    return Molecule(name="graph", numbers=(6,) * n, bonds=tuple(bonds))


def path(n: int) -> Molecule:
    return carbons(n, [(i, i + 1) for i in range(n - 1)])


def cycle(n: int) -> Molecule:
    return carbons(n, [*((i, i + 1) for i in range(n - 1)), (0, n - 1)])


def alkane(n_carbons: int) -> Molecule:
    """A chain of CH2 with CH3 at both ends: every one of its methylenes adds a copy of the eigenvalue 1."""
    bonds = [(i, i + 1) for i in range(n_carbons - 1)]
    atom = n_carbons
    for carbon in range(n_carbons):
        for _ in range(2 + (carbon in (0, n_carbons - 1))):
            bonds.append((carbon, atom))
            atom += 1
    return Molecule(name="alkane", numbers=(6,) * n_carbons + (1,) * (atom - n_carbons), bonds=tuple(bonds))


def renumbered(molecule: Molecule, order: np.ndarray) -> Molecule:
    """Atom k of the result is atom ``order[k]`` of the molecule."""
    place = np.argsort(order)
    return Molecule(
        name=molecule.name,
        numbers=tuple(molecule.numbers[i] for i in order),
        bonds=tuple((int(place[i]), int(place[j])) for i, j in molecule.bonds),
    )


CLOSED_FORMS = {
    "path": (path(7), [2 - 2 * np.cos(np.pi * k / 7) for k in range(7)]),
    "cycle": (cycle(6), sorted(2 - 2 * np.cos(2 * np.pi * k / 6) for k in range(6))),
    "star": (carbons(5, [(0, i) for i in range(1, 5)]), [0, 1, 1, 1, 5]),
    "complete": (carbons(5, [(i, j) for i in range(5) for j in range(i + 1, 5)]), [0, 5, 5, 5, 5]),
    "one atom": (carbons(1, []), [0]),
    "two atoms apart": (carbons(2, []), [0, 0]),
}


@pytest.mark.parametrize(("molecule", "expected"), CLOSED_FORMS.values(), ids=CLOSED_FORMS)
def test_spectra_in_closed_form(molecule: Molecule, expected: list[float]):
    np.testing.assert_allclose(graph_spectrum(molecule).eigenvalues, expected, atol=1e-12)


def test_normalized_spectrum_of_a_path():
    """1 − cos(πk/(n−1)): Chung, Spectral Graph Theory, example 1.4."""
    expected = [1 - np.cos(np.pi * k / 6) for k in range(7)]
    np.testing.assert_allclose(graph_spectrum(path(7), laplacian="normalized").eigenvalues, expected, atol=1e-12)


def test_modes_of_a_path_are_cosines():
    n = 9
    spectrum = graph_spectrum(path(n))
    for k in range(1, n):
        cosine = np.cos(np.pi * k * (np.arange(n) + 0.5) / n) * np.sqrt(2 / n)
        assert abs(spectrum.eigenvectors[:, k] @ cosine) == pytest.approx(1.0)


def test_benzene_has_degenerate_pairs():
    """D6h: four pairs (E1 and E2, each with a carbon-hydrogen phase) and four single modes."""
    groups = graph_spectrum(molecule_card("benzene").molecule).groups
    assert sorted(map(len, groups)) == [1, 1, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", LAPLACIANS)
def test_the_basis_is_orthonormal_and_diagonalises(name: str, kind: str):
    molecule = molecule_card(name).molecule
    spectrum = graph_spectrum(molecule, laplacian=kind)
    np.testing.assert_allclose(spectrum.eigenvectors.T @ spectrum.eigenvectors, np.eye(molecule.n_atoms), atol=1e-12)
    rebuilt = spectrum.eigenvectors @ np.diag(spectrum.eigenvalues) @ spectrum.eigenvectors.T
    np.testing.assert_allclose(rebuilt, laplacian(molecule, kind).toarray(), atol=1e-12)
    assert spectrum.eigenvalues[0] == 0
    assert spectrum.is_complete


@pytest.mark.parametrize("name", NAMES)
def test_equal_eigenvalues_are_exactly_equal_and_form_the_groups(name: str):
    spectrum = graph_spectrum(molecule_card(name).molecule)
    gaps = np.diff(spectrum.eigenvalues)
    assert np.all((gaps == 0) | (gaps > basis.EQUAL_TOLERANCE))
    assert sum(spectrum.groups, ()) == tuple(range(spectrum.n_modes))
    assert all(len(set(spectrum.eigenvalues[list(group)])) == 1 for group in spectrum.groups)


@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
def test_the_convention_does_not_depend_on_the_basis_it_starts_from(name: str, seed: int):
    """Any signs, and any rotation inside each eigenspace, as another linear-algebra library might return them."""
    spectrum = graph_spectrum(molecule_card(name).molecule)
    random = np.random.default_rng(seed)
    scrambled = spectrum.eigenvectors.copy()
    for group in map(list, spectrum.groups):
        mixing = np.linalg.qr(random.normal(size=(len(group), len(group))))[0]
        scrambled[:, group] = scrambled[:, group] @ mixing
    np.testing.assert_allclose(_canonical(spectrum.eigenvalues, scrambled), spectrum.eigenvectors, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_entry_of_a_single_mode_is_positive(name: str):
    spectrum = graph_spectrum(molecule_card(name).molecule)
    single = [group[0] for group in spectrum.groups if len(group) == 1]
    for vector in spectrum.eigenvectors[:, single].T:
        first_largest = np.argmax(vector**2 > (vector**2).max() - 1e-6)
        assert vector[first_largest] > 0


@given(st.sampled_from(NAMES), st.sampled_from(sorted(LAPLACIANS)), st.integers(0, 2**32 - 1))
def test_renumbering_permutes_every_projector(name: str, kind: str, seed: int):
    molecule = molecule_card(name).molecule
    order = np.random.default_rng(seed).permutation(molecule.n_atoms)
    spectrum = graph_spectrum(molecule, laplacian=kind)
    other = graph_spectrum(renumbered(molecule, order), laplacian=kind)
    np.testing.assert_allclose(other.eigenvalues, spectrum.eigenvalues, atol=1e-12)
    assert other.groups == spectrum.groups
    for group in spectrum.groups:
        chosen = np.isin(np.arange(spectrum.n_modes), group)
        expected = spectrum.projector(chosen)[np.ix_(order, order)]
        np.testing.assert_allclose(other.projector(chosen), expected, atol=1e-11)


@pytest.mark.parametrize("name", ["benzene", "toluene", "ethanol"])
def test_projectors_have_the_symmetry_of_the_graph(name: str):
    molecule = molecule_card(name).molecule
    spectrum = graph_spectrum(molecule)
    for group in spectrum.groups:
        projector = spectrum.projector(np.isin(np.arange(spectrum.n_modes), group))
        for permutation in automorphisms(molecule):
            np.testing.assert_allclose(projector[np.ix_(permutation, permutation)], projector, atol=1e-12)


@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
def test_round_trip_and_parseval(name: str, seed: int):
    spectrum = graph_spectrum(molecule_card(name).molecule)
    nodal = np.random.default_rng(seed).normal(size=(2, 5, spectrum.n_atoms, 3))
    modal = spectrum.to_modal(nodal)
    assert modal.shape == nodal.shape
    np.testing.assert_allclose(spectrum.to_nodal(modal), nodal, atol=1e-12)
    np.testing.assert_allclose((modal**2).sum(axis=-2), (nodal**2).sum(axis=-2))


@given(st.integers(0, 2**32 - 1))
def test_the_transform_turns_with_the_molecule_and_sees_translation_in_the_constant_mode_only(seed: int):
    spectrum = graph_spectrum(molecule_card("toluene").molecule)
    random = np.random.default_rng(seed)
    nodal, shift, rotation = random.normal(size=(15, 3)), random.normal(size=3), Rotation.random(rng=random).as_matrix()
    np.testing.assert_allclose(spectrum.to_modal(nodal @ rotation.T), spectrum.to_modal(nodal) @ rotation.T, atol=1e-12)
    moved = spectrum.to_modal(nodal + shift) - spectrum.to_modal(nodal)
    np.testing.assert_allclose(moved[0], np.sqrt(15) * shift, atol=1e-12)
    np.testing.assert_allclose(moved[1:], 0, atol=1e-12)


def test_a_truncated_spectrum_keeps_whole_eigenspaces():
    ethanol = molecule_card("ethanol").molecule
    full = graph_spectrum(ethanol)
    first_repeated = next(group for group in full.groups if len(group) > 1)
    cut = graph_spectrum(ethanol, n_modes=first_repeated[0] + 1)
    assert cut.n_modes == first_repeated[-1] + 1
    assert not cut.is_complete
    np.testing.assert_array_equal(cut.eigenvectors, full.eigenvectors[:, : cut.n_modes])


@pytest.mark.parametrize("molecule", [path(400), alkane(130)], ids=["path", "alkane"])
def test_lanczos_agrees_with_the_dense_solver(molecule: Molecule, monkeypatch: pytest.MonkeyPatch):
    """The alkane has 131 copies of the eigenvalue 1, which a single Lanczos run would not find; the first 40 modes lie
    below, the first 60 include them."""
    for wanted in (12, 60):
        dense = graph_spectrum(molecule, n_modes=wanted)
        monkeypatch.setattr(basis, "DENSE_ATOMS", 0)
        sparse = graph_spectrum(molecule, n_modes=wanted)
        monkeypatch.undo()
        assert sparse.groups == dense.groups
        np.testing.assert_allclose(sparse.eigenvalues, dense.eigenvalues, atol=1e-9)
        np.testing.assert_allclose(sparse.eigenvectors, dense.eigenvectors, atol=1e-6)


def test_lanczos_finds_every_copy_of_a_repeated_eigenvalue():
    """Forty rings of six carbons apart from each other: zero forty times, and eighty times one."""
    rings = carbons(240, [(6 * r + i, 6 * r + j) for r in range(40) for i, j in cycle(6).bonds])
    eigenvalues, _ = lanczos_eigenpairs(laplacian(rings), 50, 1e-8)
    assert len(eigenvalues) == 120
    np.testing.assert_allclose(eigenvalues, [0.0] * 40 + [1.0] * 80, atol=1e-9)


@given(st.floats(0.05, 3.95))
def test_counting_eigenvalues_by_inertia(edge: float):
    matrix = laplacian(path(30))
    exact = 2 - 2 * np.cos(np.pi * np.arange(30) / 30)
    if np.abs(exact - edge).min() > 1e-6:
        assert eigenvalues_below(matrix, edge) == np.sum(exact < edge)


def test_large_molecules_take_the_sparse_path():
    """3000 atoms: the dense matrix of eigenvectors would take 72 MB and half a minute."""
    spectrum = graph_spectrum(path(3000), n_modes=5)
    np.testing.assert_allclose(spectrum.eigenvalues, 2 - 2 * np.cos(np.pi * np.arange(5) / 3000), atol=1e-10)


@pytest.mark.parametrize("wanted", [0, 10])
def test_numbers_of_modes_that_do_not_exist_are_refused(wanted: int):
    with pytest.raises(ProtocolError, match=f"{wanted} modes were asked for; 'ethanol' has 1 to 9"):
        graph_spectrum(molecule_card("ethanol").molecule, n_modes=wanted)


def test_unknown_laplacians_are_refused():
    with pytest.raises(MsmdError, match="Unknown Laplacian 'random-walk'"):
        graph_spectrum(path(3), laplacian="random-walk")


def test_arrays_of_another_molecule_are_refused():
    spectrum = graph_spectrum(path(3))
    with pytest.raises(ProtocolError, match="The array has 4 atoms; this spectrum has 3"):
        spectrum.to_modal(np.zeros((4, 3)))
    with pytest.raises(ProtocolError, match="The array has 2 modes; this spectrum has 3"):
        spectrum.to_nodal(np.zeros((2, 3)))


def test_spectra_that_are_none_are_refused():
    # where the tests check array shapes, that check comes first
    with pytest.raises((DataError, TypeCheckError), match=r"2 eigenvectors came with 3 eigenvalues|Type-check error"):
        GraphSpectrum(laplacian="combinatorial", eigenvalues=np.zeros(3), eigenvectors=np.eye(3)[:, :2])
    with pytest.raises(DataError, match="must ascend"):
        GraphSpectrum(laplacian="combinatorial", eigenvalues=np.array([1.0, 0.0]), eigenvectors=np.eye(2))
    with pytest.raises(DataError, match="must be orthonormal"):
        GraphSpectrum(laplacian="combinatorial", eigenvalues=np.zeros(2), eigenvectors=np.ones((2, 2)))


def test_a_spectrum_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        graph_spectrum(path(3)).eigenvectors[0, 0] = 2.0
