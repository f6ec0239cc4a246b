"""A forecaster that trains in milliseconds, and data to train it on."""

from __future__ import annotations

import pytest

from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, split_dataset
from msmd.models.spectral_ode import SpectralODEConfig
from msmd.models.training_plan import PlanConfig


@pytest.fixture(scope="session")
def split() -> Split:
    """Ethanol's embedded data, few windows."""
    protocol = Protocol(n_train=6, n_validation=4, n_test=4, horizon_fs=40.0)
    return split_dataset(load_dataset("ethanol"), protocol)


@pytest.fixture
def tiny() -> SpectralODEConfig:
    """A potential of a few hundred parameters and a plan of two stages of 24 and 8 steps."""
    plan = PlanConfig(force_steps=24, refine_steps=0, fast_steps=8, force_batch=8, fast_batch=8)
    return SpectralODEConfig(widths=(8,), fast_widths=(4,), n_members=1, plan=plan)
