"""The spectrum of a molecule's bond graph, and what a trajectory does in its modes.

``basis`` holds the modes and the transform, ``bands`` the filters, ``motion`` a trajectory in its Eckart frame,
``power`` its energy by frequency, ``time_scales`` and ``space_time`` how slow each spatial scale is.
"""

from msmd.spectrum.bands import band_pass, filter_displacements, filter_nodal, high_pass, low_pass
from msmd.spectrum.basis import GraphSpectrum, graph_spectrum
from msmd.spectrum.motion import InternalMotion, internal_motions, reference_structure
from msmd.spectrum.power import (
    VelocitySpectrum,
    displacement_by_mode,
    element_spectra,
    kinetic_energy_by_mode,
    mode_spectra,
    total_spectrum,
)
from msmd.spectrum.space_time import RankCorrelation, rank_correlation, space_time_correlation
from msmd.spectrum.time_scales import ModeTimeScales, measure_time_scales

__all__ = [
    "GraphSpectrum",
    "InternalMotion",
    "ModeTimeScales",
    "RankCorrelation",
    "VelocitySpectrum",
    "band_pass",
    "displacement_by_mode",
    "element_spectra",
    "filter_displacements",
    "filter_nodal",
    "graph_spectrum",
    "high_pass",
    "internal_motions",
    "kinetic_energy_by_mode",
    "low_pass",
    "measure_time_scales",
    "mode_spectra",
    "rank_correlation",
    "reference_structure",
    "space_time_correlation",
    "total_spectrum",
]
