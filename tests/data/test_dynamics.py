"""Integrators against what can be computed by hand on a harmonic oscillator."""

from __future__ import annotations

from itertools import islice

import numpy as np

from msmd.data.dynamics import langevin_baoab, start_state, thermal_velocities, velocity_verlet
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U

MASSES = np.array([12.0, 1.0])
STIFFNESS = 400.0
OMEGA = np.sqrt(STIFFNESS * KCAL_PER_MOL_PER_ANGSTROM_PER_U / MASSES)


class Springs:
    """Every coordinate on the same spring: E = k|x|²/2."""

    def energy_and_forces(self, positions):
        return float(0.5 * STIFFNESS * np.sum(positions**2)), -STIFFNESS * positions


def start(random):
    return start_state(Springs(), random.normal(size=(2, 3)) * 0.1, random.normal(size=(2, 3)) * 0.01)


def total_energy(state) -> float:
    kinetic = 0.5 * np.sum(MASSES[:, None] * state.velocities**2) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    return state.energy + kinetic


def verlet_error(begin, dt_fs: float, duration_fs: float) -> float:
    last = next(islice(velocity_verlet(Springs(), begin, MASSES, dt_fs), round(duration_fs / dt_fs) - 1, None))
    angle = (OMEGA * duration_fs)[:, None]
    exact = begin.positions * np.cos(angle) + begin.velocities / OMEGA[:, None] * np.sin(angle)
    return float(np.abs(last.positions - exact).max())


def test_verlet_is_of_second_order(random):
    begin = start(random)
    errors = [verlet_error(begin, dt, 32.0) for dt in (0.4, 0.2, 0.1, 0.05)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    np.testing.assert_allclose(orders, 2.0, atol=0.1)


def test_verlet_energy_does_not_drift(random):
    begin = start(random)
    energies = [total_energy(state) for state in islice(velocity_verlet(Springs(), begin, MASSES, 0.5), 20_000)]
    assert abs(np.mean(energies[-5000:]) / np.mean(energies[:5000]) - 1) < 1e-4
    # it swings by (ω dt)²/4 at most
    assert np.ptp(energies) / energies[0] < 0.5 * (OMEGA.max() * 0.5) ** 2


def test_verlet_runs_backwards(random):
    begin = start(random)
    there = next(islice(velocity_verlet(Springs(), begin, MASSES, 0.5), 499, None))
    back = start_state(Springs(), there.positions, -there.velocities)
    returned = next(islice(velocity_verlet(Springs(), back, MASSES, 0.5), 499, None))
    np.testing.assert_allclose(returned.positions, begin.positions, atol=1e-11)
    np.testing.assert_allclose(-returned.velocities, begin.velocities, atol=1e-12)


def test_langevin_samples_the_canonical_ensemble(random):
    """BAOAB gives ⟨x²⟩ = kT/k exactly for a harmonic force, at any step; ⟨v²⟩ is off by (ω dt)²/4 at most."""
    chain = langevin_baoab(
        Springs(), start(random), MASSES, 1.0, temperature_kelvin=500.0, friction_per_fs=0.05, random=random
    )
    states = list(islice(chain, 500, 40_000, 5))
    thermal = BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * 500.0
    position_energy = STIFFNESS * np.mean([s.positions**2 for s in states], axis=(0, 2))
    np.testing.assert_allclose(position_energy, thermal, rtol=0.06)
    squares = np.mean([s.velocities**2 for s in states], axis=(0, 2))
    kinetic = MASSES * squares / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    np.testing.assert_allclose(kinetic, thermal, rtol=0.06)


def test_langevin_without_friction_is_verlet(random):
    begin = start(random)
    chain = langevin_baoab(Springs(), begin, MASSES, 0.5, temperature_kelvin=500.0, friction_per_fs=0.0, random=random)
    plain = velocity_verlet(Springs(), begin, MASSES, 0.5)
    for one, other in islice(zip(chain, plain, strict=False), 50):
        np.testing.assert_allclose(one.positions, other.positions, atol=1e-12)


def test_thermal_velocities_have_their_variance(random):
    drawn = np.array([thermal_velocities(MASSES, 500.0, random) for _ in range(4000)])
    expected = BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * 500.0 * KCAL_PER_MOL_PER_ANGSTROM_PER_U / MASSES
    np.testing.assert_allclose(drawn.var(axis=(0, 2)), expected, rtol=0.05)
    np.testing.assert_allclose(drawn.mean(axis=(0, 2)), 0.0, atol=4 * np.sqrt(expected.max() / 12_000))
