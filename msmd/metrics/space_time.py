"""Space against time inside a model: the time scale of every spatial mode in its forecasts and in the reference.

Both are measured on the same stretches of the test data, each as long as the horizon, so that what a short stretch
cannot show is missing from both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msmd.data.windows import segment_parts
from msmd.errors import ProtocolError
from msmd.forecasting import Forecaster, SamplingForecaster, check_molecule, predict_rows, sample_rows
from msmd.frame import mean_structure
from msmd.shapes import Array, Float
from msmd.spectrum import (
    GraphSpectrum,
    ModeTimeScales,
    RankCorrelation,
    internal_motions,
    measure_time_scales,
    space_time_correlation,
)
from msmd.trajectory import Dataset, Trajectory

STEP_FS = 1.0
"""Between frames of a forecast: the widest step that velocities may be differenced over (``internal_motions``)."""


STILL_ANGSTROM = 1e-2
"""Atoms of a molecule at 500 K are displaced by ten times that within 10 fs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceTime:
    """The time scale of every mode, and how it goes with the eigenvalue.

    Attributes:
        scales: per mode.
        correlation: of eigenvalue and correlation time; None for molecules with too few modes, or without motion.
        is_still: True where nothing moves, so that there is no time scale: a guard that stops every member at once.
    """

    scales: ModeTimeScales
    correlation: RankCorrelation | None
    is_still: bool


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Where a forecast starts and how far it goes: segment of a data set, frame, frames after it."""

    segment: int
    start: int
    n_frames: int


def choose_stretches(dataset: Dataset, *, horizon_fs: float = 1500.0, at_most: int = 12) -> tuple[Stretch, ...]:
    """Stretches of the test segments (of all segments where there are no parts), one after the other, none shared.

    Raises:
        ProtocolError: when the data do not hold one whole stretch of evenly spaced frames.
    """
    parts = segment_parts(dataset)
    found = []
    for index, segment in enumerate(dataset.segments):
        if (parts and parts[index] != "test") or segment.dt_fs is None or len(segment.start_frames) < segment.n_frames:
            continue
        length = round(horizon_fs / segment.dt_fs)
        starts = range(0, segment.n_frames - length, length)
        found += [Stretch(segment=index, start=start, n_frames=length) for start in starts]
    if not found:
        raise ProtocolError(
            f"Time scales need evenly spaced frames with velocities over {horizon_fs:g} fs; the data of "
            f"{dataset.molecule.name!r} from {dataset.source!r} hold no such stretch."
        )
    chosen = np.linspace(0, len(found) - 1, min(at_most, len(found))).round().astype(int)
    return tuple(found[index] for index in chosen)


def reference_space_time(dataset: Dataset, stretches: Sequence[Stretch], spectrum: GraphSpectrum) -> SpaceTime:
    """The time scales of the reference on these stretches."""
    return _measured([_reference(dataset, stretch) for stretch in stretches], _structure(dataset), spectrum)


def forecast_space_time(
    forecaster: Forecaster, dataset: Dataset, stretches: Sequence[Stretch], spectrum: GraphSpectrum
) -> SpaceTime:
    """The time scales inside forecasts of these stretches; of one member each where the forecaster has members.

    Raises:
        DataError: when the forecaster was made for another molecule.
        ProtocolError: for stretches without velocities.
    """
    check_molecule(forecaster, dataset.molecule)
    references = [_reference(dataset, stretch) for stretch in stretches]
    horizon = min(segment.duration_fs for segment in references)
    times = np.arange(0.0, horizon + 1e-6, STEP_FS)
    starts = [np.stack([part[0] for part in parts]) for parts in zip(*map(_state, references), strict=True)]
    rows = (*starts, np.tile(times, (len(references), 1)))
    if isinstance(forecaster, SamplingForecaster):
        predicted = sample_rows(forecaster, *rows, n_samples=1)[0]
    else:
        predicted = predict_rows(forecaster, *rows)
    trajectories = [
        Trajectory(molecule=dataset.molecule, times_fs=times, positions=positions, source=forecaster.name)
        for positions in predicted
    ]
    return _measured(trajectories, _structure(dataset), spectrum)


def _measured(
    trajectories: Sequence[Trajectory], structure: Float[Array, "atoms 3"], spectrum: GraphSpectrum
) -> SpaceTime:
    motions = internal_motions(trajectories, reference=structure)
    scales = measure_time_scales(motions, spectrum)
    try:
        correlation = space_time_correlation(scales)
    except ProtocolError:
        correlation = None
    is_still = all(np.ptp(motion.displacements, axis=0).max() < STILL_ANGSTROM for motion in motions)
    return SpaceTime(scales=scales, correlation=correlation, is_still=bool(is_still))


def _reference(dataset: Dataset, stretch: Stretch) -> Trajectory:
    return dataset.segments[stretch.segment].between(stretch.start, stretch.start + stretch.n_frames + 1)


def _state(trajectory: Trajectory) -> tuple[Float[Array, "frames atoms 3"], Float[Array, "frames atoms 3"]]:
    if trajectory.velocities is None:
        raise ProtocolError("A stretch without velocities was given; 'choose_stretches' takes none.")
    return trajectory.positions, trajectory.velocities


def _structure(dataset: Dataset) -> Float[Array, "atoms 3"]:
    """The mean structure over all segments: one frame of reference for everything that is compared."""
    positions = np.concatenate([segment.positions[::10] for segment in dataset.segments])
    return mean_structure(positions, dataset.molecule.masses)
