"""Predicted against reference spectra: shapes, areas and shifts that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.errors import ProtocolError
from msmd.metrics.spectra import compare_motion, spectrum_error
from msmd.molecule import Molecule
from msmd.spectrum import VelocitySpectrum
from msmd.trajectory import Trajectory

GRID = np.arange(0.0, 4000.0, 10.0)
DIATOMIC = Molecule(name="CO", numbers=(6, 8), bonds=((0, 1),))


def peak(at: float, *, area: float = 1.0) -> VelocitySpectrum:
    density = np.exp(-(((GRID - at) / 30) ** 2))
    return VelocitySpectrum(labels=("total",), wavenumbers=GRID, densities=area * density[None] / density.sum() / 10)


def vibrating(period_fs: float, *, n_frames: int = 2000, amplitude: float = 0.02) -> Trajectory:
    times = 1.0 * np.arange(n_frames)
    positions, velocities = np.zeros((2, n_frames, 2, 3))
    omega = 2 * np.pi / period_fs
    # displacements in inverse proportion to the masses, so that the centre of mass rests
    shares = np.array([-1 / DIATOMIC.masses[0], 1 / DIATOMIC.masses[1]]) * 12.0
    positions[..., 0] = [0.0, 1.13] + amplitude * np.outer(np.sin(omega * times), shares)
    velocities[..., 0] = amplitude * omega * np.outer(np.cos(omega * times), shares)
    return Trajectory(molecule=DIATOMIC, times_fs=times, positions=positions, velocities=velocities)


def test_a_spectrum_compared_with_itself():
    found = spectrum_error(peak(1000), peak(1000))
    assert (found.energy_ratio, found.overlap, found.shift) == (pytest.approx(1), pytest.approx(1), 0)


def test_a_shifted_peak_is_off_by_the_shift_in_wavenumbers():
    found = spectrum_error(peak(1500), peak(1000))
    assert found.shift == pytest.approx(500, rel=1e-6)
    assert found.overlap == pytest.approx(0, abs=1e-6)
    assert spectrum_error(peak(1000), peak(1500)).shift == pytest.approx(500, rel=1e-6)


def test_half_the_energy_in_the_same_places():
    found = spectrum_error(peak(1000, area=0.5), peak(1000))
    assert found.energy_ratio == pytest.approx(0.5)
    assert found.overlap == pytest.approx(1)
    assert found.shift == pytest.approx(0, abs=1e-9)


def test_a_forecast_that_stands_still_has_nothing_in_common():
    found = spectrum_error(peak(1000, area=0.0), peak(1000))
    assert (found.energy_ratio, found.overlap, found.shift) == (0.0, 0.0, float("inf"))


def test_parts_are_added_before_they_are_compared():
    two = VelocitySpectrum(
        labels=("C", "O"), wavenumbers=GRID, densities=np.concatenate([peak(1000).densities / 2] * 2)
    )
    assert spectrum_error(two, peak(1000)).overlap == pytest.approx(1)


def test_trajectories_are_compared_at_their_frequencies():
    """Periods of 20 and 16 fs: 1668 and 2085 cm⁻¹, the faster one with (20/16)² of the energy."""
    found = compare_motion([vibrating(16.0)], [vibrating(20.0)])
    assert found.shift == pytest.approx(33356.4 * (1 / 16 - 1 / 20), rel=0.02)
    assert found.energy_ratio == pytest.approx((20 / 16) ** 2, rel=0.01)
    same = compare_motion([vibrating(20.0)], [vibrating(20.0)])
    assert same.overlap == pytest.approx(1)


def test_spectra_on_different_grids_are_refused():
    coarse = VelocitySpectrum(labels=("total",), wavenumbers=GRID[::2], densities=peak(1000).densities[:, ::2])
    with pytest.raises(ProtocolError, match=r"has 200 wavenumbers up to 3980 .* the reference 400 up to 3990"):
        spectrum_error(coarse, peak(1000))


def test_a_reference_at_rest_and_unequal_lengths_are_refused():
    with pytest.raises(ProtocolError, match="reference does not move"):
        spectrum_error(peak(1000), peak(1000, area=0.0))
    with pytest.raises(ProtocolError, match=r"have \[1000, 2000\] frames"):
        compare_motion([vibrating(20.0, n_frames=1000)], [vibrating(20.0)])


def test_irregular_forecasts_are_refused():
    reference = vibrating(20.0, n_frames=100)
    uneven = replace(reference, times_fs=np.cumsum(np.linspace(0.5, 1.5, 100)))
    with pytest.raises(ProtocolError, match="need evenly spaced frames"):
        compare_motion([uneven], [reference])
