"""How long a job will take, measured by a few of its steps before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from msmd.data.windows import Protocol, Windows, split_dataset
from msmd.forecasters import forecaster_card
from msmd.training.config import FitConfig
from msmd.training.job_folder import JobSpec
from msmd.training.options import config_with
from msmd.trajectory import Dataset

FIT = FitConfig()
"""How often and on how many windows jobs look where they stand."""

TRIAL_STEPS = 2
"""Of each stage; the first warms up and does not count."""

FEW_WINDOWS = 100
"""Training windows at hand for the trial steps: what a step costs does not depend on how many there are."""

STARTUP_S = 10.0
"""Importing torch, reading the data, fitting the baselines."""

CALIBRATION_CALLS = 20
"""Calibration in units of one validation: 100 windows of three kinds, one over four horizons, and eight small ones."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds of a job, without the time it waits for its turn.

    Attributes:
        training_s: optimiser steps.
        checks_s: validation on the way, calibration and the final score.
        n_steps: optimiser steps that fit into the training time.
    """

    training_s: float
    checks_s: float
    n_steps: int

    @property
    def total_s(self) -> float:
        """From pressing start to the finished model."""
        return STARTUP_S + self.training_s + self.checks_s

    def of_minutes(self, minutes: float) -> Estimate:
        """The same job under a wall time."""
        seconds = 60 * minutes
        return replace(self, training_s=seconds, n_steps=round(self.n_steps * seconds / self.training_s))

    def of_epochs(self, share: float) -> Estimate:
        """The same job with this multiple of its steps."""
        return replace(self, training_s=share * self.training_s, n_steps=round(share * self.n_steps))


def estimate(spec: JobSpec, dataset: Dataset) -> Estimate:
    """A job of all of the forecaster's own steps, whatever the budget: some of its steps and forecasts are timed.

    Raises:
        MsmdError: for a job that cannot run: it would fail in the same way.
    """
    kind = forecaster_card(spec.forecaster).load_class()
    config = config_with(kind.Config(), spec.options)
    few = Protocol(
        split=spec.split, sampling=spec.sampling, n_train=FEW_WINDOWS, n_validation=FIT.n_validation, n_test=1
    )
    split = split_dataset(dataset, replace(few, seed=spec.seed))
    training = split.training if spec.windows == "all" else split.training.without_frames()
    forecaster = kind.create(training, config)
    generator = torch.Generator().manual_seed(spec.seed)
    stages = forecaster.stages(training)
    costs = [
        min(_seconds(lambda stage=stage: stage.batch_loss(generator).backward()) for _ in range(TRIAL_STEPS))
        for stage in stages
    ]
    training_s = sum(stage.n_steps * cost for stage, cost in zip(stages, costs, strict=True))
    return Estimate(
        training_s=training_s,
        checks_s=_checks(forecaster.eval(), split.validation, len(stages)),
        n_steps=sum(stage.n_steps for stage in stages),
    )


def _checks(forecaster: nn.Module, windows: Windows, n_stages: int) -> float:
    """Seconds of all forecasts that training makes to see where it stands."""
    rows = [torch.tensor(a) for a in (windows.positions, windows.velocities, windows.times_fs)]
    calls = n_stages * (FIT.epochs // FIT.validate_every) + 2
    calls += CALIBRATION_CALLS if hasattr(forecaster, "calibrate") else 0
    return calls * _seconds(lambda: forecaster.predict(*rows))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
