"""The fast part: a small network that carries the stiff forces, so that the full one can be called seldom."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.data.windows import TrainingData
from msmd.models.modal_field import ForceField
from msmd.models.symmetry import renamings


@dataclass(frozen=True, kw_only=True)
class FastPart:
    """Mean of |A_fast − A|²: what the small network leaves over is what the outer step has to resolve.

    It is matched to the trained full field, not to labels, and therefore needs none.

    Attributes:
        field: the full field, which stays as it is.
        fast: what is trained.
        positions: training structures, Å.
        symmetries: permutations of the atoms that keep the bond graph.
        batch: structures per step.
    """

    field: ForceField
    fast: ForceField
    positions: Float[Tensor, "structures atoms 3"]
    symmetries: Int[Tensor, "symmetries atoms"]
    batch: int

    @classmethod
    def of(cls, field: ForceField, fast: ForceField, training: TrainingData, *, batch: int) -> FastPart:
        """On every training structure."""
        return cls(
            field=field,
            fast=fast,
            positions=torch.from_numpy(training.structures()).float(),
            symmetries=renamings(training.molecule, only_identity=not field.renames_equal_atoms),
            batch=batch,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        some = torch.randint(len(self.positions), (self.batch,), generator=generator)
        order = self.symmetries[torch.randint(len(self.symmetries), (), generator=generator)]
        positions = self.positions[some][:, order].to(self.fast.network.centre.device)
        with torch.no_grad():
            _, wanted = self.field.energies_and_forces(positions)
        _, found = self.fast.energies_and_forces(positions)
        return (found - wanted).square().mean() / self.fast.network.energy_scale**2
