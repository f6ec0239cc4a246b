"""Forecasting: load any forecaster, and ask it for one window.

Nothing here imports torch until a forecaster is made, so that the app can list them (``msmd.forecasters``) at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.errors import CheckpointError, DataError, MsmdError, ProtocolError
from msmd.forecasters import (
    EVERY_SYMMETRY,
    FORECASTERS,
    FittedForecaster,
    Forecaster,
    ForecasterCard,
    WindowForecaster,
    forecaster_card,
)
from msmd.molecule import Molecule
from msmd.shapes import Array, Bool, Float, Frame
from msmd.trajectory import Dataset, Trajectory

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class UnfittedForecaster:
    """A forecaster that has seen no data yet: ``forecast`` fits it on the data that the trajectory comes from."""

    card: ForecasterCard

    @property
    def molecule(self) -> None:
        """It serves every molecule, as long as it has seen none."""

    @property
    def name(self) -> str:
        """The name of the forecaster it will become."""
        return self.card.name

    def fit(self, training: TrainingData) -> Forecaster:
        """The forecaster for this training data."""
        return self.card.load_class().fit(training)

    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Refuses: there is nothing to predict from.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError(
            f"Forecaster {self.name!r} has to be fitted before it can predict: use load_forecaster({self.name!r}, "
            "dataset), or forecast(), which fits it on the data of the trajectory."
        )


CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"
"""Shipped checkpoints: source, molecule, forecaster."""

SAME_MOTION = {"md17": ("md17", "rmd17"), "rmd17": ("rmd17", "md17")}
"""rMD17's frames are frames of MD17's trajectories, so that what learned the one serves the other."""


def load_forecaster(name_or_path: str | Path, dataset: Dataset | None = None) -> Forecaster:
    """A forecaster by name, or out of a checkpoint or run folder.

    Args:
        name_or_path: a name in ``FORECASTERS``, or a folder.
        dataset: where a closed-form baseline is fitted (on its training split), and whose shipped checkpoint is meant
            when a trained forecaster is named.

    Raises:
        UnknownNameError: when it is neither a folder nor a registered name.
        CheckpointError: when the folder holds no sound checkpoint, or none is shipped for these data.

    >>> load_forecaster("persistence").name
    'persistence'
    """
    if Path(name_or_path).is_dir():
        from msmd.checkpoint import load_checkpoint

        return cast(Forecaster, load_checkpoint(Path(name_or_path)))
    if os.sep in str(name_or_path):
        raise CheckpointError(
            f"There is no folder {name_or_path}; expected a checkpoint, a run, or a forecaster's name."
        )
    card = forecaster_card(str(name_or_path))
    if card.needs == "training":
        return _shipped(card, dataset)
    if card.needs == "fit" and dataset is None:
        return UnfittedForecaster(card=card)
    return fit_forecaster(card, None if dataset is None else split_dataset(dataset, Protocol()).training)


def shipped_checkpoint(name: str, molecule: str, source: str) -> Path | None:
    """The folder of the shipped checkpoint that learned the motion which data of this source show, None without one."""
    folders = (CHECKPOINTS / learned / molecule / name for learned in SAME_MOTION.get(source, (source,)))
    return next((folder for folder in folders if (folder / "card.json").is_file()), None)


def _shipped(card: ForecasterCard, dataset: Dataset | None) -> Forecaster:
    if dataset is not None:
        folder = shipped_checkpoint(card.name, dataset.molecule.name, dataset.source)
        if folder is not None:
            return load_forecaster(folder)
    place = "" if dataset is None else f" for {dataset.molecule.name!r} from {dataset.source!r}"
    raise CheckpointError(
        f"Forecaster {card.name!r} needs training and no checkpoint is shipped{place}: give the folder of one, such as "
        f"checkpoints/gfn2/ethanol/{card.name}, or make one with 'msmd train --forecaster {card.name}'."
    )


def fit_forecaster(card: ForecasterCard, training: TrainingData | None) -> Forecaster:
    """The forecaster that needs no more than a closed-form fit, made for this training data.

    Args:
        training: may be None for a forecaster that needs nothing.

    Raises:
        ProtocolError: when it needs training.
    """
    if card.needs == "nothing":
        return card.load_class()()
    if card.needs == "fit" and training is not None:
        return card.load_class().fit(training)
    raise ProtocolError(
        f"Forecaster {card.name!r} cannot be had in closed form: make a checkpoint with 'msmd train --forecaster "
        f"{card.name}' and give its folder."
    )


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a forecaster said and what happened.

    Attributes:
        forecaster: name of the forecaster.
        molecule: atoms and bonds.
        start: frame of the trajectory that the forecast starts from.
        start_time_fs: its time in the trajectory.
        times_fs: times after the start, as asked for.
        predicted: Å.
        reference: Å; rows hold NaN where the trajectory has no frame at that time, None when it has none at all.
    """

    forecaster: str
    molecule: Molecule
    start: int
    start_time_fs: float
    times_fs: Float[Array, " times"]
    predicted: Float[Array, "times atoms 3"]
    reference: Float[Array, "times atoms 3"] | None

    @property
    def has_reference(self) -> Bool[Array, " times"]:
        """True for the times at which the reference is known."""
        if self.reference is None:
            return np.zeros(len(self.times_fs), dtype=bool)
        return np.asarray(np.isfinite(self.reference).all(axis=(1, 2)))

    def predicted_trajectory(self) -> Trajectory:
        """The prediction in ascending order of time, for export."""
        return self._trajectory(self.predicted, np.ones(len(self.times_fs), dtype=bool), self.forecaster)

    def reference_trajectory(self) -> Trajectory | None:
        """The reference where it is known, in ascending order of time."""
        if self.reference is None:
            return None
        return self._trajectory(self.reference, self.has_reference, "reference")

    def _trajectory(self, positions: np.ndarray, known: np.ndarray, source: str) -> Trajectory:
        times, first = np.unique(self.times_fs[known], return_index=True)
        return Trajectory(molecule=self.molecule, times_fs=times, positions=positions[known][first], source=source)


def forecast(
    forecaster: Forecaster, trajectory: Trajectory, start: int, times_fs: Sequence[float] | Float[Array, " times"]
) -> Forecast:
    """Predicts one window of a trajectory and puts the reference beside it.

    Args:
        forecaster: from ``load_forecaster``; a baseline that has not been fitted is fitted on the training split of
            the data the trajectory comes from, or of the trajectory itself where that is not known.
        trajectory: positions and velocities at the start, and the reference after it.
        start: frame to start from.
        times_fs: times after the start in fs, any order, zero allowed.

    Raises:
        ProtocolError: when the start is no frame of the trajectory or has no velocity, or a time is negative.
        DataError: when the forecaster was made for another molecule.
    """
    import torch

    times = _checked_times(times_fs)
    positions, velocities = _start_state(trajectory, start)
    check_molecule(forecaster, trajectory.molecule)
    if isinstance(forecaster, UnfittedForecaster):
        forecaster = forecaster.fit(_training_data_of(trajectory))
    with torch.no_grad():
        rows = (torch.tensor(array[None]) for array in (positions, velocities, times))
        predicted = forecaster.predict(*rows)[0].numpy()
    return Forecast(
        forecaster=forecaster.name,
        molecule=trajectory.molecule,
        start=int(start),
        start_time_fs=float(trajectory.times_fs[start]),
        times_fs=times,
        predicted=predicted,
        reference=_reference(trajectory, trajectory.times_fs[start] + times),
    )


def check_molecule(forecaster: Forecaster, molecule: Molecule) -> None:
    """Refuses a forecaster that was made for another molecule.

    Raises:
        DataError: when atoms or their order differ.
    """
    made_for = forecaster.molecule
    if made_for is not None and made_for.numbers != molecule.numbers:
        raise DataError(
            f"Forecaster {forecaster.name!r} was made for {made_for.name!r} ({made_for.formula}); the data are of "
            f"{molecule.name!r} ({molecule.formula}), atoms or their order differ. Load or train one for it."
        )


def _checked_times(times_fs: Sequence[float] | np.ndarray) -> np.ndarray:
    times = np.asarray(times_fs, dtype=float)
    if times.ndim != 1 or times.size == 0:
        raise ProtocolError(f"times_fs has shape {times.shape}; expected a list of at least one time in fs.")
    wrong = times[~((times >= 0) & np.isfinite(times))]
    if wrong.size:
        raise ProtocolError(f"times_fs holds {wrong[0]:g}; expected finite times of 0 fs or later.")
    return times


def _start_state(trajectory: Trajectory, start: int) -> tuple[Frame, Frame]:
    if not 0 <= start < trajectory.n_frames:
        raise ProtocolError(
            f"start is {start}; expected a frame of the trajectory, from 0 to {trajectory.n_frames - 1}."
        )
    starts = trajectory.start_frames
    if trajectory.velocities is None or len(starts) == 0:
        raise ProtocolError("A forecast starts from a known velocity, and this trajectory has none.")
    if start not in starts:
        near = starts[np.argmin(np.abs(starts - start))]
        raise ProtocolError(f"Frame {start} has no known velocity to start from; the nearest that has one is {near}.")
    return trajectory.positions[start].astype(float), trajectory.velocities[start].astype(float)


def _reference(trajectory: Trajectory, times_fs: np.ndarray) -> np.ndarray | None:
    """Positions at absolute times; NaN where the trajectory has no frame, None where it never has one."""
    reference = np.full((len(times_fs), trajectory.molecule.n_atoms, 3), np.nan)
    for row, time in enumerate(times_fs):
        try:
            reference[row] = trajectory.positions_at(np.array([time]))[0]
        except ProtocolError:
            continue
    return None if np.isnan(reference).all() else reference


def _training_data_of(trajectory: Trajectory) -> TrainingData:
    """The training split of the data set the trajectory belongs to, or of the trajectory itself."""
    from msmd.data import load_dataset

    try:
        dataset = load_dataset(trajectory.molecule.name, source=trajectory.source)
    except MsmdError:
        dataset = Dataset(segments=(trajectory,), source=trajectory.source, dt_fs=_smallest_step_fs(trajectory))
    return split_dataset(dataset, Protocol()).training


def _smallest_step_fs(trajectory: Trajectory) -> float:
    """The time between neighbouring frames: what the horizon of a trajectory of unknown origin is counted in."""
    return float(np.diff(trajectory.times_fs).min(initial=np.inf))


__all__ = [
    "EVERY_SYMMETRY",
    "FORECASTERS",
    "FittedForecaster",
    "Forecast",
    "Forecaster",
    "ForecasterCard",
    "UnfittedForecaster",
    "WindowForecaster",
    "check_molecule",
    "fit_forecaster",
    "forecast",
    "forecaster_card",
    "load_forecaster",
]
