"""Temperature, bonds and spectrum of motions that are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.metrics.realism import Motion, Paths, compare_motions, frames_motion, motion_by_band
from msmd.molecule import Molecule
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U, WAVENUMBER_PER_INVERSE_FS

HYDROGEN = Molecule(name="hydrogen", numbers=(1, 1), bonds=((0, 1),))
REST = np.array([[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0]])
BANDS = ((0.0, 50.0), (50.0, 400.0), (400.0, 800.0))


def vibrating(amplitude: float, wavenumber: float = 2000.0, n_paths: int = 3) -> Paths:
    """Bond length 1 Å + 2·amplitude·sin(ωt + phase), every 4 fs up to 400 fs."""
    times = 4.0 * np.arange(1, 101)
    omega = 2 * np.pi * wavenumber / WAVENUMBER_PER_INVERSE_FS
    phases = omega * times + np.arange(n_paths)[:, None]
    along = np.array([[-1.0, 0, 0], [1.0, 0, 0]])
    return Paths(
        molecule=HYDROGEN,
        times_fs=times,
        positions=REST + amplitude * np.sin(phases)[..., None, None] * along,
        velocities=amplitude * omega * np.cos(phases)[..., None, None] * along,
    )


def late_motion(paths: Paths) -> Motion:
    found = motion_by_band(paths, BANDS, REST)[1]
    assert found is not None
    return found


def test_an_oscillator_has_the_temperature_of_its_kinetic_energy():
    """⟨2 · ½ m A² ω² cos²⟩ = ½ m A² ω² = 3/2 · 2 k_B T."""
    omega = 2 * np.pi * 2000.0 / WAVENUMBER_PER_INVERSE_FS
    kinetic = 0.5 * HYDROGEN.masses[0] * (0.05 * omega) ** 2 / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    expected = kinetic / (3.0 * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN)
    assert late_motion(vibrating(0.05)).temperature_kelvin == pytest.approx(expected, rel=0.02)


def test_its_bond_is_one_angstrom_long_and_spreads_by_the_sine_s_root_mean_square():
    found = late_motion(vibrating(0.05))
    assert found.bond_means[0] == pytest.approx(1.0, abs=3e-3)
    assert found.bond_spreads[0] == pytest.approx(2 * 0.05 / np.sqrt(2), rel=0.03)


def test_its_spectrum_is_one_line():
    spectrum = late_motion(vibrating(0.05, wavenumber=1500.0)).spectrum
    assert spectrum.wavenumbers[np.argmax(spectrum.densities[0])] == pytest.approx(1500.0, abs=60.0)


def test_bands_without_times_have_no_motion_and_short_ones_a_coarse_spectrum():
    short, long, beyond = motion_by_band(vibrating(0.05), BANDS, REST)
    assert beyond is None
    assert len(short.spectrum.wavenumbers) == 7  # twelve frames
    assert len(long.spectrum.wavenumbers) > 40


def test_bonds_that_are_none_or_do_not_spread_have_no_numbers():
    still = frames_motion(vibrating(0.05).positions[:1, 0], vibrating(0.05).velocities[:1, 0], HYDROGEN)
    assert compare_motions(still, still).bond_spread_ratio is None
    atom = Molecule(name="argon", numbers=(18,), bonds=())
    alone = frames_motion(np.zeros((4, 1, 3)), np.zeros((4, 1, 3)), atom)
    found = compare_motions(alone, alone)
    assert (found.bond_error, found.bond_shift, found.bond_spread_ratio) == (None, None, None)


def test_the_same_motion_compares_as_the_same():
    found = compare_motions(late_motion(vibrating(0.05)), late_motion(vibrating(0.05)))
    assert (found.bond_error, found.bond_shift, found.bond_spread_ratio) == (0.0, 0.0, 1.0)
    assert found.spectrum.overlap == pytest.approx(1.0)


def test_a_colder_motion_is_told_by_every_number():
    found = compare_motions(late_motion(vibrating(0.025)), late_motion(vibrating(0.05)))
    assert found.temperature_kelvin == pytest.approx(late_motion(vibrating(0.05)).temperature_kelvin / 4)
    assert found.bond_spread_ratio == pytest.approx(0.5, rel=0.02)
    assert found.spectrum.energy_ratio == pytest.approx(0.25, rel=0.02)


def test_another_frequency_does_not_overlap():
    found = compare_motions(late_motion(vibrating(0.05, 3000.0)), late_motion(vibrating(0.05, 1000.0)))
    assert found.spectrum.overlap < 0.05


def test_shrunken_bonds_shift_below_zero():
    short = frames_motion(0.9 * REST[None], np.zeros((1, 2, 3)), HYDROGEN)
    found = compare_motions(short, late_motion(vibrating(0.05)))
    assert found.bond_shift == pytest.approx(-0.1, abs=3e-3)
    assert found.bond_error == pytest.approx(0.1, abs=3e-3)
    assert found.bond_spread_ratio == 0.0
    assert found.spectrum is None


def test_frames_without_velocities_have_no_temperature():
    assert frames_motion(REST[None], np.zeros((0, 2, 3)), HYDROGEN).temperature_kelvin is None
