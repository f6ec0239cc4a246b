"""How near a forecast comes to what chaos leaves: the simulation itself, started again a hair apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msmd.baselines.simulation import GFN2Simulation
from msmd.data.simulate import nudged
from msmd.data.windows import Windows
from msmd.forecasting import Forecaster, SamplingForecaster, check_molecule, predict_rows, sample_rows
from msmd.metrics.displacement import Band, error_by_band
from msmd.molecule import Molecule


@dataclass(frozen=True, kw_only=True)
class ChaosFloor:
    """Errors of a forecaster and of the simulation on the same windows, heavy atoms.

    Attributes:
        hair: how far every coordinate of the simulation's start was moved (standard deviation), Å.
        n_windows: how many windows.
        forecast: by horizon band.
        member: of the first member, the path from the start as it is; None for a forecaster without members.
        stored: of the simulation from the stored start, which was rounded when it was stored.
        nudged: of the simulation from a hair beside it.
    """

    hair: float
    n_windows: int
    forecast: tuple[Band, ...]
    member: tuple[Band, ...] | None
    stored: tuple[Band, ...]
    nudged: tuple[Band, ...]

    def to_json(self) -> dict[str, object]:
        """The record that ``msmd floor --json`` prints: mean squared errors in Å² by the end of their band in fs."""
        rows = {"forecast": self.forecast, "member": self.member, "stored": self.stored, "nudged": self.nudged}
        errors = {name: bands and {f"{band.to_fs:g}": band.heavy for band in bands} for name, bands in rows.items()}
        return {"hair": self.hair, "n_windows": self.n_windows} | errors


def chaos_floor(
    forecaster: Forecaster, molecule: Molecule, windows: Windows, *, hair: float, seed: int = 0
) -> ChaosFloor:
    """The errors of both, by horizon band.

    Args:
        forecaster: anything that forecasts this molecule.
        molecule: of the windows.
        windows: of GFN2-xTB data at constant energy; a window of 150 fs takes the simulation a second or more.
        hair: standard deviation of what every coordinate of its start is moved by, Å.
        seed: of that.

    Raises:
        DataError: when the forecaster was made for another molecule.
        MissingPackageError: where tblite is not installed.
    """
    check_molecule(forecaster, molecule)
    simulation = GFN2Simulation(molecule=molecule)
    start, velocity, times = windows.positions, windows.velocities, windows.times_fs

    def bands(predicted: np.ndarray) -> tuple[Band, ...]:
        return error_by_band(predicted - windows.targets, times, molecule.is_heavy)

    member = None
    if isinstance(forecaster, SamplingForecaster):
        member = bands(sample_rows(forecaster, start, velocity, times, n_samples=1)[0])
    return ChaosFloor(
        hair=hair,
        n_windows=windows.n_windows,
        forecast=bands(predict_rows(forecaster, start, velocity, times)),
        member=member,
        stored=bands(simulation.move(start, velocity, times)),
        nudged=bands(simulation.move(nudged(start, hair, seed=seed), velocity, times)),
    )
