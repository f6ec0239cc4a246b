"""Flights: starts with a known velocity, and the frames that the motion passes before and after them."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from msmd.data.windows import Windows
from msmd.errors import ProtocolError
from msmd.frame import centre_of_mass
from msmd.shapes import Array

SAME_TIME_FS = 1e-3
"""Frames closer than this are one frame that two windows share."""

MAX_STARTS, MAX_TIMES = 2000, 16
"""More starts, or more frames per flight, only cost memory: 500 windows of the papers have 500 and 15."""


@dataclass(frozen=True, kw_only=True)
class Flights:
    """Where the motion of each start was known to be, a known time later.

    Attributes:
        positions, velocities: of the starts, centred and without drift, Å and Å/fs.
        times_fs: times after the starts, ascending; rows are filled up with zeros.
        targets: positions at those times about the same moving centre, Å.
        is_known: False where a row is filled up.
    """

    positions: Float[Tensor, "flights atoms 3"]
    velocities: Float[Tensor, "flights atoms 3"]
    times_fs: Float[Tensor, "flights times"]
    targets: Float[Tensor, "flights times atoms 3"]
    is_known: Bool[Tensor, "flights times"]

    def __len__(self) -> int:
        """Number of flights."""
        return len(self.times_fs)

    @property
    def n_frames(self) -> int:
        """Pairs of a start and a frame."""
        return int(self.is_known.sum())

    def take(self, indices: Int[Tensor, " chosen"]) -> Flights:
        """The chosen ones."""
        return Flights(**{field.name: getattr(self, field.name)[indices] for field in fields(self)})

    def to(self, device: torch.device) -> Flights:
        """The same on another device."""
        return Flights(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def flights_of(windows: Windows, longest_fs: float) -> Flights:
    """Every start of the windows with all frames of the windows up to ``longest_fs`` after it, and before it.

    Windows of one segment share a clock, and most of them overlap: 500 windows of 8 times hold 4,500 frames, some of
    which lie a few fs apart although each window's own times do not.  Before the start the motion is run backwards:
    with its velocities reversed it retraces its path (with a thermostat as far as ξ = 0 does either way).

    Raises:
        ProtocolError: when there is no such frame.
    """
    frames = _Frames.of(windows)
    starts = range(min(windows.n_windows, MAX_STARTS))
    rows = [(start, sign, frames.near(start, sign, longest_fs)) for start in starts for sign in (1, -1)]
    rows = [row for row in rows if len(row[2])]
    if not rows:
        raise ProtocolError(
            f"No two frames of the training windows lie within {longest_fs:g} fs of each other, one of them a start; a "
            "potential without force labels needs such pairs: train on more windows, or with --sampling irregular."
        )
    return _padded(windows, frames, rows)


def shortest_lag_fs(windows: Windows) -> float:
    """The least time between a start and another frame of its segment, in fs; infinite where there is none."""
    frames = _Frames.of(windows)
    order = np.lexsort((frames.clock, frames.segments))
    gaps, same = np.diff(frames.clock[order]), np.diff(frames.segments[order]) == 0
    is_start = order < windows.n_windows
    counts = same & (gaps > SAME_TIME_FS) & (is_start[1:] | is_start[:-1])
    return float(gaps[counts].min(initial=np.inf))


@dataclass(frozen=True, kw_only=True)
class _Frames:
    """Every frame of the windows, their starts first.

    Attributes:
        clock: time within the segment, fs.
        positions: Å.
        segments: of the dataset.
        ascending: for each segment its frames in order of time.
    """

    clock: Float[Array, " frames"]
    positions: Float[Array, "frames atoms 3"]
    segments: Int[Array, " frames"]
    ascending: dict[int, Int[Array, " some"]]

    @classmethod
    def of(cls, windows: Windows) -> _Frames:
        """Starts and targets of all windows on the clocks of their segments."""
        later = windows.start_times_fs[:, None] + windows.times_fs
        clock = np.concatenate([windows.start_times_fs, later.ravel()])
        targets = windows.targets.reshape(-1, *windows.positions.shape[1:])
        segments = np.concatenate([windows.segments, np.repeat(windows.segments, windows.times_fs.shape[1])])
        order = np.argsort(clock, kind="stable")
        return cls(
            clock=clock,
            positions=np.concatenate([windows.positions, targets]),
            segments=segments,
            ascending={int(segment): order[segments[order] == segment] for segment in np.unique(segments)},
        )

    def near(self, start: int, sign: int, longest_fs: float) -> Int[Array, " chosen"]:
        """Frames up to so long after (sign 1) or before (−1) a start, nearest first, each time once, not too many."""
        of_segment = self.ascending[int(self.segments[start])]
        lags = sign * (self.clock[of_segment] - self.clock[start])
        chosen = of_segment[(lags > SAME_TIME_FS) & (lags <= longest_fs)][::sign]
        _, first = np.unique(np.round(self.clock[chosen] / SAME_TIME_FS), return_index=True)
        chosen = chosen[np.sort(first)]
        return chosen[np.unique(np.linspace(0, len(chosen) - 1, MAX_TIMES).astype(int))] if len(chosen) else chosen


def _padded(windows: Windows, frames: _Frames, rows: list[tuple[int, int, np.ndarray]]) -> Flights:
    """The rows side by side about their starts' straight paths, filled up to the longest."""
    masses = windows.molecule.masses
    shape = (len(rows), max(len(chosen) for _, _, chosen in rows))
    elapsed, known = np.zeros(shape), np.zeros(shape, dtype=bool)
    targets = np.zeros((*shape, windows.molecule.n_atoms, 3))
    for row, (start, _, chosen) in enumerate(rows):
        elapsed[row, : len(chosen)] = frames.clock[chosen] - frames.clock[start]
        targets[row, : len(chosen)] = frames.positions[chosen]
        known[row, : len(chosen)] = True
    start = np.array([row[0] for row in rows])
    sign = np.array([row[1] for row in rows])
    positions, velocities = windows.positions[start], windows.velocities[start]
    centre, drift = (centre_of_mass(part, masses)[:, None] for part in (positions, velocities))
    return Flights(
        positions=torch.tensor(positions - centre),
        velocities=torch.tensor(sign[:, None, None] * (velocities - drift)),
        times_fs=torch.tensor(sign[:, None] * elapsed),
        targets=torch.tensor(targets - centre[:, None] - drift[:, None] * elapsed[..., None, None]),
        is_known=torch.tensor(known),
    )
