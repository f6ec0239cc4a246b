"""Does a forecast still move like the molecule?  Its temperature, bond lengths and velocity spectrum, by horizon band.

A forecast of least error fades to a mean and fails every one of these; a member of an ensemble should pass them at
any horizon, however far it is from what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msmd.horizon import in_band
from msmd.metrics.geometry import bond_lengths
from msmd.metrics.spectra import SpectrumError, spectrum_error
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Frame
from msmd.spectrum import InternalMotion, VelocitySpectrum, internal_motions, total_spectrum
from msmd.trajectory import Trajectory, kinetic_temperature

FEWEST_FRAMES = 8
"""A spectrum of fewer frames has no shape."""

RESOLUTION = 50.0
"""cm⁻¹, where a band is long enough (667 fs); a shorter one is resolved as its length allows, on both sides alike."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Motions of one molecule from several starts, on one even grid of times.

    Attributes:
        molecule: atoms and bonds.
        times_fs: after the start, evenly spaced.
        positions: Å.
        velocities: Å/fs.
    """

    molecule: Molecule
    times_fs: Float[Array, " times"]
    positions: Float[Array, "paths times atoms 3"]
    velocities: Float[Array, "paths times atoms 3"]

    def trajectories(self) -> tuple[Trajectory, ...]:
        """The paths one by one."""
        return tuple(
            Trajectory(molecule=self.molecule, times_fs=self.times_fs, positions=positions, velocities=velocities)
            for positions, velocities in zip(self.positions, self.velocities, strict=True)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """What can be said of how a molecule moves, over many starts and the times of one horizon band.

    Attributes:
        temperature_kelvin: mean kinetic temperature over 3N degrees of freedom; None where no velocity is known.
        bond_means, bond_spreads: mean and standard deviation of every bond's length, Å.
        spectrum: of the velocities in the Eckart frame; None where frames are too few, or not evenly spaced.
    """

    temperature_kelvin: float | None
    bond_means: Float[Array, " bonds"]
    bond_spreads: Float[Array, " bonds"]
    spectrum: VelocitySpectrum | None = None


@dataclass(frozen=True, kw_only=True)
class Realism:
    """A motion beside the reference's.

    Attributes:
        temperature_kelvin: as in ``Motion``.
        bond_error: root mean square over bonds of the difference of mean lengths, Å; None without bonds.
        bond_shift: mean over bonds of that difference, Å; negative for shrunken bonds; None without bonds.
        bond_spread_ratio: spread of the lengths over the reference's, root mean squares over bonds; 0 for stiff rods,
            None where the reference's do not spread, such as those of a single frame.
        spectrum: None where one of the two has none.
    """

    temperature_kelvin: float | None
    bond_error: float | None
    bond_shift: float | None
    bond_spread_ratio: float | None
    spectrum: SpectrumError | None


def frames_motion(
    positions: Float[Array, "frames atoms 3"], velocities: Float[Array, "known atoms 3"], molecule: Molecule
) -> Motion:
    """The motion of frames in no order: positions of some, velocities of some, in Å and Å/fs."""
    lengths = bond_lengths(positions, molecule)
    known = kinetic_temperature(velocities, molecule.masses)
    return Motion(
        temperature_kelvin=float(known.mean()) if len(known) else None,
        bond_means=lengths.mean(axis=0),
        bond_spreads=lengths.std(axis=0),
    )


def motion_by_band(paths: Paths, bands: Sequence[tuple[float, float]], structure: Frame) -> tuple[Motion | None, ...]:
    """The motion within each band of the horizon; None for a band that holds no time of the grid.

    Args:
        bands: lower edge (not included) and upper edge (included) in fs.
        structure: reference of the Eckart frame, Å, the same for all that is compared.
    """
    enough = len(paths.times_fs) >= FEWEST_FRAMES
    motions = internal_motions(paths.trajectories(), reference=structure) if enough else ()
    return tuple(_band_motion(paths, motions, low, high) for low, high in bands)


def _band_motion(paths: Paths, motions: Sequence[InternalMotion], low: float, high: float) -> Motion | None:
    inside = np.flatnonzero(in_band(paths.times_fs, low, high))
    if inside.size == 0:
        return None
    flat = (-1, paths.molecule.n_atoms, 3)
    found = frames_motion(
        paths.positions[:, inside].reshape(flat), paths.velocities[:, inside].reshape(flat), paths.molecule
    )
    spectrum = None
    if inside.size >= FEWEST_FRAMES:
        cut = [motion.between(int(inside[0]), int(inside[-1]) + 1) for motion in motions]
        spectrum = total_spectrum(cut, resolution=RESOLUTION)
    return Motion(
        temperature_kelvin=found.temperature_kelvin,
        bond_means=found.bond_means,
        bond_spreads=found.bond_spreads,
        spectrum=spectrum,
    )


def compare_motions(found: Motion, reference: Motion) -> Realism:
    """A motion beside the reference's, bond by bond and wavenumber by wavenumber."""
    off = found.bond_means - reference.bond_means
    both = found.spectrum is not None and reference.spectrum is not None
    spread = _rms(reference.bond_spreads) if len(off) else 0.0
    return Realism(
        temperature_kelvin=found.temperature_kelvin,
        bond_error=_rms(off) if len(off) else None,
        bond_shift=float(off.mean()) if len(off) else None,
        bond_spread_ratio=_rms(found.bond_spreads) / spread if spread > 0.0 else None,
        spectrum=spectrum_error(found.spectrum, reference.spectrum) if both else None,
    )


def _rms(values: Float[Array, " bonds"]) -> float:
    return float(np.sqrt(np.square(values).mean()))
