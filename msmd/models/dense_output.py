"""The motion at any times, by quintic Hermite interpolation inside the solver's steps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from msmd.models.motion import Motion
from msmd.models.solvers import Solver

TIME_SLACK_FS = 1e-6
"""A time this little after the end of a step belongs to that step, so that rounding costs no extra one."""


def quintic_hermite(
    before: Motion, after: Motion, columns: Tensor, fraction: Float[Tensor, " samples"], step_fs: float
) -> Float[Tensor, "modes 3 samples"]:
    """Y at a fraction θ of a step for some columns, from Y, P and dP/dt at both ends; sixth order in the step.

    The polynomial in θ of degree five that has these six values; exact at θ = 0 and θ = 1.
    """
    start = before.coordinates[..., columns]
    velocity = step_fs * before.momenta[..., columns]
    curvature = 0.5 * step_fs**2 * before.total_acceleration[..., columns]
    end_velocity = step_fs * after.momenta[..., columns]
    end_curvature = 0.5 * step_fs**2 * after.total_acceleration[..., columns]
    gap = after.coordinates[..., columns] - start - velocity - curvature
    rise = end_velocity - velocity - 2.0 * curvature
    bend = end_curvature - curvature
    cubic = 10.0 * gap - 4.0 * rise + bend
    quartic = -15.0 * gap + 7.0 * rise - 2.0 * bend
    fifth = 6.0 * gap - 3.0 * rise + bend
    inner = cubic + fraction * (quartic + fraction * fifth)
    return start + fraction * (velocity + fraction * (curvature + fraction * inner))


def rollout(
    solver: Solver,
    start: Motion,
    times_fs: Float[Tensor, "columns times"],
    is_sound: Callable[[Float[Tensor, "pairs columns"]], Bool[Tensor, " columns"]],
) -> tuple[Float[Tensor, "columns times modes 3"], Bool[Tensor, "columns times"]]:
    """Y at the wanted times of each column, and whether the column was still sound by then.

    Costs one march to the latest time; more output times cost next to nothing.  Once ``is_sound`` says no at the end of
    a step, all later times of that column, those inside the step included, count as unsound.
    """
    n_columns, n_times = times_fs.shape
    step = solver.step_fs
    index = ((times_fs - TIME_SLACK_FS) / step).floor().clamp(min=0).long().reshape(-1)
    order = torch.argsort(index, stable=True)
    n_steps = int(index.max()) + 1 if index.numel() else 0
    edges = torch.cumsum(torch.bincount(index, minlength=n_steps), 0).tolist()
    pieces, soundness = [], []
    alive = is_sound(start.inverse_distances)
    states = pairwise(chain([start], solver.states(start, n_steps)))
    for number, (before, after) in enumerate(states):
        alive = alive & is_sound(after.inverse_distances)
        wanted = order[(edges[number - 1] if number else 0) : edges[number]]
        if len(wanted):
            columns = wanted // n_times
            fraction = (times_fs.reshape(-1)[wanted] / step - number).to(before.coordinates.dtype)
            pieces.append(quintic_hermite(before, after, columns, fraction, step))
            soundness.append(alive[columns])
    found = torch.cat(pieces, dim=-1).permute(2, 0, 1)[torch.argsort(order)]
    sound = torch.cat(soundness)[torch.argsort(order)]
    return found.reshape(n_columns, n_times, *found.shape[1:]), sound.reshape(n_columns, n_times)
