"""How slow each spatial scale really is: time scales per mode, measured on trajectories, against the eigenvalues.

Modes of small eigenvalue are smooth over the bonds.  Whether they are slow as well is a question to the trajectory, not
a property of the graph.  Two measures, both in the Eckart frame and both shared by modes with one eigenvalue:

- the **correlation time**, after which C(t) = ⟨q(0)·q(t)⟩ / ⟨q²⟩ of the mode's displacement q first falls to 1/e.  For
  a vibration of period T that is 0.19 T, for an exponential decay its time constant.  (The integral of C, the other
  common measure, is zero for an undamped vibration whatever its period.)
- the **spectral centroid**, the mean wavenumber of the mode's velocity power spectrum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float

from msmd.errors import ProtocolError
from msmd.spectrum.basis import GraphSpectrum
from msmd.spectrum.motion import InternalMotion, modal_amplitudes
from msmd.spectrum.power import mode_spectra

FINE_STEP_FS = 0.5
"""C(t) is band-limited, so that frames 4 fs apart fix it in between; it is looked at in steps of at most this."""

STILL = 1e-8
"""Of the liveliest mode's mean square displacement; what moves less is rounding, and has no time scale."""

PARTS = 4
"""A single trajectory is cut into this many parts to see how much a time scale varies."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeTimeScales:
    """Measured time scales, one per mode.

    Attributes:
        eigenvalues: of the graph Laplacian.
        correlation_times_fs: first fall of the displacement's autocorrelation to 1/e; NaN for a mode that is still,
            as are the centroids: a molecule of two equal atoms moves in one of its modes alone.
        correlation_errors_fs: standard error from the spread over trajectories (or over four parts of a single one).
        is_resolved: False where the correlation has not fallen to 1/e within half the shortest trajectory; the
            correlation time is then that half, a lower bound.
        centroids: mean wavenumber of the velocity power spectrum, cm⁻¹.
        centroid_errors: standard error, cm⁻¹.
        mass_weighted: whether displacements and velocities were weighted by √m before the transform.
    """

    eigenvalues: Float[np.ndarray, " modes"]
    correlation_times_fs: Float[np.ndarray, " modes"]
    correlation_errors_fs: Float[np.ndarray, " modes"]
    is_resolved: Bool[np.ndarray, " modes"]
    centroids: Float[np.ndarray, " modes"]
    centroid_errors: Float[np.ndarray, " modes"]
    mass_weighted: bool


def measure_time_scales(
    motions: Sequence[InternalMotion], spectrum: GraphSpectrum, *, mass_weighted: bool = True
) -> ModeTimeScales:
    """Correlation time and spectral centroid of every mode.

    Args:
        motions: one or several trajectories of one molecule with one time step, from ``internal_motions``.
        spectrum: its modes.
        mass_weighted: weights by √m (the default) make every atom count by its kinetic energy; without, hydrogens
            drown the rest.

    Raises:
        ProtocolError: when the trajectories have different time steps.
    """
    steps = sorted({round(motion.dt_fs, 6) for motion in motions})
    if len(steps) != 1:
        raise ProtocolError(f"The trajectories have time steps of {steps} fs; time scales need one step for all.")
    times, resolved = _correlation_times(motions, spectrum, mass_weighted)
    still = np.isnan(times)
    parts = [[motion] for motion in motions] if len(motions) > 1 else [[part] for part in _parts(motions[0])]
    times_by_part = np.stack([_correlation_times(part, spectrum, mass_weighted)[0] for part in parts])
    centroids_by_part = np.stack(
        [mode_spectra(part, spectrum, mass_weighted=mass_weighted).centroids for part in parts]
    )
    centroids_by_part[:, still] = np.nan
    centroids = mode_spectra(motions, spectrum, mass_weighted=mass_weighted).centroids
    return ModeTimeScales(
        eigenvalues=spectrum.eigenvalues,
        correlation_times_fs=times,
        correlation_errors_fs=times_by_part.std(axis=0, ddof=1) / np.sqrt(len(parts)),
        is_resolved=resolved,
        centroids=np.where(still, np.nan, centroids),
        centroid_errors=centroids_by_part.std(axis=0, ddof=1) / np.sqrt(len(parts)),
        mass_weighted=mass_weighted,
    )


def autocorrelation(signals: Sequence[Float[np.ndarray, "_ dim"]], *, refine: int = 1) -> Float[np.ndarray, " lags"]:
    """⟨q(0)·q(t)⟩ of one or several stretches of a signal, up to half the shortest, in steps of 1/``refine`` frames.

    Every lag is divided by its own number of pairs (unbiased).  Between frames the value is the band-limited one,
    had by padding the power spectrum with zeros; exact for signals without power above the Nyquist frequency.

    >>> wave = np.cos(2 * np.pi * np.arange(4000) / 8)[:, None]
    >>> autocorrelation([wave])[:5].round(2) + 0.0
    array([ 0.5 ,  0.35,  0.  , -0.35, -0.5 ])
    """
    n_lags = refine * (min(map(len, signals)) // 2)
    lags = np.arange(n_lags) / refine
    products, pairs = np.zeros(n_lags), np.zeros(n_lags)
    for signal in signals:
        padded = 2 ** int(np.ceil(np.log2(2 * len(signal))))
        power = np.square(np.abs(np.fft.rfft(signal, n=padded, axis=0))).sum(axis=1)
        if refine > 1:
            power[-1] /= 2  # the old Nyquist frequency has a partner of its own in the longer spectrum
        products += refine * np.fft.irfft(power, n=padded * refine)[:n_lags]
        pairs += len(signal) - lags
    return products / pairs


def fall_time(correlation: Float[np.ndarray, " lags"], step_fs: float) -> tuple[float, bool]:
    """When a correlation first falls to 1/e of its start, and True; or its whole length, and False if it never does.

    >>> fall_time(np.exp(-np.arange(0.0, 10.0, 0.01)), 0.01)
    (1.0, True)
    """
    threshold = correlation[0] / np.e
    below = np.flatnonzero(correlation < threshold)
    if len(below) == 0:
        return len(correlation) * step_fs, False
    after = int(below[0])
    before = after - 1
    part = (correlation[before] - threshold) / (correlation[before] - correlation[after])
    return float(round((before + part) * step_fs, 9)), True


def _correlation_times(
    motions: Sequence[InternalMotion], spectrum: GraphSpectrum, mass_weighted: bool
) -> tuple[Float[np.ndarray, " modes"], Bool[np.ndarray, " modes"]]:
    amplitudes = [modal_amplitudes(motion, spectrum, mass_weighted=mass_weighted) for motion in motions]
    mean = np.concatenate(amplitudes).mean(axis=0)
    refine = int(np.ceil(motions[0].dt_fs / FINE_STEP_FS))
    times, resolved = np.full(spectrum.n_modes, np.nan), np.zeros(spectrum.n_modes, dtype=bool)
    moved = np.square(np.concatenate(amplitudes) - mean).mean(axis=(0, 2))
    for group in map(list, spectrum.groups):
        if not moved[group].max() > STILL * moved.max():
            continue
        signals = [(a - mean)[:, group].reshape(len(a), -1) for a in amplitudes]
        times[group], resolved[group] = fall_time(autocorrelation(signals, refine=refine), motions[0].dt_fs / refine)
    return times, resolved


def _parts(motion: InternalMotion) -> list[InternalMotion]:
    edges = np.linspace(0, motion.n_frames, PARTS + 1).astype(int)
    return [motion.between(int(a), int(b)) for a, b in pairwise(edges)]
