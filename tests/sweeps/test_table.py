"""Tables come back as they were written, join by key, and refuse what they cannot read."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from msmd.errors import DataError
from msmd.sweeps.table import COLUMNS, TABLES, load_tables, read_table, sweeps_folder, to_frame, write_table
from tests.sweeps.records import record

BAND = record(from_fs=0.0, to_fs=50.0, band="0-50", heavy_mse=0.002, spread=None, f_mse_heavy=None)
NO_TRAINING = record(
    forecaster="persistence", budget="none", n_train_windows=None, train_seconds=None, steps_factor=None, heavy_mse=0.2
)


def test_round_trip_keeps_every_field_to_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "peers.csv"
    write_table(path, [NO_TRAINING, BAND, record()])
    again = read_table(path)
    assert {found.key for found in again} == {BAND.key, NO_TRAINING.key, record().key}
    assert BAND in again
    assert NO_TRAINING in again
    (whole,) = [found for found in again if found.key == record().key]
    assert whole == record(heavy_mse=0.0123457)


def test_order_does_not_depend_on_how_records_come(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", [NO_TRAINING, BAND, record()])
    write_table(tmp_path / "b.csv", [record(), NO_TRAINING, BAND])
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_later_tables_replace_the_same_cells(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    write_table(shipped / "peers.csv", [record(), BAND])
    write_table(own / "deep" / "peers.csv", [record(heavy_mse=0.5), record(seed=2)])
    joined = load_tables([shipped, own, tmp_path / "nowhere"])
    assert sorted(found.heavy_mse for found in joined) == [0.002, 0.0123457, 0.5]


def test_own_tables_lie_among_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path))
    write_table(tmp_path / "sweeps" / "peers" / "table.csv", [record()])
    assert len(load_tables([sweeps_folder()])) == 1


def test_frame_has_a_column_per_field_and_missing_values_for_none() -> None:
    frame = to_frame([record(), BAND])
    assert tuple(frame.columns) == COLUMNS
    assert pd.isna(frame.spread[1])
    assert frame.is_rotated.dtype == bool


def test_no_records_are_an_empty_table(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", [])
    assert read_table(tmp_path / "a.csv") == ()
    assert tuple(to_frame([]).columns) == COLUMNS


def _broken(path: Path, old: str, new: str) -> Path:
    write_table(path, [record()])
    path.write_text(path.read_text().replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("heavy_mse", "heavy", "it lacks heavy_mse; unknown are heavy"),
        (",300,", ",many,", "line 2: column 'n_windows' holds 'many'"),
        (",300,", ",300,7,", "line 2: found .* cells; expected"),
        ("False", "no", r"column 'is_rotated' holds 'no' \(expected True or False\)"),
        (",windows,", ",all of it,", "line 2: The record of 'egnn' .* has the budget 'all of it'"),
    ],
)
def test_refusals_say_where(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_table(_broken(tmp_path / "a.csv", old, new))


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "nothing.csv")


def test_shipped_tables_can_be_read_and_are_small() -> None:
    load_tables([TABLES])
    assert all(path.stat().st_size < 1_000_000 for path in TABLES.rglob("*.csv"))
