"""A stage of training: what every trainable forecaster hands to the one training loop.

It stands left of the forecasters and of the loop, so that neither has to know the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msmd.errors import MsmdError

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Parameter
    from torch.optim import Optimizer


def constant(progress: float) -> float:
    """The learning rate stays as it is."""
    return 1.0


def cosine(progress: float) -> float:
    """The learning rate falls to zero along half a cosine: (1 + cos πp) / 2.

    >>> cosine(0.0), round(cosine(0.5), 3), cosine(1.0)
    (1.0, 0.5, 0.0)
    """
    return 0.5 * (1.0 + math.cos(math.pi * progress))


def warmed_cosine(progress: float) -> float:
    """The same after a linear rise over the first hundredth: what has seen few gradients should not go far.

    >>> round(warmed_cosine(0.005), 3), warmed_cosine(0.5) == cosine(0.5)
    (0.5, True)
    """
    return min(1.0, progress / WARM_UP) * cosine(progress)


WARM_UP = 0.01
"""Of a stage: 400 steps of force matching."""


def halved_midway(progress: float) -> float:
    """The learning rate is halved after half of the steps (EGNO's and GF-NODE's schedule).

    >>> halved_midway(0.49), halved_midway(0.5)
    (1.0, 0.5)
    """
    return 1.0 if progress < 0.5 else 0.5


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Steps of one optimiser on one loss.

    Attributes:
        name: for logs, such as ``"windows"``.
        n_steps: optimiser steps.
        learning_rate: of the first step.
        batch_loss: draws its own batch with the generator it is given, and returns a scalar loss.  All that is random
            in it comes from the generator, so that a resumed run goes on exactly where it stopped.
        schedule: factor on the learning rate, by the fraction of the stage's steps that is done (0 to 1).
        least_share: part of a wall time that the stage may take before its steps are cut: for what has to be learned
            well and takes little.
        spoils_at: the stage is taken back where its loss is not finite, or the validation error at its end is this many
            times what it was at its beginning.
        keeps_best: of the last stage: its result is the weights of the least validation error instead of the last ones.
        optimiser: makes one from parameters and ``lr``; None for Adam.

    Raises:
        MsmdError: for a number of steps or a learning rate that is not positive.
    """

    name: str
    n_steps: int
    learning_rate: float
    batch_loss: Callable[[torch.Generator], Tensor]
    schedule: Callable[[float], float] = constant
    least_share: float = 0.0
    spoils_at: float = math.inf
    keeps_best: bool = False
    optimiser: Callable[..., Optimizer] | None = None

    def __post_init__(self) -> None:
        if self.n_steps < 1:
            raise MsmdError(f"Stage {self.name!r} has {self.n_steps} steps; expected at least 1.")
        if not self.learning_rate > 0:
            raise MsmdError(
                f"Stage {self.name!r} has a learning rate of {self.learning_rate}; expected a positive one."
            )

    def make_optimiser(self, parameters: Iterable[Parameter]) -> Optimizer:
        """A fresh optimiser of these parameters at the stage's learning rate."""
        from torch.optim import Adam

        return (self.optimiser or Adam)(parameters, lr=self.learning_rate)
