"""Two sides' time scales set side by side: which modes compare, how far they agree, and the table."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msmd.errors import DataError
from msmd.metrics.space_time import SpaceTime
from msmd.metrics.space_time_comparison import SpaceTimeComparison
from msmd.metrics.space_time_table import COLUMNS, rows_of, write_rows
from msmd.spectrum import ModeTimeScales, RankCorrelation

EIGENVALUES = np.array([0.0, 0.5, 1.0, 1.0, 2.0, 3.0])


def side(times: list[float], resolved: list[bool] | None = None, *, is_still: bool = False) -> SpaceTime:
    values = np.array(times)
    scales = ModeTimeScales(
        eigenvalues=EIGENVALUES,
        correlation_times_fs=values,
        correlation_errors_fs=0.1 * values,
        is_resolved=np.ones(6, dtype=bool) if resolved is None else np.array(resolved),
        centroids=np.full(6, 500.0),
        centroid_errors=np.full(6, 5.0),
        mass_weighted=True,
    )
    return SpaceTime(
        scales=scales, correlation=RankCorrelation(value=-0.8, low=-1.0, high=0.1, n_points=4), is_still=is_still
    )


COMPARISON = SpaceTimeComparison(
    molecule="ethanol",
    source="gfn2",
    forecaster="spectral-ode",
    n_stretches=9,
    stretch_fs=3000.0,
    reference=side([100.0, 80.0, 60.0, 60.0, 1500.0, 20.0], [True, True, True, True, False, True]),
    model=side([300.0, 40.0, 60.0, 60.0, 700.0, 40.0]),
)


def test_each_eigenvalue_counts_once_and_only_where_both_sides_are_known():
    np.testing.assert_array_equal(COMPARISON.compared, [False, True, True, False, False, True])
    np.testing.assert_allclose(COMPARISON.ratios, [3.0, 0.5, 1.0, 1.0, np.nan, 2.0])
    assert COMPARISON.median_ratio == pytest.approx(1.0)
    assert COMPARISON.typical_factor == pytest.approx(2.0)  # off by 2, 1 and 2
    assert "3 distinct eigenvalues: median 1.00, typically off by a factor of 2.00" in COMPARISON.agreement


def test_a_model_that_stands_still_compares_with_nothing():
    still = replace(COMPARISON, model=side([1.0] * 6, is_still=True))
    assert not still.compared.any()
    assert still.median_ratio is None
    assert still.typical_factor is None
    assert "stands still" in still.agreement


def test_the_table_has_a_row_per_mode(tmp_path: Path):
    write_rows(tmp_path / "deep" / "table.csv", rows_of(COMPARISON, command="msmd space-time ethanol"))
    with (tmp_path / "deep" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["mode"] for row in rows] == list("012345")
    assert (rows[1]["reference_fs"], rows[1]["model_fs"], rows[1]["ratio"]) == ("80", "40", "0.5")
    assert (rows[4]["is_reference_bound"], rows[4]["ratio"]) == ("True", "")
    assert {row["n_compared"] for row in rows} == {"3"}


def test_what_is_measured_again_replaces_its_own_rows_only(tmp_path: Path):
    path = tmp_path / "table.csv"
    write_rows(path, rows_of(COMPARISON, command=""))
    write_rows(path, rows_of(replace(COMPARISON, molecule="aspirin"), command=""))
    write_rows(path, rows_of(replace(COMPARISON, model=side([1.0] * 6)), command="again"))
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["molecule"] for row in rows] == ["aspirin"] * 6 + ["ethanol"] * 6
    assert {row["command"] for row in rows[6:]} == {"again"}


def test_another_table_is_not_written_over(tmp_path: Path):
    path = tmp_path / "table.csv"
    path.write_text("sweep,molecule\n", encoding="utf-8")
    with pytest.raises(DataError, match="is no table of time scales; its columns are sweep, molecule"):
        write_rows(path, rows_of(COMPARISON, command=""))
