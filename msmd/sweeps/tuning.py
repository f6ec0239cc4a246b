"""Training a task in its run folder, its learning rate chosen by the validation error first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from msmd.checkpoint import CARD, read_card
from msmd.sweeps.task import Task
from msmd.training.config import FitConfig
from msmd.training.folder import RunPlan
from msmd.training.preparation import prepare


def train_tuned(task: Task, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Trains, or goes on where training stopped; returns the folder of the result and the settings it was made with.

    With several learning rates each is tried in ``folder/rate-…`` for its share of the training.

    Raises:
        MsmdError: when training fails.
    """
    if not task.learning_rates:
        return _train(task, folder, task.options, 1.0), task.options
    share = task.training.tuning_share
    errors = {}
    for rate in task.learning_rates:
        trial = _train(task, folder / f"rate-{rate:g}", _with_rate(task, rate), share)
        errors[rate] = read_card(trial)["metrics"]["a_mse"]
    best = min(errors, key=errors.__getitem__)
    if share == 1.0:
        return folder / f"rate-{best:g}", _with_rate(task, best)
    return _train(task, folder, _with_rate(task, best), 1.0), _with_rate(task, best)


def _with_rate(task: Task, rate: float) -> tuple[str, ...]:
    return (*task.options, f"learning_rate={rate:g}")


def _train(task: Task, folder: Path, options: tuple[str, ...], share: float) -> Path:
    """One training, for a share of the task's own."""
    from lightning.fabric import Fabric

    from msmd.training.run import train_in_folder

    if (folder / CARD).exists():
        return folder
    plan = _plan(task, share)
    prepared = prepare(folder, plan, options)
    plan = replace(plan, source=prepared.source)
    fabric = Fabric(accelerator=plan.fit.accelerator, devices=1, precision=plan.fit.precision)
    fabric.launch()
    reports = train_in_folder(
        folder, plan, prepared.kind, prepared.config, prepared.split, fabric, calibration=prepared.calibration
    )
    for _ in reports:  # every report lies in the folder, for whoever watches
        pass
    return folder


def _plan(task: Task, share: float) -> RunPlan:
    training = task.training
    minutes = None if training.max_minutes is None else share * training.max_minutes
    return RunPlan(
        forecaster=task.forecaster,
        data=task.molecule,
        source=task.source,
        budget=task.budget,
        protocol=task.training_protocol(),
        fit=FitConfig(
            seed=task.seed,
            max_minutes=minutes,
            steps_factor=share * training.epochs,
            patience=training.patience,
            accelerator=training.device,
        ),
        command=task.command,
    )
