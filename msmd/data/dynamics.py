"""Molecular dynamics with any force: velocity Verlet for reference motion, BAOAB Langevin for canonical starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U


@runtime_checkable
class ForceField(Protocol):
    """Anything that gives energy (kcal/mol) and forces (kcal/mol/Å) at positions (Å)."""

    def energy_and_forces(
        self, positions: Float[np.ndarray, "atoms 3"]
    ) -> tuple[float, Float[np.ndarray, "atoms 3"]]: ...


@dataclass(frozen=True, kw_only=True)
class State:
    """One instant of a simulation: positions (Å), velocities (Å/fs), energy (kcal/mol), forces (kcal/mol/Å)."""

    positions: Float[np.ndarray, "atoms 3"]
    velocities: Float[np.ndarray, "atoms 3"]
    energy: float
    forces: Float[np.ndarray, "atoms 3"]


def start_state(
    force_field: ForceField, positions: Float[np.ndarray, "atoms 3"], velocities: Float[np.ndarray, "atoms 3"]
) -> State:
    """The state at given positions and velocities."""
    energy, forces = force_field.energy_and_forces(positions)
    return State(positions=positions, velocities=velocities, energy=energy, forces=forces)


def velocity_verlet(
    force_field: ForceField, state: State, masses: Float[np.ndarray, " atoms"], dt_fs: float
) -> Iterator[State]:
    """Endless constant-energy motion, one state per step of ``dt_fs``; the start itself is not repeated."""
    inverse = KCAL_PER_MOL_PER_ANGSTROM_PER_U / masses[:, None]
    while True:
        half = state.velocities + 0.5 * dt_fs * inverse * state.forces
        positions = state.positions + dt_fs * half
        energy, forces = force_field.energy_and_forces(positions)
        velocities = half + 0.5 * dt_fs * inverse * forces
        state = State(positions=positions, velocities=velocities, energy=energy, forces=forces)
        yield state


def langevin_baoab(
    force_field: ForceField,
    state: State,
    masses: Float[np.ndarray, " atoms"],
    dt_fs: float,
    *,
    temperature_kelvin: float,
    friction_per_fs: float,
    random: np.random.Generator,
) -> Iterator[State]:
    """Endless Langevin motion at ``temperature_kelvin``, one state per step.

    The BAOAB splitting: half a kick, half a drift, the exact Ornstein–Uhlenbeck update of the velocities, half a
    drift, half a kick.  Reference: Leimkuhler and Matthews, Appl. Math. Res. Express 2013, 34.
    """
    inverse = KCAL_PER_MOL_PER_ANGSTROM_PER_U / masses[:, None]
    keep = np.exp(-friction_per_fs * dt_fs)
    thermal = np.sqrt(BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * temperature_kelvin * inverse * (1.0 - keep**2))
    while True:
        velocities = state.velocities + 0.5 * dt_fs * inverse * state.forces
        positions = state.positions + 0.5 * dt_fs * velocities
        velocities = keep * velocities + thermal * random.standard_normal(velocities.shape)
        positions = positions + 0.5 * dt_fs * velocities
        energy, forces = force_field.energy_and_forces(positions)
        velocities = velocities + 0.5 * dt_fs * inverse * forces
        state = State(positions=positions, velocities=velocities, energy=energy, forces=forces)
        yield state


def thermal_velocities(
    masses: Float[np.ndarray, " atoms"], temperature_kelvin: float, random: np.random.Generator
) -> Float[np.ndarray, "atoms 3"]:
    """Velocities in Å/fs drawn from the Maxwell–Boltzmann distribution."""
    variance = BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * temperature_kelvin * KCAL_PER_MOL_PER_ANGSTROM_PER_U / masses
    return np.sqrt(variance)[:, None] * random.standard_normal((len(masses), 3))
