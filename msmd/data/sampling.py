"""Which times of a window are asked for: even, irregular, or far beyond the training horizon.

Trajectories with a velocity at every frame give positions at any time; sparse ones (rMD17) only at the times of their
own frames, of which the samplings then choose.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from msmd.trajectory import Trajectory, nearest_frames

LONG_FACTOR = 4
"""The ``long`` sampling asks for this many horizons: 6 ps."""

COARSEST_FS = 5.0
"""Up to this spacing two frames and their velocities tell the path between them: a cubic is off by .3 % of a C–H
stretch (11 fs) at 4 fs and by 40 % at 11 fs."""

NEAR_ENOUGH = 0.25
"""A stored frame may stand for an even time when it is no further away than this part of the spacing."""

Sampling = Callable[[Trajectory, int, int, float, int, np.random.Generator], Float[np.ndarray, " times"] | None]
"""(segment, start frame, end of its range, horizon_fs, n_times, random) to times after the start in fs, ascending; None
where the range does not hold enough frames."""


def is_continuous(segment: Trajectory) -> bool:
    """True where positions can be had at any time: evenly and closely spaced frames, all with a velocity."""
    dt_fs = segment.dt_fs
    return dt_fs is not None and dt_fs <= COARSEST_FS and len(segment.start_frames) == segment.n_frames


def even(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> Float[np.ndarray, " times"] | None:
    """horizon·k/n; where only stored frames are known, the nearest ones, with their own times."""
    wanted = horizon_fs * np.arange(1, n_times + 1) / n_times
    if is_continuous(segment):
        return wanted
    slack = NEAR_ENOUGH * horizon_fs / n_times
    later = _later_times(segment, frame, last, horizon_fs + slack)
    if len(later) == 0:
        return None
    nearest = later[nearest_frames(later, wanted)]
    return nearest if np.all(np.abs(nearest - wanted) <= slack) and np.all(np.diff(nearest) > 0) else None


def irregular(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> Float[np.ndarray, " times"] | None:
    """Random times within the horizon; where only stored frames are known, randomly chosen ones."""
    if is_continuous(segment):
        return np.sort(horizon_fs * (1.0 - random.random(n_times)))
    later = _later_times(segment, frame, last, horizon_fs)
    if len(later) < n_times:
        return None
    return np.sort(random.choice(later, n_times, replace=False))


def long(
    segment: Trajectory, frame: int, last: int, horizon_fs: float, n_times: int, random: np.random.Generator
) -> Float[np.ndarray, " times"] | None:
    """Even times over four horizons."""
    return even(segment, frame, last, LONG_FACTOR * horizon_fs, n_times, random)


SAMPLINGS: dict[str, Sampling] = {"even": even, "irregular": irregular, "long": long}

TRAINING_SAMPLINGS: dict[str, Sampling] = SAMPLINGS | {"long": even}
"""``long`` trains within one horizon and asks for four."""


def _later_times(segment: Trajectory, frame: int, last: int, horizon_fs: float) -> np.ndarray:
    """Times after the start of all stored frames within the horizon and the range."""
    start = segment.times_fs[frame]
    end = min(last, int(np.searchsorted(segment.times_fs, start + horizon_fs + 1e-6, side="right")))
    return segment.times_fs[frame + 1 : end] - start
