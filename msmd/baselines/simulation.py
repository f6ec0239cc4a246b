"""The simulation itself as a forecaster: what a forecast is a substitute for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from msmd.baselines.base import Baseline
from msmd.data.gfn2 import GFN2, require_tblite
from msmd.data.simulate import simulate
from msmd.data.windows import TrainingData
from msmd.forecasters import check_starts, check_times
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Frame
from msmd.trajectory import Trajectory

STEP_FS = 0.5
"""The reference's own step, so that the same step makes the same discretisation error."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GFN2Simulation(Baseline):
    """M ẍ = −∇E(x) with GFN2-xTB, by velocity Verlet at 0.5 fs from the given positions and velocities.

    Nothing is learned; only the atoms are needed.  On the embedded data it is the reference's own law started again
    from the rounded start, so that its error is the floor that chaos sets to any single path.  On other data it shows
    what another level of theory says.

    Attributes:
        molecule: atoms and bonds.
    """

    name: ClassVar[str] = "gfn2"
    windows_per_call: ClassVar[int] = 1
    """A window takes seconds, and windows share nothing."""

    molecule: Molecule

    @classmethod
    def fit(cls, training: TrainingData) -> GFN2Simulation:
        """Takes the atoms and looks at no data.

        Raises:
            MissingPackageError: where tblite is not installed.
        """
        require_tblite()
        return cls(molecule=training.molecule)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """One simulation per window; between steps cubic Hermite interpolation, good to 1e-6 Å.

        Raises:
            DataError: when the number of atoms is not the molecule's, or GFN2-xTB cannot treat these positions.
            ProtocolError: for times before the start.
        """
        check_starts(self, positions, velocities, times_fs)
        check_times(times_fs)
        rows = zip(positions, velocities, times_fs, strict=True)
        paths = [self.path(x, v, times.max(initial=0.0)).positions_at(times) for x, v, times in rows]
        return np.array(paths).reshape(*times_fs.shape, *positions.shape[1:])

    def path(self, positions: Frame, velocities: Frame, duration_fs: float) -> Trajectory:
        """Every step from one start up to a time, which the last one reaches; energies and forces included.

        Raises:
            DataError: when GFN2-xTB cannot treat positions on the way.
        """
        n_steps = max(1, int(np.ceil(duration_fs / STEP_FS)))
        # A force field of its own: one that remembers the last path's electrons would let paths touch.
        return simulate(
            GFN2(self.molecule.numbers),
            self.molecule,
            positions,
            velocities,
            duration_fs=n_steps * STEP_FS,
            dt_fs=STEP_FS,
            stride=1,
        )
