"""Whether a forecaster was trained for as long as its own plan says: what was not is marked in the tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msmd.data.windows import split_dataset
from msmd.training.folder import RunPlan, read_metrics, read_plan, read_status
from msmd.trajectory import Dataset


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a training was.

    Attributes:
        steps_factor: steps as a multiple of the forecaster's own; None under a wall time, or where nobody knows.
        max_minutes: wall time; None without a limit.
        is_complete: True for all of the forecaster's own steps, or until its validation error stopped falling.
    """

    steps_factor: float | None
    max_minutes: float | None
    is_complete: bool


def length_of(folder: Path, forecaster: Any, card: dict[str, Any], dataset: Dataset) -> Length:
    """How long the training behind a checkpoint or run was.

    A run knows exactly; of a lone checkpoint there is only the command on its card.
    """
    plan = read_plan(folder)
    if plan is None:
        return length_of_command(card.get("command", ""))
    fit = plan.fit
    if fit.max_minutes is None:
        is_complete = (fit.steps_factor >= 1.0 and not _failed(folder)) or _stopped_early(folder)
        return Length(steps_factor=fit.steps_factor, max_minutes=None, is_complete=is_complete)
    is_complete = _stopped_early(folder) or _did_own_steps(folder, forecaster, plan, dataset)
    return Length(steps_factor=None, max_minutes=fit.max_minutes, is_complete=is_complete)


def length_of_command(command: str) -> Length:
    """The same from the command on a card; what was not made by ``msmd train`` cannot be called complete.

    >>> length_of_command("msmd train ethanol --epochs 0.6 --run runs/a")
    Length(steps_factor=0.6, max_minutes=None, is_complete=False)
    """
    if not command.startswith("msmd train "):
        return Length(steps_factor=None, max_minutes=None, is_complete=False)
    epochs = re.search(r"--epochs[ =](\S+)", command)
    minutes = re.search(r"--max-minutes[ =](\S+)", command)
    if minutes:
        return Length(steps_factor=None, max_minutes=float(minutes.group(1)), is_complete=False)
    factor = float(epochs.group(1)) if epochs else 1.0
    return Length(steps_factor=factor, max_minutes=None, is_complete=factor >= 1.0)


def _stopped_early(folder: Path) -> bool:
    """True when patience ended a finished run before its last step; one that diverged did not finish."""
    reports = read_metrics(folder)
    if not reports or reports[-1].is_taken_back or _failed(folder):
        return False
    return reports[-1].stage_index + 1 < reports[-1].n_stages or reports[-1].progress < 1.0


def _failed(folder: Path) -> bool:
    """True for a run that ended with an error; its best weights may be a result all the same."""
    status = read_status(folder)
    return status is not None and status.state == "failed"


def _did_own_steps(folder: Path, forecaster: Any, plan: RunPlan, dataset: Dataset) -> bool:
    """True when every stage under a wall time took at least its own number of steps."""
    done = {report.stage: report.step for report in read_metrics(folder)}
    training = split_dataset(dataset, plan.protocol).training
    training = training.without_frames() if plan.budget == "windows" else training
    return all(done.get(stage.name, 0) >= stage.n_steps for stage in forecaster.stages(training))
