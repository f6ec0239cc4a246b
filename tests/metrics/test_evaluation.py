"""Evaluations by hand: forecasters whose error is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from msmd.baselines.persistence import Persistence
from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, Windows, split_dataset
from msmd.errors import DataError, ProtocolError
from msmd.forecasting import fit_forecaster, forecaster_card
from msmd.metrics.evaluation import Evaluation, evaluate, evaluate_in_batches, rotated
from msmd.molecule import Molecule

HYDROXIDE = Molecule(name="hydroxide", numbers=(8, 1), bonds=((0, 1),))
OFF = np.array([3.0, 0.0, 0.0])


class Off:
    """Says what will happen, by looking at the answer, and is off by (3, 0, 0) Å for every atom at every time."""

    name = "off"
    molecule = None

    def predict(self, positions, velocities, times_fs):
        raise AssertionError("predict_windows is there to be used")

    def predict_windows(self, windows: Windows) -> np.ndarray:
        return windows.targets + OFF


@pytest.fixture
def split() -> Split:
    """Seven windows of an OH pair that flies along z at 0.01 Å/fs; the hydrogen three times as fast."""
    speed = np.array([[0.0, 0.0, 0.01], [0.0, 0.0, 0.03]])
    positions = np.random.default_rng(0).normal(size=(7, 2, 3))
    times = np.tile([25.0, 100.0], (7, 1))
    windows = Windows(
        molecule=HYDROXIDE,
        positions=positions,
        velocities=np.tile(speed, (7, 1, 1)),
        times_fs=times,
        targets=positions[:, None] + times[..., None, None] * speed,
        segments=np.array([0, 0, 0, 0, 1, 1, 1]),
        start_frames=np.arange(7),
        start_times_fs=np.array([0.0, 10.0, 20.0, 100.0, 0.0, 150.0, 199.0]),
    )
    real = split_dataset(load_dataset("ethanol"), Protocol(n_train=2, n_validation=1, n_test=1))
    return replace(real, test=windows)


def test_persistence_is_off_by_what_moved(split):
    """Heavy: (0.25² + 1²)/3 per component averaged over two times; hydrogen nine times that."""
    found = evaluate(Persistence(), split, source="here")
    heavy = (0.25**2 + 1.0**2) / 3 / 2
    assert found.a_mse(HYDROXIDE.is_heavy) == pytest.approx(heavy)
    assert found.a_mse() == pytest.approx(5 * heavy)
    assert found.f_mse(HYDROXIDE.is_heavy) == pytest.approx(1 / 3)
    assert found.bands[0].heavy == pytest.approx(0.25**2 / 3)
    assert found.bands[1].all == pytest.approx(5 / 3)
    assert found.bands[2].heavy is None


def test_the_record_has_the_fields_of_the_design_and_is_json(split):
    record = json.loads(json.dumps(evaluate(Persistence(), split, source="here").to_json()))
    assert list(record) == [
        "molecule", "source", "forecaster", "split", "sampling", "n_windows", "a_mse", "f_mse", "bands",
        "seconds_per_window", "is_rotated", "bond_error", "aligned_rmsd",
    ]  # fmt: skip
    assert record["bond_error"] > 0
    assert record["aligned_rmsd"] >= 0
    assert record["a_mse"].keys() == record["f_mse"].keys() == {"heavy", "all"}
    assert [list(band) for band in record["bands"]] == [["from_fs", "to_fs", "heavy", "all"]] * 5
    assert record["bands"][-1] == {"from_fs": 800.0, "to_fs": 1500.0, "heavy": None, "all": None}
    assert (record["molecule"], record["source"], record["split"]) == ("hydroxide", "here", "blocked")
    assert (record["forecaster"], record["sampling"], record["n_windows"]) == ("persistence", "even", 7)
    assert record["seconds_per_window"] > 0


def test_batches_report_progress_and_add_up(split):
    steps, seen = evaluate_in_batches(Persistence(), split, source="", batch_windows=3), []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            found = end.value
            break
    assert [(step.n_done, step.n_windows) for step in seen] == [(3, 7), (6, 7), (7, 7)]
    np.testing.assert_array_equal(found.errors, evaluate(Persistence(), split, source="").errors)


def test_a_forecaster_that_looks_at_windows_is_given_windows(split):
    found = evaluate(Off(), split, source="")
    assert found.a_mse() == pytest.approx(3.0)
    assert found.a_mse_spread() == pytest.approx(0.0, abs=1e-12)
    one_stretch = replace(found, segments=np.zeros(7, dtype=int), start_times_fs=np.arange(7.0))
    assert one_stretch.a_mse_spread() is None


def test_blocks_are_stretches_of_one_horizon_in_one_segment(split):
    """Horizon 100 fs: starts at 0, 10, 20 belong together, 100 not, nor the other segment's 0 or its 150 and 199."""
    np.testing.assert_array_equal(evaluate(Off(), split, source="").blocks, [0, 0, 0, 1, 2, 3, 3])


def test_turning_the_windows_changes_nothing_for_an_equivariant_forecaster(split):
    plain, turned = (evaluate(Persistence(), split, source="", rotation_seed=seed) for seed in (None, 5))
    assert turned.is_rotated
    assert turned.a_mse() == pytest.approx(plain.a_mse())
    assert np.abs(turned.errors - plain.errors).max() > 0.1


def test_rotated_windows_are_the_same_motion_seen_from_elsewhere(split):
    windows, turned = split.test, rotated(split.test, seed=1)
    np.testing.assert_allclose(turned.positions.mean(axis=1), windows.positions.mean(axis=1), atol=1e-12)
    for old, new in ((windows.positions, turned.positions), (windows.targets, turned.targets)):
        apart, before = (np.linalg.norm(x[..., 0, :] - x[..., 1, :], axis=-1) for x in (new, old))
        np.testing.assert_allclose(apart, before)
    moved = turned.targets - turned.positions[:, None]
    np.testing.assert_allclose(moved, turned.times_fs[..., None, None] * turned.velocities[:, None], atol=1e-12)
    directions = turned.velocities[:, 0] / np.linalg.norm(turned.velocities[:, 0], axis=-1, keepdims=True)
    assert np.linalg.matrix_rank(directions) == 3
    np.testing.assert_array_equal(rotated(windows, seed=1).positions, turned.positions)


def test_positions_that_are_not_finite_are_refused(split):
    targets = split.test.targets.copy()
    targets[2, 1, 0] = np.nan
    broken = replace(split, test=replace(split.test, targets=targets))
    with pytest.raises(ProtocolError, match="'off' returned positions that are not finite in 1 of 7 windows"):
        evaluate(Off(), broken, source="")


def test_another_molecule_is_refused(split):
    fitted = fit_forecaster(forecaster_card("blend"), split.training)
    with pytest.raises(DataError, match="'blend' was made for 'ethanol'"):
        evaluate(fitted, split, source="")


def test_a_leak_is_shown_by_the_nearest_window_and_closed_by_blocks():
    """Random starts out of one trajectory stand next to training windows; whole segments do not."""
    dataset = load_dataset("toluene")

    def error(name: str, split_name: str) -> Evaluation:
        cut = split_dataset(dataset, Protocol(split=split_name, n_train=1000, n_validation=1, n_test=200))
        return evaluate(fit_forecaster(forecaster_card(name), cut.training), cut, source="gfn2")

    assert error("nearest-window", "paper").a_mse() < 0.3 * error("mean-structure", "paper").a_mse()
    assert error("nearest-window", "blocked").a_mse() > error("mean-structure", "blocked").a_mse()


@pytest.mark.real_data
def test_baselines_agree_with_the_published_table(real_data):
    """Design 4, naphthalene, papers' split at irregular times, heavy atoms, 1e-2 Å²: persistence .88, aligned mean .44,
    damped modes at most .30.  The windows differ, hence 10 %."""
    split = split_dataset(
        load_dataset(real_data / "rmd17_naphthalene.npz"), Protocol(split="paper", sampling="irregular")
    )
    found = {}
    for name in ("persistence", "mean-structure", "normal-modes"):
        forecaster = fit_forecaster(forecaster_card(name), split.training)
        evaluation = evaluate(forecaster, split, source="rmd17")
        found[name] = 100 * evaluation.a_mse(evaluation.molecule.is_heavy)
    assert found["persistence"] == pytest.approx(0.88, rel=0.1)
    assert found["mean-structure"] == pytest.approx(0.44, rel=0.1)
    assert found["normal-modes"] <= 0.30
