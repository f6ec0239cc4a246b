"""The link between space and time: rank correlation of the eigenvalues with the measured time scales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from msmd.errors import ProtocolError
from msmd.spectrum.time_scales import ModeTimeScales

RESAMPLES = 2000
"""Bootstrap samples; the ends of the interval then repeat to about 0.01."""

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class RankCorrelation:
    """Spearman's ρ with its bootstrap interval.

    Attributes:
        value: between −1 and 1.
        low, high: ends of the 95 % interval.
        n_points: number of points it is taken over.
    """

    value: float
    low: float
    high: float
    n_points: int


def rank_correlation(
    first: Float[np.ndarray, " points"], second: Float[np.ndarray, " points"], *, seed: int = 0
) -> RankCorrelation:
    """Spearman's rank correlation, with the percentile bootstrap interval from resampling the points in pairs.

    Raises:
        ProtocolError: for fewer than four points, or when one side is constant.

    Reference: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.

    >>> rank_correlation(np.arange(8.0), np.arange(8.0) ** 3).value
    1.0
    """
    if len(first) < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        raise ProtocolError(
            f"A rank correlation over {len(first)} points was asked for; expected at least 4, different on both sides."
        )
    random = np.random.default_rng(seed)
    draws = random.integers(len(first), size=(RESAMPLES, len(first)))
    values = _spearman(first[draws], second[draws])
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    value = _spearman(first[None], second[None])[0]
    return RankCorrelation(value=float(value), low=float(low), high=float(high), n_points=len(first))


def space_time_correlation(scales: ModeTimeScales, *, seed: int = 0) -> RankCorrelation:
    """Spearman's ρ between eigenvalue and correlation time; −1 where smoother always means slower.

    One point per distinct eigenvalue, because modes that share one share their time scale too.  The eigenvalue 0, the
    molecule as a whole, is left out, and so are modes that are still.  The interval says what another choice of modes
    would give, the main uncertainty where there are about ten.

    Raises:
        ProtocolError: when fewer than four distinct eigenvalues are left.
    """
    eigenvalues, first = np.unique(scales.eigenvalues, return_index=True)
    times = scales.correlation_times_fs[first]
    counted = (eigenvalues > 0) & np.isfinite(times)
    return rank_correlation(eigenvalues[counted], times[counted], seed=seed)


def _spearman(
    first: Float[np.ndarray, "samples points"], second: Float[np.ndarray, "samples points"]
) -> Float[np.ndarray, " samples"]:
    """Pearson's correlation of the ranks (ties share their mean rank); NaN where a sample is constant."""
    from scipy.stats import rankdata

    ranks = [rankdata(values, axis=-1) for values in (first, second)]
    left, right = (r - r.mean(axis=-1, keepdims=True) for r in ranks)
    scale = np.sqrt((left**2).sum(axis=-1) * (right**2).sum(axis=-1))
    return np.divide((left * right).sum(axis=-1), scale, out=np.full(len(left), np.nan), where=scale > 0)
