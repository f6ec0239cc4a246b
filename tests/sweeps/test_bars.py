"""What the shipped tables have to say: the project's bars, read off the numbers that users see."""

from __future__ import annotations

from collections.abc import Callable
from statistics import geometric_mean, mean

import pytest

from benchmarks.readme_tables import BASELINES, BEST_PUBLISHED, MEAN, OURS, PEERS
from msmd.sweeps.record import FULL, WHOLE, Record
from msmd.sweeps.table import TABLES, read_table

HORIZON_FS = 1500.0
"""Bands beyond are asked for by ``long`` alone; the nearest stored frames of real data reach a little into the next."""

REAL_MARKS = {
    "naphthalene": 0.10,
    "salicylic": 0.15,
    "uracil": 0.18,
    "toluene": 0.45,
    "ethanol": 3.1,
    "malonaldehyde": 7.5,
    "aspirin": 2.3,
    "benzene": 0.7,
}
"""Prototypes on the last fifth of real MD17, even times, 10⁻² Å²."""


def _rows(table: str, keep: Callable[[Record], bool]) -> list[Record]:
    return [record for record in read_table(TABLES / f"{table}.csv") if record.variant == FULL and keep(record)]


def _test_of(record: Record) -> tuple[str, str, str]:
    return record.molecule, record.sampling, record.band


def _by_test(records: list[Record]) -> dict[tuple[str, str, str], float]:
    """Heavy-atom error of each molecule, kind of times, and band."""
    return {_test_of(record): record.heavy_mse for record in records}


@pytest.mark.parametrize(("table", "n_molecules"), [("embedded", 10), ("real", 8), ("real-even", 8)])
def test_no_baseline_is_better_anywhere(table: str, n_molecules: int) -> None:
    rows = _rows(table, lambda record: record.band == WHOLE or record.to_fs <= HORIZON_FS)
    ours = _by_test([record for record in rows if record.forecaster == OURS])
    assert len({molecule for molecule, _, _ in ours}) == n_molecules
    worse = {
        (table, *_test_of(record))
        for record in rows
        if record.forecaster in BASELINES and record.heavy_mse < ours[_test_of(record)]
    }
    assert not worse


def test_every_molecule_is_below_half_of_the_aligned_mean() -> None:
    ours = _by_test(_rows("embedded", lambda record: record.forecaster == OURS and record.band == WHOLE))
    aligned = _by_test(_rows("embedded", lambda record: record.forecaster == MEAN and record.band == WHOLE))
    assert all(error < 0.5 * aligned[test] for test, error in ours.items())


def _even(table: str) -> dict[str, float]:
    """Error of ours at even times over the whole horizon, 10⁻² Å², by molecule."""
    rows = _rows(table, lambda record: record.forecaster == OURS and record.band == WHOLE and record.sampling == "even")
    return {record.molecule: 100.0 * record.heavy_mse for record in rows}


def test_the_best_peer_trained_for_longer_is_worse_everywhere() -> None:
    """EGNN, the best of the five wherever all were tried."""
    found = {
        name: _by_test(_rows("peers-longer", lambda record, name=name: record.forecaster == name))
        for name in (OURS, "egnn")
    }
    ratios = {test: found[OURS][test] / error for test, error in found["egnn"].items()}
    assert len({molecule for molecule, _, _ in ratios}) == 10
    assert max(ratios.values()) < 1.0
    assert geometric_mean(ratio for (_, _, band), ratio in ratios.items() if band == WHOLE) <= 0.3


def test_peers_trained_on_real_data_are_worse_everywhere() -> None:
    """EGNN and GF-NODE, irregular times, every horizon band."""
    rows = _rows("peers-real", lambda record: not record.is_rotated)
    ours = _by_test([record for record in rows if record.forecaster == OURS])
    assert len({molecule for molecule, _, _ in ours}) == 8
    for peer in ("egnn", "gf-node"):
        errors = _by_test([record for record in rows if record.forecaster == peer])
        ratios = {test: ours[test] / error for test, error in errors.items()}
        assert max(ratios.values()) < 1.0
        assert geometric_mean(ratio for (_, _, band), ratio in ratios.items() if band == WHOLE) <= 0.3


def test_toluene_is_where_it_was_to_be() -> None:
    assert _even("embedded")["toluene"] <= 0.07


def test_so_is_the_mean_of_three_seeds() -> None:
    """Better than every baseline in every band, toluene where it was to be; half of the aligned mean is missed once."""
    rows = _rows("seeds", lambda record: record.forecaster == OURS)
    seeds = {_test_of(record): [] for record in rows}
    for record in rows:
        seeds[_test_of(record)].append(record.heavy_mse)
    assert {len(errors) for errors in seeds.values()} == {3}
    ours = {test: mean(errors) for test, errors in seeds.items()}
    assert len({molecule for molecule, _, _ in ours}) == 10
    others = _rows("embedded", lambda record: record.forecaster in BASELINES)
    assert not {_test_of(record) for record in others if record.heavy_mse < ours[_test_of(record)]}
    aligned = _by_test([record for record in others if record.forecaster == MEAN and record.band == WHOLE])
    # .501 of it: the shipped seed has .965, the others 1.19 and 1.24.
    assert {test[:2] for test, error in aligned.items() if ours[test] >= 0.5 * error} == {("ethanol", "even")}
    assert ours["toluene", "even", WHOLE] <= 0.07e-2


def test_real_molecules_are_below_the_marks() -> None:
    """But for benzene: on these blocks persistence is 73, where the mark was measured 43."""
    ours = _even("real-even")
    assert set(ours) == set(REAL_MARKS)
    assert {molecule for molecule, error in ours.items() if error > REAL_MARKS[molecule]} == {"benzene"}


@pytest.mark.parametrize("budget", ["paper", "paper-frames"])
def test_random_starts_are_below_the_best_published(budget: str) -> None:
    """500 windows without forces, or every frame of the drawn windows with them."""
    ours = _even(budget)
    assert set(ours) == set(BEST_PUBLISHED)
    assert not {molecule: error for molecule, error in ours.items() if error >= BEST_PUBLISHED[molecule]}


def test_irregular_times_cost_no_more_than_five_percent() -> None:
    ours = _by_test(_rows("embedded", lambda record: record.forecaster == OURS and record.band == WHOLE))
    molecules = {molecule for molecule, _, _ in ours}
    assert all(ours[m, "irregular", WHOLE] <= 1.05 * ours[m, "even", WHOLE] for m in molecules)


def test_beyond_the_trained_horizon_the_mean_is_never_better() -> None:
    ours = _by_test(_rows("long", lambda record: record.forecaster == OURS))
    aligned = _by_test(_rows("long", lambda record: record.forecaster == MEAN))
    assert len({molecule for molecule, _, _ in ours}) == 10
    assert {band for _, _, band in ours} >= {"1500-3000", "3000-6000"}
    assert not {test: (error, aligned[test]) for test, error in ours.items() if error > aligned[test]}


@pytest.mark.parametrize(
    ("ours_in", "peers_in", "share"), [("embedded", "peers-one-core", 0.3), ("windows", "windows-peers", 0.6)]
)
def test_peers_are_far_behind_at_either_budget(ours_in: str, peers_in: str, share: float) -> None:
    def is_whole(record: Record) -> bool:
        return record.sampling == "even" and record.band == WHOLE and not record.is_rotated

    ours = _by_test(_rows(ours_in, lambda record: record.forecaster == OURS and is_whole(record)))
    peers = _rows(peers_in, lambda record: record.forecaster in PEERS and is_whole(record))
    best = {
        molecule: min(record.heavy_mse for record in peers if record.molecule == molecule)
        for molecule in {record.molecule for record in peers}
    }
    ratios = {molecule: ours[molecule, "even", WHOLE] / error for molecule, error in best.items()}
    assert len(ratios) >= 3
    assert max(ratios.values()) < 1.0
    assert geometric_mean(ratios.values()) <= share, ratios
