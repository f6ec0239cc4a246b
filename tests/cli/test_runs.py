"""``msmd runs``: the table, its filter, CSV, JSON, and events for TensorBoard."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from msmd.cli import app
from msmd.errors import ProtocolError
from msmd.training.folder import EpochReport
from msmd.training.job_folder import JobSpec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two runs, of ethanol and of toluene."""
    report = EpochReport(
        stage="s", stage_index=0, n_stages=1, step=1, progress=1.0, loss=1.0, learning_rate=0.1, seconds=6.0,
        validation={"a_mse": 0.01},
    )  # fmt: skip
    for created, name in ((1.0, "ethanol"), (2.0, "toluene")):
        (folder := tmp_path / name).mkdir()
        entry = {"title": f"My {name}", "spec": asdict(JobSpec(forecaster="egnn", data=name)), "created": created}
        (folder / "job.json").write_text(json.dumps(entry))
        (folder / "metrics.jsonl").write_text(json.dumps(asdict(report)) + "\n")
    return tmp_path


def _runs(*arguments: str):
    result = CliRunner().invoke(app, ["runs", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_table_the_newest_first(root: Path) -> None:
    rows = json.loads(_runs(str(root), "--json"))
    assert [row["data"] for row in rows] == ["toluene", "ethanol"]
    assert rows[0]["A-MSE"] == pytest.approx(1.0)
    assert "2 runs in" in _runs(str(root))


def test_filter_and_csv(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSMD_RUNS", str(root))
    rows = list(csv.DictReader(_runs("--csv", "--filter", "my ethanol").splitlines()))
    assert [row["run"] for row in rows] == ["ethanol"]
    assert rows[0]["forecaster"] == "egnn"
    assert _runs("--csv", "--filter", "nothing") == ""


def test_events_for_runs_that_lack_them(root: Path) -> None:
    _runs(str(root), "--tensorboard")
    assert len(list(root.glob("*/tensorboard/events*"))) == 2


def test_no_folder_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["runs", str(tmp_path / "none")])
    assert isinstance(result.exception, ProtocolError)
    assert "There is no folder" in str(result.exception)
