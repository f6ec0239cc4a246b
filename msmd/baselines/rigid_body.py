"""The mean structure, drifting and spinning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from msmd.baselines.base import FittedBaseline
from msmd.baselines.mean_structure import place
from msmd.data.windows import TrainingData
from msmd.frame import angular_momentum, centre_of_mass, mean_structure
from msmd.rotor import carry_rigidly
from msmd.shapes import Array, Float


@dataclass(frozen=True, kw_only=True, eq=False)
class RigidBody(FittedBaseline):
    """The aligned mean structure carried on as a free rigid body: x(t) = c + v_c t + Q(t) R r.

    Drift v_c and angular momentum are those of all atoms at the start; Q(t) solves Euler's equations for the mean
    structure's moments of inertia, so that a torque-free rotor is forecast exactly, precession included.
    """

    name: ClassVar[str] = "rigid-body"

    @classmethod
    def fit(cls, training: TrainingData) -> RigidBody:
        """Averages every structure that training may see."""
        structure = mean_structure(training.structures(), training.molecule.masses)
        return cls(molecule=training.molecule, structure=structure)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The free flight of the placed structure."""
        masses = self.molecule.masses
        return carry_rigidly(
            place(self.structure, positions, masses),
            centre_of_mass(velocities, masses),
            angular_momentum(positions, velocities, masses),
            masses,
            times_fs,
        )
