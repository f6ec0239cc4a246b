"""The watched numbers are those of the metrics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msmd.baselines.persistence import Persistence
from msmd.data.windows import Split
from msmd.metrics.displacement import a_mse, error_by_band
from msmd.training import validation


class _Still(torch.nn.Module):
    name = "still"
    molecule = None
    predict = Persistence().predict


def test_it_agrees_with_the_metrics(split: Split) -> None:
    windows = split.test
    found = validation.a_mse_by_band(_Still(), windows)
    errors = np.repeat(windows.positions[:, None], windows.times_fs.shape[1], axis=1) - windows.targets
    heavy = windows.molecule.is_heavy
    assert found["a_mse"] == pytest.approx(a_mse(errors, heavy))
    assert found["0-50 fs"] == pytest.approx(error_by_band(errors, windows.times_fs, heavy)[0].heavy)
