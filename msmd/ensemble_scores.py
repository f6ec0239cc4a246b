"""Is an ensemble honest?  Proper score, spread against error, and ranks, coordinate by coordinate.

Every function takes ``samples``, the members' values along the first axis, and ``observed``, what happened, in the same
unit; an ensemble is calibrated when what happened could have been one more of its members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from msmd.errors import ProtocolError
from msmd.shapes import Array, Float, Int


def crps(samples: Float[Array, "members ..."], observed: Float[Array, "..."]) -> Float[Array, "..."]:
    """Continuous ranked probability score of each value, in the unit of the values; 0 is perfect, lower is better.

        CRPS = 1/K Σ_k |x_k − y| − 1/(2K(K−1)) Σ_jk |x_j − x_k|

    This is the fair estimator: its mean is that of an ensemble of infinitely many members drawn alike, so that
    ensembles of different sizes compare.  A lone member has no second term, and the score is its absolute error.

    References: Gneiting and Raftery, J. Am. Stat. Assoc. 102, 359 (2007); Ferro, Q. J. R. Meteorol. Soc. 140, 1917
    (2014).

    >>> crps(np.array([[0.0], [2.0]]), np.array([1.0]))
    array([0.])
    """
    n_members = len(samples)
    distance = np.abs(samples - observed).mean(axis=0)
    if n_members == 1:
        return distance
    # Sorted, the sum over pairs takes K terms instead of K².
    weights = 2.0 * np.arange(n_members) - (n_members - 1)
    pairs = np.tensordot(weights, np.sort(samples, axis=0), axes=1)
    return distance - pairs / (n_members * (n_members - 1))


def spread(samples: Float[Array, "members ..."]) -> Float[Array, "..."]:
    """The error that the ensemble expects of its own mean: its standard deviation times sqrt((K+1)/K).

    The variance is the unbiased one; the factor is there because the mean of K members is itself off by a K-th of it.

    Raises:
        ProtocolError: for a lone member.

    Reference: Fortin et al., J. Hydrometeorol. 15, 1708 (2014).
    """
    n_members = len(samples)
    if n_members < 2:
        raise ProtocolError(f"The spread of {n_members} member was asked for; expected 2 members or more.")
    return np.sqrt((n_members + 1) / n_members * samples.var(axis=0, ddof=1))


@dataclass(frozen=True, kw_only=True)
class SpreadError:
    """How far the members are apart, and how far their mean is off, both root mean squares in the values' unit."""

    spread: float
    error: float

    @property
    def ratio(self) -> float:
        """Spread over error: 1 for a calibrated ensemble, below it for one too sure of itself."""
        return self.spread / self.error if self.error > 0 else float("inf")


def spread_error(samples: Float[Array, "members ..."], observed: Float[Array, "..."]) -> SpreadError:
    """Spread and error over all values together.

    Raises:
        ProtocolError: for a lone member, or no value at all.
    """
    if observed.size == 0:
        raise ProtocolError("Spread and error of no values were asked for; expected at least one.")
    squares = np.square(spread(samples)).mean()
    errors = np.square(samples.mean(axis=0) - observed).mean()
    return SpreadError(spread=float(np.sqrt(squares)), error=float(np.sqrt(errors)))


def rank_histogram(
    samples: Float[Array, "members ..."], observed: Float[Array, "..."], *, seed: int = 0
) -> Int[Array, " ranks"]:
    """How often what happened lies above 0, 1, … K of the members: flat for a calibrated ensemble.

    High at both ends: members too close together; high in the middle: too far apart.  A value equal to members takes
    one of their places at random.

    Args:
        seed: of those random places.

    Reference: Hamill, Mon. Weather Rev. 129, 550 (2001).
    """
    below, equal = (samples < observed).sum(axis=0), (samples == observed).sum(axis=0)
    ranks = below + np.random.default_rng(seed).integers(equal + 1)
    return np.bincount(ranks.ravel(), minlength=len(samples) + 1)
