"""One instant of the motion in modal coordinates, and the thermostat that may drive it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from msmd.units import (
    BOLTZMANN_KCAL_PER_MOL_PER_KELVIN,
    KCAL_PER_MOL_PER_ANGSTROM_PER_U,
    WAVENUMBER_PER_INVERSE_FS,
)

THERMOSTAT_WAVENUMBER = 2435.0
"""ω of MD17's Nosé–Hoover thermostat in cm⁻¹, found by fitting three consecutive frames with their forces.

Not benzene's, whose thermostat answers six times more slowly (docs/experiments.md, section 7).
"""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """State of all columns: dY/dt = P, dP/dt = A − ξP.

    Attributes:
        coordinates: Y in Å·u^{1/2}.
        momenta: P in Å·u^{1/2}/fs (mass-weighted velocities).
        acceleration: A, the field at Y, Å·u^{1/2}/fs².
        friction: ξ in 1/fs, zero at constant energy.
        inverse_distances: 1/|x_i − x_j| at Y, Å⁻¹.
    """

    coordinates: Float[Tensor, "modes 3 columns"]
    momenta: Float[Tensor, "modes 3 columns"]
    acceleration: Float[Tensor, "modes 3 columns"]
    friction: Float[Tensor, " columns"]
    inverse_distances: Float[Tensor, "pairs columns"]

    @property
    def total_acceleration(self) -> Float[Tensor, "modes 3 columns"]:
        """dP/dt = A − ξP, which the interpolation between steps needs."""
        return self.acceleration - self.friction * self.momenta


@dataclass(frozen=True, kw_only=True)
class NoseHoover:
    """MD17's thermostat: dξ/dt = (2K − 3N k_B T)/Q with Q = 2·3N k_B T/ω².

    All 3N degrees of freedom are counted, as MD17 did although its molecules neither drift nor spin.

    Attributes:
        n_atoms: N.
        temperature_kelvin: T.
        wavenumber: ω in cm⁻¹.

    Reference: Hoover, Phys. Rev. A 31, 1695 (1985).
    """

    n_atoms: int
    temperature_kelvin: float
    wavenumber: float = THERMOSTAT_WAVENUMBER
    slows_drift: ClassVar[bool] = True
    """Friction acts on every momentum, that of the centre of mass included."""

    def half_step(
        self, momenta: Float[Tensor, "modes 3 columns"], friction: Float[Tensor, " columns"], dt_fs: float
    ) -> tuple[Float[Tensor, "modes 3 columns"], Float[Tensor, " columns"]]:
        """Momenta and ξ after half a step before the kick: ξ by dξ/dt, then P by exp(−ξ dt/2)."""
        friction = friction + 0.5 * dt_fs * self.rate(momenta)
        return momenta * torch.exp(-0.5 * dt_fs * friction), friction

    def half_step_back(
        self, momenta: Float[Tensor, "modes 3 columns"], friction: Float[Tensor, " columns"], dt_fs: float
    ) -> tuple[Float[Tensor, "modes 3 columns"], Float[Tensor, " columns"]]:
        """The mirror image of ``half_step``, after the kick, which makes the whole step reversible."""
        momenta = momenta * torch.exp(-0.5 * dt_fs * friction)
        return momenta, friction + 0.5 * dt_fs * self.rate(momenta)

    def rate(self, momenta: Float[Tensor, "modes 3 columns"]) -> Float[Tensor, " columns"]:
        """dξ/dt in 1/fs²: (ω²/2) (2K / 3N k_B T − 1)."""
        omega = 2.0 * torch.pi * self.wavenumber / WAVENUMBER_PER_INVERSE_FS
        thermal = 3 * self.n_atoms * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * self.temperature_kelvin
        ratio = momenta.square().sum((0, 1)) / (thermal * KCAL_PER_MOL_PER_ANGSTROM_PER_U)
        return 0.5 * omega**2 * (ratio - 1.0)


@dataclass(frozen=True)
class ConstantEnergy:
    """No thermostat: ξ stays what it is, and nothing is rubbed."""

    slows_drift: ClassVar[bool] = False
    """The centre of mass flies straight on."""

    def half_step(
        self, momenta: Float[Tensor, "modes 3 columns"], friction: Float[Tensor, " columns"], dt_fs: float
    ) -> tuple[Float[Tensor, "modes 3 columns"], Float[Tensor, " columns"]]:
        """Unchanged."""
        return momenta, friction

    half_step_back = half_step

    def rate(self, momenta: Float[Tensor, "modes 3 columns"]) -> Float[Tensor, " columns"]:
        """Zero."""
        return torch.zeros_like(momenta[0, 0])


Thermostat = NoseHoover | ConstantEnergy
