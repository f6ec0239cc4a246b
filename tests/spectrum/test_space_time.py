"""Rank correlation: known relations, and what the interval is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from msmd.errors import ProtocolError
from msmd.molecule import Molecule
from msmd.spectrum import (
    graph_spectrum,
    internal_motions,
    measure_time_scales,
    rank_correlation,
    space_time_correlation,
)


def test_a_monotone_relation_is_one_with_no_interval():
    found = rank_correlation(np.arange(10.0), -np.exp(np.arange(10.0)))
    assert (found.value, found.low, found.high, found.n_points) == (-1.0, -1.0, -1.0, 10)


@given(st.integers(0, 2**32 - 1))
def test_the_value_is_that_of_scipy_ties_included(seed: int):
    first, second = np.random.default_rng(seed).integers(0, 6, size=(2, 12)).astype(float)
    if np.ptp(first) and np.ptp(second):
        found = rank_correlation(first, second)
        assert found.value == pytest.approx(spearmanr(first, second).statistic)
        assert -1 <= found.low <= found.high <= 1


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Bivariate normal, Pearson .6: Spearman 6/π·asin(.3) = .582; the percentile interval is a little short."""
    random = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.3)
    covered = 0
    for _ in range(100):
        first = random.normal(size=40)
        second = 0.6 * first + 0.8 * random.normal(size=40)
        found = rank_correlation(first, second)
        covered += found.low <= truth <= found.high
    assert 86 <= covered <= 100


def test_the_seed_fixes_the_interval():
    first, second = np.random.default_rng(5).normal(size=(2, 9))
    assert rank_correlation(first, second, seed=1) == rank_correlation(first, second, seed=1)
    assert rank_correlation(first, second, seed=1) != rank_correlation(first, second, seed=2)


def test_too_few_or_constant_points_are_refused():
    with pytest.raises(ProtocolError, match=r"over 3 points .* at least 4"):
        rank_correlation(np.arange(3.0), np.arange(3.0))
    with pytest.raises(ProtocolError, match="different on both sides"):
        rank_correlation(np.arange(5.0), np.ones(5))


def test_in_a_harmonic_chain_smoother_is_slower(chain):
    scales = measure_time_scales(internal_motions([chain.trajectory()]), graph_spectrum(chain.molecule))
    found = space_time_correlation(scales)
    assert (found.value, found.n_points) == (-1.0, 5)


def test_modes_of_one_eigenvalue_count_once(chain):
    """The chain's motion looked at in the modes of a star: eigenvalues 0, 1 (four times) and 6 are too few points."""
    star = Molecule(name="star", numbers=(6,) * 6, bonds=tuple((0, i) for i in range(1, 6)))
    scales = measure_time_scales(internal_motions([chain.trajectory()]), graph_spectrum(star))
    with pytest.raises(ProtocolError, match="over 2 points"):
        space_time_correlation(scales)
