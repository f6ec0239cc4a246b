"""What can be chosen about a SpectralODE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from msmd.errors import ProtocolError
from msmd.models.basis import BasisName
from msmd.models.training_plan import PlanConfig


@dataclass(frozen=True, kw_only=True)
class SpectralODEConfig:
    """Everything that can be chosen about a SpectralODE; the defaults are the model, the rest are its ablations.

    Attributes:
        basis: coordinates of the state; orthonormal, so that it changes the forecast only when modes are dropped.
        n_modes: how many modes move, the first ones; None for all.  The others keep their place.
        widths: hidden layers of the potential.
        fast_widths: hidden layers of the fast part.
        solver: ``"multiple-time-steps"``, ``"verlet"``, or a method of torchdiffeq.
        step_fs: outer step.
        n_inner: inner steps per outer step, with multiple time steps.
        n_members: members of the ensemble that is averaged.
        momentum_spread: size of the members' perturbation, rms impulse over the momentum's own size; None lets
            ``calibrate`` choose.
        friction_spread_per_fs: standard deviation of ξ(0) over the members, where there is a thermostat.
        temperature_kelvin: of the thermostat; None at constant energy.
        seed: of the weights and the members' perturbations.
        plan: how it is trained.
    """

    basis: BasisName = "graph"
    n_modes: int | None = None
    widths: tuple[int, ...] = (256, 256)
    fast_widths: tuple[int, ...] = (32,)
    solver: Literal["multiple-time-steps", "verlet", "dopri5", "rk4"] = "multiple-time-steps"
    step_fs: float = 2.0
    n_inner: int = 4
    n_members: int = 8
    momentum_spread: float | None = None
    friction_spread_per_fs: float = 0.05
    temperature_kelvin: float | None = None
    seed: int = 0
    plan: PlanConfig = field(default_factory=PlanConfig)

    def __post_init__(self) -> None:
        for name in ("step_fs", "n_inner", "n_members"):
            if not getattr(self, name) > 0:
                raise ProtocolError(f"{name} is {getattr(self, name)}; expected a positive number.")
