"""Scores of ensembles against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msmd.ensemble_scores import crps, rank_histogram, spread, spread_error
from msmd.errors import ProtocolError

GAUSSIAN_CRPS = 1 / np.sqrt(np.pi)
"""Mean CRPS of N(0, 1) against draws of N(0, 1): E|X − Y| − E|X − X'|/2 = 2/√π − 1/√π."""


@pytest.fixture
def calibrated(random) -> tuple[np.ndarray, np.ndarray]:
    """Eight members and what happened, all drawn from N(0, 1)."""
    return random.normal(size=(8, 40_000)), random.normal(size=40_000)


@pytest.mark.parametrize("n_members", [2, 3, 8])
def test_crps_of_gaussian_samples_is_the_closed_form_whatever_their_number(random, n_members):
    found = crps(random.normal(size=(n_members, 200_000)), random.normal(size=200_000)).mean()
    assert found == pytest.approx(GAUSSIAN_CRPS, rel=0.02)


def test_crps_of_many_members_at_one_point_is_gneiting_s_formula(random):
    """CRPS(N(0, 1), y) = y(2Φ(y) − 1) + 2φ(y) − 1/√π, here at y = 1."""
    expected = (2 * 0.8413447461 - 1) + 2 * np.exp(-0.5) / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi)
    assert crps(random.normal(size=(400_000, 1)), np.ones(1))[0] == pytest.approx(expected, rel=0.01)


def test_crps_of_one_member_is_its_absolute_error():
    assert crps(np.array([[1.0, -2.0]]), np.array([3.0, 1.0])).tolist() == [2.0, 3.0]


@given(arrays(float, (4, 3), elements=st.floats(-5, 5)), arrays(float, 3, elements=st.floats(-5, 5)))
def test_crps_is_the_double_sum_by_hand(samples, observed):
    pairs = np.abs(samples[:, None] - samples[None]).sum(axis=(0, 1)) / (2 * 4 * 3)
    expected = np.abs(samples - observed).mean(axis=0) - pairs
    assert np.allclose(crps(samples, observed), expected, atol=1e-12)


def test_an_ensemble_of_equal_members_scores_as_a_point_forecast():
    samples, observed = np.full((5, 2, 3), 0.25), np.ones((2, 3))
    assert np.allclose(crps(samples, observed), 0.75)


def test_crps_prefers_the_honest_spread(calibrated):
    samples, observed = calibrated
    honest = crps(samples, observed).mean()
    assert honest < crps(0.5 * samples, observed).mean()
    assert honest < crps(2.0 * samples, observed).mean()


@pytest.mark.parametrize("n_members", [2, 8, 32])
def test_a_calibrated_ensemble_has_ratio_one_whatever_its_size(random, n_members):
    found = spread_error(random.normal(size=(n_members, 100_000)), random.normal(size=100_000))
    assert found.ratio == pytest.approx(1.0, abs=0.015)
    assert found.error == pytest.approx(np.sqrt(1 + 1 / n_members), rel=0.01)


def test_half_the_spread_has_half_the_ratio_nearly(calibrated):
    samples, observed = calibrated
    assert spread_error(0.5 * samples, observed).ratio == pytest.approx(0.5 * np.sqrt(9 / 8 / (1 + 1 / 32)), rel=0.02)


def test_spread_by_hand():
    assert spread(np.array([[0.0], [2.0]]))[0] == pytest.approx(np.sqrt(3 / 2 * 2.0))
    assert spread_error(np.zeros((2, 1)), np.zeros(1)).ratio == np.inf


def test_a_calibrated_ensemble_has_flat_ranks(calibrated):
    counts = rank_histogram(*calibrated)
    assert counts.sum() == 40_000
    assert len(counts) == 9
    expected = 40_000 / 9
    assert (np.square(counts - expected) / expected).sum() < 26.1  # χ² with 8 degrees of freedom exceeds it at 0.1 %


def test_too_little_spread_piles_up_at_the_ends_too_much_in_the_middle(calibrated):
    samples, observed = calibrated
    narrow, wide = rank_histogram(0.3 * samples, observed), rank_histogram(3.0 * samples, observed)
    assert min(narrow[0], narrow[-1]) > 5 * narrow[4]
    assert wide[4] > 3 * max(wide[0], wide[-1])


def test_ties_are_broken_evenly():
    counts = rank_histogram(np.zeros((3, 20_000)), np.zeros(20_000))
    assert np.allclose(counts / 20_000, 0.25, atol=0.02)


def test_a_lone_member_has_no_spread():
    with pytest.raises(ProtocolError, match="spread of 1 member was asked for; expected 2"):
        spread(np.zeros((1, 4)))


def test_no_values_have_no_spread_and_error():
    with pytest.raises(ProtocolError, match="Spread and error of no values"):
        spread_error(np.zeros((3, 0)), np.zeros(0))
