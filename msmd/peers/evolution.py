"""From a vector field and a state to the state at any times, by torchdiffeq."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torchdiffeq import odeint

from msmd.errors import DivergedError

VectorField = Callable[[Tensor, Tensor], Tensor]
"""dy/dt = f(t, y), with t a scalar in horizons and y of shape (windows, …)."""

NODES_PER_HORIZON = 32
"""Where windows have times of their own, the solution is kept at this many nodes per horizon and interpolated.
torchdiffeq's cost of going backwards grows with the square of the number of output times: 400 of them made a step of
LG-ODE seventy times dearer than 8.  The cubic's error, 0.023 (ω/32)⁴ at ω radians per horizon, is below the papers'
tolerance of 1e-3 up to ω = 14, and the fields learned from windows are slower than that."""

SHORTEST_STEP = 1e-3
"""In horizons.  A field that has become stiff in training is then solved badly, at a cost of 6000 calls a horizon at
most, instead of bringing the run to a halt."""


@dataclass(frozen=True, kw_only=True)
class DormandPrince:
    """torchdiffeq's dopri5 with these tolerances, on every state component."""

    relative_tolerance: float
    absolute_tolerance: float

    def solve(
        self, field: VectorField, state: Float[Tensor, "windows ..."], times: Float[Tensor, " nodes"]
    ) -> Float[Tensor, "nodes windows ..."]:
        """The solution at ascending times, the first of which is 0.

        Raises:
            DivergedError: when the state grows beyond all numbers, or starts there.
        """
        try:
            return odeint(
                field,
                state,
                times,
                method="dopri5",
                rtol=self.relative_tolerance,
                atol=self.absolute_tolerance,
                options={"min_step": SHORTEST_STEP},
            )
        except AssertionError as refusal:  # torchdiffeq's check of its state
            raise DivergedError(
                f"A neural ODE left the range of its numbers before {float(times[-1]):g} horizons: its field has "
                "become too steep, or its input is not finite. Train it with a smaller learning rate, or ask for "
                "a shorter time."
            ) from refusal


def solve_at_times(
    field: VectorField,
    state: Float[Tensor, "windows ..."],
    times: Float[Tensor, "windows times"],
    solver: DormandPrince,
) -> Float[Tensor, "windows times ..."]:
    """The solution of dy/dt = f(t, y), y(0) = state, at each window's own times in horizons (zero allowed, any order).

    All windows are solved as one system and share the steps of an adaptive solver, so that a window's result depends on
    the others of its batch, by less than the tolerance.  Few different times are solved for exactly; many are
    interpolated by cubics between ``NODES_PER_HORIZON`` nodes.

    >>> exact = DormandPrince(relative_tolerance=1e-6, absolute_tolerance=1e-6)
    >>> decayed = solve_at_times(lambda t, y: -y, torch.ones(2, 1), torch.tensor([[1.0], [2.0]]), exact)
    >>> torch.allclose(decayed[:, 0, 0], torch.tensor([-1.0, -2.0]).exp(), atol=1e-5)
    True
    """
    distinct, places = torch.unique(times, return_inverse=True)
    if len(distinct) > NODES_PER_HORIZON:
        return _interpolated(solver.solve(field, state, _nodes(distinct)), times)
    if distinct[0] > 0:
        distinct, places = torch.cat([distinct.new_zeros(1), distinct]), places + 1
    if len(distinct) == 1:
        return state[:, None].expand(-1, times.shape[1], *state.shape[1:])
    return _of_each_window(solver.solve(field, state, distinct), places)


def apply_once(
    field: VectorField,
    state: Float[Tensor, "windows ..."],
    times: Float[Tensor, "windows times"],
    solver: DormandPrince,
) -> Float[Tensor, "windows times ..."]:
    """No ODE: f(0, state) at every time alike (GF-NODE's ablation of the temporal part)."""
    return field(times.new_zeros(()), state)[:, None].expand(-1, times.shape[1], *state.shape[1:])


EVOLUTIONS: dict[str, Callable[[VectorField, Tensor, Tensor, DormandPrince], Tensor]] = {
    "ode": solve_at_times,
    "none": apply_once,
}
"""How a state gets from the start to the times, by its name in a config."""


def _nodes(times: Float[Tensor, " distinct"]) -> Float[Tensor, " nodes"]:
    """Evenly spaced from 0 to beyond the last time, at places that do not depend on it; four at least, for a cubic."""
    n_intervals = max(int(torch.ceil(times.max() * NODES_PER_HORIZON)), 3)
    return torch.arange(n_intervals + 1, dtype=times.dtype, device=times.device) / NODES_PER_HORIZON


def _interpolated(
    solution: Float[Tensor, "nodes windows ..."], times: Float[Tensor, "windows times"]
) -> Float[Tensor, "windows times ..."]:
    """Lagrange's cubic through the four nodes about each time."""
    scaled = times * NODES_PER_HORIZON
    first = (scaled.floor().long() - 1).clamp(0, len(solution) - 4)
    offset = scaled - first
    total: Tensor | float = 0.0
    for node in range(4):
        weight = torch.ones_like(offset)
        for other in {0, 1, 2, 3} - {node}:
            weight = weight * (offset - other) / (node - other)
        values = _of_each_window(solution, first + node)
        total = total + weight.view(*weight.shape, *[1] * (values.ndim - 2)) * values
    return total


def _of_each_window(
    solution: Float[Tensor, "nodes windows ..."], places: Int[Tensor, "windows times"]
) -> Float[Tensor, "windows times ..."]:
    """The nodes that each window asks for."""
    return solution[places, torch.arange(len(places), device=places.device)[:, None]]
