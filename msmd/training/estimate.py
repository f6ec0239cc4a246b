"""How long a job will take on a processor of its own, measured by a few of its steps before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from msmd.data.windows import Protocol, Windows, split_dataset
from msmd.forecasters import forecaster_card
from msmd.models.threads import threads_for
from msmd.training.config import FitConfig
from msmd.training.job_folder import JobSpec
from msmd.training.loop import TRAINING_PER_CHEAP_LOOK, TRAINING_PER_LOOK
from msmd.training.options import config_with
from msmd.training.step_cost import step_seconds
from msmd.trajectory import Dataset

FIT = FitConfig()
"""How often and on how many windows jobs look where they stand."""

FEW_WINDOWS = 100
"""Training windows at hand for the trial steps: what a step costs does not depend on how many there are."""

SHORT, LONGER = 0.05, 0.2
"""Shares of the horizon that forecasts are timed at; what they take grows with the horizon, or not at all."""

STARTUP_S = 10.0
"""Importing torch, reading the data, fitting the baselines."""

CALIBRATION_LOOKS = 18
"""Calibration in units of one validation: 42 s against 2.4 s of processor time for ethanol's Spectral ODE."""

FINAL_LOOKS = 1
"""The score of the finished model."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds of a job, without the time it waits for its turn.

    Attributes:
        training_s: optimiser steps.
        n_steps: optimiser steps that fit into the training time.
        n_stages: each ends with a validation.
        look_s: one validation.
        calibrates: whether the forecaster is calibrated at the end.
        has_wall_time: whether validations are held to their share of the training time.
    """

    training_s: float
    n_steps: int
    n_stages: int
    look_s: float
    calibrates: bool
    has_wall_time: bool = False

    @property
    def checks_s(self) -> float:
        """Validations on the way, calibration and the final score."""
        looks = self.n_stages * (FIT.epochs // FIT.validate_every) * self.look_s
        if self.has_wall_time:
            looks = min(looks, self.training_s / TRAINING_PER_LOOK + self.n_stages * self.look_s)
            looks += min(self.n_stages * FIT.epochs * self.look_s, self.training_s / TRAINING_PER_CHEAP_LOOK)
        return looks + (FINAL_LOOKS + CALIBRATION_LOOKS * self.calibrates) * self.look_s

    @property
    def total_s(self) -> float:
        """From pressing start to the finished model."""
        return STARTUP_S + self.training_s + self.checks_s

    def of_minutes(self, minutes: float) -> Estimate:
        """The same job under a wall time."""
        seconds = 60 * minutes
        n_steps = round(self.n_steps * seconds / self.training_s)
        return replace(self, training_s=seconds, n_steps=n_steps, has_wall_time=True)

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
    stages = forecaster.stages(training)
    parameters = {n: p for n, p in forecaster.named_parameters() if p.requires_grad}
    with threads_for(1):  # as many as a job has, and as the clock sees
        return Estimate(
            training_s=sum(
                stage.n_steps * step_seconds(stage, parameters, seed=spec.seed, clock=time.thread_time)
                for stage in stages
            ),
            n_steps=sum(stage.n_steps for stage in stages),
            n_stages=len(stages),
            look_s=_look_s(forecaster.eval(), split.validation),
            calibrates=hasattr(forecaster, "calibrate"),
        )


def _look_s(forecaster: nn.Module, windows: Windows) -> float:
    """Seconds of one validation: timed on a part of the horizon, and drawn out to the whole."""
    rows = [torch.tensor(a) for a in (windows.positions, windows.velocities)]
    times = torch.tensor(windows.times_fs)

    def at(share: float) -> float:
        return _seconds(lambda: forecaster.predict(*rows, share * times))

    with torch.no_grad():
        short, longer = at(SHORT), at(LONGER)
    return max(longer, short + (longer - short) * (1 - SHORT) / (LONGER - SHORT))


def _seconds(work: Callable[[], object]) -> float:
    """Of processor time of this thread, so that whatever else the machine does at the moment does not count."""
    began = time.thread_time()
    work()
    return time.thread_time() - began
