"""Flights: starts with a known velocity, and the frames that the motion passes before and after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from msmd.data.windows import Windows
from msmd.errors import ProtocolError
from msmd.frame import centre_of_mass
from msmd.shapes import Array
from msmd.trajectory import Trajectory

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
    starts = np.arange(min(windows.n_windows, MAX_STARTS))
    flights = _flights(_Frames.of_windows(windows), starts, windows.molecule.masses, longest_fs)
    if flights is None:
        raise ProtocolError(
            f"No two frames of the training windows lie within {longest_fs:g} fs of each other, one of them a start; a "
            "potential without force labels needs such pairs: train on more windows, or with --sampling irregular."
        )
    return flights


def flights_along(segments: Sequence[Trajectory], longest_fs: float, *, max_starts: int) -> Flights | None:
    """Frames with known velocities, evenly chosen, and the stored frames up to ``longest_fs`` after and before them.

    None where no frame is that near to another.
    """
    frames = _Frames.of_segments(segments)
    known = np.flatnonzero(np.isfinite(frames.velocities).all((1, 2)))
    if len(known) == 0:
        return None
    starts = known[np.unique(np.linspace(0, len(known) - 1, max_starts).astype(int))]
    return _flights(frames, starts, segments[0].molecule.masses, longest_fs)


def shortest_lag_fs(windows: Windows) -> float:
    """The least time between a start and another frame of its segment, in fs; infinite where there is none."""
    frames = _Frames.of_windows(windows)
    order = np.lexsort((frames.clock, frames.segments))
    clock, segments = frames.clock[order], frames.segments[order]
    is_new = np.diff(clock) > SAME_TIME_FS
    is_new |= np.diff(segments) != 0
    first = np.flatnonzero(
        np.concatenate([[True], is_new])
    )  # a frame that is start of one window and target of another
    is_start = np.logical_or.reduceat(order < windows.n_windows, first)  # counts once, as a start
    gaps, same = np.diff(clock[first]), np.diff(segments[first]) == 0
    return float(gaps[same & (is_start[1:] | is_start[:-1])].min(initial=np.inf))


@dataclass(frozen=True, kw_only=True)
class _Frames:
    """Frames on the clocks of their segments.

    Attributes:
        clock: time within the segment, fs.
        positions, velocities: Å and Å/fs; NaN where a velocity is not known.
        segments: of the dataset.
    """

    clock: Float[Array, " frames"]
    positions: Float[Array, "frames atoms 3"]
    velocities: Float[Array, "frames atoms 3"]
    segments: Int[Array, " frames"]

    @classmethod
    def of_windows(cls, windows: Windows) -> _Frames:
        """Starts, which come first, and targets of all windows."""
        later = windows.start_times_fs[:, None] + windows.times_fs
        targets = windows.targets.reshape(-1, *windows.positions.shape[1:])
        return cls(
            clock=np.concatenate([windows.start_times_fs, later.ravel()]),
            positions=np.concatenate([windows.positions, targets]),
            velocities=np.concatenate([windows.velocities, np.full(targets.shape, np.nan)]),
            segments=np.concatenate([windows.segments, np.repeat(windows.segments, windows.times_fs.shape[1])]),
        )

    @classmethod
    def of_segments(cls, segments: Sequence[Trajectory]) -> _Frames:
        """Every stored frame."""
        unknown = (np.full(s.positions.shape, np.nan) if s.velocities is None else s.velocities for s in segments)
        return cls(
            clock=np.concatenate([s.times_fs for s in segments]),
            positions=np.concatenate([s.positions for s in segments]),
            velocities=np.concatenate(list(unknown)),
            segments=np.repeat(np.arange(len(segments)), [s.n_frames for s in segments]),
        )

    @cached_property
    def ascending(self) -> dict[int, Int[Array, " some"]]:
        """For each segment its frames in order of time."""
        order = np.argsort(self.clock, kind="stable")
        return {int(segment): order[self.segments[order] == segment] for segment in np.unique(self.segments)}

    @cached_property
    def clocks(self) -> dict[int, Float[Array, " some"]]:
        """For each segment the times of its frames in order."""
        return {segment: self.clock[of_segment] for segment, of_segment in self.ascending.items()}

    def near(self, start: int, sign: int, longest_fs: float) -> Int[Array, " chosen"]:
        """Frames up to so long after (sign 1) or before (−1) a start, nearest first, each time once, not too many."""
        segment = int(self.segments[start])
        ends = self.clock[start] + sign * np.array([SAME_TIME_FS, longest_fs])
        first, last = np.searchsorted(self.clocks[segment], np.sort(ends) + sign * 1e-9)
        chosen = self.ascending[segment][first:last][::sign]
        _, once = np.unique(np.round(self.clock[chosen] / SAME_TIME_FS), return_index=True)
        chosen = chosen[np.sort(once)]
        return chosen[np.unique(np.linspace(0, len(chosen) - 1, MAX_TIMES).astype(int))] if len(chosen) else chosen


def _flights(
    frames: _Frames, starts: Int[Array, " starts"], masses: Float[Array, " atoms"], longest_fs: float
) -> Flights | None:
    """From each start forwards and backwards; None where it meets no frame at all."""
    rows = [(start, sign, frames.near(start, sign, longest_fs)) for start in map(int, starts) for sign in (1, -1)]
    rows = [row for row in rows if len(row[2])]
    return _padded(frames, rows, masses) if rows else None


def _padded(frames: _Frames, rows: list[tuple[int, int, np.ndarray]], masses: Float[Array, " atoms"]) -> Flights:
    """The rows side by side about their starts' straight paths, filled up to the longest."""
    shape = (len(rows), max(len(chosen) for _, _, chosen in rows))
    elapsed, known = np.zeros(shape), np.zeros(shape, dtype=bool)
    targets = np.zeros((*shape, *frames.positions.shape[1:]))
    for row, (start, _, chosen) in enumerate(rows):
        elapsed[row, : len(chosen)] = frames.clock[chosen] - frames.clock[start]
        targets[row, : len(chosen)] = frames.positions[chosen]
        known[row, : len(chosen)] = True
    start = np.array([row[0] for row in rows])
    sign = np.array([row[1] for row in rows])
    positions, velocities = frames.positions[start], frames.velocities[start]
    centre, drift = (centre_of_mass(part, masses)[:, None] for part in (positions, velocities))
    return Flights(
        positions=torch.tensor(positions - centre),
        velocities=torch.tensor(sign[:, None, None] * (velocities - drift)),
        times_fs=torch.tensor(sign[:, None] * elapsed),
        targets=torch.tensor(targets - centre[:, None] - drift[:, None] * elapsed[..., None, None]),
        is_known=torch.tensor(known),
    )
