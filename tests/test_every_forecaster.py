"""What every forecaster in the registry must do, and the symmetries that its card claims, or does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from msmd.data import load_dataset
from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.errors import DataError
from msmd.forecasting import (
    CHECKPOINTS,
    FORECASTERS,
    Forecaster,
    ForecasterCard,
    fit_forecaster,
    load_forecaster,
    predict_rows,
)
from msmd.metrics.renumbering import renumbered_forecaster
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory

Rows = tuple[Tensor, Tensor, Tensor]

ROUNDING_ANGSTROM = 1e-5
"""Over 40 fs, in which chaos amplifies nothing; the peers compute in single precision and round at 1e-6 Å."""

every_forecaster = pytest.mark.parametrize("card", FORECASTERS, ids=lambda card: card.name)
fitted_to_a_molecule = pytest.mark.parametrize(
    "card", [card for card in FORECASTERS if card.needs != "nothing"], ids=lambda card: card.name
)


@pytest.fixture(scope="module")
def training() -> TrainingData:
    """Ethanol, 40 windows at irregular times."""
    protocol = Protocol(sampling="irregular", n_train=40, n_validation=1, n_test=1)
    return split_dataset(load_dataset("ethanol"), protocol).training


@pytest.mark.parametrize(
    "card",
    [card for card in FORECASTERS if card.needs != "training" and card.family != "simulation"],
    ids=lambda card: card.name,
)
def test_a_single_atom_can_be_forecast(card: ForecasterCard) -> None:
    """It has no vibration, no bond and no shape to remember; what knows its drift knows all."""
    times = np.arange(0.0, 4000.0, 4.0)
    velocity = np.array([1e-3, -2e-3, 5e-4])
    flight = Trajectory(
        molecule=Molecule(name="argon", numbers=(18,), bonds=()),
        times_fs=times,
        positions=(times[:, None] * velocity)[:, None],
        velocities=np.broadcast_to(velocity, (len(times), 1, 3)).copy(),
    )
    alone = Dataset(segments=(flight,), source="argon.npz", dt_fs=4.0)
    found = split_dataset(alone, Protocol(n_train=20, n_test=5))
    predicted = predict_rows(
        fit_forecaster(card, found.training), found.test.positions, found.test.velocities, found.test.times_fs
    )
    assert np.isfinite(predicted).all()
    if card.name in ("rigid-body", "normal-modes"):
        np.testing.assert_allclose(predicted, found.test.targets, atol=1e-6)


def make(card: ForecasterCard, training: TrainingData) -> Forecaster:
    """The forecaster: shipped where it is, fitted where that is quick, else with random weights."""
    if card.family == "simulation":
        pytest.importorskip("tblite", reason="GFN2-xTB needs tblite")
    if card.needs != "training":
        return fit_forecaster(card, training)
    shipped = CHECKPOINTS / "gfn2" / training.molecule.name / card.name
    if shipped.is_dir():
        return load_forecaster(shipped)
    torch.manual_seed(0)
    kind = card.load_class()
    return kind.create(training, kind.Config()).eval()


@pytest.fixture(scope="module")
def made(training) -> Callable[[ForecasterCard], Forecaster]:
    """``make`` for the shared training data, once per forecaster."""
    kept: dict[str, Forecaster] = {}

    def get(card: ForecasterCard) -> Forecaster:
        if card.name not in kept:
            kept[card.name] = make(card, training)
        return kept[card.name]

    return get


@pytest.fixture
def rows() -> Rows:
    """Three starts that nothing was fitted on, each with times of its own, in no order, one of them zero."""
    segment = load_dataset("ethanol").segments[1]
    frames = [100, 900, 2000]
    times = [[22.25, 0.0, 40.0, 7.5], [0.0, 1.0, 39.0, 3.0], [12.0, 36.0, 24.0, 0.0]]
    return (
        torch.tensor(segment.positions[frames].astype(float)),
        torch.tensor(segment.velocities[frames].astype(float)),
        torch.tensor(times, dtype=torch.float64),
    )


@every_forecaster
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_dtype_and_device_are_those_of_the_positions(card, made, rows, dtype):
    rows = tuple(row.to(dtype) for row in rows)
    predicted = made(card).predict(*rows)
    assert predicted.shape == (3, 4, 9, 3)
    assert predicted.dtype == dtype
    assert predicted.device == rows[0].device
    assert torch.isfinite(predicted).all()
    assert not predicted.requires_grad


@every_forecaster
def test_no_windows_and_no_times_are_refused(card, made, rows):
    positions, velocities, times = rows
    with pytest.raises(DataError, match="Found 3 windows and 0 times; expected at least one of each"):
        made(card).predict(positions, velocities, times[:, :0])
    with pytest.raises(DataError, match="Found 0 windows and 4 times"):
        made(card).predict(positions[:0], velocities[:0], times[:0])


@every_forecaster
def test_the_same_question_gets_the_same_answer_and_is_left_as_it_was(card, made, rows):
    before = [row.clone() for row in rows]
    first, second = (made(card).predict(*rows) for _ in range(2))
    torch.testing.assert_close(first, second, atol=0, rtol=0)
    for row, kept in zip(rows, before, strict=True):
        torch.testing.assert_close(row, kept, atol=0, rtol=0)


@every_forecaster
def test_at_the_start_is_the_start_where_the_card_says_so(card, made, rows):
    predicted = made(card).predict(*rows)
    at_start = predicted[rows[2] == 0]
    if card.keeps_start:
        torch.testing.assert_close(at_start, rows[0], atol=0, rtol=0)
    else:
        assert (at_start - rows[0]).abs().max() > 1e-3


@every_forecaster
def test_times_may_come_in_any_order(card, made, rows):
    positions, velocities, times = rows
    order = torch.tensor([2, 0, 3, 1])
    shuffled = made(card).predict(positions, velocities, times[:, order])
    expected = made(card).predict(*rows)[:, order]
    torch.testing.assert_close(shuffled, expected, atol=ROUNDING_ANGSTROM, rtol=0)


@every_forecaster
def test_a_batch_is_what_its_windows_are_one_by_one(card, made, rows):
    together = made(card).predict(*rows)
    alone = torch.cat([made(card).predict(*(row[k : k + 1] for row in rows)) for k in range(3)])
    torch.testing.assert_close(together, alone, atol=ROUNDING_ANGSTROM, rtol=0)


@every_forecaster
def test_translation_as_claimed(card, made, rows):
    positions, velocities, times = rows
    shift = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    change = made(card).predict(positions + shift, velocities, times) - shift - made(card).predict(*rows)
    check_claim("translation", card, change)


@every_forecaster
def test_rotation_as_claimed(card, made, rows):
    positions, velocities, times = rows
    turn = torch.tensor(Rotation.from_euler("xyz", [0.3, -1.2, 2.0]).as_matrix().T)
    change = made(card).predict(positions @ turn, velocities @ turn, times) - made(card).predict(*rows) @ turn
    check_claim("rotation", card, change)


@every_forecaster
def test_renumbering_as_claimed(card, made, training, rows):
    """The input renumbered, and what the forecaster was made from."""
    order = np.array([4, 8, 0, 2, 6, 1, 7, 3, 5])
    positions, velocities, times = rows
    other = renumbered_forecaster(made(card), training, order.tolist())
    change = other.predict(positions[:, order], velocities[:, order], times) - made(card).predict(*rows)[:, :, order]
    check_claim("renumbering", card, change)


@fitted_to_a_molecule
def test_another_number_of_atoms_is_refused(card, made):
    rows = torch.zeros(1, 5, 3), torch.zeros(1, 5, 3), torch.ones(1, 1)
    with pytest.raises(DataError, match=r"5( atoms)?[;.]"):
        made(card).predict(*rows)


def check_claim(symmetry: str, card: ForecasterCard, change: Tensor) -> None:
    """What is claimed holds to rounding; what is not claimed is visibly broken, or else the card is too modest."""
    if symmetry in card.symmetries:
        assert change.abs().max() < ROUNDING_ANGSTROM
    else:
        assert change.abs().max() > 1e-3


@every_forecaster
def test_what_is_not_finite_is_refused(card, made, rows):
    for spoilt, name in enumerate(("positions", "velocities", "times_fs")):
        broken = [row.clone() for row in rows]
        broken[spoilt][0, 0] = torch.nan
        with pytest.raises(DataError, match=f"{name} must be finite"):
            made(card).predict(*broken)
