"""Is it still a molecule: bond lengths and distances after alignment, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from msmd.errors import ProtocolError
from msmd.metrics.geometry import aligned_rmsd, bond_length_error, bond_lengths, error_by_atom
from msmd.molecule import Molecule

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
REST = np.array([[0.0, 0.0, 0.0], [0.96, 0.0, 0.0], [-0.24, 0.93, 0.0]])


def moved(positions: np.ndarray, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return positions @ Rotation.random(rng=random).as_matrix().T + random.normal(size=3)


def test_bond_lengths_follow_the_order_of_the_bonds():
    np.testing.assert_allclose(bond_lengths(np.stack([REST, 2 * REST]), WATER)[:, 0], [0.96, 1.92])


def test_one_bond_off_by_a_tenth():
    predicted = REST.copy()
    predicted[1, 0] += 0.1
    assert bond_length_error(predicted, REST, WATER) == pytest.approx(0.1 / np.sqrt(2))


@given(st.integers(0, 2**32 - 1))
def test_moving_the_molecule_changes_nothing(seed: int):
    frames = REST + 0.1 * np.random.default_rng(seed).normal(size=(5, 3, 3))
    predicted = frames + 0.1 * np.random.default_rng(seed + 1).normal(size=frames.shape)
    turned = moved(predicted, seed)
    assert bond_length_error(turned, frames, WATER) == pytest.approx(bond_length_error(predicted, frames, WATER))
    np.testing.assert_allclose(aligned_rmsd(turned, frames), aligned_rmsd(predicted, frames), atol=1e-8)
    np.testing.assert_allclose(error_by_atom(turned, frames), error_by_atom(predicted, frames), atol=1e-8)
    np.testing.assert_allclose(aligned_rmsd(moved(frames, seed), frames), 0, atol=1e-7)


def test_rmsd_of_a_stretched_pair():
    """Two atoms 2 Å apart against 1 Å: each is half an Å off once they are aligned."""
    pair = np.array([[0.0, 0, 0], [1.0, 0, 0]])
    assert aligned_rmsd(2 * pair, pair) == pytest.approx(0.5)
    np.testing.assert_allclose(error_by_atom(2 * pair, pair), [0.5, 0.5])


def test_a_mirror_image_is_not_the_same_molecule():
    chiral = np.random.default_rng(0).normal(size=(5, 3))
    assert aligned_rmsd(chiral * [1, 1, -1], chiral) > 0.1


def test_only_the_chosen_atoms_count():
    predicted = REST.copy()
    predicted[2] += 5.0
    chosen = np.array([True, True, False])
    assert aligned_rmsd(predicted, REST, chosen) == pytest.approx(0, abs=1e-7)
    assert aligned_rmsd(predicted, REST) > 1


def test_batches_give_one_number_per_frame():
    frames = np.tile(REST, (2, 4, 1, 1))
    assert aligned_rmsd(frames, frames).shape == (2, 4)


def test_rmsd_and_error_by_atom_agree():
    frames = REST + 0.1 * np.random.default_rng(1).normal(size=(6, 3, 3))
    mean_square = np.mean(error_by_atom(frames, np.broadcast_to(REST, frames.shape)) ** 2)
    assert mean_square == pytest.approx(np.mean(aligned_rmsd(frames, np.broadcast_to(REST, frames.shape)) ** 2))


def test_a_molecule_without_bonds_is_refused():
    with pytest.raises(ProtocolError, match="'pair' has no bonds"):
        bond_length_error(REST[:2], REST[:2], Molecule(name="pair", numbers=(2, 2), bonds=()))
