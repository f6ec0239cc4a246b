"""Solvers against the harmonic oscillator, their declared order, reversibility and conserved quantities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from msmd.errors import DivergedError
from msmd.models.motion import ConstantEnergy, Motion, NoseHoover
from msmd.models.solvers import MultipleTimeSteps, Solver, Torchdiffeq, VelocityVerlet
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U, WAVENUMBER_PER_INVERSE_FS

OMEGA = 0.5  # rad/fs, close to a C–H stretch


class Springs(nn.Module):
    """A = −k Y, in the place of a learned field."""

    def __init__(self, stiffness: float) -> None:
        super().__init__()
        self.stiffness = stiffness

    def forward(self, coordinates: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Energy, acceleration, and something in the place of inverse distances."""
        energy = 0.5 * self.stiffness * coordinates.square().sum((0, 1))
        return energy, -self.stiffness * coordinates, torch.ones(1, coordinates.shape[-1])


def _start(field: nn.Module, n_columns: int = 3) -> Motion:
    generator = torch.Generator().manual_seed(2)
    shape = (4, 3, n_columns)
    coordinates = 0.04 * torch.randn(shape, generator=generator, dtype=torch.float64)
    return Motion(
        coordinates=coordinates,
        momenta=0.02 * torch.randn(shape, generator=generator, dtype=torch.float64),
        acceleration=field(coordinates)[1],
        friction=torch.zeros(n_columns, dtype=torch.float64),
        inverse_distances=torch.ones(1, n_columns),
    )


def _verlet(step: float) -> Solver:
    return VelocityVerlet(field=Springs(OMEGA**2), thermostat=ConstantEnergy(), step_fs=step)


def _multiple(step: float) -> Solver:
    return MultipleTimeSteps(
        field=Springs(OMEGA**2), fast=Springs(0.98 * OMEGA**2), thermostat=ConstantEnergy(), step_fs=step, n_inner=4
    )


def _error(make: Callable[[float], Solver], step: float, total: float = 12.0) -> float:
    solver = make(step)
    start = _start(solver.field)
    *_, end = solver.states(start, round(total / step))
    exact = start.coordinates * np.cos(OMEGA * total) + start.momenta / OMEGA * np.sin(OMEGA * total)
    return float((end.coordinates - exact).abs().max())


@pytest.mark.parametrize("make", [_verlet, _multiple])
def test_symplectic_steps_are_of_second_order(make: Callable[[float], Solver]) -> None:
    assert _error(make, 0.1) / _error(make, 0.05) == pytest.approx(4.0, rel=0.05)


def test_multiple_time_steps_pay_for_a_good_fast_part() -> None:
    assert _error(_multiple, 1.0) < 0.2 * _error(_verlet, 1.0)


def test_multiple_time_steps_with_everything_fast_are_verlet() -> None:
    springs = Springs(OMEGA**2)
    split = MultipleTimeSteps(field=springs, fast=springs, thermostat=ConstantEnergy(), step_fs=1.0, n_inner=4)
    plain = VelocityVerlet(field=springs, thermostat=ConstantEnergy(), step_fs=0.25)
    *_, a = split.states(_start(springs), 10)
    *_, b = plain.states(_start(springs), 40)
    torch.testing.assert_close(a.coordinates, b.coordinates)
    torch.testing.assert_close(a.momenta, b.momenta)


@pytest.mark.parametrize("method", ["dopri5", "rk4"])
def test_torchdiffeq_agrees(method: str) -> None:
    def make(step: float) -> Solver:
        return Torchdiffeq(field=Springs(OMEGA**2), thermostat=ConstantEnergy(), step_fs=step, method=method)

    assert _error(make, 0.2) < 1e-5


def test_a_path_that_runs_away_under_an_adaptive_method_is_an_error_with_a_sentence() -> None:
    """All paths share its steps, so that none of the others can be had either."""
    springs = Springs(OMEGA**2)
    start = _start(springs)
    start = replace(start, momenta=torch.full_like(start.momenta, torch.nan))
    solver = Torchdiffeq(field=springs, thermostat=ConstantEnergy(), step_fs=1.0, method="dopri5")
    with pytest.raises(DivergedError, match="left the range of its numbers"):
        next(solver.states(start, 1))


@pytest.mark.parametrize("make", [_verlet, _multiple])
@pytest.mark.parametrize("temperature", [None, 500.0])
def test_motion_reverses(make: Callable[[float], Solver], temperature: float | None) -> None:
    solver = make(1.0)
    if temperature is not None:
        solver = type(solver)(**{**vars(solver), "thermostat": NoseHoover(n_atoms=4, temperature_kelvin=temperature)})
    start = _start(solver.field)
    *_, end = solver.states(start, 20)
    turned = Motion(
        coordinates=end.coordinates,
        momenta=-end.momenta,
        acceleration=end.acceleration,
        friction=-end.friction,
        inverse_distances=end.inverse_distances,
    )
    *_, back = solver.states(turned, 20)
    torch.testing.assert_close(back.coordinates, start.coordinates, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(back.momenta, -start.momenta, atol=1e-9, rtol=1e-9)


def test_nose_hoover_keeps_its_energy() -> None:
    """H' = K + V + Qξ²/2 + 3N k_B T ∫ξ dt stays, to the order of the step."""
    n_atoms, temperature = 4, 500.0
    thermostat = NoseHoover(n_atoms=n_atoms, temperature_kelvin=temperature)
    solver = VelocityVerlet(field=Springs(0.01), thermostat=thermostat, step_fs=0.05)
    start = _start(solver.field)
    thermal = 3 * n_atoms * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * temperature * KCAL_PER_MOL_PER_ANGSTROM_PER_U
    start = Motion(**{**vars(start), "momenta": start.momenta * (thermal / start.momenta.square().sum((0, 1))).sqrt()})
    omega = 2 * np.pi * thermostat.wavenumber / WAVENUMBER_PER_INVERSE_FS
    mass = 2 * thermal / omega**2
    states = [start, *solver.states(start, 400)]
    friction = torch.stack([state.friction for state in states])
    path = torch.cat([torch.zeros_like(friction[:1]), torch.cumsum(0.5 * (friction[1:] + friction[:-1]), 0)]) * 0.05
    energy = torch.stack([0.5 * s.momenta.square().sum((0, 1)) + solver.field(s.coordinates)[0] for s in states])
    total = energy + 0.5 * mass * friction**2 + thermal * path
    drift = (total - total[0]).abs().max() / energy.abs().mean()
    assert friction.abs().max() > 0.01
    assert drift < 1e-4
