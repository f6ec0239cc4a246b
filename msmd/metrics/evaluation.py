"""One forecaster on one split: predictions in batches, and the numbers of the papers with their spread."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from scipy.spatial.transform import Rotation

from msmd.data.windows import Split, Windows
from msmd.errors import ProtocolError
from msmd.forecasting import Forecaster, WindowForecaster, check_molecule, predict_rows
from msmd.metrics.displacement import Band, a_mse, block_bootstrap, error_by_band, f_mse, squared_errors
from msmd.metrics.geometry import aligned_rmsd, bond_length_error
from msmd.molecule import Molecule
from msmd.shapes import Array, Bool, Float, Int

BATCH_WINDOWS = 250
"""Windows per call of ``predict``: enough to fill a core, few enough for progress and memory."""


@runtime_checkable
class SlowForecaster(Protocol):
    """A forecaster that takes seconds per window, and wants so few per call that progress can be seen."""

    windows_per_call: int


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an evaluation is."""

    n_done: int
    n_windows: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How far one forecaster was off on the test windows of one split.

    Attributes:
        molecule: atoms and bonds.
        source: of the data.
        forecaster: its name.
        split, sampling: as in ``Protocol``.
        horizon_fs: longest time that was trained for.
        times_fs: target times.
        errors: predicted minus reference positions, Å.
        segments: segment of the data set that each window lies in.
        start_times_fs: start of each window in its segment.
        seconds: wall time of all predictions.
        is_rotated: True when every test window was turned at random first.
        bond_error: root mean square error of bond lengths, Å; None for a molecule without bonds.
        aligned_rmsd: mean RMSD of heavy atoms after laying the forecast onto the reference, Å.
    """

    molecule: Molecule
    source: str
    forecaster: str
    split: str
    sampling: str
    horizon_fs: float
    times_fs: Float[Array, "windows times"]
    errors: Float[Array, "windows times atoms 3"]
    segments: Int[Array, " windows"]
    start_times_fs: Float[Array, " windows"]
    seconds: float
    is_rotated: bool = False
    bond_error: float | None = None
    aligned_rmsd: float | None = None

    @property
    def n_windows(self) -> int:
        """Number of test windows."""
        return len(self.errors)

    @property
    def seconds_per_window(self) -> float:
        """Wall time of one prediction, all its times included."""
        return self.seconds / self.n_windows

    @property
    def blocks(self) -> Int[Array, " windows"]:
        """A number per window, equal for windows whose starts lie in the same stretch of one horizon.

        Windows further apart than their own length share no frame, so these stretches are the units of the spread.
        Neighbouring ones still share frames across their edge, so that the spread comes out a little too small, and
        one stretch alone has none.
        """
        stretch = (self.start_times_fs // self.times_fs.max()).astype(int)
        return np.unique(np.stack([self.segments, stretch], axis=1), axis=0, return_inverse=True)[1].reshape(-1)

    def a_mse(self, atoms: Bool[Array, " atoms"] | None = None) -> float:
        """Mean squared error over windows, times and atoms, Å²."""
        return a_mse(self.errors, atoms)

    def f_mse(self, atoms: Bool[Array, " atoms"] | None = None) -> float:
        """Mean squared error at the last time, Å²."""
        return f_mse(self.errors, atoms)

    def a_mse_spread(self, atoms: Bool[Array, " atoms"] | None = None) -> float | None:
        """Standard error of ``a_mse`` over stretches of the test data, Å²; see ``blocks``.  None of one stretch."""
        if len(np.unique(self.blocks)) < 2:
            return None
        chosen = slice(None) if atoms is None else atoms
        return block_bootstrap(squared_errors(self.errors)[:, :, chosen].mean(axis=(1, 2)), self.blocks)

    @cached_property
    def bands(self) -> tuple[Band, ...]:
        """Mean squared error by horizon band."""
        return error_by_band(self.errors, self.times_fs, self.molecule.is_heavy)

    def to_json(self) -> dict[str, object]:
        """The record that ``msmd evaluate --json`` prints; errors in Å²."""
        heavy = self.molecule.is_heavy
        return {
            "molecule": self.molecule.name,
            "source": self.source,
            "forecaster": self.forecaster,
            "split": self.split,
            "sampling": self.sampling,
            "n_windows": self.n_windows,
            "a_mse": {"heavy": self.a_mse(heavy), "all": self.a_mse()},
            "f_mse": {"heavy": self.f_mse(heavy), "all": self.f_mse()},
            "bands": [asdict(band) for band in self.bands],
            "seconds_per_window": self.seconds_per_window,
            "is_rotated": self.is_rotated,
            "bond_error": self.bond_error,
            "aligned_rmsd": self.aligned_rmsd,
        }


def evaluate(forecaster: Forecaster, split: Split, *, source: str, rotation_seed: int | None = None) -> Evaluation:
    """Evaluates a forecaster on the test windows of a split.

    Args:
        forecaster: already fitted or trained, on ``split.training`` if the numbers are to mean anything.
        split: from ``split_dataset``.
        source: of the data, for the record.
        rotation_seed: turns every test window at random, by this seed: an equivariant forecaster does not notice.

    Raises:
        DataError: when the forecaster was made for another molecule.
        ProtocolError: when it returns positions that are not finite.
    """
    steps = evaluate_in_batches(forecaster, split, source=source, rotation_seed=rotation_seed)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def evaluate_in_batches(
    forecaster: Forecaster,
    split: Split,
    *,
    source: str,
    rotation_seed: int | None = None,
    batch_windows: int | None = None,
) -> Generator[Progress, None, Evaluation]:
    """The same as ``evaluate``, step by step: yields progress after each batch and returns the evaluation.

    Args:
        batch_windows: 250 unless given, or what a ``SlowForecaster`` wants.
    """
    check_molecule(forecaster, split.test.molecule)
    if batch_windows is None:
        batch_windows = forecaster.windows_per_call if isinstance(forecaster, SlowForecaster) else BATCH_WINDOWS
    windows = split.test if rotation_seed is None else rotated(split.test, seed=rotation_seed)
    predicted, seconds = np.empty_like(windows.targets, dtype=float), 0.0
    for first in range(0, windows.n_windows, batch_windows):
        chosen = slice(first, first + batch_windows)
        began = time.perf_counter()
        predicted[chosen] = predict_windows(forecaster, windows.take(chosen))
        seconds += time.perf_counter() - began
        yield Progress(n_done=min(first + batch_windows, windows.n_windows), n_windows=windows.n_windows)
    _refuse_not_finite(forecaster, predicted)
    return Evaluation(
        molecule=windows.molecule,
        source=source,
        forecaster=forecaster.name,
        split=split.protocol.split,
        sampling=split.protocol.sampling,
        horizon_fs=split.horizon_fs,
        times_fs=windows.times_fs,
        errors=predicted - windows.targets,
        segments=windows.segments,
        start_times_fs=windows.start_times_fs,
        seconds=seconds,
        is_rotated=rotation_seed is not None,
        bond_error=bond_length_error(predicted, windows.targets, windows.molecule) if windows.molecule.bonds else None,
        aligned_rmsd=float(aligned_rmsd(predicted, windows.targets, windows.molecule.is_heavy).mean()),
    )


def predict_windows(forecaster: Forecaster, windows: Windows) -> Float[Array, "windows times atoms 3"]:
    """Predicted positions of windows, Å, as numpy arrays."""
    if isinstance(forecaster, WindowForecaster):
        return forecaster.predict_windows(windows)
    return predict_rows(forecaster, windows.positions, windows.velocities, windows.times_fs)


def rotated(windows: Windows, *, seed: int) -> Windows:
    """Each window turned about the centre of its start by a rotation of its own, drawn uniformly."""
    turns = Rotation.random(windows.n_windows, rng=np.random.default_rng(seed)).as_matrix()
    centres = windows.positions.mean(axis=1)

    def turn(arrays: np.ndarray, centre: np.ndarray | float) -> np.ndarray:
        return np.einsum("w...d,wed->w...e", arrays - centre, turns) + centre

    return replace(
        windows,
        positions=turn(windows.positions, centres[:, None]),
        velocities=turn(windows.velocities, 0.0),
        targets=turn(windows.targets, centres[:, None, None]),
    )


def _refuse_not_finite(forecaster: Forecaster, predicted: np.ndarray) -> None:
    broken = int((~np.isfinite(predicted)).any(axis=(1, 2, 3)).sum())
    if broken:
        raise ProtocolError(
            f"Forecaster {forecaster.name!r} returned positions that are not finite in {broken} of {len(predicted)} "
            "windows; its rollout diverged there. Train it longer or shorten its step."
        )
