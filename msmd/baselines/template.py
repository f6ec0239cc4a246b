"""The mean future in the body frame of the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msmd.baselines.base import FittedBaseline
from msmd.baselines.time_knots import TimeKnots
from msmd.data.windows import TrainingData
from msmd.frame import eckart_frame, mean_structure
from msmd.shapes import Array, Float

RELATIVE_RIDGE = 1e-9
"""Keeps a knot without samples near it solvable, and changes no other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Template(FittedBaseline):
    """x(t) = c + R y(t): one motion for every start, the mean of all training futures seen in the body frame of x(0).

    It knows what happens on average, such as a frame that keeps turning, and nothing of the start but its place.

    Attributes:
        knots: grid in time.
        futures: y at the knots, Å.
    """

    name: ClassVar[str] = "template"
    knots: TimeKnots
    futures: Float[Array, "knots atoms 3"]

    @classmethod
    def fit(cls, training: TrainingData) -> Template:
        """Least squares over all windows, their starts counted as samples at t = 0; a knot that none of them touches
        has the mean structure."""
        windows, masses = training.windows, training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        frame = eckart_frame(windows.positions, structure, masses)
        path = np.concatenate([windows.positions[:, None], windows.targets], axis=1)
        body = np.einsum("wtad,wde->wtae", path - frame.centres[:, None, None], frame.rotations)
        times = np.pad(windows.times_fs, ((0, 0), (1, 0)))
        knots = TimeKnots.for_times(windows.times_fs)
        weights = knots.weights(times).reshape(times.size, -1)
        gram = weights.T @ weights
        gram += RELATIVE_RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
        moved = np.linalg.solve(gram, weights.T @ (body - structure).reshape(times.size, -1))
        futures = structure + moved.reshape(-1, *structure.shape)
        return cls(molecule=training.molecule, structure=structure, knots=knots, futures=futures)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The mean future, turned and moved onto the start."""
        frame = eckart_frame(positions, self.structure, self.molecule.masses)
        body = np.einsum("wtk,kad->wtad", self.knots.weights(times_fs), self.futures)
        return frame.centres[:, None, None] + np.einsum("wtae,wde->wtad", body, frame.rotations)
