"""A stage refuses what cannot be trained, and its schedules are what they say."""

from __future__ import annotations

import itertools

import pytest
import torch

from msmd.errors import MsmdError
from msmd.stage import WARM_UP, Stage, constant, cosine, halved_midway, warmed_cosine


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


def test_a_warmed_schedule_rises_and_then_falls_as_the_other() -> None:
    factors = [warmed_cosine(k / 1000) for k in range(1001)]
    top = round(1000 * WARM_UP)
    assert factors[0] == 0.0
    assert all(later > earlier for earlier, later in itertools.pairwise(factors[: top + 1]))
    assert factors[top:] == [cosine(k / 1000) for k in range(top, 1001)]


def test_a_stage_makes_its_own_optimiser() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    plain, other = _stage().make_optimiser([weight]), _stage(optimiser=torch.optim.SGD).make_optimiser([weight])
    assert type(plain) is torch.optim.Adam
    assert type(other) is torch.optim.SGD
    assert plain.param_groups[0]["lr"] == other.param_groups[0]["lr"] == 0.1
