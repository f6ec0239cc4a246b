"""Costs are measured in a process of their own."""

from __future__ import annotations

import pytest

from msmd.errors import CheckpointError
from msmd.metrics.cost import CostTask, measure_cost


def test_a_cost_counts_time_memory_and_weights():
    cost = measure_cost(CostTask(forecaster="persistence", molecule="ethanol", n_windows=20, n_repeats=1))
    assert 0 < cost.seconds_per_window < 0.1
    assert 5e7 < cost.peak_bytes < 5e9  # Python and torch are in it
    assert cost.n_parameters == 0


def test_errors_come_back_from_the_process():
    with pytest.raises(CheckpointError, match="'ndcn' needs training and no checkpoint is shipped for 'ethanol'"):
        measure_cost(CostTask(forecaster="ndcn", molecule="ethanol"))
