"""One member without a thermostat, and its learned energy along the way: whether the solver conserves it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from msmd.forecasters import check_atoms
from msmd.models.motion import Motion
from msmd.models.spectral_ode import SpectralODE
from msmd.models.variants import variant
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U


@torch.no_grad()
def energy_paths(
    forecaster: SpectralODE,
    positions: Float[Tensor, "windows atoms 3"],
    velocities: Float[Tensor, "windows atoms 3"],
    *,
    duration_fs: float,
    sample_fs: float,
    report: Callable[[float], None] = lambda done: None,
) -> tuple[Float[Tensor, " times"], Float[Tensor, "windows times"], Bool[Tensor, " windows"]]:
    """E + K at constant energy, from each start as it is, at the ends of the solver's outer steps.

    Args:
        forecaster: its potential, solver and steps; thermostat and ensemble are left off.
        positions, velocities: Å and Å/fs.
        duration_fs: how long.
        sample_fs: time between samples, rounded to whole steps.
        report: called with the part that is done, 0 to 1.

    Returns:
        Times in fs from 0 on; learned potential plus kinetic energy in kcal/mol; whether the guard let the whole path
        pass, which is what a forecast would use of it.

    Raises:
        DataError: when the number of atoms is not the molecule's.
    """
    check_atoms(forecaster, positions.shape[1])
    alone = variant(forecaster, temperature_kelvin=None, n_members=1)
    solver, start = alone.solver(), _start(alone, positions.double(), velocities.double())
    stride = max(1, round(sample_fs / solver.step_fs))
    n_steps = stride * max(1, round(duration_fs / (stride * solver.step_fs)))
    energies, sound = [_total(alone, start)], alone.guard(start.inverse_distances)
    for step, motion in enumerate(solver.states(start, n_steps), start=1):
        sound = sound & alone.guard(motion.inverse_distances)
        if step % stride == 0:
            energies.append(_total(alone, motion))
            report(step / n_steps)
    times = solver.step_fs * stride * torch.arange(len(energies), dtype=torch.float64)
    return times, torch.stack(energies, dim=1), sound


def _start(alone: SpectralODE, positions: Tensor, velocities: Tensor) -> Motion:
    """About the centre of mass, whose path takes no part in the energy."""
    shares = torch.from_numpy(alone.molecule.masses / alone.molecule.masses.sum()).to(positions)
    centred, relative = (a - torch.einsum("a,wad->wd", shares, a)[:, None] for a in (positions, velocities))
    coordinates = alone.geometry.modal(centred)
    _, acceleration, inverse = alone.field(coordinates)
    return Motion(
        coordinates=coordinates,
        momenta=alone.geometry.modal(relative) * alone.geometry.moving,
        acceleration=acceleration,
        friction=torch.zeros_like(coordinates[0, 0]),
        inverse_distances=inverse,
    )


def _total(alone: SpectralODE, motion: Motion) -> Float[Tensor, " windows"]:
    """The learned potential and ½P², kcal/mol."""
    potential = alone.field(motion.coordinates)[0].double()
    return potential + 0.5 * motion.momenta.square().sum((0, 1)) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
