"""A stage refuses what cannot be trained, and its schedules are what they say."""

from __future__ import annotations

import itertools

import pytest
import torch

from msmd.errors import MsmdError
from msmd.stage import Stage, constant, cosine, halved_midway


def _stage(**changes: object) -> Stage:
    return Stage(**{"name": "s", "n_steps": 1, "learning_rate": 0.1, "batch_loss": lambda _: torch.zeros(())} | changes)


def test_no_steps_are_refused() -> None:
    with pytest.raises(MsmdError, match="0 steps; expected at least 1"):
        _stage(n_steps=0)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_learning_rate_that_is_not_positive_is_refused(rate: float) -> None:
    with pytest.raises(MsmdError, match="expected a positive one"):
        _stage(learning_rate=rate)


@pytest.mark.parametrize(("schedule", "end"), [(constant, 1.0), (cosine, 0.0), (halved_midway, 0.5)])
def test_schedules_start_at_one_and_never_rise(schedule: object, end: float) -> None:
    factors = [schedule(k / 100) for k in range(101)]
    assert factors[0] == 1.0
    assert factors[-1] == pytest.approx(end)
    assert all(later <= earlier for earlier, later in itertools.pairwise(factors))
