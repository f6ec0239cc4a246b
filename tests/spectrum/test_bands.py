"""Bands that never split an eigenspace, and what filtering leaves of a molecule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from msmd.data.registry import MOLECULES, molecule_card
from msmd.errors import ProtocolError
from msmd.frame import aligned, eckart_frame
from msmd.spectrum import band_pass, filter_displacements, filter_nodal, graph_spectrum, high_pass, low_pass

BENZENE = molecule_card("benzene").molecule
SPECTRUM = graph_spectrum(BENZENE)
REFERENCE = np.random.default_rng(0).normal(size=(12, 3))
FRAMES = REFERENCE + 0.2 * np.random.default_rng(1).normal(size=(5, 12, 3))
seeds = st.integers(0, 2**32 - 1)


@given(st.sampled_from(MOLECULES), st.data())
def test_bands_never_split_an_eigenspace(card, data: st.DataObject):
    spectrum = graph_spectrum(card.molecule)
    first = data.draw(st.integers(0, spectrum.n_modes))
    last = data.draw(st.integers(first, spectrum.n_modes))
    for mask in (band_pass(spectrum, first, last), low_pass(spectrum, last), high_pass(spectrum, first)):
        assert all(len(set(mask[list(group)])) == 1 for group in spectrum.groups)
    assert band_pass(spectrum, first, last)[first:last].all()
    np.testing.assert_array_equal(high_pass(spectrum, first), ~low_pass(spectrum, first))


def test_bands_without_and_with_everything():
    assert not low_pass(SPECTRUM, 0).any()
    assert low_pass(SPECTRUM, 12).all()
    assert not band_pass(SPECTRUM, 4, 4).any()


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (3, 2), (0, 13)])
def test_impossible_bands_are_refused(first: int, last: int):
    with pytest.raises(ProtocolError, match=f"band from mode {first} to {last} .* expected 0 ≤ first ≤ last ≤ 12"):
        band_pass(SPECTRUM, first, last)


@given(seeds, st.integers(0, 12))
def test_low_and_high_pass_add_up_and_are_orthogonal(seed: int, cut: int):
    nodal = np.random.default_rng(seed).normal(size=(4, 12, 3))
    low, high = (filter_nodal(nodal, SPECTRUM, band(SPECTRUM, cut)) for band in (low_pass, high_pass))
    np.testing.assert_allclose(low + high, nodal, atol=1e-12)
    np.testing.assert_allclose(np.einsum("fad,fad->f", low, high), 0, atol=1e-10)
    np.testing.assert_allclose(filter_nodal(low, SPECTRUM, low_pass(SPECTRUM, cut)), low, atol=1e-12)


def test_the_smoothest_mode_alone_is_the_mean_over_atoms():
    kept = filter_nodal(FRAMES, SPECTRUM, low_pass(SPECTRUM, 1))
    np.testing.assert_allclose(kept, np.broadcast_to(FRAMES.mean(axis=1, keepdims=True), FRAMES.shape), atol=1e-12)


def test_keeping_every_mode_returns_the_motion_and_none_the_rigid_reference():
    everything = filter_displacements(FRAMES, REFERENCE, BENZENE.masses, SPECTRUM, low_pass(SPECTRUM, 12))
    np.testing.assert_allclose(everything, FRAMES, atol=1e-12)
    nothing = filter_displacements(FRAMES, REFERENCE, BENZENE.masses, SPECTRUM, low_pass(SPECTRUM, 0))
    np.testing.assert_allclose(aligned(nothing, REFERENCE), np.broadcast_to(REFERENCE, FRAMES.shape), atol=1e-10)
    np.testing.assert_allclose(
        eckart_frame(nothing, REFERENCE, BENZENE.masses).rotations,
        eckart_frame(FRAMES, REFERENCE, BENZENE.masses).rotations,
        atol=1e-10,
    )


@given(seeds, st.integers(0, 12))
def test_filtered_motion_turns_with_the_molecule(seed: int, cut: int):
    random = np.random.default_rng(seed)
    rotation, shift = Rotation.random(rng=random).as_matrix(), random.normal(size=3)
    keep = low_pass(SPECTRUM, cut)
    still = filter_displacements(FRAMES, REFERENCE, BENZENE.masses, SPECTRUM, keep)
    moved = filter_displacements(FRAMES @ rotation.T + shift, REFERENCE, BENZENE.masses, SPECTRUM, keep)
    np.testing.assert_allclose(moved, still @ rotation.T + shift, atol=1e-8)


def test_low_pass_of_displacements_keeps_bonds_where_low_pass_of_positions_does_not():
    """The reason why there are two filters."""
    ring = np.stack([[np.cos(a), np.sin(a), 0] for a in np.arange(6) * np.pi / 3])
    benzene = np.concatenate([1.39 * ring, 2.48 * ring])
    first, second = BENZENE.bond_array.T
    keep = low_pass(SPECTRUM, 3)

    def worst_bond_change(positions: np.ndarray) -> float:
        lengths, rest = (np.linalg.norm(x[first] - x[second], axis=1) for x in (positions, benzene))
        return float(np.abs(lengths - rest).max())

    wobbling = benzene + 0.02 * np.random.default_rng(2).normal(size=(12, 3))
    assert worst_bond_change(filter_nodal(wobbling, SPECTRUM, keep)) > 0.15
    assert worst_bond_change(filter_displacements(wobbling, benzene, BENZENE.masses, SPECTRUM, keep)) < 0.02
