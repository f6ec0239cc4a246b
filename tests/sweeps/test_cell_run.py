"""One cell of a sweep in a process of its own: started, watched, stopped, and joined to the tables."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from msmd.sweeps.cell_run import CellRun, SweepCell, list_cell_runs, read_cell_run, start_cell, stop_cell
from msmd.sweeps.outcome import Outcome, identity, write_outcome
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.table import read_table, sweeps_folder
from msmd.sweeps.task import tasks_of
from tests.sweeps.specs import write_spec

PATIENCE_S = 300.0
CHECKPOINT = """
[[forecasters]]
names = ["spectral-ode"]
checkpoint = "checkpoints/gfn2/{molecule}/spectral-ode"
[[forecasters.variants]]
name = "pair"
note = "Two members instead of eight."
set = ["n_members=2"]
reuse = true
"""
HEAD = """
molecules = ["ethanol", "toluene"]
[evaluation]
windows = 3
horizon_fs = 100.0
"""


@pytest.fixture
def cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepCell:
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path / "runs"))
    spec = read_spec(write_spec(tmp_path, HEAD, CHECKPOINT, name="quick"))
    return SweepCell(spec=spec, molecule="ethanol", forecaster="spectral-ode", variant="pair", beside=("full",))


def wait_end(cell: SweepCell) -> CellRun:
    deadline = time.monotonic() + PATIENCE_S
    while (run := read_cell_run(cell)) is None or run.is_alive:
        assert time.monotonic() < deadline, (cell.folder / "log.txt").read_text()
        time.sleep(0.2)
    return run


def put_outcome(cell: SweepCell, state: str, reason: str = "") -> None:
    """A cell as a process leaves it that has got so far."""
    cell.folder.mkdir(parents=True)
    (cell.folder / "cell.json").write_text(json.dumps({"stopped": False}))
    (task,) = (t for t in tasks_of(cell.spec) if (t.molecule, t.variant) == ("ethanol", "pair"))
    write_outcome(sweeps_folder() / "quick" / task.name, Outcome(state=state, task=identity(task), reason=reason))


def test_a_cell_that_nobody_started_has_no_run(cell):
    assert read_cell_run(cell) is None
    assert list_cell_runs() == []


def test_a_cell_runs_to_its_table_with_the_full_model_beside_it(cell):
    start_cell(cell)
    assert [run.cell.variant for run in list_cell_runs() if run.is_alive] == ["pair"]
    run = wait_end(cell)
    assert (run.state, run.reason) == ("finished", "")
    found = read_table(sweeps_folder() / "quick" / "table.csv")
    assert {(record.molecule, record.variant) for record in found} == {("ethanol", "pair"), ("ethanol", "full")}


def test_stopping_ends_the_process_and_starting_goes_on(cell):
    start_cell(cell)
    stop_cell(cell)
    assert read_cell_run(cell).state == "stopped"


def test_a_failed_task_says_why(cell):
    put_outcome(cell, "failed", reason="It diverged.")
    run = read_cell_run(cell)
    assert (run.state, run.reason) == ("failed", "It diverged.")


def test_a_process_that_was_killed_is_not_finished(cell):
    put_outcome(cell, "running")
    run = read_cell_run(cell)
    assert run.state == "failed"
    assert "ended without a word" in run.reason


def test_a_sweep_without_a_file_gets_one(cell, monkeypatch):
    asked = []
    monkeypatch.setattr("msmd.sweeps.cell_run.launch", lambda folder, words: asked.append(words))
    wide = replace(cell, spec=replace(cell.spec, name="own-quick", file="", molecules=("all",)))
    start_cell(wide)
    assert asked[0][:2] == ["sweep", str(sweeps_folder() / "own-quick.toml")]
    assert len(read_spec(wide.file).molecule_names) == 10


def test_the_command_can_be_repeated_by_hand(cell):
    assert cell.words[2:] == [
        "--molecules", "ethanol", "--forecasters", "spectral-ode", "--variants", "full,pair",
    ]  # fmt: skip
