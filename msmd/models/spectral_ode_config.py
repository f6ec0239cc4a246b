"""What can be chosen about a SpectralODE."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field

from msmd.errors import ProtocolError, unknown_name
from msmd.models.basis import BASES
from msmd.models.direct_config import DirectConfig
from msmd.models.fields import FIELDS
from msmd.models.training_plan import PlanConfig

EVOLUTIONS = ("ode", "direct")
SOLVERS = ("multiple-time-steps", "verlet", "dopri5", "rk4")

MAX_MEMBERS = 64
"""Most members that an ensemble can have."""


@dataclass(frozen=True, kw_only=True)
class SpectralODEConfig:
    """Everything that can be chosen about a SpectralODE; the defaults are the model, the rest are its ablations.

    Attributes:
        evolution: ``"ode"``, or ``"direct"``: the modes by a network of the time, without an ODE (``DirectInTime``).
        field: ``"pairs"``, the invariant potential of all distances; ``"body-frame"``, forces from coordinates in the
            body frame; ``"separable"``, a potential for every mode alone.  The fast part is one of pairs whatever the
            field: it is matched to the field's forces, and what it cannot say is left to the outer step.
        basis: coordinates of the state; orthonormal, so that it changes the forecast only when modes are dropped.
        n_modes: how many modes move, the first ones; None for all.  The others keep their place.
        widths: hidden layers of the potential.
        fast_widths: hidden layers of the fast part.
        solver: ``"multiple-time-steps"``, ``"verlet"``, or a method of torchdiffeq.
        tolerance: relative error per step of ``"dopri5"``; a thousandth of it is the absolute one.
        step_fs: outer step.
        n_inner: inner steps per outer step, with multiple time steps.
        n_members: members of the ensemble that is averaged; the first is the given start, the others come in pairs.
        momentum_spread: size of the members' perturbation, rms impulse over that of the internal motion; None lets
            ``calibrate`` choose.
        friction_spread_per_fs: standard deviation of ξ(0) over the members, where there is a thermostat, at MD17's
            usual frequency; proportional to the frequency, as equipartition of Qξ² has it.
        temperature_kelvin: of the thermostat; None at constant energy.
        thermostat_wavenumber: its ω in cm⁻¹; None lets ``calibrate`` choose.
        n_remembered: training windows that it remembers (``Memory``), one more thing to fall back on; None for up to
            500 where no forces are known, and none where they are.
        n_remembered_times: times at which it remembers them; set by what is remembered.
        seed: of the weights and the members' perturbations.
        plan: how it is trained.
        direct: the network and its training under ``evolution="direct"``, which ``plan`` does not reach.

    Raises:
        UnknownNameError: for an evolution, field, basis or solver that does not exist.
        ProtocolError: for a number that cannot be, or a field where there is no ODE.
    """

    evolution: str = "ode"
    field: str = "pairs"
    basis: str = "graph"
    n_modes: int | None = None
    widths: tuple[int, ...] = (256, 256)
    fast_widths: tuple[int, ...] = (32,)
    solver: str = "multiple-time-steps"
    tolerance: float = 1e-5
    step_fs: float = 2.0
    n_inner: int = 4
    n_members: int = 9
    momentum_spread: float | None = None
    friction_spread_per_fs: float = 0.05
    temperature_kelvin: float | None = None
    thermostat_wavenumber: float | None = None
    n_remembered: int | None = None
    n_remembered_times: int = 0
    seed: int = 0
    plan: PlanConfig = dataclass_field(default_factory=PlanConfig)
    direct: DirectConfig = dataclass_field(default_factory=DirectConfig)

    def __post_init__(self) -> None:
        for name, choices in (("evolution", EVOLUTIONS), ("field", FIELDS), ("basis", BASES), ("solver", SOLVERS)):
            if getattr(self, name) not in choices:
                raise unknown_name(name, getattr(self, name), choices)
        if self.evolution == "direct" and self.field != "pairs":
            raise ProtocolError(
                f"evolution is 'direct' and field is {self.field!r}; without an ODE there is no force field to choose. "
                "Leave one of the two out."
            )
        if not 0.0 < self.tolerance < 1.0:
            raise ProtocolError(f"tolerance is {self.tolerance}; expected a number between 0 and 1, such as 1e-5.")
        for name in ("step_fs", "n_inner", "n_members"):
            if not getattr(self, name) > 0:
                raise ProtocolError(f"{name} is {getattr(self, name)}; expected a positive number.")
        if self.n_members > MAX_MEMBERS:
            raise ProtocolError(f"n_members is {self.n_members}; expected 1 to {MAX_MEMBERS}.")
        if self.thermostat_wavenumber is not None and not self.thermostat_wavenumber > 0:
            raise ProtocolError(
                f"thermostat_wavenumber is {self.thermostat_wavenumber}; expected a positive number, or none for the "
                "one that calibration finds."
            )
