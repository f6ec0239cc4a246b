"""Functions of time by linear interpolation between knots, fitted to samples at any times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msmd.shapes import Array, Float

N_KNOTS = 8
"""Knots after the start where training times are scattered: as many as the papers' windows have times."""

SAME_TIME = 0.1
"""The k-th times of all windows are one time when they scatter (standard deviation) by less than this share of the gap
to the next: files of sparse frames have nearly even times only."""


@dataclass(frozen=True, kw_only=True)
class TimeKnots:
    """A grid in time that begins at the start.

    A function is given by its values at the knots; between them it is interpolated linearly, after the last it stays.

    Attributes:
        knots_fs: ascending, the first 0.

    >>> TimeKnots(knots_fs=np.array([0.0, 10.0, 20.0])).weights(np.array([15.0, 99.0]))
    array([[0. , 0.5, 0.5],
           [0. , 0. , 1. ]])
    """

    knots_fs: Float[Array, " knots"]

    @classmethod
    def for_times(cls, times_fs: Float[Array, "windows times"]) -> TimeKnots:
        """Knots for training times: the times themselves where all windows share them, else quadratically spaced.

        Quadratic spacing, H (k/K)², puts knots where motion changes fastest, just after the start, and still leaves
        each interval some per cent of uniformly scattered samples.
        """
        shared = times_fs.mean(axis=0)
        gaps = np.diff(shared, prepend=0.0)
        if np.all(times_fs.std(axis=0) < SAME_TIME * np.minimum(gaps, np.append(gaps[1:], np.inf))):
            return cls(knots_fs=np.concatenate([[0.0], shared]))
        return cls(knots_fs=times_fs.max() * (np.arange(N_KNOTS + 1) / N_KNOTS) ** 2)

    def weights(self, times_fs: Float[Array, "*batch"]) -> Float[Array, "*batch knots"]:
        """How much of each knot's value goes into the value at each time; rows sum to one."""
        last = len(self.knots_fs) - 1
        position = np.interp(times_fs, self.knots_fs, np.arange(last + 1.0))
        return np.maximum(1.0 - np.abs(position[..., None] - np.arange(last + 1.0)), 0.0)
