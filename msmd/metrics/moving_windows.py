"""Motion within windows: forecasts looked at every few fs, and the frames that were recorded over the same times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from msmd.data.windows import Windows
from msmd.frame import mean_structure
from msmd.horizon import in_band
from msmd.metrics.realism import Motion, Paths, frames_motion, motion_by_band
from msmd.shapes import Array, Float, Frame
from msmd.trajectory import Dataset, Trajectory, nearest_frames

DIFFERENCE_FS = 0.1
"""Velocities of forecasts are central differences over twice this: 0.1 % low in the energy of an O–H stretch, and
far above the rounding of single precision."""

WIDEST_STEP_FS = 4.3
"""Resolves vibrations up to 3880 cm⁻¹; embedded trajectories hold a frame every 4 fs."""

Ask = Callable[
    [tuple[Float[Array, "windows atoms 3"], Float[Array, "windows atoms 3"], Float[Array, "windows times"]]],
    Float[Array, "members windows times atoms 3"],
]
"""Positions, velocities and times of windows to the positions of one or more members."""


@dataclass(frozen=True, kw_only=True)
class MotionGrid:
    """The even times at which motion is looked at.

    Attributes:
        times_fs: after the start.
        is_recorded: True where the reference has a frame with a velocity at each of them.
    """

    times_fs: Float[Array, " times"]
    is_recorded: bool

    def ask(self, ask: Ask, windows: Windows) -> tuple[Float[Array, "members windows targets atoms 3"], Paths]:
        """Positions at the windows' own times, and positions and velocities on the grid, in one go."""
        n_own, n_grid = windows.times_fs.shape[1], len(self.times_fs)
        around = np.concatenate([self.times_fs - DIFFERENCE_FS, self.times_fs, self.times_fs + DIFFERENCE_FS])
        times = np.concatenate([windows.times_fs, np.tile(around, (windows.n_windows, 1))], axis=1)
        found = ask((windows.positions, windows.velocities, times))
        own, before, at, after = np.split(found, n_own + n_grid * np.arange(3), axis=2)
        shape = (-1, *at.shape[2:])
        paths = Paths(
            molecule=windows.molecule,
            times_fs=self.times_fs,
            positions=at.reshape(shape),
            velocities=((after - before) / (2 * DIFFERENCE_FS)).reshape(shape),
        )
        return own, paths

    def joined(self, parts: Sequence[Paths]) -> Paths:
        """All paths together."""
        return Paths(
            molecule=parts[0].molecule,
            times_fs=self.times_fs,
            positions=np.concatenate([part.positions for part in parts]),
            velocities=np.concatenate([part.velocities for part in parts]),
        )


def motion_grid(dataset: Dataset, horizon_fs: float) -> MotionGrid:
    """Every frame of the data where they are evenly spaced, or every few if they are dense; else every 4.3 fs."""
    first = dataset.segments[0]
    steps = {segment.dt_fs for segment in dataset.segments}
    step = first.dt_fs if len(steps) == 1 else None
    is_recorded = (
        step is not None
        and step <= WIDEST_STEP_FS
        and all(len(segment.start_frames) == segment.n_frames for segment in dataset.segments)
    )
    spacing = step * int(WIDEST_STEP_FS / step) if step is not None and is_recorded else WIDEST_STEP_FS
    return MotionGrid(times_fs=spacing * np.arange(1, int(horizon_fs / spacing + 1e-6) + 1), is_recorded=is_recorded)


def reference_structure_of(windows: Windows) -> Frame:
    """The mean structure of the windows' targets, Å: what the Eckart frame of all that is compared refers to."""
    flat = windows.targets.reshape(-1, windows.molecule.n_atoms, 3)
    return mean_structure(flat, windows.molecule.masses)


def reference_motions(
    dataset: Dataset, windows: Windows, grid: MotionGrid, bands: Sequence[tuple[float, float]]
) -> tuple[Motion | None, ...]:
    """How the reference moves in each band, from recorded frames alone; None for a band without any.

    Sparse data have no spectrum, and a temperature from the frames whose velocity is known.
    """
    if grid.is_recorded:
        paths = [_recorded(dataset.segments[index], time, grid) for index, time in _starts(windows)]
        return motion_by_band(grid.joined(paths), bands, reference_structure_of(windows))
    return tuple(_sparse_motion(dataset, windows, low, high) for low, high in bands)


def _recorded(segment: Trajectory, start_fs: float, grid: MotionGrid) -> Paths:
    rows = nearest_frames(segment.times_fs, start_fs + grid.times_fs)
    return Paths(
        molecule=segment.molecule,
        times_fs=grid.times_fs,
        positions=segment.positions[None, rows].astype(float),
        velocities=segment.velocities[None, rows].astype(float),
    )


def _sparse_motion(dataset: Dataset, windows: Windows, low: float, high: float) -> Motion | None:
    frames, known = [], []
    for index, start in _starts(windows):
        segment = dataset.segments[index]
        rows = np.flatnonzero(in_band(segment.times_fs - start, low, high))
        frames.append(segment.positions[rows])
        known.append(segment.velocities[np.intersect1d(rows, segment.start_frames)])
    positions = np.concatenate(frames).astype(float)
    if len(positions) == 0:
        return None
    return frames_motion(positions, np.concatenate(known).astype(float), windows.molecule)


def _starts(windows: Windows) -> list[tuple[int, float]]:
    return list(zip(windows.segments.tolist(), windows.start_times_fs.tolist(), strict=True))
