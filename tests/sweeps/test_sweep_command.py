"""``msmd sweep``: the command from a file to a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from msmd.cli import app
from msmd.errors import UnknownNameError
from msmd.sweeps.table import read_table
from tests.sweeps.specs import HEAD, UNTRAINED, write_spec

MISSING = '[[forecasters]]\nnames = ["spectral-ode"]\ncheckpoint = "checkpoints/nowhere"\n'


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps of tests lie apart."""
    monkeypatch.setenv("MSMD_RUNS", str(tmp_path / "runs"))


def _sweep(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["sweep", *map(str, arguments)])


def test_from_a_file_to_tables_and_json(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, HEAD, UNTRAINED)
    result = _sweep(spec, "--jobs", "1", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "gfn2, blocked, even times" in result.stdout
    assert "mean-structure (20 windows)" in result.stdout
    records = read_table(tmp_path / "out" / "tiny.csv")
    assert {record.forecaster for record in records} == {"persistence", "mean-structure"}
    printed = json.loads(_sweep(spec, "--collect", "--json").stdout)
    assert {(entry["forecaster"], entry["band"]) for entry in printed} == {
        (record.forecaster, record.band) for record in records
    }


def test_a_failed_task_costs_the_exit_code_only(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, HEAD, UNTRAINED, MISSING)
    result = _sweep(spec, "--jobs", "1")
    assert result.exit_code == 1
    assert "spectral-ode-full-checkpoint-blocked-even-seed0 failed: There is no checkpoint" in result.stderr
    assert "1 task(s) failed; repeat the command" in result.stderr
    assert "persistence" in result.stdout


def test_a_dry_run_lists_and_runs_nothing(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, HEAD, UNTRAINED)
    result = _sweep(spec, "--dry-run")
    assert "to do     ethanol-persistence-full-none-blocked-even-seed0" in result.stdout
    assert not (tmp_path / "runs").exists()
    listed = json.loads(_sweep(spec, "--dry-run", "--json").stdout)
    assert set(listed["tasks"].values()) == {"to do"}
    both = CliRunner().invoke(app, ["sweep", str(spec), str(spec), "--dry-run", "--json"]).stdout
    assert json.loads(both) == [listed, listed]


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    result = _sweep(write_spec(tmp_path, HEAD, UNTRAINED), "--molecules", "etanol")
    assert isinstance(result.exception, UnknownNameError)
    assert "did you mean 'ethanol'" in str(result.exception)
