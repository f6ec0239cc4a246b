"""Kinetic energy by frequency: velocity power spectra in total, by element and by mode, all in the Eckart frame.

Velocities are weighted by √m, so that the area under a spectrum is the kinetic energy of that part of the motion, and
the parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from msmd.spectrum.basis import GraphSpectrum
from msmd.spectrum.motion import InternalMotion, modal_amplitudes, modal_velocities
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U, WAVENUMBER_PER_INVERSE_FS

RESOLUTION_WAVENUMBERS = 10.0
"""Spacing of the spectrum in cm⁻¹ where the trajectories are long enough: pieces of 3.3 ps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VelocitySpectrum:
    """Kinetic energy per wavenumber of one or more parts of the motion.

    Attributes:
        labels: what each part is: ``"total"``, an element, or a mode.
        wavenumbers: cm⁻¹, evenly spaced from 0.
        densities: kcal/mol per cm⁻¹.
    """

    labels: tuple[str, ...]
    wavenumbers: Float[np.ndarray, " wavenumbers"]
    densities: Float[np.ndarray, "parts wavenumbers"]

    @property
    def energies(self) -> Float[np.ndarray, " parts"]:
        """Mean kinetic energy of each part: the area under its spectrum, kcal/mol."""
        return self.densities.sum(axis=1) * self.wavenumbers[1]

    @property
    def centroids(self) -> Float[np.ndarray, " parts"]:
        """Mean wavenumber of each part, weighted by its kinetic energy, cm⁻¹; NaN for a part that does not move."""
        totals = self.densities.sum(axis=1)
        weighted = self.densities @ self.wavenumbers
        return np.divide(weighted, totals, out=np.full_like(totals, np.nan), where=totals > 0)


def total_spectrum(
    motions: Sequence[InternalMotion], *, resolution: float = RESOLUTION_WAVENUMBERS
) -> VelocitySpectrum:
    """The velocity power spectrum of the whole molecule."""
    wavenumbers, densities = _atom_densities(motions, resolution)
    return VelocitySpectrum(labels=("total",), wavenumbers=wavenumbers, densities=densities.sum(axis=0, keepdims=True))


def element_spectra(
    motions: Sequence[InternalMotion], *, resolution: float = RESOLUTION_WAVENUMBERS
) -> VelocitySpectrum:
    """One velocity power spectrum per element, heaviest last; they add up to the total."""
    wavenumbers, densities = _atom_densities(motions, resolution)
    molecule = motions[0].molecule
    symbols = np.array(molecule.symbols)
    labels = tuple(dict.fromkeys(symbols[np.argsort(molecule.numbers, kind="stable")].tolist()))
    parts = np.stack([densities[symbols == label].sum(axis=0) for label in labels])
    return VelocitySpectrum(labels=labels, wavenumbers=wavenumbers, densities=parts)


def mode_spectra(
    motions: Sequence[InternalMotion],
    spectrum: GraphSpectrum,
    *,
    mass_weighted: bool = True,
    resolution: float = RESOLUTION_WAVENUMBERS,
) -> VelocitySpectrum:
    """One velocity power spectrum per mode; with all modes held and weighted by mass they add up to the total.

    Modes with one eigenvalue share their mean, so that nothing depends on the basis chosen among them.  Without mass
    weighting the unit of the densities is that of 1 u: only their shape means something.
    """
    signals = [modal_velocities(motion, spectrum, mass_weighted=mass_weighted) for motion in motions]
    wavenumbers, densities = _densities(signals, motions[0].dt_fs, resolution)
    labels = tuple(f"mode {k}" for k in range(spectrum.n_modes))
    return VelocitySpectrum(labels=labels, wavenumbers=wavenumbers, densities=eigenspace_mean(densities, spectrum))


def kinetic_energy_by_mode(motions: Sequence[InternalMotion], spectrum: GraphSpectrum) -> Float[np.ndarray, " modes"]:
    """Mean kinetic energy of the deformation per mode, ½⟨|Uᵀ√m ẏ|²⟩, in kcal/mol; equal eigenvalues share their mean.

    Equipartition would give every mode of a molecule much the same, 3/2 k_B T less what drift and rotation take.
    """
    signals = np.concatenate([modal_velocities(motion, spectrum) for motion in motions])
    squares = np.square(signals).sum(axis=-1).mean(axis=0)
    return eigenspace_mean(0.5 * squares / KCAL_PER_MOL_PER_ANGSTROM_PER_U, spectrum)


def displacement_by_mode(motions: Sequence[InternalMotion], spectrum: GraphSpectrum) -> Float[np.ndarray, " modes"]:
    """Mean squared displacement per mode, ⟨|Uᵀ(y − r)|²⟩, in Å²; equal eigenvalues share their mean.

    The sum over all modes is that over all atoms (Parseval).
    """
    signals = np.concatenate([modal_amplitudes(motion, spectrum, mass_weighted=False) for motion in motions])
    return eigenspace_mean(np.square(signals).sum(axis=-1).mean(axis=0), spectrum)


def eigenspace_mean(values: Float[np.ndarray, "modes ..."], spectrum: GraphSpectrum) -> Float[np.ndarray, "modes ..."]:
    """Every mode's value replaced by the mean over the modes that share its eigenvalue."""
    shared = values.copy()
    for group in spectrum.groups:
        shared[list(group)] = values[list(group)].mean(axis=0)
    return shared


def _atom_densities(
    motions: Sequence[InternalMotion], resolution: float
) -> tuple[Float[np.ndarray, " wavenumbers"], Float[np.ndarray, "atoms wavenumbers"]]:
    weights = np.sqrt(motions[0].molecule.masses)[:, None]
    return _densities([weights * motion.velocities for motion in motions], motions[0].dt_fs, resolution)


def _densities(
    signals: Sequence[Float[np.ndarray, "_ parts 3"]], dt_fs: float, resolution: float
) -> tuple[Float[np.ndarray, " wavenumbers"], Float[np.ndarray, "parts wavenumbers"]]:
    """Kinetic energy per wavenumber by Welch's method (Hann windows, half overlapping), mean over trajectories.

    Reference: Welch, IEEE Trans. Audio Electroacoust. 15, 70 (1967).
    """
    from scipy.signal import welch

    piece = min(min(map(len, signals)), round(WAVENUMBER_PER_INVERSE_FS / (resolution * dt_fs)))
    frequencies = np.fft.rfftfreq(piece, dt_fs)
    power = np.zeros((len(frequencies), signals[0].shape[1]))
    for signal in signals:
        _, density = welch(signal, fs=1 / dt_fs, nperseg=piece, axis=0, detrend=False)
        power += len(signal) * density.sum(axis=-1)
    mean_square = power.T / sum(map(len, signals))
    energy = 0.5 * mean_square / KCAL_PER_MOL_PER_ANGSTROM_PER_U / WAVENUMBER_PER_INVERSE_FS
    return frequencies * WAVENUMBER_PER_INVERSE_FS, energy
