"""Costs are measured in a process of their own."""

from __future__ import annotations

import pytest

from msmd.data.windows import Protocol
from msmd.errors import CheckpointError
from msmd.metrics import cost as cost_module
from msmd.metrics.cost import CostTask, measure_cost


def test_a_cost_counts_time_memory_and_weights():
    cost = measure_cost(CostTask(forecaster="persistence", molecule="ethanol", n_windows=20, n_repeats=1))
    assert 0 < cost.seconds_per_window < 0.1
    assert 5e7 < cost.peak_bytes < 5e9  # Python and torch are in it
    assert cost.n_parameters == 0


def test_one_member_of_an_ensemble_is_timed_beside_its_mean():
    cost = measure_cost(CostTask(forecaster="spectral-ode", molecule="ethanol", n_windows=30, n_repeats=1))
    assert 0 < cost.seconds_per_path == cost.seconds_per_member < cost.seconds_per_window
    assert cost.n_parameters > 10_000


def test_a_simulation_is_timed_window_by_window(monkeypatch):
    """Its windows share nothing, so that one is as good as fifty; here in this process, and over a few steps."""
    monkeypatch.setattr(cost_module, "Protocol", lambda **wanted: Protocol(**wanted, horizon_fs=4.0))
    task = CostTask(forecaster="gfn2", molecule="ethanol", n_windows=50, n_repeats=1)
    cost = cost_module._measure_here(task)
    assert 8 * 3e-4 < cost.seconds_per_window < 2
    assert cost.seconds_per_member is None
    assert cost.seconds_per_path == cost.seconds_per_window


def test_errors_come_back_from_the_process():
    with pytest.raises(CheckpointError, match="'ndcn' needs training and no checkpoint is shipped for 'uracil'"):
        measure_cost(CostTask(forecaster="ndcn", molecule="uracil"))
