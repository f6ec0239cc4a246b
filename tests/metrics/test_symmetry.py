"""Symmetries measured: one that is broken by a known amount, ones that hold, and for how long."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msmd.baselines.persistence import Persistence
from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, split_dataset
from msmd.errors import DataError
from msmd.forecasting import load_forecaster
from msmd.metrics.properties import measure_properties
from msmd.metrics.symmetry import SymmetryError, symmetry_errors

ETHANOL = load_dataset("ethanol")


@pytest.fixture(scope="module")
def split() -> Split:
    return split_dataset(ETHANOL, Protocol(n_train=3, n_validation=1, n_test=4, horizon_fs=200.0))


class Wind:
    """Blows every atom along x at a millionth of an Å per fs for each unit of the atom's place in the list."""

    name = "persistence"  # any card will do
    molecule = None

    def predict(self, positions, velocities, times_fs):
        blown = torch.zeros_like(positions[0])
        blown[:, 0] = 1e-6 * torch.arange(1, len(blown) + 1)
        return positions[:, None] + times_fs[..., None, None] * blown

    def renumbered(self, order):
        return self


def by_name(found) -> dict[str, SymmetryError]:
    return {entry.symmetry: entry for entry in found}


def test_a_wind_along_x_breaks_rotation_and_renumbering_as_fast_as_it_blows(split):
    found = by_name(symmetry_errors(Wind(), split.training, split.test, horizon_fs=200.0))
    assert found["translation"].change.max() < 1e-5
    rotation = found["rotation"]
    assert rotation.times_fs.tolist() == [10.0 * k for k in range(1, 21)]
    np.testing.assert_allclose(rotation.change, rotation.change[:, -1:] * rotation.times_fs / 200.0, atol=1e-5)
    assert 2e-4 < rotation.change[:, -1].max() <= 2 * 9e-6 * 200 + 1e-5  # |R c − c| ≤ 2 |c|
    assert 1e-4 < found["renumbering"].change.max() <= 8e-6 * 200 + 1e-5


def test_what_never_moves_has_every_symmetry_to_single_precision(split):
    for entry in symmetry_errors(Persistence(), split.training, split.test, horizon_fs=30.0):
        assert 0 < entry.change.max() + 1e-12 < 2e-6
        assert entry.holds_until_fs().tolist() == [30.0] * 4


def test_a_symmetry_holds_until_the_first_time_at_which_it_does_not():
    change = np.array([[1e-6, 2e-4, 1e-6], [1e-6, 1e-5, 5e-5], [1e-3, 1e-6, 1e-6]])
    entry = SymmetryError(symmetry="rotation", times_fs=np.array([10.0, 100.0, 300.0]), change=change)
    assert entry.holds_until_fs().tolist() == [10.0, 300.0, 0.0]
    assert entry.holds_until_fs(1e-2).tolist() == [300.0] * 3
    assert entry.bands()[:3] == ((0.0, 50.0, 1e-3), (50.0, 150.0, 2e-4), (150.0, 400.0, 5e-5))
    assert entry.bands()[3][2] is None


def test_the_spectral_ode_keeps_every_symmetry_early_on(split):
    model = load_forecaster("spectral-ode", ETHANOL)
    said = []
    found = measure_properties(
        model, split, source="gfn2", energy_fs=50.0, report=lambda name, done: said.append((name, done))
    )
    assert found.claimed == ("translation", "rotation", "renumbering")
    assert all(entry.largest_between(0.0, 100.0) < 1e-4 for entry in found.symmetries)
    assert said[0] == ("symmetries", 0.0)
    assert said[-1] == ("energy", 1.0)
    record = found.to_json()
    assert record["energy"]["n_sound"] == record["n_windows"] == 4
    assert record["symmetries"][0]["holds_until_fs"]["worst"] >= 100.0


def test_another_molecule_is_refused(split):
    toluene = split_dataset(load_dataset("toluene"), Protocol(n_train=2, n_validation=1, n_test=1))
    with pytest.raises(DataError, match="made for 'ethanol'"):
        next(symmetry_errors(load_forecaster("spectral-ode", ETHANOL), toluene.training, toluene.test, horizon_fs=10.0))
