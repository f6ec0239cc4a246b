"""Rows of a table of runs, and what differs between runs."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from msmd.errors import CheckpointError
from msmd.training.comparison import differing_settings, full_row_of, matches, row_of
from msmd.training.folder import METRICS, EpochReport, RunStatus, read_metrics
from msmd.training.job_folder import Job, JobSpec

SPEC = JobSpec(forecaster="egnn", data="ethanol", minutes=2.0, options=("n_layers=1", "width=4"))


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A run with two validations and two baselines."""
    common = {"stage": "s", "stage_index": 0, "n_stages": 1, "step": 1, "progress": 0.5, "learning_rate": 0.1}
    reports = [EpochReport(**common, loss=1.0, seconds=s, validation={"a_mse": s / 1000}) for s in (30.0, 20.0)]
    reports.append(EpochReport(**common, loss=1.0, seconds=60.0))
    (tmp_path / METRICS).write_text("".join(json.dumps(asdict(r)) + "\n" for r in reports))
    (tmp_path / "baselines.json").write_text('{"persistence": {"a_mse": 0.3}, "mean-structure": {"a_mse": 0.2}}')
    return Job(folder=tmp_path, title="First try", spec=SPEC, created=0.0, state="stopped", status=None)


def test_a_row_has_the_newest_error_beside_the_best_baseline(job: Job) -> None:
    row = row_of(job)
    assert (row["A-MSE"], row["best baseline"]) == (pytest.approx(2.0), pytest.approx(20.0))
    assert (row["title"], row["state"], row["minutes"]) == ("First try", "stopped", None)
    assert full_row_of(job)["options"] == "n_layers=1 width=4"


def test_minutes_trained_are_not_those_that_were_asked_for(job: Job) -> None:
    status = RunStatus(state="training", stage="s", n_stages=1, progress=0.5, seconds=90.0)
    row = full_row_of(replace(job, status=status))
    assert (row["minutes"], row["max_minutes"], row["seed"]) == (1.5, "2.0", 0)


@pytest.mark.parametrize("line", ['{"of": "another version"}', "{", '{"loss": NaN}'])
def test_lines_that_cannot_be_read_leave_the_error_open(job: Job, line: str) -> None:
    path = job.folder / METRICS
    path.write_text(line + "\n" + path.read_text())
    assert row_of(job)["A-MSE"] is None
    with pytest.raises(CheckpointError, match="remove the folder, or the line"):
        read_metrics(job.folder)


def test_an_error_that_is_no_number_is_none(job: Job) -> None:
    path = job.folder / METRICS
    path.write_text(path.read_text().replace("0.02}", "NaN}"))
    assert row_of(job)["A-MSE"] is None


def test_what_is_not_known_yet_is_none(job: Job, tmp_path: Path) -> None:
    (fresh := tmp_path / "fresh").mkdir()
    row = row_of(replace(job, folder=fresh))
    assert (row["A-MSE"], row["best baseline"]) == (None, None)


def test_settings_that_differ(job: Job) -> None:
    other = replace(job, spec=replace(SPEC, seed=3, minutes=None, options=()))
    assert differing_settings([job, other]) == {
        "minutes": ["2.0", ""],
        "seed": ["0", "3"],
        "options": ["n_layers=1 width=4", ""],
    }
    assert differing_settings([job, job]) == {}


def test_words_of_a_filter_are_looked_for_in_every_column(job: Job) -> None:
    assert matches(job, "")
    assert matches(job, "FIRST egnn stopped")
    assert not matches(job, "first finished")
