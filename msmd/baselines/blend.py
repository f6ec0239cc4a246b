"""Between the start and the mean, one coefficient per time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msmd.baselines.base import FittedBaseline
from msmd.baselines.mean_structure import place
from msmd.baselines.time_knots import TimeKnots
from msmd.data.windows import TrainingData
from msmd.frame import mean_structure
from msmd.shapes import Array, Float

RELATIVE_RIDGE = 1e-9
"""Keeps a knot without samples near it solvable, and changes no other."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blend(FittedBaseline):
    """x(t) = m + a(t) (x(0) − m): the start fades into the aligned mean structure m, with a(0) = 1.

    The best forecast that knows only how long a start is remembered; a(t) is the autocorrelation of the deformation.

    Attributes:
        knots: grid in time.
        kept: a at the knots.
    """

    name: ClassVar[str] = "blend"
    knots: TimeKnots
    kept: Float[Array, " knots"]

    @classmethod
    def fit(cls, training: TrainingData) -> Blend:
        """Least squares over all windows: with u = x(0) − m, the a that minimises Σ |x(t) − m − a(t) u|²."""
        windows, masses = training.windows, training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        mean = place(structure, windows.positions, masses)
        shift = windows.positions - mean
        power = np.broadcast_to(np.einsum("wad,wad->w", shift, shift)[:, None], windows.times_fs.shape)
        overlap = np.einsum("wtad,wad->wt", windows.targets - mean[:, None], shift)
        knots = TimeKnots.for_times(windows.times_fs)
        at_start, later = np.split(knots.weights(windows.times_fs), [1], axis=-1)
        gram = np.einsum("wtk,wt,wtl->kl", later, power, later)
        gram += RELATIVE_RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
        right = np.einsum("wtk,wt->k", later, overlap - at_start[..., 0] * power)
        later_kept = np.linalg.solve(gram, right) if np.trace(gram) > 0 else np.zeros(len(gram))  # a single atom
        kept = np.concatenate([[1.0], later_kept])
        return cls(molecule=training.molecule, structure=structure, knots=knots, kept=kept)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The aligned mean and what is left of the start."""
        mean = place(self.structure, positions, self.molecule.masses)
        kept = self.knots.weights(times_fs) @ self.kept
        return mean[:, None] + kept[..., None, None] * (positions - mean)[:, None]
