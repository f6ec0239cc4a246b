"""What a forecaster keeps, measured: its symmetries in single precision, and its energy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from msmd.data.windows import Split
from msmd.forecasters import EVERY_SYMMETRY, Symmetry
from msmd.forecasting import Forecaster, forecaster_card
from msmd.metrics.energy_drift import DURATION_FS, EnergyDrift, energy_drift
from msmd.metrics.symmetry import HOLDS_BELOW_ANGSTROM, SymmetryError, symmetry_errors


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What was measured on the starts of some test windows.

    Attributes:
        molecule, source: of the data.
        forecaster: its name.
        claimed: the symmetries that its card claims.
        n_windows: starts.
        symmetries: one entry for each.
        drift: of the energy; None for a forecaster without a potential.
    """

    molecule: str
    source: str
    forecaster: str
    claimed: tuple[Symmetry, ...]
    n_windows: int
    symmetries: tuple[SymmetryError, ...]
    drift: EnergyDrift | None

    def to_json(self) -> dict[str, object]:
        """The record that ``msmd properties --json`` prints; Å, fs, meV/atom and ps."""
        return {
            "molecule": self.molecule,
            "source": self.source,
            "forecaster": self.forecaster,
            "n_windows": self.n_windows,
            "symmetries": [self._symmetry_json(entry) for entry in self.symmetries],
            "energy": None if self.drift is None else _drift_json(self.drift),
        }

    def _symmetry_json(self, entry: SymmetryError) -> dict[str, object]:
        until = entry.holds_until_fs()
        return {
            "symmetry": entry.symmetry,
            "is_claimed": entry.symmetry in self.claimed,
            "bands": [{"from_fs": low, "to_fs": high, "largest_change": value} for low, high, value in entry.bands()],
            "limit": HOLDS_BELOW_ANGSTROM,
            "holds_until_fs": {"worst": float(until.min()), "median": float(np.median(until))},
        }


def _drift_json(drift: EnergyDrift) -> dict[str, object]:
    return {
        "duration_fs": drift.duration_fs,
        "n_paths": len(drift.slopes),
        "n_sound": drift.n_sound,
        "mean_slope": _number(drift.mean_slope),
        "largest_slope": _number(drift.largest_slope),
        "rms_fluctuation": _number(drift.rms_fluctuation),
    }


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return value if np.isfinite(value) else None


def measure_properties(
    forecaster: Forecaster,
    split: Split,
    *,
    source: str,
    energy_fs: float = DURATION_FS,
    seed: int = 0,
    report: Callable[[str, float], None] = lambda name, done: None,
) -> Properties:
    """Measures everything on the test windows of a split.

    Args:
        forecaster: any.
        split: its training data are what the forecaster was fitted on, if it was.
        source: of the data, for the record.
        energy_fs: length of the paths whose energy is watched.
        seed: of the random rotations, translations and renumberings.
        report: called with what is being measured and the part of it that is done, 0 to 1.

    Raises:
        DataError: when the forecaster was made for another molecule.
    """
    found, windows = [], split.test
    report("symmetries", 0.0)
    for entry in symmetry_errors(forecaster, split.training, windows, horizon_fs=split.horizon_fs, seed=seed):
        found.append(entry)
        report("symmetries", len(found) / len(EVERY_SYMMETRY))
    drift = energy_drift(forecaster, windows, duration_fs=energy_fs, report=lambda done: report("energy", done))
    return Properties(
        molecule=windows.molecule.name,
        source=source,
        forecaster=forecaster.name,
        claimed=forecaster_card(forecaster.name).symmetries,
        n_windows=windows.n_windows,
        symmetries=tuple(found),
        drift=drift,
    )
