"""The measures of a solver's error, on solvers whose order and drift are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from msmd.models.motion import ConstantEnergy
from msmd.models.solver_errors import (
    in_double_precision,
    observed_order,
    position_errors,
    start_motion,
    total_energies,
)
from msmd.models.solvers import Torchdiffeq, VelocityVerlet


@pytest.fixture
def field(trained):
    return in_double_precision(trained.field)


@pytest.fixture
def motion(field, start):
    return start_motion(field, *(row[:2].numpy() for row in start))


def test_rounding_is_that_of_double_precision(field, motion) -> None:
    assert field(motion.coordinates)[0].dtype == torch.float64


def test_the_start_is_the_start(field, motion, start) -> None:
    assert torch.allclose(field.geometry.nodal(motion.coordinates), start[0][:2], atol=1e-12)
    assert not motion.friction.any()


def test_verlet_has_order_two_and_runge_kutta_four(field, motion) -> None:
    def verlet(step: float) -> VelocityVerlet:
        return VelocityVerlet(field=field, thermostat=ConstantEnergy(), step_fs=step)

    def runge_kutta(step: float) -> Torchdiffeq:
        return Torchdiffeq(field=field, thermostat=ConstantEnergy(), step_fs=step, method="rk4")

    steps = [0.25, 0.5, 1.0]
    for solver, order in ((verlet, 2), (runge_kutta, 4)):
        errors = position_errors(field, solver, motion, steps_fs=steps, duration_fs=4.0, exact_step_fs=0.02)
        assert observed_order(steps, errors) == pytest.approx(order, abs=0.3)


def test_energy_is_kept_the_better_the_smaller_the_step(field, motion) -> None:
    def swing(step: float) -> float:
        solver = VelocityVerlet(field=field, thermostat=ConstantEnergy(), step_fs=step)
        energies = total_energies(field, solver, motion, round(10 / step))
        assert energies.shape == (round(10 / step) + 1, len(motion.friction))
        return float(np.ptp(energies, axis=0).max())

    assert swing(0.1) < 0.05 * swing(0.8)
