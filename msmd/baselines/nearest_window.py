"""Copies the training window nearest in time: not a forecaster, but a measure of what a split gives away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msmd.baselines.base import FittedBaseline
from msmd.data.windows import TrainingData, Windows
from msmd.frame import eckart_frame, kabsch_rotation, mean_structure
from msmd.shapes import Array, Float, Int


@dataclass(frozen=True, kw_only=True, eq=False)
class NearestWindow(FittedBaseline):
    """The future of one training window, turned and moved onto the start.

    Evaluated on windows whose place in the data is known (``predict_windows``), it copies the training window that
    starts nearest in time.  Where training and test windows overlap, the copy holds the answer: its error tells how
    much of a table a split gives away, and no honest forecaster sees what it sees.  Segments count as following each
    other, in their order.

    Asked for a start alone (``predict``), it copies the training window whose start looks most alike, positions and
    velocities each in units of their spread: the method of analogues.

    Attributes:
        windows: the training windows.

    Reference: Lorenz, J. Atmos. Sci. 26, 636 (1969), for the analogues.
    """

    name: ClassVar[str] = "nearest-window"
    windows: Windows

    @classmethod
    def fit(cls, training: TrainingData) -> NearestWindow:
        """Keeps the training windows."""
        structure = mean_structure(training.structures(), training.molecule.masses)
        return cls(molecule=training.molecule, windows=training.windows, structure=structure)

    def predict_windows(self, windows: Windows) -> Float[Array, "windows times atoms 3"]:
        """Positions in Å at the windows' times, each copied from the training window nearest in time."""
        return self._copy(self._nearest_in_time(windows), windows.positions, windows.times_fs)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """Positions copied from the training window whose start is most alike."""
        return self._copy(self._most_alike(positions, velocities), positions, times_fs)

    def _nearest_in_time(self, windows: Windows) -> Int[Array, " windows"]:
        own = self.windows
        # Nothing in one segment is as near as the nearest of the next: one axis of time for all of them.
        span = 1.0 + max(own.start_times_fs.max(), windows.start_times_fs.max())
        known = own.segments * span + own.start_times_fs
        asked = windows.segments * span + windows.start_times_fs
        return np.abs(asked[:, None] - known).argmin(axis=1)

    def _most_alike(
        self, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
    ) -> Int[Array, " windows"]:
        known, asked = (
            self._body_state(x, v)
            for x, v in ((self.windows.positions, self.windows.velocities), (positions, velocities))
        )
        # |a − b|² = |a|² − 2 a·b + |b|²; |a|² is the same for every candidate.
        return (np.square(known).sum(axis=1) - 2 * asked @ known.T).argmin(axis=1)

    def _body_state(
        self, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
    ) -> Float[Array, "windows state"]:
        """Deformation and velocity in the body frame, each divided by its spread over the training starts, if any."""
        own, masses = self.windows, self.molecule.masses
        frame = eckart_frame(positions, self.structure, masses)
        starts = eckart_frame(own.positions, self.structure, masses)
        spread = (starts.to_body(own.positions) - starts.reference).std(), own.velocities.std()
        shift = (frame.to_body(positions) - frame.reference) / (spread[0] or 1.0)
        speed = velocities @ frame.rotations / (spread[1] or 1.0)
        return np.concatenate([shift, speed], axis=1).reshape(len(positions), -1)

    def _copy(
        self,
        chosen: Int[Array, " windows"],
        positions: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The chosen windows' paths at other times, laid with their starts onto other starts."""
        own, masses = self.windows, self.molecule.masses
        path = np.concatenate([own.positions[:, None], own.targets], axis=1)[chosen]
        grid = np.pad(own.times_fs, ((0, 0), (1, 0)))[chosen]
        copied = np.stack([_interpolated(*row) for row in zip(times_fs, grid, path, strict=True)])
        turn = kabsch_rotation(positions, own.positions[chosen], masses)
        theirs, ours = (np.einsum("a,wad->wd", masses / masses.sum(), x) for x in (own.positions[chosen], positions))
        return ours[:, None, None] + np.einsum("wtae,wde->wtad", copied - theirs[:, None, None], turn)


def _interpolated(
    times_fs: Float[Array, " times"], grid_fs: Float[Array, " knots"], path: Float[Array, "knots atoms 3"]
) -> Float[Array, "times atoms 3"]:
    """Linear between the times of a window, its last frame after them."""
    place = np.interp(times_fs, grid_fs, np.arange(len(grid_fs), dtype=float))
    before = np.minimum(place.astype(int), len(grid_fs) - 2)
    share = (place - before)[:, None, None]
    return (1 - share) * path[before] + share * path[before + 1]
