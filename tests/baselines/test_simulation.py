"""The simulation as a forecaster: the reference's own motion back, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from msmd.baselines.simulation import GFN2Simulation
from msmd.data import load_dataset
from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.errors import DataError, MissingPackageError
from msmd.forecasting import fit_forecaster, forecaster_card
from msmd.metrics.evaluation import evaluate_in_batches

ETHANOL = load_dataset("ethanol")
RESOLUTION = 2e-3
"""Å: stored positions are rounded to 5e-4, and targets between frames are interpolated to 1e-3."""


@pytest.fixture(scope="module")
def training() -> TrainingData:
    return split_dataset(ETHANOL, Protocol(n_train=2, n_validation=1, n_test=1)).training


@pytest.fixture(scope="module")
def simulation(training) -> GFN2Simulation:
    pytest.importorskip("tblite", reason="GFN2-xTB needs tblite")
    return GFN2Simulation.fit(training)


def rows(frame: int, times: list[float]) -> tuple[torch.Tensor, ...]:
    segment = ETHANOL.segments[1]
    start = (torch.tensor(array[[frame]].astype(float)) for array in (segment.positions, segment.velocities))
    return (*start, torch.tensor([times], dtype=torch.float64))


def test_the_reference_comes_back_to_its_own_resolution(simulation):
    times = [0.3, 4.0, 17.7, 60.0]
    found = simulation.predict(*rows(500, times))[0].numpy()
    expected = ETHANOL.segments[1].positions_at(ETHANOL.segments[1].times_fs[500] + np.array(times))
    assert np.abs(found - expected).max() < RESOLUTION
    assert np.abs(expected - expected[0]).max() > 0.1


def test_times_between_steps_lie_on_the_same_path(simulation):
    """A longer horizon and more times change nothing, and neighbouring times join smoothly."""
    alone = simulation.predict(*rows(500, [10.2]))[0, 0]
    among = simulation.predict(*rows(500, [20.0, 10.1, 10.2, 10.3]))[0]
    torch.testing.assert_close(among[2], alone, atol=1e-8, rtol=0)
    assert (among[1] - 2 * among[2] + among[3]).abs().max() < 1e-3


def test_no_data_make_it_what_it_is(training, simulation):
    elsewhere = replace(training, segments=(), windows=training.windows.take(slice(1)))
    other = fit_forecaster(forecaster_card("gfn2"), elsewhere)
    torch.testing.assert_close(other.predict(*rows(9, [8.0])), simulation.predict(*rows(9, [8.0])), atol=1e-8, rtol=0)
    card = forecaster_card("gfn2")
    assert not card.learns
    assert forecaster_card("mean-structure").learns


def test_progress_comes_window_by_window(simulation):
    split = split_dataset(ETHANOL, Protocol(n_train=2, n_validation=1, n_test=3, horizon_fs=4.0))
    done = [step.n_done for step in evaluate_in_batches(simulation, split, source="gfn2")]
    assert done == [1, 2, 3]


def test_atoms_on_top_of_one_another_are_refused(simulation):
    positions, velocities, times = rows(0, [1.0])
    with pytest.raises(DataError, match="GFN2-xTB cannot treat these positions: Too close"):
        simulation.predict(torch.zeros_like(positions), velocities, times)


def test_without_tblite_it_says_what_to_install(training, monkeypatch):
    monkeypatch.setattr("msmd.data.gfn2.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"needs the package 'tblite'.*pip install tblite"):
        GFN2Simulation.fit(training)


def test_tblite_is_not_imported_before_it_is_needed():
    code = "import sys, msmd.baselines.simulation; sys.exit('tblite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
