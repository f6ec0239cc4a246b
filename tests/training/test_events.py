"""TensorBoard's own reader finds every report of a run once, also when training was killed in between."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from msmd.errors import MsmdWarning
from msmd.training.events import EVENTS, event_log, write_missing_events
from msmd.training.folder import METRICS, EpochReport

VALIDATION = {"a_mse": 0.05, "0-50 fs": 0.01}


def report(step: int, **changes) -> EpochReport:
    """An epoch whose loss is its number."""
    entries = {"stage": "windows", "stage_index": 0, "n_stages": 1, "progress": 0.1, "learning_rate": 1e-3}
    return EpochReport(**entries | {"step": step, "loss": float(step), "seconds": 60.0 * step} | changes)


def keep(folder: Path, reports: list[EpochReport]) -> None:
    """Writes the reports as the run folder holds them."""
    (folder / METRICS).write_text("".join(json.dumps(asdict(r)) + "\n" for r in reports))


def scalars(folder: Path, tag: str) -> list[tuple[int, float]]:
    """Steps and values of a tag, as TensorBoard reads them."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = reader.EventAccumulator(str(folder / EVENTS)).Reload()
    return [(entry.step, pytest.approx(entry.value)) for entry in found.Scalars(tag)]


def test_tensorboard_reads_what_was_reported(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"plan": "ethanol"}')
    with event_log(tmp_path) as add:
        add(report(1))
        add(report(2, validation=VALIDATION))
        assert scalars(tmp_path, "loss/windows") == [(1, 1.0), (2, 2.0)]  # while training goes on
    assert scalars(tmp_path, "validation/0-50_fs") == [(2, 0.01)]
    assert scalars(tmp_path, "validation/a_mse") == [(2, 0.05)]
    assert scalars(tmp_path, "training/minutes") == [(1, 1.0), (2, 2.0)]


def test_training_that_goes_on_takes_back_what_the_run_has_forgotten(tmp_path: Path) -> None:
    with event_log(tmp_path) as add:
        for step in (1, 2, 3):
            add(report(step))
    keep(tmp_path, [report(1), report(2)])  # killed before the third was saved
    time.sleep(1.1)  # TensorBoard reads files in order of their names: the second, then a number in no fixed width
    with event_log(tmp_path) as add:
        add(report(3, loss=7.0))
    assert scalars(tmp_path, "loss/windows") == [(1, 1.0), (2, 2.0), (3, 7.0)]


def test_a_run_made_without_tensorboard_gets_its_events_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch.utils.tensorboard", None)
        with pytest.warns(MsmdWarning, match="tensorboard is not installed"), event_log(tmp_path) as add:
            add(report(1))
    assert not (tmp_path / EVENTS).exists()
    assert not write_missing_events(tmp_path)
    keep(tmp_path, [report(1), report(2)])
    assert write_missing_events(tmp_path)
    assert not write_missing_events(tmp_path)
    time.sleep(1.1)
    with event_log(tmp_path) as add:
        add(report(3))
    assert scalars(tmp_path, "loss/windows") == [(1, 1.0), (2, 2.0), (3, 3.0)]
