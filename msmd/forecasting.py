"""Forecasting: ask any forecaster for one window, or for a batch of them.

Nothing here imports torch until a forecaster is asked, so that the app can list them (``msmd.forecasters``) at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from msmd.data.sampling import is_continuous
from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.errors import DataError, MsmdError, ProtocolError
from msmd.forecast_result import Forecast
from msmd.forecasters import (
    EVERY_SYMMETRY,
    FORECASTERS,
    FittedForecaster,
    Forecaster,
    ForecasterCard,
    SamplingForecaster,
    WindowForecaster,
    forecaster_card,
)
from msmd.loading import CHECKPOINTS, UnfittedForecaster, fit_forecaster, load_forecaster, shipped_checkpoint
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Frame
from msmd.trajectory import ROUNDED_TIME_FS, Dataset, Trajectory, nearest_frames

if TYPE_CHECKING:
    from torch import Tensor


def forecast(
    forecaster: Forecaster,
    trajectory: Trajectory,
    start: int,
    times_fs: Sequence[float] | Float[Array, " times"],
    samples: int | None = None,
) -> Forecast:
    """Predicts one window of a trajectory and puts the reference beside it.

    Args:
        forecaster: from ``load_forecaster``; a baseline that has not been fitted is fitted on the training split of
            the data the trajectory comes from, or of the trajectory itself where that is not known.
        trajectory: positions and velocities at the start, and the reference after it.
        start: frame to start from.
        times_fs: times after the start in fs, any order, zero allowed.
        samples: how many members of the forecaster's ensemble to give beside its forecast; None for none.

    Raises:
        ProtocolError: when the start is no frame of the trajectory or has no velocity, or a time is negative; when
            samples are asked of a forecaster that has none.
        DataError: when the forecaster was made for another molecule.
    """
    if samples is not None:
        require_members(forecaster, samples)
    rows = _rows(forecaster, trajectory, start, times_fs)
    if isinstance(forecaster, UnfittedForecaster):
        forecaster = forecaster.fit(_training_data_of(trajectory))
    times = rows[2][0]
    return Forecast(
        forecaster=forecaster.name,
        molecule=trajectory.molecule,
        start=int(start),
        start_time_fs=float(trajectory.times_fs[start]),
        times_fs=times,
        predicted=predict_rows(forecaster, *rows)[0],
        reference=_reference(trajectory, trajectory.times_fs[start] + times),
        samples=None if samples is None else sample_rows(forecaster, *rows, n_samples=samples)[:, 0],
    )


def sample(
    forecaster: Forecaster,
    trajectory: Trajectory,
    start: int,
    times_fs: Sequence[float] | Float[Array, " times"],
    samples: int,
) -> Float[Array, "members times atoms 3"]:
    """The members of one window alone, in Å: what ``forecast(..., samples=samples).samples`` holds.

    Raises:
        ProtocolError, DataError: as ``forecast``.
    """
    require_members(forecaster, samples)
    return sample_rows(forecaster, *_rows(forecaster, trajectory, start, times_fs), n_samples=samples)[:, 0]


def predict_rows(
    forecaster: Forecaster,
    positions: Float[Array, "windows atoms 3"],
    velocities: Float[Array, "windows atoms 3"],
    times_fs: Float[Array, "windows times"],
) -> Float[Array, "windows times atoms 3"]:
    """``Forecaster.predict`` from arrays to an array."""
    import torch

    with torch.no_grad():
        return forecaster.predict(*_on_its_device(forecaster, positions, velocities, times_fs)).cpu().numpy()


def _on_its_device(forecaster: Forecaster, *rows: Float[Array, "..."]) -> list[Tensor]:
    """Arrays as tensors where the forecaster's weights lie; on the CPU for one without any."""
    import torch

    weights = forecaster.parameters() if isinstance(forecaster, torch.nn.Module) else iter(())
    first = next(weights, None)
    return [torch.tensor(row, device=None if first is None else first.device) for row in rows]


def sample_rows(
    forecaster: SamplingForecaster,
    positions: Float[Array, "windows atoms 3"],
    velocities: Float[Array, "windows atoms 3"],
    times_fs: Float[Array, "windows times"],
    *,
    n_samples: int,
) -> Float[Array, "members windows times atoms 3"]:
    """``SamplingForecaster.samples`` from arrays to an array."""
    import torch

    with torch.no_grad():
        rows = _on_its_device(forecaster, positions, velocities, times_fs)
        return forecaster.samples(*rows, n_samples=n_samples).cpu().numpy()


def require_members(forecaster: Forecaster, n_samples: int) -> None:
    """Refuses to sample a forecaster that has no members, and numbers of members that cannot be.

    Raises:
        ProtocolError: naming the forecasters that have some.
    """
    if not isinstance(forecaster, SamplingForecaster):
        able = ", ".join(card.name for card in FORECASTERS if card.has_members)
        raise ProtocolError(
            f"Forecaster {forecaster.name!r} makes one forecast per start and has no members to sample; expected one "
            f"that has ({able}), or no samples."
        )
    if n_samples < 1:
        raise ProtocolError(f"{n_samples} samples were asked for; expected 1 or more, or None for none.")


def check_molecule(forecaster: Forecaster, molecule: Molecule) -> None:
    """Refuses a forecaster that was made for another molecule, an isomer among them.

    Raises:
        DataError: when atoms, their order or their bonds differ.
    """
    made_for = forecaster.molecule
    difference = None if made_for is None else made_for.difference_to(molecule)
    if difference:
        raise DataError(f"Forecaster {forecaster.name!r} was made for {difference}. Load or train one for it.")


def _rows(
    forecaster: Forecaster, trajectory: Trajectory, start: int, times_fs: Sequence[float] | np.ndarray
) -> tuple[
    Float[Array, "1 atoms 3"],
    Float[Array, "1 atoms 3"],
    Float[Array, "1 times"],
]:
    """One window as a batch of one: positions, velocities, times."""
    times = _checked_times(times_fs)
    positions, velocities = _start_state(trajectory, start)
    check_molecule(forecaster, trajectory.molecule)
    return positions[None], velocities[None], times[None]


def _checked_times(times_fs: Sequence[float] | np.ndarray) -> np.ndarray:
    try:
        times = np.asarray(times_fs, dtype=float)
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"times_fs must be a list of numbers, in fs: {error}.") from error
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
    """Positions at absolute times; NaN where they are not known, None where they never are.

    Between frames they are known where these are even and lie close together: between others a cubic is a guess.
    """
    frames = trajectory.times_fs[nearest_frames(trajectory.times_fs, times_fs)]
    is_stored = np.abs(frames - times_fs) <= ROUNDED_TIME_FS
    is_inside = (times_fs >= trajectory.times_fs[0]) & (times_fs <= trajectory.times_fs[-1])
    is_known = is_stored | (is_inside & is_continuous(trajectory))
    if not is_known.any():
        return None
    reference = np.full((len(times_fs), trajectory.molecule.n_atoms, 3), np.nan)
    reference[is_known] = trajectory.positions_at(times_fs[is_known])
    return reference


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
    "CHECKPOINTS",
    "EVERY_SYMMETRY",
    "FORECASTERS",
    "FittedForecaster",
    "Forecast",
    "Forecaster",
    "ForecasterCard",
    "SamplingForecaster",
    "UnfittedForecaster",
    "WindowForecaster",
    "check_molecule",
    "fit_forecaster",
    "forecast",
    "forecaster_card",
    "load_forecaster",
    "predict_rows",
    "require_members",
    "sample",
    "sample_rows",
    "shipped_checkpoint",
]
