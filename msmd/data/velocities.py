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

*Rounded positions*: MD17's benzene is stored with six digits and drifts to 200 Å, so that its late positions are known
to 1e-3 Å, and two such frames .2 fs apart tell the velocity no better than to a third.  Where rounding shows, irregular
frames use, on each side, the neighbour whose errors of rounding and of friction are least together, or none where even
that one is too bad; regular frames use a quartic through all within 2.5 fs (Savitzky–Golay).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import maximum_filter1d
from scipy.signal import savgol_filter

from msmd.trajectory import regular_step

STENCIL_FRAMES = 7
"""Frames that a polynomial goes through; more gain nothing that MD17's seven digits could show."""

FINE_FS = 1.5
"""Up to this spacing, seven frames on one side tell the velocity better than fewer do."""

COARSE_FS = 5.0
"""Regular frames further apart tell little of a velocity: C–H bonds turn by half a period between two of them."""

LONGEST_GAP_FS = 2.5
"""Beyond this, C–H bonds (11 fs a period) have turned so far that two frames no longer tell the velocity."""

LONGEST_GAP_WITHOUT_FORCES_FS = 1.0
"""Plain differences are off by 7 % per half femtosecond."""

TYPICAL_SPEED = 0.005
"""Å/fs: of a carbon atom at 300 to 500 K; what errors of velocities are compared with."""

ONE_SIDED_ERROR, ONE_SIDED_ERROR_WITHOUT_FORCES = 0.036, 0.146
"""Relative error of a one-sided velocity per femtosecond of distance: the table above."""

ROUNDING_SHOWS, ROUNDING_RULES = 0.01, 0.1
"""Relative errors of a velocity from which regular frames are smoothed, and irregular ones do not tell it."""

SMOOTHING_ORDER = 4
"""Of the polynomial over ±2.5 fs: a C–H bond turns by 1.4 rad in that time, and a quartic is off by half a percent."""

FINEST_DECIMAL = 8
"""More decimals than the files have: positions without a last digit count as exact to 1e-8 Å."""

NEIGHBOURHOOD_FRAMES = 7
"""Frames around share their number of decimals: a lone frame may end in zeros by chance."""

ROUNDED_ATOMS = 4
"""The first atoms tell the number of decimals of all."""

ROUNDED_FRAMES = 5000
"""About so many regular frames, evenly drawn, tell it of all."""


def derived_velocities(
    times_fs: Float[np.ndarray, " frames"],
    positions: Float[np.ndarray, "frames atoms 3"],
    accelerations: Float[np.ndarray, "frames atoms 3"] | None = None,
) -> Float[np.ndarray, "frames atoms 3"]:
    """Velocities in Å/fs; NaN in irregular frames whose neighbours are too far away.

    Of regular frames further than ``COARSE_FS`` apart they are no more than a rough guess (``MsmdWarning`` when read).

    Args:
        times_fs: strictly increasing.
        positions: Å.
        accelerations: forces over masses in Å/fs², used for irregular times only.

    >>> times = np.arange(9) * 0.5
    >>> fall = (0.3 * times + 0.1 * times**2)[:, None, None] * np.ones((9, 1, 3))
    >>> bool(np.allclose(derived_velocities(times, fall)[:, 0, 0], 0.3 + 0.2 * times))
    True
    """
    if len(times_fs) < 2:
        return np.full(positions.shape, np.nan)
    dt_fs = regular_step(times_fs)
    if dt_fs is None:
        return _of_irregular_frames(times_fs, positions, accelerations, rounding_error(positions))
    width = 2 * int(LONGEST_GAP_FS / dt_fs) + 1
    rounding = np.median(rounding_error(positions[:: len(positions) // ROUNDED_FRAMES + 1]))
    if rounding / dt_fs > ROUNDING_SHOWS * TYPICAL_SPEED and STENCIL_FRAMES < width <= len(positions):
        return savgol_filter(positions, width, SMOOTHING_ORDER, deriv=1, delta=dt_fs, axis=0)
    return _of_regular_frames(positions, dt_fs)


def tells_velocities(times_fs: Float[np.ndarray, " frames"]) -> bool:
    """Whether frames are regular, and close enough for derived velocities to be good to a thousandth."""
    dt_fs = regular_step(times_fs)
    return len(times_fs) > STENCIL_FRAMES and dt_fs is not None and dt_fs <= FINE_FS


def rounding_error(positions: Float[np.ndarray, "frames atoms 3"]) -> Float[np.ndarray, " frames"]:
    """Standard error of each frame's coordinates from the number of decimals that they were stored with, Å.

    >>> rounding_error(np.array([[[1.25, 0.5, -3.0]], [[1.5, 0.0, 1.0]]])).round(5).tolist()
    [0.00289, 0.00289]
    """
    few = positions[:, :ROUNDED_ATOMS]
    decimals = np.full(len(positions), FINEST_DECIMAL)
    for n in reversed(range(FINEST_DECIMAL)):
        scaled = few * 10.0**n
        decimals[np.all(np.abs(scaled - np.round(scaled)) < 1e-4 * 10.0 ** (n / FINEST_DECIMAL), axis=(1, 2))] = n
    return 10.0 ** -maximum_filter1d(decimals, NEIGHBOURHOOD_FRAMES).astype(float) / np.sqrt(12.0)


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


def _of_irregular_frames(
    times: np.ndarray, positions: np.ndarray, accelerations: np.ndarray | None, rounding: np.ndarray
) -> np.ndarray:
    """From one neighbour on each side, or from the only one that is near enough."""
    later, ahead = _from_one_side(times, positions, accelerations, rounding)
    reversed_accelerations = None if accelerations is None else accelerations[::-1]
    mirrored, behind = _from_one_side(-times[::-1], positions[::-1], reversed_accelerations, rounding[::-1])
    earlier, behind = -mirrored[::-1], behind[::-1]
    with np.errstate(invalid="ignore"):
        shares = (behind / (behind + ahead))[:, None, None]  # cancels the friction, which has opposite signs
    both = shares * later + (1.0 - shares) * earlier
    return np.where(np.isfinite(both), both, np.where(np.isfinite(later), later, earlier))


def _from_one_side(
    times: np.ndarray, positions: np.ndarray, accelerations: np.ndarray | None, rounding: np.ndarray
) -> tuple[Float[np.ndarray, "frames atoms 3"], Float[np.ndarray, " frames"]]:
    """Velocities from the later frame of least error, and how far ahead that lies; NaN where there is none."""
    limit, per_fs = (
        (LONGEST_GAP_WITHOUT_FORCES_FS, ONE_SIDED_ERROR_WITHOUT_FORCES)
        if accelerations is None
        else (LONGEST_GAP_FS, ONE_SIDED_ERROR)
    )
    n_frames = len(times)
    velocities, gaps, least = np.full(positions.shape, np.nan), np.full(n_frames, np.nan), np.full(n_frames, np.inf)
    for ahead in range(1, n_frames):
        h = times[ahead:] - times[:-ahead]
        near = h <= limit * (1 + 1e-9)
        if not near.any():
            break
        from_rounding = np.hypot(rounding[ahead:], rounding[:-ahead]) / h
        error = np.hypot(from_rounding, per_fs * h * TYPICAL_SPEED)
        is_known = near & (from_rounding < ROUNDING_RULES * TYPICAL_SPEED)
        rows = np.flatnonzero(is_known & (error < least[:-ahead]))
        least[rows], gaps[rows] = error[rows], h[rows]
        step = h[rows, None, None]
        velocities[rows] = (positions[rows + ahead] - positions[rows]) / step
        if accelerations is not None:
            velocities[rows] -= step * (2 * accelerations[rows] + accelerations[rows + ahead]) / 6
    return velocities, gaps
