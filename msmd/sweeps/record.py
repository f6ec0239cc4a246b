"""One row of a tidy table: how far one forecaster was off in one horizon band, and how that number was made."""

from __future__ import annotations

import math
from dataclasses import dataclass

from msmd.errors import DataError

FULL = "full"
"""The variant that is the forecaster as it is; every other name is an ablation."""

WHOLE = "all"
"""The band that is the whole horizon."""

BUDGETS = ("frames", "windows", "none")
"""What was trained on: every frame of the training block, its windows alone, or nothing at all."""

Key = tuple[str | int | bool | float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One (task, sampling, rotated or not, horizon band).

    Attributes:
        sweep: that it belongs to; numbers are compared within a sweep.
        molecule, source: of the data.
        forecaster: name in the registry.
        variant: ``"full"`` for the forecaster as it is, else the name of the ablation.
        seed: of the training and the split.
        budget: ``"frames"``, ``"windows"``, or ``"none"`` for what needs no training data.
        n_train_windows: training windows that were asked for, fewer where the data have fewer (malonaldehyde's real
            frames: 76 under the papers' split); None for all of the training block.
        train_sampling: target times of the training windows, ``"even"`` or ``"irregular"``.
        split: ``"blocked"`` or ``"paper"``.
        sampling: target times of the test windows: ``"even"``, ``"irregular"`` or ``"long"``.
        is_rotated: True when every test window was turned at random first.
        n_windows: test windows.
        from_fs, to_fs: the band, without its lower and with its upper edge; 0 and the longest time for the whole.
        band: ``"all"`` for the whole horizon, else such as ``"0-50"``.
        heavy_mse, all_mse: mean squared error over heavy atoms and over all, Å².
        spread: standard error of ``heavy_mse`` over independent stretches of the test data, Å²; of the whole only.
        f_mse_heavy: at the last time, Å²; of the whole only.
        n_parameters: trained numbers, 0 for a baseline.
        train_seconds: of training or fitting; None where nobody measured it.
        seconds_per_window: of one forecast.
        device: ``"cpu"`` or such as ``"cuda:0"``, of the training.
        hardware: processor or GPU, for people.
        steps_factor: training steps as a multiple of the forecaster's own; None without steps, or under a wall time.
        max_minutes: wall time of the training; None without a limit.
        is_complete: False when the training was shorter than the forecaster's own, and patience did not end it.
        settings: entries of the config that differ from the forecaster's own, as ``name=value name=value``.
        checkpoint: run or checkpoint that was tested, relative to the project where it lies in it; empty without one.
        weights: the first digits of the SHA-256 of the weights that were tested; empty without any.
        command: that made the record.
        version: of msmd.
        date: of the test, ISO 8601.
    """

    sweep: str
    molecule: str
    source: str
    forecaster: str
    variant: str = FULL
    seed: int
    budget: str
    n_train_windows: int | None
    train_sampling: str = "even"
    split: str
    sampling: str
    is_rotated: bool
    n_windows: int
    from_fs: float
    to_fs: float
    band: str
    heavy_mse: float
    all_mse: float
    spread: float | None
    f_mse_heavy: float | None
    n_parameters: int
    train_seconds: float | None
    seconds_per_window: float
    device: str
    hardware: str
    steps_factor: float | None
    max_minutes: float | None
    is_complete: bool
    settings: str = ""
    checkpoint: str = ""
    weights: str = ""
    command: str
    version: str
    date: str

    def __post_init__(self) -> None:
        if self.budget not in BUDGETS:
            raise DataError(f"{self._name} has the budget {self.budget!r}; expected one of {', '.join(BUDGETS)}.")
        if not self.from_fs < self.to_fs:
            raise DataError(f"{self._name} lies from {self.from_fs:g} to {self.to_fs:g} fs; expected it to end later.")
        if self.n_windows < 1:
            raise DataError(f"{self._name} was measured on {self.n_windows} windows; expected at least 1.")
        for name in ("heavy_mse", "all_mse", "spread", "f_mse_heavy", "train_seconds", "seconds_per_window"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise DataError(f"{self._name} has {name} = {value}; expected a finite number of 0 or more.")

    @property
    def _name(self) -> str:
        return f"The record of {self.forecaster!r} ({self.variant}) on {self.molecule!r}, band {self.band!r},"

    @property
    def is_whole(self) -> bool:
        """True for the row over the whole horizon, False for one band."""
        return self.band == WHOLE

    @property
    def key(self) -> Key:
        """What two measurements of the same number share: of two records with one key the later one holds."""
        return (
            self.sweep, self.source, self.molecule, self.forecaster, self.variant, self.budget, self.n_train_windows,
            self.train_sampling, self.split, self.sampling, self.is_rotated, self.seed, self.from_fs, self.band,
        )  # fmt: skip


def band_name(from_fs: float, to_fs: float) -> str:
    """What a horizon band is called in the tables.

    >>> band_name(50.0, 150.0)
    '50-150'
    """
    return f"{from_fs:g}-{to_fs:g}"
