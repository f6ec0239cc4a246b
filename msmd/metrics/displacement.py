"""Squared displacement between predicted and reference positions, in Å²: the papers' A-MSE and F-MSE and their parts.

Every function takes ``errors``, predicted minus reference positions in Å, and averages over x, y and z (it does not
sum them): a mean square of 0.01 Å² is 0.17 Å of distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from msmd.horizon import BAND_EDGES_FS, in_band
from msmd.shapes import Array, Bool, Float, Int

LONG_BAND_EDGES_FS = (*BAND_EDGES_FS, 3000.0, 6000.0)
"""The same, for forecasts beyond the papers' horizon."""

Errors = Float[Array, "windows times atoms 3"]


@dataclass(frozen=True, kw_only=True)
class Band:
    """The mean squared error of all samples with ``from_fs < t ≤ to_fs``; None where there is no sample.

    Attributes:
        heavy, all: Å², over heavy atoms and over all.
    """

    from_fs: float
    to_fs: float
    heavy: float | None
    all: float | None


def squared_errors(errors: Errors) -> Float[Array, "windows times atoms"]:
    """Squared error per window, time and atom: the mean over x, y and z.

    >>> squared_errors(np.array([[[[3.0, 0.0, 0.0]]]])).item()
    3.0
    """
    return np.square(errors).mean(axis=-1)


def a_mse(errors: Errors, atoms: Bool[Array, " atoms"] | None = None) -> float:
    """Mean over windows, times and atoms, Å².

    Args:
        errors: predicted minus reference, Å.
        atoms: the atoms that count, such as ``molecule.is_heavy``; None for all.
    """
    return float(squared_errors(_chosen(errors, atoms)).mean())


def f_mse(errors: Errors, atoms: Bool[Array, " atoms"] | None = None) -> float:
    """Mean over windows and atoms at the last time of each window, Å²."""
    return a_mse(errors[:, -1:], atoms)


def band_edges(times_fs: Float[Array, "*times"]) -> tuple[tuple[float, float], ...]:
    """The horizon bands from their lower to their upper edge; those beyond 1500 fs only where a time lies in them.

    Times beyond the last edge, 6 ps, lie in no band.

    >>> band_edges(np.array([1510.0]))[-1]
    (1500.0, 3000.0)
    """
    always = tuple(pairwise(BAND_EDGES_FS))
    later = pairwise(LONG_BAND_EDGES_FS[len(always) :])
    return always + tuple((low, high) for low, high in later if in_band(times_fs, low, high).any())


def error_by_band(
    errors: Errors, times_fs: Float[Array, "windows times"], is_heavy: Bool[Array, " atoms"]
) -> tuple[Band, ...]:
    """Mean squared error by horizon band, Å², over ``band_edges``; None in a band that holds no time."""
    squares = squared_errors(errors)
    bands = []
    for low, high in band_edges(times_fs):
        inside = squares[in_band(times_fs, low, high)]
        heavy, everything = (float(part.mean()) if part.size else None for part in (inside[:, is_heavy], inside))
        bands.append(Band(from_fs=low, to_fs=high, heavy=heavy, all=everything))
    return tuple(bands)


def error_by_atom(errors: Errors) -> Float[Array, " atoms"]:
    """Mean squared error per atom, Å²."""
    return squared_errors(errors).mean(axis=(0, 1))


def error_by_time(errors: Errors, atoms: Bool[Array, " atoms"] | None = None) -> Float[Array, " times"]:
    """Mean squared error per target index, Å²; meaningful where all windows share their times."""
    return squared_errors(_chosen(errors, atoms)).mean(axis=(0, 2))


def valid_time(distances: Float[Array, " times"], times_fs: Float[Array, " times"], limit: float) -> float:
    """How long a forecast is of use: the last time up to which no distance exceeds the limit, fs; 0 if the first does.

    Args:
        distances: between forecast and truth, such as the RMSD in Å; NaN where the truth is not known.
        times_fs: in any order.
        limit: in the unit of the distances.

    Reference: the valid prediction time of chaotic systems, as in Vlachas et al., Neural Networks 126, 191 (2020).

    >>> valid_time(np.array([0.1, 0.3, 0.1]), np.array([10.0, 20.0, 30.0]), 0.2)
    10.0
    """
    known = np.isfinite(distances)
    too_far = times_fs[known & (distances > limit)]
    before = times_fs[known & (times_fs < too_far.min(initial=np.inf))]
    return float(before.max(initial=0.0))


def error_by_mode(errors: Errors, basis: Float[Array, "atoms modes"]) -> Float[Array, " modes"]:
    """Mean squared error per spatial mode, Å².

    ê_k = Σ_a U_ak e_a with orthonormal columns U; with as many modes as atoms the mean over modes is the mean over
    atoms (Parseval).

    Args:
        errors: predicted minus reference, Å.
        basis: orthonormal columns, such as the eigenvectors of the graph Laplacian.
    """
    modal = np.einsum("wtad,ak->wtkd", errors, basis)
    return np.square(modal).mean(axis=(0, 1, 3))


def block_bootstrap(
    values: Float[Array, " windows"], blocks: Int[Array, " windows"], *, n_resamples: int = 1000, seed: int = 0
) -> float:
    """Standard error of the mean over windows, whole blocks drawn with replacement.

    Windows of one stretch of a trajectory overlap and say the same thing; drawing blocks instead of windows counts
    them as what they are.  Reference: Künsch, Ann. Statist. 17, 1217 (1989).

    Args:
        values: one number per window.
        blocks: which block each window belongs to.

    >>> block_bootstrap(np.ones(6), np.array([0, 0, 1, 1, 2, 2]))
    0.0
    """
    names, member = np.unique(blocks, return_inverse=True)
    sums, counts = np.bincount(member, weights=values), np.bincount(member)
    drawn = np.random.default_rng(seed).integers(len(names), size=(n_resamples, len(names)))
    return float((sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)).std())


def _chosen(errors: Errors, atoms: Bool[Array, " atoms"] | None) -> Float[Array, "windows times chosen 3"]:
    return errors if atoms is None else errors[:, :, atoms]
