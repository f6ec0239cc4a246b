"""Score matching: a potential from structures alone, taken as a canonical sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.data.windows import TrainingData, Windows
from msmd.frame import without_drift_and_spin
from msmd.models.modal_field import ForceField
from msmd.models.symmetry import renamings
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

PROBE_ANGSTROM = 0.01
"""Half the distance of the two points that the divergence is taken from: a tenth of a stiff bond's amplitude."""


@dataclass(frozen=True, kw_only=True)
class ScoreMatching:
    """Hyvärinen's loss for the density exp(−E/k_B T): the mean of ½|F|² + k_B T ∇·F.

    Its minimum over potentials is the one whose canonical density the structures have; no forces are needed.  The
    divergence is taken along a random direction v, vᵀ(F(x + εv) − F(x − εv))/2ε, whose mean over v is the trace.

    Attributes:
        field: what is trained.
        positions: structures, Å.
        thermal_energy: k_B T, kcal/mol.
        symmetries: permutations of the atoms that keep the bond graph.
        batch: structures per step.

    Reference: Hyvärinen, J. Mach. Learn. Res. 6, 695 (2005); the trace, Hutchinson (1990).
    """

    field: ForceField
    positions: Float[Tensor, "structures atoms 3"]
    thermal_energy: float
    symmetries: Int[Tensor, "symmetries atoms"]
    batch: int

    @classmethod
    def of(cls, field: ForceField, training: TrainingData, *, batch: int) -> ScoreMatching:
        """On every structure of the training data, at the temperature that its velocities show."""
        return cls(
            field=field,
            positions=torch.from_numpy(training.structures()).float(),
            thermal_energy=thermal_energy(training.windows),
            symmetries=renamings(training.molecule, only_identity=not field.renames_equal_atoms),
            batch=batch,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch, over the squared scale of the forces."""
        some = torch.randint(len(self.positions), (self.batch,), generator=generator)
        order = self.symmetries[torch.randint(len(self.symmetries), (), generator=generator)]
        positions = self.positions[some][:, order].to(self.field.network.centre.device)
        probe = torch.randn(positions.shape, generator=generator).to(positions.device)
        shifted = torch.cat([positions, positions + PROBE_ANGSTROM * probe, positions - PROBE_ANGSTROM * probe])
        here, ahead, behind = self.field.energies_and_forces(shifted)[1].chunk(3)
        divergence = ((ahead - behind) * probe).sum((1, 2)) / (2 * PROBE_ANGSTROM)
        loss = 0.5 * here.square().sum((1, 2)) + self.thermal_energy * divergence
        return loss.mean() / (positions[0].numel() * self.field.network.energy_scale**2)


def thermal_energy(windows: Windows) -> float:
    """k_B T in kcal/mol from the kinetic energy of vibration: Σ m v² / (3N − 6), drift and spin taken out."""
    molecule = windows.molecule
    velocities = without_drift_and_spin(windows.positions, windows.velocities, molecule.masses)
    doubled = np.einsum("a,wad,wad->w", molecule.masses, velocities, velocities).mean()
    # Two atoms have one vibration.
    return float(doubled / max(3 * molecule.n_atoms - 6, 1) / KCAL_PER_MOL_PER_ANGSTROM_PER_U)
