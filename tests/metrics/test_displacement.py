"""A-MSE, F-MSE and their parts against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msmd.metrics.displacement import (
    a_mse,
    block_bootstrap,
    error_by_atom,
    error_by_band,
    error_by_mode,
    error_by_time,
    f_mse,
    squared_errors,
    valid_time,
)

HEAVY = np.array([True, False])

ERRORS = np.zeros((1, 2, 2, 3))
ERRORS[0, 0, 0] = [3.0, 0.0, 0.0]  # first time, heavy atom: 9/3 = 3 Å²
ERRORS[0, 0, 1] = [0.0, 3.0, 3.0]  # first time, hydrogen: 18/3 = 6
ERRORS[0, 1, 0] = [6.0, 0.0, 0.0]  # last time, heavy: 36/3 = 12
ERRORS[0, 1, 1] = [0.0, 0.0, 9.0]  # last time, hydrogen: 81/3 = 27
TIMES = np.array([[50.0, 1500.0]])


def test_squared_errors_are_means_over_x_y_z():
    np.testing.assert_allclose(squared_errors(ERRORS), [[[3.0, 6.0], [12.0, 27.0]]])


def test_a_mse_and_f_mse_by_hand():
    assert a_mse(ERRORS) == pytest.approx(12.0)
    assert a_mse(ERRORS, HEAVY) == pytest.approx(7.5)
    assert f_mse(ERRORS) == pytest.approx(19.5)
    assert f_mse(ERRORS, HEAVY) == pytest.approx(12.0)


def test_parts_by_atom_and_by_time():
    np.testing.assert_allclose(error_by_atom(ERRORS), [7.5, 16.5])
    np.testing.assert_allclose(error_by_time(ERRORS), [4.5, 19.5])
    np.testing.assert_allclose(error_by_time(ERRORS, HEAVY), [3.0, 12.0])


def test_a_sample_on_an_edge_belongs_to_the_band_that_ends_there():
    bands = error_by_band(ERRORS, TIMES, HEAVY)
    assert [(band.from_fs, band.to_fs) for band in bands] == [(0, 50), (50, 150), (150, 400), (400, 800), (800, 1500)]
    assert (bands[0].heavy, bands[0].all) == (3.0, 4.5)
    assert (bands[-1].heavy, bands[-1].all) == (12.0, 19.5)


def test_bands_without_samples_are_null():
    assert all(band.heavy is None and band.all is None for band in error_by_band(ERRORS, TIMES, HEAVY)[1:4])


def test_rounding_does_not_move_a_sample_out_of_its_band():
    times = np.array([[0.1 * 3 / 0.3 * 50.0 * (1 + 1e-15), 1500.0 * (1 + 1e-12)]])
    bands = error_by_band(ERRORS, times, HEAVY)
    assert len(bands) == 5
    assert bands[0].heavy == 3.0


def test_long_forecasts_add_bands_up_to_6_ps():
    bands = error_by_band(ERRORS, np.array([[1600.0, 6000.0]]), HEAVY)
    assert [(band.from_fs, band.to_fs) for band in bands[-2:]] == [(1500, 3000), (3000, 6000)]
    assert (bands[-2].heavy, bands[-1].heavy) == (3.0, 12.0)


def test_a_molecule_of_hydrogen_has_no_heavy_error():
    assert error_by_band(ERRORS, TIMES, np.array([False, False]))[0].heavy is None


@given(st.integers(0, 2**32 - 1))
def test_error_by_mode_of_a_full_basis_sums_to_error_by_atom(seed: int):
    """Parseval: an orthogonal change of atoms into modes keeps the sum of squares."""
    random = np.random.default_rng(seed)
    errors = random.normal(size=(3, 2, 5, 3))
    basis = np.linalg.qr(random.normal(size=(5, 5)))[0]
    assert error_by_mode(errors, basis).mean() == pytest.approx(a_mse(errors))


def test_error_by_mode_names_the_mode_that_is_wrong():
    basis = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    antisymmetric = np.zeros((1, 1, 2, 3))
    antisymmetric[0, 0, :, 0] = [3.0, -3.0]
    np.testing.assert_allclose(error_by_mode(antisymmetric, basis), [0.0, 6.0], atol=1e-14)


def test_bootstrap_of_independent_windows_is_the_standard_error():
    values = np.random.default_rng(0).normal(size=2000)
    spread = block_bootstrap(values, np.arange(2000), n_resamples=2000)
    assert spread == pytest.approx(values.std() / np.sqrt(2000), rel=0.05)


def test_copies_of_a_window_do_not_narrow_the_spread():
    values = np.random.default_rng(1).normal(size=50)
    once = block_bootstrap(values, np.arange(50))
    repeated = block_bootstrap(np.repeat(values, 20), np.repeat(np.arange(50), 20))
    assert repeated == pytest.approx(once, rel=1e-9)


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([0.1, 0.1, 0.1], 30.0),
        ([0.3, 0.1, 0.1], 0.0),
        ([0.1, 0.1, 0.3], 20.0),
        ([0.1, np.nan, 0.3], 10.0),
        ([0.1, 0.2, np.nan], 20.0),
    ],
)
def test_a_forecast_is_valid_until_it_is_first_too_far_off(distances: list[float], expected: float) -> None:
    times = np.array([10.0, 20.0, 30.0])
    assert valid_time(np.array(distances), times, 0.2) == expected
    assert valid_time(np.array(distances)[::-1], times[::-1], 0.2) == expected
