"""Data and small forecasters that the model tests share."""

from __future__ import annotations

import pytest
import torch

from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, split_dataset
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.stage import Stage

SMALL = SpectralODEConfig(
    widths=(32, 32), fast_widths=(16,), n_members=2, plan=PlanConfig(force_steps=400, refine_steps=0, fast_steps=100)
)


@pytest.fixture(scope="session")
def split() -> Split:
    """Ethanol's embedded data, few windows."""
    return split_dataset(load_dataset("ethanol"), Protocol(n_train=20, n_validation=8, n_test=8, sampling="irregular"))


def train(forecaster: SpectralODE, stage: Stage) -> None:
    """One stage, without what the loop of the project adds to it."""
    optimiser = stage.make_optimiser(forecaster.parameters())
    generator = torch.Generator().manual_seed(0)
    for step in range(stage.n_steps):
        optimiser.param_groups[0]["lr"] = stage.learning_rate * stage.schedule(step / stage.n_steps)
        optimiser.zero_grad()
        stage.batch_loss(generator).backward()
        optimiser.step()


@pytest.fixture(scope="session")
def trained(split: Split) -> SpectralODE:
    """A small SpectralODE after a second of training: good enough to keep a molecule together for 100 fs."""
    forecaster = SpectralODE.create(split.training, SMALL)
    for stage in forecaster.stages(split.training):
        train(forecaster, stage)
    return forecaster.eval()


@pytest.fixture
def start(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions and velocities of the test windows."""
    return torch.from_numpy(split.test.positions), torch.from_numpy(split.test.velocities)
