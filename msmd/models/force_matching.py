"""Force matching: a potential whose gradient is what the reference computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from msmd.data.windows import TrainingData
from msmd.models.labels import Labels
from msmd.models.modal_field import ForceField
from msmd.models.symmetry import renamings
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN

ENERGY_WEIGHT = 1e-3
"""Energies say little beside 3N forces per frame, but they pin the offset; what else they add is not measured."""


@dataclass(frozen=True, kw_only=True)
class ForceMatching:
    """Mean of |F − F̂|²/s² plus a little of (E − Ê)²/s², over random frames with equal atoms renamed at random.

    Renaming teaches the network that equal atoms are equal; tying its weights instead, so that it cannot but know, was
    slower and worse at equal time (experiments).

    Attributes:
        field: what is trained.
        labels: frames whose forces are known.
        symmetries: permutations of the atoms that keep the bond graph.
        batch: frames per step.
    """

    field: ForceField
    labels: Labels
    symmetries: Int[Tensor, "symmetries atoms"]
    batch: int

    @classmethod
    def of(cls, field: ForceField, labels: Labels, *, batch: int) -> ForceMatching:
        """On every labelled training frame."""
        molecule = labels.training.molecule
        return cls(
            field=field,
            labels=labels,
            symmetries=renamings(molecule, only_identity=not field.renames_equal_atoms),
            batch=batch,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        device, frames = self.field.network.centre.device, self.labels.frames
        some = torch.randint(len(frames.positions), (self.batch,), generator=generator)
        order = self.symmetries[torch.randint(len(self.symmetries), (), generator=generator)]
        positions, forces = (part[some][:, order].to(device) for part in (frames.positions, frames.forces))
        energies = frames.energies[some].to(device)
        energies_found, forces_found = self.field.energies_and_forces(positions)
        energy_error = torch.nan_to_num(energies_found - energies).square().mean()
        scale = self.field.network.energy_scale
        return ((forces_found - forces).square().mean() + ENERGY_WEIGHT * energy_error) / scale**2


def energy_scale(training: TrainingData) -> float:
    """The rms force in kcal/mol/Å, or that of harmonic bonds at the data's temperature where no forces are known."""
    _, forces = training.labelled()
    if len(forces):
        return float(forces.std())
    temperature = training.temperature_kelvin or ROOM_TEMPERATURE_KELVIN
    return float(np.sqrt(BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * temperature * TYPICAL_STIFFNESS))


ROOM_TEMPERATURE_KELVIN = 300.0
TYPICAL_STIFFNESS = 600.0
"""kcal/mol/Å²: between a C–H and a C–C bond; ⟨F²⟩ = k_B T · stiffness sets the scale to within a factor of two."""
