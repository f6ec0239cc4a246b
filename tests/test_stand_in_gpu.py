"""Everything that has weights works where they lie: on a stand-in for a GPU, so that every machine can tell."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import msmd
from msmd.baselines.simulation import GFN2Simulation
from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, TrainingData, Windows, split_dataset
from msmd.forecasters import FORECASTERS, forecaster_card
from msmd.forecasting import predict_rows
from msmd.loading import shipped_checkpoint
from msmd.metrics.chaos_floor import chaos_floor
from msmd.metrics.energy_drift import energy_drift
from msmd.metrics.evaluation import evaluate
from msmd.metrics.space_time import choose_stretches, forecast_space_time
from msmd.metrics.symmetry import symmetry_errors
from msmd.models.solver_errors import start_motion, total_energies
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.models.variants import variant
from msmd.spectrum import graph_spectrum
from msmd.trajectory import Dataset
from tests.stand_in_gpu import DEVICE, move, stand_in_gpu

TRAINED = [card.name for card in FORECASTERS if card.needs == "training"]
SHORT = PlanConfig(
    flight_lags_fs=(12.0,), flight_steps=(3,), flight_rates=(1e-3,), flight_batch=4,
    refine_lag_fs=12.0, refine_steps=3, refine_batch=4, force_batch=4, fast_batch=4, score_batch=4,
)  # fmt: skip
CONFIGS: dict[str, SpectralODEConfig] = {
    "frames": SpectralODEConfig(plan=SHORT, widths=(8, 8)),
    "windows": SpectralODEConfig(plan=SHORT, widths=(8, 8)),
    "body-frame": SpectralODEConfig(plan=SHORT, field="body-frame"),
    "separable": SpectralODEConfig(plan=SHORT, field="separable"),
    "direct": SpectralODEConfig(plan=SHORT, evolution="direct"),
}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset("ethanol")


@pytest.fixture(scope="module")
def split(dataset: Dataset) -> Split:
    """Few windows of short times, and 200 frames to train on."""
    found = split_dataset(dataset, Protocol(n_train=12, n_validation=2, n_test=2, sampling="irregular"))
    training = replace(found.training, segments=tuple(part.between(0, 200) for part in found.training.segments[:1]))
    return replace(found, training=training, test=_short(found.test), validation=_short(found.validation))


def _short(windows: Windows) -> Windows:
    return replace(windows, times_fs=windows.times_fs[:, :2] / 50, targets=windows.targets[:, :2])


@pytest.fixture(scope="module")
def shipped(dataset: Dataset) -> SpectralODE:
    return variant(msmd.load_forecaster("spectral-ode", dataset), n_members=2)


def test_the_stand_in_refuses_what_a_gpu_refuses() -> None:
    with stand_in_gpu():
        there = torch.zeros(3, device=DEVICE)
        assert (there + 1.0).device == DEVICE
        assert (there + 1.0).cpu().tolist() == [1.0, 1.0, 1.0]
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.zeros(3)
        with pytest.raises(TypeError, match="numpy"):
            there.numpy()
        with pytest.raises(RuntimeError, match="indices of the stand-in"):
            torch.zeros(3)[there.long()]


@pytest.mark.parametrize("name", TRAINED)
def test_forecasts_are_those_of_the_processor(name: str, dataset: Dataset, split: Split) -> None:
    is_shipped = shipped_checkpoint(name, "ethanol", "gfn2") is not None
    forecaster = msmd.load_forecaster(name, dataset) if is_shipped else _untrained(name, split.training)
    rows = (split.test.positions, split.test.velocities, split.test.times_fs)
    here = predict_rows(forecaster, *rows)
    with stand_in_gpu():
        there = predict_rows(move(forecaster), *rows)
    np.testing.assert_allclose(there, here, atol=1e-5)


@pytest.mark.parametrize("name", [*CONFIGS, *(name for name in TRAINED if name != SpectralODE.name)])
def test_training_steps_stay_on_the_device(name: str, split: Split) -> None:
    training = split.training.without_frames() if name == "windows" else split.training
    forecaster = move(_untrained(name, training))
    before = [parameter.detach().cpu() for parameter in forecaster.parameters()]
    with stand_in_gpu():
        for stage in forecaster.stages(training):
            generator, optimiser = torch.Generator().manual_seed(0), stage.make_optimiser(forecaster.parameters())
            for _ in range(2):
                optimiser.zero_grad()
                stage.batch_loss(generator).backward()
                used = [parameter for parameter in forecaster.parameters() if parameter.grad is not None]
                nn.utils.clip_grad_norm_(used, 10.0)
                optimiser.step()
        after = [parameter.detach().cpu() for parameter in forecaster.parameters()]
    assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def _untrained(name: str, training: TrainingData) -> nn.Module:
    if name in CONFIGS:
        return SpectralODE.create(training, CONFIGS[name])
    card = forecaster_card(name)
    kind = card.load_class()
    return kind.create(training, kind.Config(batch_size=4) if card.family == "peer" else kind.Config())


@pytest.mark.parametrize("name", ["direct", "shipped"])
def test_calibration(name: str, split: Split, shipped: SpectralODE) -> None:
    made = deepcopy(shipped) if name == "shipped" else SpectralODE.create(split.training, CONFIGS[name])
    here, there = deepcopy(made), deepcopy(made)
    here.calibrate([split.validation])
    with stand_in_gpu():
        move(there).calibrate([split.validation])
        found = there.fallback.weights.cpu()
    torch.testing.assert_close(found, here.fallback.weights)


def test_variants_and_renumbered_ones_lie_where_the_original_does(shipped: SpectralODE) -> None:
    there = move(deepcopy(shipped))
    with stand_in_gpu():
        made = (variant(there, n_members=1), there.renumbered(list(range(9))[::-1]))
        assert {tensor.device for each in made for tensor in each.state_dict().values()} == {DEVICE}


MEASURES: dict[str, Callable[[SpectralODE, Dataset, Split], object]] = {
    "evaluate": lambda there, dataset, split: evaluate(there, split, source="gfn2").a_mse(),
    "symmetry": lambda there, dataset, split: list(symmetry_errors(there, split.training, split.test, horizon_fs=20.0)),
    "space-time": lambda there, dataset, split: forecast_space_time(
        there, dataset, choose_stretches(dataset, horizon_fs=40.0, at_most=1), graph_spectrum(dataset.molecule)
    ),
    "forecast": lambda there, dataset, split: msmd.forecast(there, dataset.segments[1], 100, [4.0, 8.0], samples=2),
    "energy-drift": lambda there, dataset, split: energy_drift(there, split.test, duration_fs=40.0),
    "energies": lambda there, dataset, split: total_energies(
        there.field, there.solver(), start_motion(there.field, split.test.positions, split.test.velocities), 2
    ),
}


@pytest.mark.parametrize("name", MEASURES)
def test_measures(name: str, shipped: SpectralODE, dataset: Dataset, split: Split) -> None:
    with stand_in_gpu():
        assert MEASURES[name](move(deepcopy(shipped)), dataset, split) is not None


def test_the_chaos_floor(shipped: SpectralODE, dataset: Dataset, split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation itself, which takes long and has no weights, stays at its start."""
    monkeypatch.setattr(GFN2Simulation, "move", lambda _, start, velocity, times: np.repeat(start[:, None], 2, axis=1))
    with stand_in_gpu():
        assert chaos_floor(move(deepcopy(shipped)), dataset.molecule, split.test, hair=1e-3).member is not None
