"""Velocity spectra against Parseval and against frequencies that were put in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.data.registry import molecule_card
from msmd.spectrum import (
    InternalMotion,
    displacement_by_mode,
    element_spectra,
    graph_spectrum,
    internal_motions,
    kinetic_energy_by_mode,
    mode_spectra,
    total_spectrum,
)
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

ETHANOL = molecule_card("ethanol").molecule


@pytest.fixture
def noise() -> tuple[InternalMotion, ...]:
    """White noise on ethanol: every frequency at once."""
    random = np.random.default_rng(3)
    return tuple(
        InternalMotion(molecule=ETHANOL, dt_fs=2.0, displacements=0.1 * d, velocities=0.01 * v)
        for d, v in random.normal(size=(3, 2, 6000, 9, 3))
    )


def test_the_area_is_the_kinetic_energy(noise: tuple[InternalMotion, ...]):
    squares = np.mean([np.einsum("a,fad,fad->f", ETHANOL.masses, m.velocities, m.velocities).mean() for m in noise])
    kinetic = 0.5 * squares / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    assert total_spectrum(noise).energies[0] == pytest.approx(kinetic, rel=0.01)


def test_elements_and_modes_add_up_to_the_total(noise: tuple[InternalMotion, ...]):
    total = total_spectrum(noise).densities[0]
    elements = element_spectra(noise)
    assert elements.labels == ("H", "C", "O")
    np.testing.assert_allclose(elements.densities.sum(axis=0), total, rtol=1e-10)
    modes = mode_spectra(noise, graph_spectrum(ETHANOL))
    np.testing.assert_allclose(modes.densities.sum(axis=0), total, rtol=1e-10)


def test_energies_by_mode_obey_parseval(noise: tuple[InternalMotion, ...]):
    spectrum = graph_spectrum(ETHANOL)
    velocities = np.concatenate([m.velocities for m in noise])
    kinetic = 0.5 * np.einsum("a,fad,fad->f", ETHANOL.masses, velocities, velocities).mean()
    by_mode = kinetic_energy_by_mode(noise, spectrum)
    assert by_mode.sum() == pytest.approx(kinetic / KCAL_PER_MOL_PER_ANGSTROM_PER_U)
    displacements = np.concatenate([m.displacements for m in noise])
    assert displacement_by_mode(noise, spectrum).sum() == pytest.approx(np.square(displacements).sum((1, 2)).mean())
    np.testing.assert_allclose(mode_spectra(noise, spectrum).energies, by_mode, rtol=0.03)


def test_modes_of_one_eigenvalue_share_their_values(noise: tuple[InternalMotion, ...]):
    spectrum = graph_spectrum(ETHANOL)
    repeated = list(next(group for group in spectrum.groups if len(group) > 1))
    assert len(set(kinetic_energy_by_mode(noise, spectrum)[repeated])) == 1
    assert len(set(mode_spectra(noise, spectrum).centroids[repeated])) == 1


def test_each_mode_of_a_chain_peaks_at_its_own_frequency(chain):
    spectra = mode_spectra(internal_motions([chain.trajectory()]), graph_spectrum(chain.molecule))
    peaks = spectra.wavenumbers[spectra.densities[1:].argmax(axis=1)]
    np.testing.assert_allclose(peaks, chain.wavenumbers[1:], atol=10)
    np.testing.assert_allclose(spectra.centroids[1:], chain.wavenumbers[1:], atol=3)


def test_steady_motion_is_energy_too():
    """It lies at zero wavenumber, and is not taken for an offset to be removed."""
    velocities = np.full((1000, 9, 3), 0.01)
    steady = InternalMotion(molecule=ETHANOL, dt_fs=1.0, displacements=np.zeros((1000, 9, 3)), velocities=velocities)
    expected = 0.5 * ETHANOL.masses.sum() * 3 * 0.01**2 / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    spectrum = total_spectrum([steady], resolution=100.0)
    assert spectrum.energies[0] == pytest.approx(expected)
    assert spectrum.densities[0, :2].sum() == pytest.approx(spectrum.densities.sum())


def test_a_molecule_at_rest_has_no_centroid():
    still = InternalMotion(
        molecule=ETHANOL, dt_fs=1.0, displacements=np.zeros((100, 9, 3)), velocities=np.zeros((100, 9, 3))
    )
    assert np.isnan(total_spectrum([still]).centroids).all()
    assert total_spectrum([still]).energies == 0


def test_resolution_is_what_was_asked_for(noise: tuple[InternalMotion, ...]):
    assert total_spectrum(noise, resolution=20.0).wavenumbers[1] == pytest.approx(20.0, rel=0.01)
    short = [replace(m, velocities=m.velocities[:100], displacements=m.displacements[:100]) for m in noise]
    assert total_spectrum(short).wavenumbers[1] == pytest.approx(33356.4 / 200, rel=1e-3)
