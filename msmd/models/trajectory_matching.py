"""Trajectory matching: the potential learns from where the motion goes, through the solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.data.windows import TrainingData, Windows
from msmd.errors import ProtocolError
from msmd.frame import centre_of_mass
from msmd.models.dense_output import rollout
from msmd.models.modal_field import ModalField
from msmd.models.motion import Motion, Thermostat
from msmd.models.solvers import VelocityVerlet
from msmd.models.symmetry import renamings

ROBUST_ANGSTROM = 0.05
"""Errors beyond this grow linearly in the loss: a pair on the far side of a barrier must not rule the gradient."""


@dataclass(frozen=True, kw_only=True)
class Flights:
    """Starts and where the motion was a known time later.

    Attributes:
        positions, velocities: of the starts, centred and without drift, Å and Å/fs.
        lags_fs: times after the starts.
        targets: positions at those times about the same moving centre, Å.
    """

    positions: Float[Tensor, "flights atoms 3"]
    velocities: Float[Tensor, "flights atoms 3"]
    lags_fs: Float[Tensor, " flights"]
    targets: Float[Tensor, "flights atoms 3"]

    def __len__(self) -> int:
        """Number of flights."""
        return len(self.lags_fs)

    def up_to(self, longest_fs: float) -> Flights:
        """Those that last no longer."""
        return self.take(torch.nonzero(self.lags_fs <= longest_fs + 1e-6)[:, 0])

    def take(self, indices: Int[Tensor, " chosen"]) -> Flights:
        """The chosen ones."""
        names = ("positions", "velocities", "lags_fs", "targets")
        return Flights(**{name: getattr(self, name)[indices] for name in names})


def flights_of(windows: Windows, longest_fs: float) -> Flights:
    """Every (start, later frame) pair of the windows with a lag of at most ``longest_fs``.

    Raises:
        ProtocolError: when there is none.
    """
    window, column = np.nonzero(windows.times_fs <= longest_fs)
    if len(window) == 0:
        raise ProtocolError(
            f"No training window has a target within {longest_fs:g} fs; a potential without force labels needs such "
            "pairs: train with --sampling irregular."
        )
    masses = windows.molecule.masses
    centre = centre_of_mass(windows.positions, masses)
    drift = centre_of_mass(windows.velocities, masses)
    lags = windows.times_fs[window, column]
    path = centre[window] + drift[window] * lags[:, None]
    return Flights(
        positions=torch.tensor((windows.positions - centre[:, None])[window]),
        velocities=torch.tensor((windows.velocities - drift[:, None])[window]),
        lags_fs=torch.tensor(lags),
        targets=torch.tensor(windows.targets[window, column] - path[:, None]),
    )


@dataclass(frozen=True, kw_only=True)
class TrajectoryMatching:
    """Mean robust distance between where the solver arrives and where the motion was.

    loss = mean of ρ((x̂(τ) − x(τ)) / s(τ)), with ρ(e) = 2 δ² (sqrt(1 + e²/δ²) − 1) and s(τ) = σ τ²/(τ² + τ₀²): early
    errors are small and count as much as late ones.

    Attributes:
        field: what is trained.
        thermostat: as the data had it.
        flights: pairs to match.
        symmetries: permutations of the atoms that keep the bond graph.
        batch: flights per step.
        step_fs: of velocity Verlet.
    """

    field: ModalField
    thermostat: Thermostat
    flights: Flights
    symmetries: Int[Tensor, "symmetries atoms"]
    batch: int
    step_fs: float

    @classmethod
    def of(
        cls,
        field: ModalField,
        thermostat: Thermostat,
        training: TrainingData,
        *,
        longest_fs: float,
        batch: int,
        step_fs: float,
    ) -> TrajectoryMatching:
        """On all pairs of the training windows with lags up to ``longest_fs``."""
        return cls(
            field=field,
            thermostat=thermostat,
            flights=flights_of(training.windows, longest_fs),
            symmetries=renamings(training.molecule),
            batch=batch,
            step_fs=step_fs,
        )

    def __call__(self, generator: torch.Generator) -> Tensor:
        """The loss on one batch."""
        some = torch.randint(len(self.flights), (self.batch,), generator=generator)
        order = self.symmetries[torch.randint(len(self.symmetries), (), generator=generator)]
        flights = self.flights.take(some)
        geometry = self.field.geometry
        coordinates = geometry.modal(flights.positions[:, order])
        _, acceleration, inverse = self.field(coordinates)
        start = Motion(
            coordinates=coordinates,
            momenta=geometry.modal(flights.velocities[:, order]),
            acceleration=acceleration,
            friction=torch.zeros_like(coordinates[0, 0]),
            inverse_distances=inverse,
        )
        solver = VelocityVerlet(field=self.field, thermostat=self.thermostat, step_fs=self.step_fs)
        modal, _ = rollout(solver, start, flights.lags_fs[:, None], _anything)
        found = geometry.nodal(modal[:, 0].permute(1, 2, 0))
        errors = (found - flights.targets[:, order]) / error_scale(flights.lags_fs)[:, None, None]
        limit = ROBUST_ANGSTROM / ERROR_ANGSTROM
        return (2 * limit**2 * ((1 + (errors / limit).square()).sqrt() - 1)).mean().float()


ERROR_ANGSTROM, SATURATION_FS = 0.05, 50.0
"""A constant error of the force grows as τ² at first, and no further than a vibration's amplitude."""


def error_scale(lags_fs: Float[Tensor, " flights"]) -> Float[Tensor, " flights"]:
    """σ τ²/(τ² + τ₀²), in Å, but never below the rounding of stored positions."""
    return (ERROR_ANGSTROM * lags_fs**2 / (lags_fs**2 + SATURATION_FS**2)).clamp(min=5e-4)


def _anything(inverse_distances: Tensor) -> Tensor:
    """Nothing is stopped while training: the gradient has to see the mistakes."""
    return torch.ones(inverse_distances.shape[-1], dtype=torch.bool, device=inverse_distances.device)
