"""Whether the energy stays where it is: its drift and fluctuation along a path without thermostat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from msmd.data.windows import Windows
from msmd.forecasting import Forecaster
from msmd.shapes import Array, Bool, Float
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U, KCAL_PER_MOL_PER_EV

if TYPE_CHECKING:
    from msmd.baselines.simulation import GFN2Simulation
    from msmd.models.spectral_ode import SpectralODE

MEV_PER_KCAL_PER_MOL = 1000.0 / KCAL_PER_MOL_PER_EV
FS_PER_PS = 1000.0

DURATION_FS = 3000.0
"""Twice the horizon of a forecast."""

SAMPLE_FS = 10.0
"""Between energies: a line through 300 of them."""

Report = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class EnergyDrift:
    """How the total energy of each path behaves; energies per atom, from a line fitted by least squares.

    Attributes:
        duration_fs: of the paths.
        slopes: meV/atom/ps, one per path.
        fluctuations: root mean square about the line, meV/atom, one per path.
        is_sound: False where a path left the range of distances that the potential knows.
    """

    duration_fs: float
    slopes: Float[Array, " paths"]
    fluctuations: Float[Array, " paths"]
    is_sound: Bool[Array, " paths"]

    @property
    def n_sound(self) -> int:
        """Paths that stayed in the known range."""
        return int(self.is_sound.sum())

    @property
    def mean_slope(self) -> float:
        """Over the sound paths, meV/atom/ps; NaN without one."""
        return float(self.slopes[self.is_sound].mean()) if self.n_sound else float("nan")

    @property
    def largest_slope(self) -> float:
        """The largest absolute one of the sound paths, meV/atom/ps; NaN without one."""
        return float(np.abs(self.slopes[self.is_sound]).max()) if self.n_sound else float("nan")

    @property
    def rms_fluctuation(self) -> float:
        """Over the sound paths, meV/atom; NaN without one."""
        return float(np.sqrt(np.square(self.fluctuations[self.is_sound]).mean())) if self.n_sound else float("nan")


def drift_of(
    times_fs: Float[Array, " times"],
    energies: Float[Array, "paths times"],
    *,
    n_atoms: int,
    is_sound: Bool[Array, " paths"] | None = None,
) -> EnergyDrift:
    """Slope and fluctuation of total energies in kcal/mol.

    >>> rising = drift_of(np.arange(5.0), 23.060547830619e-3 * np.arange(5.0)[None], n_atoms=2)
    >>> round(rising.mean_slope, 6), round(rising.rms_fluctuation, 6)
    (500.0, 0.0)
    """
    per_atom = MEV_PER_KCAL_PER_MOL * (energies - energies[:, :1]) / n_atoms
    centred = times_fs - times_fs.mean()
    slopes = per_atom @ centred / (centred @ centred)
    rest = per_atom - per_atom.mean(axis=1, keepdims=True) - slopes[:, None] * centred
    return EnergyDrift(
        duration_fs=float(times_fs[-1] - times_fs[0]),
        slopes=FS_PER_PS * slopes,
        fluctuations=np.sqrt(np.square(rest).mean(axis=1)),
        is_sound=np.ones(len(energies), dtype=bool) if is_sound is None else is_sound,
    )


def energy_drift(
    forecaster: Forecaster, windows: Windows, *, duration_fs: float = DURATION_FS, report: Report = lambda done: None
) -> EnergyDrift | None:
    """The drift along one path per window, without thermostat; None for a forecaster that has no potential.

    Args:
        forecaster: any.
        windows: whose starts are taken.
        duration_fs: of each path.
        report: called with the part that is done, 0 to 1.
    """
    from msmd.baselines.simulation import GFN2Simulation
    from msmd.models.spectral_ode import SpectralODE

    if isinstance(forecaster, SpectralODE):
        times, energies, is_sound = _learned(forecaster, windows, duration_fs, report)
    elif isinstance(forecaster, GFN2Simulation):
        times, energies, is_sound = _simulated(forecaster, windows, duration_fs, report)
    else:
        return None
    if not np.isfinite(energies).any():  # a field of forces alone, which no energy goes with
        return None
    return drift_of(times, energies, n_atoms=windows.molecule.n_atoms, is_sound=is_sound)


Paths = tuple[Float[Array, " times"], Float[Array, "paths times"], Bool[Array, " paths"]]


def _learned(forecaster: SpectralODE, windows: Windows, duration_fs: float, report: Report) -> Paths:
    import torch

    from msmd.models.constant_energy import energy_paths

    device = forecaster.impulses.device
    starts = (torch.tensor(array, device=device) for array in (windows.positions, windows.velocities))
    found = energy_paths(forecaster, *starts, duration_fs=duration_fs, sample_fs=SAMPLE_FS, report=report)
    times, energies, is_sound = (tensor.cpu().numpy() for tensor in found)
    return times, energies, is_sound & np.isfinite(energies).all(axis=1)


def _simulated(simulation: GFN2Simulation, windows: Windows, duration_fs: float, report: Report) -> Paths:
    masses, energies = windows.molecule.masses, []
    for index, (positions, velocities) in enumerate(zip(windows.positions, windows.velocities, strict=True), start=1):
        path = simulation.path(positions, velocities, duration_fs)
        kinetic = 0.5 * np.einsum("a,fad->f", masses, path.velocities**2) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
        energies.append(path.energies + kinetic)
        report(index / windows.n_windows)
    return path.times_fs, np.array(energies), np.ones(len(energies), dtype=bool)
