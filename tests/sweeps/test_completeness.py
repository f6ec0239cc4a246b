"""Whether a training was as long as it should have been."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from msmd.data import load_dataset
from msmd.data.windows import Protocol
from msmd.stage import Stage
from msmd.sweeps.completeness import length_of, length_of_command
from msmd.training.config import FitConfig
from msmd.training.folder import EpochReport, RunPlan, RunStatus, write_status
from msmd.whole_file import write_json


@pytest.mark.parametrize(
    ("command", "steps_factor", "max_minutes", "is_complete"),
    [
        ("msmd train ethanol --run runs/a", 1.0, None, True),
        ("msmd train ethanol --epochs 2 --run runs/a", 2.0, None, True),
        ("msmd train ethanol --epochs 0.6 --run runs/a", 0.6, None, False),
        ("msmd train ethanol --epochs 1e-3 --run runs/a", 1e-3, None, False),
        ("msmd train ethanol --max-minutes 4 --run runs/a", None, 4.0, False),
        ("a first training script", None, None, False),
        ("", None, None, False),
    ],
)
def test_a_card_tells_by_its_command(
    command: str, steps_factor: float | None, max_minutes: float | None, is_complete: bool
) -> None:
    found = length_of_command(command)
    assert (found.steps_factor, found.max_minutes, found.is_complete) == (steps_factor, max_minutes, is_complete)


class _Planned:
    """A forecaster with one stage of ten steps."""

    def stages(self, training: object) -> tuple[Stage, ...]:
        return (Stage(name="all", n_steps=10, learning_rate=1.0, batch_loss=lambda generator: None),)


def _run(folder: Path, *, step: int, progress: float, is_taken_back: bool = False, **fit: object) -> Path:
    plan = RunPlan(
        forecaster="egnn", data="ethanol", source="gfn2", budget="windows", protocol=Protocol(n_train=5),
        fit=FitConfig(**fit), command="",
    )  # fmt: skip
    write_json(folder / "run.json", {"plan": asdict(plan), "config": {}})
    report = EpochReport(stage="all", stage_index=0, n_stages=1, step=step, progress=progress, loss=1.0,
                         learning_rate=1.0, seconds=1.0, is_taken_back=is_taken_back)  # fmt: skip
    (folder / "metrics.jsonl").write_text(json.dumps(asdict(report)) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("step", "progress", "fit", "is_complete"),
    [
        (10, 1.0, {}, True),
        (5, 1.0, {"steps_factor": 0.5}, False),
        (3, 0.6, {"steps_factor": 0.5, "patience": 1}, True),  # its error had stopped falling
        (3, 0.6, {"steps_factor": 0.5, "is_taken_back": True}, False),  # its loss was lost
        (9, 1.0, {"max_minutes": 1.0}, False),
        (11, 1.0, {"max_minutes": 1.0}, True),  # a fast machine did all of its steps in that time
    ],
)
def test_a_run_tells_by_its_steps(tmp_path: Path, step: int, progress: float, fit: dict, is_complete: bool) -> None:
    folder = _run(tmp_path, step=step, progress=progress, **fit)
    assert length_of(folder, _Planned(), {}, load_dataset("ethanol")).is_complete is is_complete


@pytest.mark.parametrize("limit", [{"max_minutes": 1.0}, {"steps_factor": 1.0, "patience": 1}])
def test_what_diverged_is_not_complete(tmp_path: Path, limit: dict) -> None:
    """Its best weights may count; its error had not stopped falling for all that."""
    folder = _run(tmp_path, step=3, progress=0.6, **limit)
    assert length_of(folder, _Planned(), {}, load_dataset("ethanol")).is_complete
    write_status(folder, RunStatus(state="failed", stage="all", n_stages=1, progress=0.6, seconds=36.0))
    assert not length_of(folder, _Planned(), {}, load_dataset("ethanol")).is_complete
