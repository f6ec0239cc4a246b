"""How wrong a solver is: its order, and how well it keeps the energy; measured, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from msmd.models.modal_field import ForceField
from msmd.models.motion import Motion
from msmd.models.solvers import Solver
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U


def in_double_precision(field: ForceField) -> ForceField:
    """A copy of the field whose rounding does not hide a solver's error."""
    return deepcopy(field).double()


@torch.no_grad()
def start_motion(
    field: ForceField,
    positions: Float[np.ndarray, "columns atoms 3"],
    velocities: Float[np.ndarray, "columns atoms 3"],
) -> Motion:
    """The motion at t = 0, without thermostat, from positions (Å) and velocities (Å/fs)."""
    device = field.geometry.to_modal.device
    coordinates, momenta = (
        field.geometry.modal(torch.tensor(array, device=device)) for array in (positions, velocities)
    )
    _, acceleration, inverse = field(coordinates)
    return Motion(
        coordinates=coordinates,
        momenta=momenta,
        acceleration=acceleration,
        friction=torch.zeros_like(coordinates[0, 0]),
        inverse_distances=inverse,
    )


@torch.no_grad()
def total_energies(
    field: ForceField, solver: Solver, start: Motion, n_steps: int
) -> Float[np.ndarray, "states columns"]:
    """Kinetic plus potential energy, kcal/mol, at the start and after each step; constant for an exact solver.

    Args:
        field: the field whose motion the solver approximates.
        solver: carries the motion on.
        start: from ``start_motion``.
        n_steps: of the solver.
    """
    energies = [_total_energy(field, state) for state in (start, *solver.states(start, n_steps))]
    return torch.stack(energies).cpu().numpy()


@torch.no_grad()
def position_errors(
    field: ForceField,
    solver_of_step: Callable[[float], Solver],
    start: Motion,
    *,
    steps_fs: Sequence[float],
    duration_fs: float,
    exact_step_fs: float,
) -> Float[np.ndarray, " steps"]:
    """Rms distance in Å, after ``duration_fs``, from the motion with a step so small that it counts as exact.

    Args:
        solver_of_step: makes the solver with a given step.
        steps_fs: each must divide the duration.
        exact_step_fs: a tenth of the smallest step is enough for any order above one.
    """
    exact = _end(solver_of_step(exact_step_fs), start, duration_fs)
    ends = (_end(solver_of_step(step), start, duration_fs) for step in steps_fs)
    gaps = (field.geometry.nodal(end - exact) for end in ends)
    return np.array([float(gap.square().sum(-1).mean().sqrt()) for gap in gaps])


def observed_order(steps_fs: Sequence[float], errors: Float[np.ndarray, " steps"]) -> float:
    """p of error ∝ stepᵖ: the slope of the straight line through the points on logarithmic axes.

    >>> round(observed_order([0.5, 1.0, 2.0], 3e-4 * np.array([0.5, 1.0, 2.0]) ** 2), 6)
    2.0
    """
    return float(np.polyfit(np.log(steps_fs), np.log(errors), 1)[0])


def _end(solver: Solver, start: Motion, duration_fs: float) -> Tensor:
    n_steps = round(duration_fs / solver.step_fs)
    return next(islice(solver.states(start, n_steps), n_steps - 1, None)).coordinates


def _total_energy(field: ForceField, state: Motion) -> Tensor:
    kinetic = 0.5 * state.momenta.square().sum((0, 1)) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    return field(state.coordinates)[0] + kinetic
