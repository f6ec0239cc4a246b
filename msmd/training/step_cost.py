"""What one optimiser step of a stage costs, told by a few of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import nn

from msmd.stage import Stage
from msmd.training.averaging import blend_into
from msmd.training.config import FitConfig

GRADIENTS = 3
"""The quickest counts: the first warms up, and others may meet a busy processor."""

OPTIMISER_STEPS = 50
"""On one gradient; their mean counts, because SOAP's every fiftieth is a long one."""

TRIAL_RATE = 1e-9
"""Learning rate of the trial: steps are taken, because forecasters may roll out in another way before the first."""


def step_seconds(
    stage: Stage, parameters: Mapping[str, nn.Parameter], *, seed: int, clock: Callable[[], float]
) -> float:
    """Seconds of one step: loss, gradient, optimiser and running means.

    The parameters are moved by next to nothing and keep a gradient; whoever goes on with them puts both back.

    Args:
        stage: whose steps are timed.
        parameters: of the forecaster, those that are trained.
        seed: of the batches.
        clock: seconds; of the processor, or of the wall.
    """
    optimiser = replace(stage, learning_rate=TRIAL_RATE).make_optimiser(parameters.values())
    averages = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    generator = torch.Generator().manual_seed(seed)

    def gradient() -> None:
        optimiser.zero_grad(set_to_none=True)
        stage.batch_loss(generator).backward()

    def update() -> None:
        optimiser.step()
        blend_into(averages, parameters, FitConfig().ema_decay)

    quickest = min(_seconds(gradient, clock) for _ in range(GRADIENTS))
    update()
    return quickest + sum(_seconds(update, clock) for _ in range(OPTIMISER_STEPS)) / OPTIMISER_STEPS


def _seconds(work: Callable[[], None], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began
