"""Refinement: a potential that knows its forces learns from the motion too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from msmd.models.flights import flights_along
from msmd.models.force_matching import ForceMatching
from msmd.models.labels import Labels
from msmd.models.modal_field import ForceField
from msmd.models.solvers import Solver
from msmd.models.trajectory_matching import TrajectoryMatching

FORCE_WEIGHT = 300.0
"""Of the force error beside the flights': with less the labels are forgotten, with more the motion (experiments)."""

MAX_STARTS = 8000
"""At most: each start keeps two flights, forwards and backwards, in memory."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """Where the motion goes between stored frames, and the labelled forces beside it.

    Stored positions are rounded, and the force at a rounded position is another one: 1e-4 Å along a stiff bond is .2
    kcal/mol/Å.  Force matching learns up to that noise, and from labelled frames only.  Over tens of femtoseconds it
    averages out, and every frame with a velocity is a start.

    The motion goes through the solver of the finished forecaster, short and long steps included; the fast part stays
    as it is, since the sum of both does not depend on it.

    Attributes:
        flights: the loss of the motion.
        forces: the loss of the labelled forces.
        fast: not trained.
    """

    flights: TrajectoryMatching
    forces: ForceMatching
    fast: ForceField

    @classmethod
    def of(
        cls,
        field: ForceField,
        fast: ForceField,
        solver: Solver,
        labels: Labels,
        *,
        longest_fs: float,
        batch: int,
    ) -> Refinement | None:
        """On the training frames; None where they lie too far apart, or no velocity is known exactly."""
        training = labels.training
        exact = [segment for segment in training.segments if segment.velocities_are_exact]
        flights = flights_along(exact, longest_fs, max_starts=MAX_STARTS) if exact else None
        if flights is None:
            return None
        return cls(
            flights=TrajectoryMatching.of(field, solver, flights, training.molecule, batch=batch),
            forces=ForceMatching.of(field, labels, batch=batch),
            fast=fast,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        with _frozen(self.fast):
            return self.flights(generator) + FORCE_WEIGHT * self.forces(generator)


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    """Inside, what is computed with the module does not reach its weights."""
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in weights:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in weights:
            weight.requires_grad_(True)
