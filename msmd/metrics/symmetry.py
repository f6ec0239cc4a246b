"""How exactly a forecast moves with its input, measured in single precision: by rotation, translation, renumbering.

An equivariant forecast of a rotated start is the rotated forecast.  In floating point it differs by rounding, which
chaos then doubles every few tens of femtoseconds like any other difference, so that a symmetry holds up to a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from msmd.data.windows import TrainingData, Windows
from msmd.forecasters import EVERY_SYMMETRY, Symmetry
from msmd.forecasting import Forecaster, check_molecule, predict_rows
from msmd.horizon import BAND_EDGES_FS, in_band
from msmd.metrics.evaluation import SlowForecaster
from msmd.metrics.renumbering import renumbered_forecaster
from msmd.shapes import Array, Float

HOLDS_BELOW_ANGSTROM = 1e-4
"""The bar of the project; rounding alone is 1e-6."""

SHIFT_ANGSTROM = 3.0
"""Standard deviation of a translation in each direction: the size of a molecule."""

STEP_FS = 10.0
"""Between the times at which forecasts are compared."""

Places = Float[Array, "windows times atoms 3"]


@dataclass(frozen=True, kw_only=True)
class SymmetryError:
    """How far a forecast is from having one symmetry.

    Attributes:
        symmetry: which.
        times_fs: after the start.
        change: per window and time the largest distance of an atom between the forecast of the changed start, changed
            back, and that of the start itself, Å.
    """

    symmetry: Symmetry
    times_fs: Float[Array, " times"]
    change: Float[Array, "windows times"]

    def largest_between(self, from_fs: float, to_fs: float) -> float | None:
        """Over all windows and times with ``from_fs < t ≤ to_fs``, Å; None where there is no time."""
        inside = self.change[:, in_band(self.times_fs, from_fs, to_fs)]
        return float(inside.max()) if inside.size else None

    def bands(self) -> tuple[tuple[float, float, float | None], ...]:
        """(from, to, largest change in Å) for each horizon band."""
        return tuple((low, high, self.largest_between(low, high)) for low, high in pairwise(BAND_EDGES_FS))

    def holds_until_fs(self, limit: float = HOLDS_BELOW_ANGSTROM) -> Float[Array, " windows"]:
        """Per window the last time up to which every change is below the limit (Å); 0 where the first is not."""
        lost = self.change >= limit
        n_good = np.where(lost.any(axis=1), lost.argmax(axis=1), len(self.times_fs))
        return np.concatenate([[0.0], self.times_fs])[n_good]


def symmetry_errors(
    forecaster: Forecaster,
    training: TrainingData,
    windows: Windows,
    *,
    horizon_fs: float,
    seed: int = 0,
) -> Iterator[SymmetryError]:
    """Each symmetry in turn: every window under a random rotation or translation of its own, all under one renumbering.

    Inputs are rounded to single precision, after the change, as they would come from a program that works in it.

    Args:
        forecaster: any, claimed symmetries or not.
        training: what it was fitted on, if it was, because renumbering fits it again.
        windows: whose starts are forecast.
        horizon_fs: last time; a time every 10 fs up to there.
        seed: of the random changes.

    Raises:
        DataError: when the forecaster was made for another molecule.
    """
    check_molecule(forecaster, windows.molecule)
    times = STEP_FS * np.arange(1, max(1, round(horizon_fs / STEP_FS)) + 1)
    plain = _forecast(forecaster, windows.positions, windows.velocities, times)
    for symmetry in EVERY_SYMMETRY:
        random = np.random.default_rng([seed, EVERY_SYMMETRY.index(symmetry)])
        again = CHANGES[symmetry](forecaster, training, windows, times, random)
        change = np.linalg.norm(again - plain, axis=-1).max(axis=-1)
        yield SymmetryError(symmetry=symmetry, times_fs=times, change=change)


def _forecast(
    forecaster: Forecaster,
    positions: Float[Array, "windows atoms 3"],
    velocities: Float[Array, "windows atoms 3"],
    times_fs: Float[Array, " times"],
) -> Places:
    """Of single-precision starts; as double-precision numbers, so that changing back rounds nothing."""
    n_windows = len(positions)
    size = forecaster.windows_per_call if isinstance(forecaster, SlowForecaster) else n_windows
    rows = [array.astype(np.float32) for array in (positions, velocities, np.tile(times_fs, (n_windows, 1)))]
    batches = (tuple(row[first : first + size] for row in rows) for first in range(0, n_windows, size))
    return np.concatenate([predict_rows(forecaster, *batch) for batch in batches]).astype(np.float64)


def _rotated(
    forecaster: Forecaster, training: TrainingData, windows: Windows, times: np.ndarray, random: np.random.Generator
) -> Places:
    turns = Rotation.random(windows.n_windows, rng=random).as_matrix()
    positions, velocities = (np.einsum("wad,wed->wae", a, turns) for a in (windows.positions, windows.velocities))
    found = _forecast(forecaster, positions, velocities, times)
    return np.einsum("wtae,wed->wtad", found, turns)


def _translated(
    forecaster: Forecaster, training: TrainingData, windows: Windows, times: np.ndarray, random: np.random.Generator
) -> Places:
    shifts = SHIFT_ANGSTROM * random.standard_normal((windows.n_windows, 1, 3))
    return _forecast(forecaster, windows.positions + shifts, windows.velocities, times) - shifts[:, None]


def _renumbered(
    forecaster: Forecaster, training: TrainingData, windows: Windows, times: np.ndarray, random: np.random.Generator
) -> Places:
    """One order for all windows: a forecaster is made for one."""
    order = random.permutation(windows.molecule.n_atoms)
    other = renumbered_forecaster(forecaster, training, order.tolist())
    found = _forecast(other, windows.positions[:, order], windows.velocities[:, order], times)
    return found[:, :, np.argsort(order)]


CHANGES: dict[Symmetry, Callable[[Forecaster, TrainingData, Windows, np.ndarray, np.random.Generator], Places]] = {
    "rotation": _rotated,
    "translation": _translated,
    "renumbering": _renumbered,
}
"""How a start is changed, forecast, and the forecast changed back."""
