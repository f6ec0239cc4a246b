"""What a forecaster said of one window, and what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msmd.molecule import Molecule
from msmd.shapes import Array, Bool, Float
from msmd.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
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
        samples: members of the forecaster's ensemble, Å, each of which moves like the molecule where ``predicted``, the
            forecast of least error, fades to their mean; None where none were asked for.
    """

    forecaster: str
    molecule: Molecule
    start: int
    start_time_fs: float
    times_fs: Float[Array, " times"]
    predicted: Float[Array, "times atoms 3"]
    reference: Float[Array, "times atoms 3"] | None
    samples: Float[Array, "members times atoms 3"] | None = None

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

    def member_trajectories(self) -> tuple[Trajectory, ...]:
        """Every member in ascending order of time; none where none were asked for."""
        everywhere = np.ones(len(self.times_fs), dtype=bool)
        members = () if self.samples is None else self.samples
        return tuple(
            self._trajectory(positions, everywhere, f"{self.forecaster}, member {number}")
            for number, positions in enumerate(members, start=1)
        )

    def _trajectory(self, positions: np.ndarray, known: np.ndarray, source: str) -> Trajectory:
        times, first = np.unique(self.times_fs[known], return_index=True)
        return Trajectory(molecule=self.molecule, times_fs=times, positions=positions[known][first], source=source)
