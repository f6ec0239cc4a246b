"""Velocities of frames that come without them.

*Regular frames*: the derivative of the polynomial through the seven nearest frames.  On MD17's ethanol (0.5 fs) its
error is 1e-5 of the velocity inside and 2e-4 at the very ends, against 6e-3 for (x₊ − x₋)/2h and 7e-2 for (x₊ − x)/h.
It needs no forces, and so knows nothing of the thermostat.  Coarser frames tell less: .01 at 2 fs, .16 at 4 fs (C–H
bonds turn every 11 fs), and .17 and .5 at the ends, where fewer frames are used then.

*Irregular frames* (rMD17): from the nearest frame on either side, at most 2.5 fs away.  With accelerations a = F/m,

    v₊ = (x₊ − x)/h₊ − h₊(2a + a₊)/6        v₋ = (x − x₋)/h₋ + h₋(2a + a₋)/6

MD17's motion obeys ẍ = F/m − ξv with the thermostat's ξ unknown, so that v₊ ≈ v(1 − ξh₊/2) and v₋ ≈ v(1 + ξh₋/2).
Where both are known, (h₋v₊ + h₊v₋)/(h₋ + h₊) is free of ξ to first order, and of a as well where forces are not known.
Relative errors on MD17's ethanol, by distance of the frames:

    frames                          1      2      3      4      5
    one side, forces              .018   .037   .056   .077   .103
    both sides, forces            .002   .006   .015   .029   .050
    one side, no forces           .073   .145   .216   .284   .350
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float

STENCIL_FRAMES = 7
"""Frames that a polynomial goes through; more gain nothing that MD17's seven digits could show."""

FINE_FS = 1.5
"""Up to this spacing, seven frames on one side tell the velocity better than fewer do."""

LONGEST_GAP_FS = 2.5
"""Beyond this, C–H bonds (11 fs a period) have turned so far that two frames no longer tell the velocity."""

LONGEST_GAP_WITHOUT_FORCES_FS = 1.0
"""Plain differences are off by 7 % per half femtosecond."""


def derived_velocities(
    times_fs: Float[np.ndarray, " frames"],
    positions: Float[np.ndarray, "frames atoms 3"],
    accelerations: Float[np.ndarray, "frames atoms 3"] | None = None,
) -> Float[np.ndarray, "frames atoms 3"]:
    """Velocities in Å/fs; NaN in frames whose neighbours are too far away.

    Args:
        times_fs: strictly increasing.
        positions: Å.
        accelerations: forces over masses in Å/fs², used for irregular times only.

    >>> times = np.arange(9) * 0.5
    >>> fall = (0.3 * times + 0.1 * times**2)[:, None, None] * np.ones((9, 1, 3))
    >>> bool(np.allclose(derived_velocities(times, fall)[:, 0, 0], 0.3 + 0.2 * times))
    True
    """
    steps = np.diff(times_fs)
    if len(steps) == 0:
        return np.full(positions.shape, np.nan)
    if np.ptp(steps) <= 1e-6 * steps.mean():
        return _of_regular_frames(positions, float(steps.mean()))
    return _of_irregular_frames(steps, positions, accelerations)


def derivative_weights(offsets: Float[np.ndarray, " frames"]) -> Float[np.ndarray, " frames"]:
    """Weights w with Σ w f(offset) = f′(0) for all polynomials through these frames.

    >>> derivative_weights(np.array([-1.0, 0.0, 1.0])).tolist()
    [-0.5, 0.0, 0.5]
    """
    powers = np.vander(offsets, increasing=True).T
    return np.linalg.solve(powers, np.eye(len(offsets))[1])


def _of_regular_frames(positions: np.ndarray, dt_fs: float) -> np.ndarray:
    n_frames = len(positions)
    width = min(STENCIL_FRAMES, n_frames)
    before, after = (width - 1) // 2, width - 1 - (width - 1) // 2
    velocities = np.zeros(positions.shape)
    inside = slice(before, n_frames - after)
    for shift, weight in enumerate(derivative_weights(np.arange(width) - float(before))):
        velocities[inside] += weight * positions[shift : n_frames - width + 1 + shift]
    for frame in (*range(before), *range(n_frames - after, n_frames)):
        first, last = _frames_at_end(frame, n_frames, width, dt_fs)
        weights = derivative_weights(np.arange(first, last) - float(frame))
        velocities[frame] = np.einsum("f,fad->ad", weights, positions[first:last])
    return velocities / dt_fs


def _frames_at_end(frame: int, n_frames: int, width: int, dt_fs: float) -> tuple[int, int]:
    """The frames that tell the velocity of one near an end: as many as inside, or fewer where frames are coarse."""
    room = min(frame, n_frames - 1 - frame)
    if dt_fs > FINE_FS and room > 0:
        return frame - room, frame + room + 1
    if dt_fs > FINE_FS:
        width = min(width, 3)
    first = 0 if frame < n_frames // 2 else n_frames - width
    return first, first + width


def _of_irregular_frames(steps: np.ndarray, positions: np.ndarray, accelerations: np.ndarray | None) -> np.ndarray:
    h = steps[:, None, None]
    later, earlier = np.full(positions.shape, np.nan), np.full(positions.shape, np.nan)
    later[:-1] = earlier[1:] = np.diff(positions, axis=0) / h
    if accelerations is not None:
        a, a_next = accelerations[:-1], accelerations[1:]
        later[:-1] -= h * (2 * a + a_next) / 6
        earlier[1:] += h * (2 * a_next + a) / 6
    limit = LONGEST_GAP_WITHOUT_FORCES_FS if accelerations is None else LONGEST_GAP_FS
    far = steps > limit * (1 + 1e-9)
    later[:-1][far] = np.nan
    earlier[1:][far] = np.nan
    padded = np.concatenate([[np.inf], steps, [np.inf]])
    shares = np.array(
        [before / (before + after) if np.isfinite(before + after) else 0.5 for before, after in pairwise(padded)]
    )
    both = shares[:, None, None] * later + (1 - shares)[:, None, None] * earlier
    return np.where(np.isfinite(both), both, np.where(np.isfinite(later), later, earlier))
