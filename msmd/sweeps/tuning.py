"""Training a task in its run folder, its learning rate chosen by the validation error first."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

from msmd.checkpoint import CARD, Provenance, load_checkpoint, read_card, save_checkpoint
from msmd.errors import DivergedError
from msmd.sweeps.task import Task
from msmd.training.config import FitConfig
from msmd.training.folder import BEST, RunPlan
from msmd.training.preparation import prepare


def train_tuned(task: Task, folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Trains, or goes on where training stopped; returns the folder of the result and the settings it was made with.

    With several learning rates each is tried in ``folder/rate-…`` for its share of the training, and the best one that
    does not diverge is trained in full.  One that diverges after all counts with its best validated weights, beside the
    next best rate.

    Raises:
        MsmdError: when training fails; DivergedError when it does at every rate.
    """
    if not task.learning_rates:
        return _train(task, folder, task.options, 1.0), task.options
    share = task.training.tuning_share
    errors = {rate: _error_of_trial(task, folder, rate, share) for rate in task.learning_rates}
    sound = sorted((rate for rate in errors if math.isfinite(errors[rate])), key=errors.__getitem__)
    if share == 1.0 and sound:
        return _trial_folder(folder, sound[0]), _with_rate(task, sound[0])
    trained: list[tuple[float, Path, float]] = []
    for rate in sound:
        place = folder if rate == sound[0] else folder / f"full-{rate:g}"
        try:
            trained.append((_error_of(_train(task, place, _with_rate(task, rate), 1.0)), place, rate))
            break
        except DivergedError:  # what went well for a while need not go on; the next best rate may
            if (place / BEST / CARD).exists():
                trained.append((_error_of(place / BEST), place, rate))
    if trained:
        _, place, rate = min(trained)
        if not (place / CARD).exists():
            _end_with_best(place)
        return place, _with_rate(task, rate)
    raise DivergedError(
        f"Training {task.forecaster!r} on {task.molecule!r} diverges at every learning rate: "
        f"{', '.join(f'{rate:g}' for rate in task.learning_rates)}. Add a smaller one."
    )


def _error_of_trial(task: Task, folder: Path, rate: float, share: float) -> float:
    """Validation error after a share of the training at this rate; infinite where it diverges."""
    try:
        trial = _train(task, _trial_folder(folder, rate), _with_rate(task, rate), share)
    except DivergedError:
        return math.inf
    return _error_of(trial)


def _error_of(checkpoint: Path) -> float:
    return float(read_card(checkpoint)["metrics"]["a_mse"])


def _end_with_best(run: Path) -> None:
    """Makes the best validated weights of a run that diverged its result."""
    card = read_card(run / BEST)
    known = {entry.name: card[entry.name] for entry in fields(Provenance) if entry.name in card}
    save_checkpoint(load_checkpoint(run / BEST), run, Provenance(**known))


def _trial_folder(folder: Path, rate: float) -> Path:
    return folder / f"rate-{rate:g}"


def _with_rate(task: Task, rate: float) -> tuple[str, ...]:
    return (*task.options, f"learning_rate={rate:g}")


def _train(task: Task, folder: Path, options: tuple[str, ...], share: float) -> Path:
    """One training, for a share of the task's own."""
    from lightning.fabric import Fabric

    from msmd.training.devices import accelerator
    from msmd.training.run import train_in_folder

    if (folder / CARD).exists():
        return folder
    plan = _plan(task, share)
    prepared = prepare(folder, plan, options)
    plan = replace(plan, source=prepared.source)
    fabric = Fabric(accelerator=accelerator(plan.fit.accelerator), devices=1)
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
