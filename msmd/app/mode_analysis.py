"""Everything that the Modes page measures on the trajectories of one molecule."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.errors import ProtocolError
from msmd.shapes import Array, Float
from msmd.spectrum import (
    GraphSpectrum,
    ModeTimeScales,
    RankCorrelation,
    VelocitySpectrum,
    displacement_by_mode,
    internal_motions,
    kinetic_energy_by_mode,
    measure_time_scales,
    mode_spectra,
    space_time_correlation,
)
from msmd.trajectory import Dataset

MAX_FRAMES = 40_000
"""Frames that are analysed: all of the shipped data, the first 20 ps of a long MD17 file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeAnalysis:
    """Measured on all segments, in the Eckart frame.

    Attributes:
        kinetic_energies: mean kinetic energy per mode, kcal/mol.
        displacements: mean squared displacement per mode, Å².
        spectra: velocity power spectrum of each mode.
        scales: time scale of each mode.
        correlation: of eigenvalue and correlation time; None for molecules with too few modes.
        n_frames: frames it was measured on.
    """

    kinetic_energies: Float[Array, " modes"]
    displacements: Float[Array, " modes"]
    spectra: VelocitySpectrum
    scales: ModeTimeScales
    correlation: RankCorrelation | None
    n_frames: int


def analyse_modes(dataset: Dataset, spectrum: GraphSpectrum) -> ModeAnalysis:
    """Measures energy, power spectrum and time scale of every mode.

    Raises:
        ProtocolError: when frames are not evenly spaced, or too far apart for the fastest vibrations.
    """
    segments = [s.between(0, MAX_FRAMES) for s in dataset.segments]
    motions = internal_motions(segments)
    scales = measure_time_scales(motions, spectrum)
    try:
        correlation = space_time_correlation(scales)
    except ProtocolError:
        correlation = None
    return ModeAnalysis(
        kinetic_energies=kinetic_energy_by_mode(motions, spectrum),
        displacements=displacement_by_mode(motions, spectrum),
        spectra=mode_spectra(motions, spectrum),
        scales=scales,
        correlation=correlation,
        n_frames=sum(motion.n_frames for motion in motions),
    )
