"""The times that a forecast is asked for, and where it can start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from msmd.data.sampling import is_continuous
from msmd.trajectory import Trajectory, nearest_frames

HORIZONS_FS = (50.0, 150.0, 400.0, 800.0, 1500.0, 3000.0, 6000.0)
"""The edges of the horizon bands, and the two long horizons."""

STEPS_FS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 187.5)
"""Up to 16 fs the C–H stretch (11 fs) can be seen or guessed; 187.5 fs is the papers' spacing, an eighth of 1.5 ps."""

MAX_TIMES = 1500
"""More would take the player longer to pack than a page action may."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How the times are laid out.

    Attributes:
        sampling: a name in ``SAMPLINGS``.
        horizon_fs: the last time.
        step_fs: between even times; the mean distance of irregular ones.
        custom_fs: the times of ``"custom"``.
    """

    sampling: str
    horizon_fs: float
    step_fs: float
    custom_fs: tuple[float, ...] = ()


def possible_starts(trajectory: Trajectory, horizon_fs: float) -> Int[np.ndarray, " starts"]:
    """Frames with a known velocity and the whole horizon after them."""
    frames = trajectory.start_frames
    return frames[trajectory.times_fs[frames] + horizon_fs <= trajectory.times_fs[-1] + 1e-6]


def possible_horizons(trajectory: Trajectory) -> tuple[float, ...]:
    """The horizons that fit into the trajectory after its first possible start; empty where it has none."""
    if len(trajectory.start_frames) == 0:
        return ()
    longest = trajectory.times_fs[-1] - trajectory.times_fs[trajectory.start_frames[0]]
    fitting = tuple(h for h in HORIZONS_FS if h <= longest)
    return fitting or ((float(longest),) if longest > 0 else ())


def possible_steps(horizon_fs: float) -> tuple[float, ...]:
    """The time steps on offer: none longer than the horizon, none that takes more than ``MAX_TIMES`` times to it."""
    fitting = tuple(step for step in STEPS_FS if horizon_fs / MAX_TIMES <= step <= horizon_fs)
    return fitting or (horizon_fs,)


def forecast_times(trajectory: Trajectory, start: int, timing: Timing) -> Float[np.ndarray, " times"]:
    """Times after the start in fs, ascending, the start itself first; of more than ``MAX_TIMES``, so many of them.

    Where positions between stored frames are not known, the nearest stored frames' times are taken instead.
    """
    wanted = SAMPLINGS[timing.sampling](timing)
    wanted = wanted[(wanted > 0) & (wanted <= timing.horizon_fs + 1e-6)]
    if len(wanted) > MAX_TIMES:
        wanted = wanted[np.linspace(0, len(wanted) - 1, MAX_TIMES).round().astype(int)]
    if not is_continuous(trajectory):
        later = trajectory.times_fs[start + 1 :] - trajectory.times_fs[start]
        wanted = later[nearest_frames(later, wanted)] if len(later) else later
    return np.unique(np.concatenate([[0.0], wanted]))


def _even(timing: Timing) -> np.ndarray:
    return timing.step_fs * np.arange(1, int(timing.horizon_fs / timing.step_fs + 1e-9) + 1)


def _irregular(timing: Timing) -> np.ndarray:
    """As many random times as there would be even ones; drawn from a fixed seed, so that a link shows the same."""
    n_times = max(int(timing.horizon_fs / timing.step_fs + 1e-9), 1)
    return np.sort(timing.horizon_fs * (1.0 - np.random.default_rng(0).random(n_times)))


def _custom(timing: Timing) -> np.ndarray:
    return np.array(sorted(timing.custom_fs), dtype=float)


SAMPLINGS: dict[str, Callable[[Timing], np.ndarray]] = {"even": _even, "irregular": _irregular, "custom": _custom}
"""How times are laid out, by the name in the URL."""
