"""The mean structure, laid onto the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msmd.baselines.base import FittedBaseline
from msmd.data.windows import TrainingData
from msmd.frame import eckart_frame, mean_structure
from msmd.shapes import Array, Float, Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanStructure(FittedBaseline):
    """x(t) = c + R r: the training mean structure r, aligned with x(0) in the Eckart frame.

    The best constant forecast once all vibrations have forgotten their start, for a molecule without rotors.
    """

    name: ClassVar[str] = "mean-structure"

    @classmethod
    def fit(cls, training: TrainingData) -> MeanStructure:
        """Averages every structure that training may see."""
        structure = mean_structure(training.structures(), training.molecule.masses)
        return cls(molecule=training.molecule, structure=structure)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The aligned structure, once per time."""
        placed = place(self.structure, positions, self.molecule.masses)
        return np.repeat(placed[:, None], times_fs.shape[1], axis=1)


def place(
    structure: Frame, positions: Float[Array, "windows atoms 3"], masses: Float[Array, " atoms"]
) -> Float[Array, "windows atoms 3"]:
    """The structure turned and moved onto each of the positions (mass-weighted least squares)."""
    frame = eckart_frame(positions, structure, masses)
    return frame.to_laboratory(np.broadcast_to(frame.reference, positions.shape))
