"""Trajectory matching: the potential learns from where the motion goes, through the solver."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.models.dense_output import rollout
from msmd.models.flights import Flights
from msmd.models.modal_field import ForceField
from msmd.models.motion import Motion
from msmd.models.solvers import Solver
from msmd.models.symmetry import renamings
from msmd.molecule import Molecule

ROBUST_ANGSTROM = 0.05
"""Errors beyond this grow linearly in the loss: a pair on the far side of a barrier must not rule the gradient."""


@dataclass(frozen=True, kw_only=True)
class TrajectoryMatching:
    """Mean robust distance between where the solver passes and where the motion was.

    loss = mean of ρ((x̂(τ) − x(τ)) / s(τ)), with ρ(e) = 2 δ² (sqrt(1 + e²/δ²) − 1) and s(τ) = σ τ²/(τ² + τ₀²): early
    errors are small and count as much as late ones.

    Attributes:
        field: what is trained.
        solver: carries the motion on, driven by the field.
        flights: starts, and the frames around them.
        symmetries: permutations of the atoms that keep the bond graph.
        batch: flights per step.
    """

    field: ForceField
    solver: Solver
    flights: Flights
    symmetries: Int[Tensor, "symmetries atoms"]
    batch: int

    @classmethod
    def of(
        cls, field: ForceField, solver: Solver, flights: Flights, molecule: Molecule, *, batch: int
    ) -> TrajectoryMatching:
        """With equal atoms renamed at random, where the field does not know that they are equal."""
        symmetries = renamings(molecule, only_identity=not field.renames_equal_atoms)
        return cls(field=field, solver=solver, flights=flights, symmetries=symmetries, batch=batch)

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        some = torch.randint(len(self.flights), (self.batch,), generator=generator)
        order = self.symmetries[torch.randint(len(self.symmetries), (), generator=generator)]
        geometry = self.field.geometry
        flights = self.flights.take(some).to(geometry.to_modal.device)
        coordinates = geometry.modal(flights.positions[:, order])
        _, acceleration, inverse = self.field(coordinates)
        start = Motion(
            coordinates=coordinates,
            momenta=geometry.modal(flights.velocities[:, order]),
            acceleration=acceleration,
            friction=torch.zeros_like(coordinates[0, 0]),
            inverse_distances=inverse,
        )
        modal, _ = rollout(self.solver, start, flights.times_fs, _anything)
        found = geometry.nodal(modal.flatten(0, 1).permute(1, 2, 0)).reshape(flights.targets.shape)
        errors = (found - flights.targets[:, :, order]) / error_scale(flights.times_fs)[..., None, None]
        limit = ROBUST_ANGSTROM / ERROR_ANGSTROM
        robust = 2 * limit**2 * ((1 + (errors / limit).square()).sqrt() - 1)
        return robust[flights.is_known].mean().float()


ERROR_ANGSTROM, SATURATION_FS = 0.05, 50.0
"""A constant error of the force grows as τ² at first, and no further than a vibration's amplitude."""


def error_scale(lags_fs: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """σ τ²/(τ² + τ₀²), in Å, but never below the rounding of stored positions."""
    return (ERROR_ANGSTROM * lags_fs**2 / (lags_fs**2 + SATURATION_FS**2)).clamp(min=5e-4)


def _anything(inverse_distances: Tensor) -> Tensor:
    """Nothing is stopped while training: the gradient has to see the mistakes."""
    return torch.ones(inverse_distances.shape[-1], dtype=torch.bool, device=inverse_distances.device)
