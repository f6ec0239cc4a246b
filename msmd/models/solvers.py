"""Solvers of the modal equations of motion: symplectic steps of our own, and torchdiffeq's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import nn

from msmd.errors import DivergedError
from msmd.models.motion import Motion, Thermostat


@runtime_checkable
class Solver(Protocol):
    """Anything that carries a motion on in equal steps."""

    step_fs: float

    def states(self, start: Motion, n_steps: int) -> Iterator[Motion]:
        """The motion after each of ``n_steps`` steps; the start is not repeated."""
        ...


@dataclass(frozen=True, kw_only=True)
class VelocityVerlet:
    """Kick, drift, kick with one time step for all forces; second order, reversible, symplectic without thermostat.

    Attributes:
        field: energy, acceleration and inverse distances at Y (``ModalField``).
        thermostat: what drives ξ.
        step_fs: time step.
    """

    field: nn.Module
    thermostat: Thermostat
    step_fs: float

    def states(self, start: Motion, n_steps: int) -> Iterator[Motion]:
        """The motion after each step."""
        now, step = start, self.step_fs
        for _ in range(n_steps):
            momenta, friction = self.thermostat.half_step(now.momenta, now.friction, step)
            momenta = momenta + 0.5 * step * now.acceleration
            coordinates = now.coordinates + step * momenta
            _, acceleration, inverse = self.field(coordinates)
            momenta = momenta + 0.5 * step * acceleration
            momenta, friction = self.thermostat.half_step_back(momenta, friction, step)
            now = Motion(
                coordinates=coordinates,
                momenta=momenta,
                acceleration=acceleration,
                friction=friction,
                inverse_distances=inverse,
            )
            yield now


@dataclass(frozen=True, kw_only=True)
class MultipleTimeSteps:
    """r-RESPA with a learned split: a small fast field at every inner step, the rest of the full one at every outer.

    A = A_fast + A_slow, with A_slow = A − A_fast kicked at both ends of an outer step.  The fast field carries the bond
    vibrations, so that the remainder is small and changes slowly, and the expensive field is called seldom.

    Attributes:
        field: the full field.
        fast: the small one.
        thermostat: what drives ξ, at the inner step.
        step_fs: outer step.
        n_inner: inner steps per outer one.

    Reference: Tuckerman, Berne and Martyna, J. Chem. Phys. 97, 1990 (1992).
    """

    field: nn.Module
    fast: nn.Module
    thermostat: Thermostat
    step_fs: float
    n_inner: int

    def states(self, start: Motion, n_steps: int) -> Iterator[Motion]:
        """The motion after each outer step."""
        step, inner = self.step_fs, self.step_fs / self.n_inner
        coordinates, momenta, friction = start.coordinates, start.momenta, start.friction
        quick = self.fast(coordinates)[1]
        slow = start.acceleration - quick
        for _ in range(n_steps):
            momenta = momenta + 0.5 * step * slow
            for _ in range(self.n_inner):
                momenta, friction = self.thermostat.half_step(momenta, friction, inner)
                momenta = momenta + 0.5 * inner * quick
                coordinates = coordinates + inner * momenta
                quick = self.fast(coordinates)[1]
                momenta = momenta + 0.5 * inner * quick
                momenta, friction = self.thermostat.half_step_back(momenta, friction, inner)
            _, acceleration, inverse = self.field(coordinates)
            slow = acceleration - quick
            momenta = momenta + 0.5 * step * slow
            yield Motion(
                coordinates=coordinates,
                momenta=momenta,
                acceleration=acceleration,
                friction=friction,
                inverse_distances=inverse,
            )


@dataclass(frozen=True, kw_only=True)
class Torchdiffeq:
    """The same equations through torchdiffeq, for comparison; its adaptive methods share one step among all columns.

    Attributes:
        field: energy, acceleration and inverse distances at Y (``ModalField``).
        thermostat: what drives ξ.
        step_fs: time between yielded states; also the step of the fixed-grid methods.
        method: such as ``"dopri5"`` or ``"rk4"``.
        tolerance: relative and, times 1e-3, absolute tolerance of the adaptive methods.

    Reference: Chen, Rubanova, Bettencourt and Duvenaud, NeurIPS 2018.
    """

    field: nn.Module
    thermostat: Thermostat
    step_fs: float
    method: str
    tolerance: float = 1e-5

    def states(self, start: Motion, n_steps: int) -> Iterator[Motion]:
        """The motion after each step.

        Raises:
            DivergedError: when an adaptive method meets a path that runs away.
        """
        from torchdiffeq import odeint

        def slope(_: torch.Tensor, state: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            coordinates, momenta, friction = state
            acceleration = self.field(coordinates)[1]
            return momenta, acceleration - friction * momenta, self.thermostat.rate(momenta)

        state = (start.coordinates, start.momenta, start.friction)
        times = torch.tensor([0.0, self.step_fs], dtype=start.coordinates.dtype, device=start.coordinates.device)
        for _ in range(n_steps):
            try:
                solution = odeint(
                    slope, state, times, method=self.method, rtol=self.tolerance, atol=1e-3 * self.tolerance
                )
            except AssertionError as refusal:  # torchdiffeq's checks of its state and of its step
                raise DivergedError(
                    f"{self.method} cannot go on: one of the paths that it solves together has left the range of its "
                    "numbers. Ask for a shorter time or fewer members, or take solver=multiple-time-steps, where a "
                    "path that runs away costs no other."
                ) from refusal
            state = tuple(part[-1] for part in solution)
            coordinates, momenta, friction = state
            _, acceleration, inverse = self.field(coordinates)
            yield Motion(
                coordinates=coordinates,
                momenta=momenta,
                acceleration=acceleration,
                friction=friction,
                inverse_distances=inverse,
            )
