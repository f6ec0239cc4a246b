"""Drift and fluctuation of the energy: lines and waves with known ones, oscillators, and the forecasters themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from msmd.baselines.persistence import Persistence
from msmd.baselines.simulation import GFN2Simulation
from msmd.data import load_dataset
from msmd.data.windows import Protocol, Windows, split_dataset
from msmd.errors import DataError
from msmd.forecasting import load_forecaster
from msmd.metrics.energy_drift import MEV_PER_KCAL_PER_MOL, drift_of, energy_drift
from msmd.models.constant_energy import energy_paths
from msmd.models.variants import variant
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

ETHANOL = load_dataset("ethanol")


@pytest.fixture(scope="module")
def windows() -> Windows:
    """Three starts of the test part."""
    return split_dataset(ETHANOL, Protocol(n_train=2, n_validation=1, n_test=3)).test


def test_a_line_with_a_wave_on_it_has_its_slope_and_its_fluctuation():
    times = np.arange(0.0, 4000.0, 5.0)
    wave = 0.3 * np.sqrt(2.0) * np.sin(2 * np.pi * times / 40.0)
    rising = np.array([2.5, -0.5])[:, None] * times / 1000.0 + wave  # meV/atom
    found = drift_of(times, 7 * rising / MEV_PER_KCAL_PER_MOL, n_atoms=7)
    np.testing.assert_allclose(found.slopes, [2.5, -0.5], atol=0.01)
    assert found.mean_slope == pytest.approx(1.0, abs=0.01)
    assert found.largest_slope == pytest.approx(2.5, abs=0.01)
    assert found.rms_fluctuation == pytest.approx(0.3, rel=0.01)


def test_eulers_method_heats_a_spring_as_its_closed_form_says():
    """Each explicit step multiplies the energy of an oscillator by 1 + (ω dt)²; velocity Verlet keeps it on average."""
    omega, step, n_steps = 0.2, 0.01, 2000
    x, v, energies = 1.0, 0.0, []
    for _ in range(n_steps):
        energies.append(0.5 * (v * v + omega**2 * x * x))
        x, v = x + step * v, v - step * omega**2 * x
    found = drift_of(step * np.arange(n_steps), np.array([energies]), n_atoms=1)
    expected = energies[0] * np.log1p((omega * step) ** 2) / step * 1000.0 * MEV_PER_KCAL_PER_MOL
    assert found.mean_slope == pytest.approx(expected, rel=0.01)


def test_paths_that_left_the_known_range_do_not_count():
    times, energies = np.arange(10.0), np.array([np.zeros(10), 100.0 * np.arange(10.0)])
    found = drift_of(times, energies, n_atoms=1, is_sound=np.array([True, False]))
    assert (found.n_sound, found.mean_slope, found.rms_fluctuation) == (1, 0.0, 0.0)
    assert np.isnan(replace(found, is_sound=np.array([False, False])).mean_slope)


def test_verlets_fluctuation_falls_with_the_square_of_its_step(windows):
    model = load_forecaster("spectral-ode", ETHANOL)
    coarse, fine = (
        energy_drift(variant(model, solver="verlet", step_fs=step), windows, duration_fs=100.0) for step in (1.0, 0.5)
    )
    assert coarse.n_sound == fine.n_sound == 3
    assert coarse.rms_fluctuation / fine.rms_fluctuation == pytest.approx(4.0, rel=0.25)


def test_the_first_energy_is_that_of_the_start_and_drift_through_space_takes_no_part(windows):
    model = load_forecaster("spectral-ode", ETHANOL)
    positions, velocities = (torch.tensor(array) for array in (windows.positions, windows.velocities))
    _, plain, sound = energy_paths(model, positions, velocities, duration_fs=20.0, sample_fs=10.0)
    times, moving, _ = energy_paths(model, positions + 3.0, velocities + 0.01, duration_fs=20.0, sample_fs=10.0)
    assert times.tolist() == [0.0, 10.0, 20.0]
    assert sound.all()
    torch.testing.assert_close(moving, plain, atol=1e-3, rtol=0)
    potential = model.field.energies_and_forces(positions.float())[0].detach().double()
    masses = torch.tensor(ETHANOL.molecule.masses)
    kinetic = 0.5 * torch.einsum("a,wad,wad->w", masses, velocities, velocities) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    torch.testing.assert_close(plain[:, 0], potential + kinetic, atol=1e-2, rtol=0)


def test_a_thermostat_is_left_off(windows):
    model = load_forecaster("spectral-ode", ETHANOL)
    thermostatted = variant(model, temperature_kelvin=500.0)
    expected = energy_drift(model, windows, duration_fs=50.0)
    np.testing.assert_allclose(energy_drift(thermostatted, windows, duration_fs=50.0).slopes, expected.slopes)


def test_the_simulation_keeps_its_energy_to_the_error_of_its_step(windows):
    pytest.importorskip("tblite", reason="GFN2-xTB needs tblite")
    done = []
    found = energy_drift(
        GFN2Simulation(molecule=ETHANOL.molecule), windows.take(slice(2)), duration_fs=25.0, report=done.append
    )
    assert found.rms_fluctuation < 1.0
    assert done == [0.5, 1.0]


def test_what_has_no_potential_has_no_drift(windows):
    assert energy_drift(Persistence(), windows) is None


def test_another_molecule_is_refused():
    toluene = split_dataset(load_dataset("toluene"), Protocol(n_train=2, n_validation=1, n_test=1)).test
    with pytest.raises(DataError, match="'spectral-ode' was made for the 9 atoms of 'ethanol'; the positions hold 15"):
        energy_drift(load_forecaster("spectral-ode", ETHANOL), toluene)
