"""The registry says of each molecule what is true of it."""

from __future__ import annotations

import pytest

from msmd.data.registry import MOLECULES, molecule_card
from msmd.errors import UnknownNameError

FORMULAS = {
    "aspirin": "C9H8O4",
    "azobenzene": "C12H10N2",
    "benzene": "C6H6",
    "ethanol": "C2H6O",
    "malonaldehyde": "C3H4O2",
    "naphthalene": "C10H8",
    "paracetamol": "C8H9NO2",
    "salicylic": "C7H6O3",
    "toluene": "C7H8",
    "uracil": "C4H4N2O2",
}
VALENCES = {1: 1, 6: 4, 7: 3, 8: 2}


def test_the_ten_molecules():
    assert {card.name: card.molecule.formula for card in MOLECULES} == FORMULAS


@pytest.mark.parametrize("card", MOLECULES, ids=lambda card: card.name)
def test_bonds_make_sense(card):
    """Connected, hydrogen with one bond, and nobody with more than its valence."""
    molecule = card.molecule
    neighbours = {atom: set() for atom in range(molecule.n_atoms)}
    for i, j in molecule.bonds:
        neighbours[i].add(j)
        neighbours[j].add(i)
    for atom, z in enumerate(molecule.numbers):
        assert 1 <= len(neighbours[atom]) <= VALENCES[z]
        assert z != 1 or len(neighbours[atom]) == 1
    reached, frontier = set(), {0}
    while frontier:
        reached |= frontier
        frontier = set().union(*(neighbours[a] for a in frontier)) - reached
    assert len(reached) == molecule.n_atoms


@pytest.mark.parametrize("card", MOLECULES, ids=lambda card: card.name)
def test_sources_are_described(card):
    for remote in card.remote.values():
        assert remote.url.startswith("http")
        assert remote.n_frames > 90_000
        assert remote.dt_fs in (0.2, 0.5, 1.0)
        assert remote.citation
        assert remote.licence
    if card.rmd17:
        assert card.rmd17.member.endswith(f"rmd17_{card.name}.npz")
    assert card.title
    assert card.note.endswith(".")


def test_malonaldehyde_has_no_hydroxyl_group():
    molecule = molecule_card("malonaldehyde").molecule
    assert not [b for b in molecule.bonds if {molecule.numbers[b[0]], molecule.numbers[b[1]]} == {1, 8}]


def test_an_unknown_name():
    with pytest.raises(UnknownNameError, match="did you mean 'toluene'"):
        molecule_card("toluen")
