"""The bands of the horizon that errors are told by, in training and in evaluation alike."""

from __future__ import annotations

from msmd.shapes import Array, Bool, Float

BAND_EDGES_FS = (0.0, 50.0, 150.0, 400.0, 800.0, 1500.0)
"""Horizon bands, each without its lower edge and with its upper one."""

SLACK_FS = 1e-6
"""Times such as 3·0.1 carry rounding; a sample on an edge belongs to the band that ends there."""


def in_band(times_fs: Float[Array, "*times"], from_fs: float, to_fs: float) -> Bool[Array, "*times"]:
    """True for the times with ``from_fs < t ≤ to_fs``."""
    return (times_fs > from_fs + SLACK_FS) & (times_fs <= to_fs + SLACK_FS)
