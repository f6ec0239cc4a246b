"""Tables for people, selections and joined tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msmd.errors import MsmdError
from msmd.sweeps.collect import collect, root_of
from msmd.sweeps.runner import run_tasks
from msmd.sweeps.selection import read_sweep, select
from msmd.sweeps.summary import summary
from msmd.sweeps.table import read_table, write_table
from msmd.sweeps.work import do
from tests.sweeps.records import record
from tests.sweeps.specs import HEAD, OSCILLATOR, UNTRAINED, write_spec


def test_seeds_become_a_mean_with_its_spread_and_short_trainings_are_marked() -> None:
    seeds = [record(seed=seed, heavy_mse=error) for seed, error in ((0, 0.01), (1, 0.02), (2, 0.03))]
    band = record(band="0-50", to_fs=50.0, heavy_mse=9.0)
    (table,) = summary([*seeds, band])
    assert table.rows == {"egnn (500 windows)": {"ethanol": "2 ± 1"}}
    (marked,) = summary([record(variant="one-member", is_complete=False, budget="frames", heavy_mse=0.01)])
    assert marked.rows == {"egnn: one-member": {"ethanol": "1*"}}


def test_each_kind_of_test_has_its_table() -> None:
    tables = summary([record(), record(is_rotated=True), record(molecule="toluene")])
    assert [table.title for table in tables] == [
        "peers: gfn2, blocked, even times",
        "peers: gfn2, blocked, even times, turned at random",
    ]
    assert tables[0].molecules == ("ethanol", "toluene")


def test_molecules_that_do_not_fit_the_terminal_get_a_table_of_their_own() -> None:
    names = ("ethanol", "toluene", "malonaldehyde")
    (table,) = summary([record(molecule=name, heavy_mse=10.5) for name in names])
    assert table.columns_within(200) == (names,)
    # 18 for the forecaster and 10 for each of the first two, borders not counted
    assert table.columns_within(50) == (names[:2], names[2:])
    assert table.columns_within(10) == tuple((name,) for name in names)


TWO = HEAD.replace('["ethanol"]', '["ethanol", "toluene"]')


def test_selection_takes_what_is_named(tmp_path: Path) -> None:
    spec, tasks = read_sweep(write_spec(tmp_path, TWO, UNTRAINED, OSCILLATOR))
    chosen = select(spec, tasks, "toluene", "persistence,spectral-oscillator", None)
    assert [(task.molecule, task.forecaster) for task in chosen] == [
        ("toluene", "persistence"), ("toluene", "spectral-oscillator"),
    ]  # fmt: skip
    assert select(spec, tasks, None, None, None) == tasks
    with pytest.raises(MsmdError, match=r"Unknown molecule of .* 'tolune'; did you mean 'toluene'"):
        select(spec, tasks, "tolune", None, None)


def test_selecting_a_variant_brings_what_it_takes_over(tmp_path: Path) -> None:
    ode = '[[forecasters]]\nnames = ["spectral-ode"]\n[[forecasters.variants]]\nname = "one"\nreuse = true\n'
    spec, tasks = read_sweep(write_spec(tmp_path, TWO, ode, UNTRAINED))
    assert [task.variant for task in select(spec, tasks, "ethanol", None, "one")] == ["full", "one"]
    with pytest.raises(MsmdError, match=r"No task of .* has all that was named"):
        select(spec, tasks, None, "persistence", "one")


def test_shipped_tables_name_no_place_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path / "runs"))
    spec, tasks = read_sweep(write_spec(tmp_path, HEAD, OSCILLATOR))
    list(run_tasks(tasks, root_of(spec), _Nothing()))
    (own, *_) = collect(spec, tasks, tmp_path / "out")
    assert own.checkpoint == str(root_of(spec) / tasks[0].name)
    assert {entry.checkpoint for entry in read_table(tmp_path / "out" / "tiny.csv")} == {""}


class _Nothing:
    """A pool that does the first task only."""

    n_slots = 1

    def run(self, works: list) -> list[str]:
        return [do(works[0]), *("left" for _ in works[1:])]

    def stop(self) -> None:
        """Nothing runs."""


def test_tables_grow_and_keep_what_other_machines_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path / "runs"))
    spec, tasks = read_sweep(write_spec(tmp_path, TWO, UNTRAINED))
    elsewhere = record(sweep=spec.name, molecule="toluene", forecaster="mean-structure", heavy_mse=0.5)
    dropped = record(sweep=spec.name, molecule="toluene", forecaster="egnn")
    write_table(tmp_path / "out" / "tiny.csv", [elsewhere, dropped])
    list(run_tasks(tasks, root_of(spec), _Nothing()))
    found = collect(spec, tasks, tmp_path / "out")
    assert {entry.forecaster for entry in found} == {"persistence"}
    own = read_table(tmp_path / "runs" / "sweeps" / "tiny" / "table.csv")
    assert {entry.key for entry in own} == {entry.key for entry in found}
    joined = read_table(tmp_path / "out" / "tiny.csv")
    assert {entry.key for entry in joined} == {entry.key for entry in found} | {elsewhere.key}
    later = replace(found[0], heavy_mse=0.25, date="2999-01-01", checkpoint="")
    write_table(tmp_path / "out" / "tiny.csv", [later])
    collect(spec, tasks, tmp_path / "out")
    assert {entry.key: entry.heavy_mse for entry in read_table(tmp_path / "out" / "tiny.csv")}[later.key] == 0.25
