"""Running means of weights (Polyak averaging), which end a stage better than its last step does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@torch.no_grad()
def blend_into(averages: Mapping[str, Tensor], weights: Mapping[str, Tensor], decay: float) -> None:
    """ā ← d·ā + (1 − d)·w in place, for every name in ``averages``; a decay of 0 copies.

    Reference: Polyak and Juditsky, SIAM J. Control Optim. 30, 838 (1992).
    """
    for name, average in averages.items():
        average.lerp_(weights[name].detach(), 1.0 - decay)


def warmed_up(decay: float, step: int) -> float:
    """The decay at a step, smaller at first, so that a short stage does not end with what it began with.

    >>> warmed_up(0.998, 0), round(warmed_up(0.998, 90), 2), warmed_up(0.998, 100_000)
    (0.1, 0.91, 0.998)
    """
    return min(decay, (1 + step) / (10 + step))


@contextmanager
def averaged_weights(module: nn.Module, averages: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside, the module has the averaged weights; outside, its own again."""
    own = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
    parameters = dict(module.named_parameters())
    blend_into({name: parameters[name] for name in averages}, averages, 0.0)
    try:
        yield
    finally:
        blend_into(parameters, own, 0.0)
