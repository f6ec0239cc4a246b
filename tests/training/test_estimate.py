"""The estimate adds up, shrinks with the budget, and says beforehand what a job would fail with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msmd.data import load_dataset
from msmd.errors import MsmdError
from msmd.training.estimate import STARTUP_S, Estimate, estimate
from msmd.training.job_folder import JobSpec

SMALL = JobSpec(forecaster="egnn", data="ethanol", windows="10", options=("n_layers=1", "width=4", "batch_size=2"))
WHOLE = Estimate(training_s=600.0, n_steps=6000, n_stages=2, look_s=3.0, calibrates=True)


def test_all_of_the_steps_and_all_of_the_looks() -> None:
    assert WHOLE.checks_s == pytest.approx(3.0 * (2 * 4 + 1 + 18))
    assert WHOLE.total_s == pytest.approx(STARTUP_S + 600.0 + WHOLE.checks_s)
    tenth = WHOLE.of_epochs(0.1)
    assert (tenth.training_s, tenth.n_steps, tenth.checks_s) == (60.0, 600, WHOLE.checks_s)


def test_under_a_wall_time_looking_takes_its_share_at_most() -> None:
    short = WHOLE.of_minutes(0.1)
    assert (short.training_s, short.n_steps) == (pytest.approx(6.0), 60)
    assert short.checks_s == pytest.approx(6.0 / 3 + 6.0 / 20 + 2 * 3.0 + 19 * 3.0)
    assert WHOLE.of_minutes(10.0).checks_s == pytest.approx(WHOLE.checks_s + 600.0 / 20)


def test_steps_and_forecasts_are_timed() -> None:
    found = estimate(SMALL, load_dataset("ethanol"))
    assert found.training_s > 0.0
    assert found.look_s > 0.0
    assert (found.n_stages, found.calibrates) == (1, False)


def test_what_the_job_would_fail_with_is_said_beforehand() -> None:
    with pytest.raises(MsmdError, match="Unknown config entry 'depth'"):
        estimate(replace(SMALL, options=("depth=3",)), load_dataset("ethanol"))
