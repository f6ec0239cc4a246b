"""Does a forecast move at the right frequencies?  Its velocity spectrum against that of the reference.

Spectra come from ``msmd.spectrum``: ``internal_motions`` puts trajectories into their Eckart frame, ``total_spectrum``
and its siblings turn that into kinetic energy by wavenumber.  Both need evenly spaced frames at most 4.4 fs apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msmd.errors import ProtocolError
from msmd.shapes import Array, Float
from msmd.spectrum import VelocitySpectrum, internal_motions, reference_structure, total_spectrum
from msmd.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class SpectrumError:
    """How far a predicted velocity spectrum is from the reference.

    Attributes:
        energy_ratio: predicted over reference kinetic energy of the deformation; 0 for a forecast that stands still.
        overlap: of the two spectra scaled to unit area, ∫ min(p, q): 1 for the same shape, 0 for nothing in common.
        shift: the mean way that energy would have to be moved along the axis to turn one shape into the other, in cm⁻¹
            (first Wasserstein distance).
    """

    energy_ratio: float
    overlap: float
    shift: float


def spectrum_error(predicted: VelocitySpectrum, reference: VelocitySpectrum) -> SpectrumError:
    """Compares the totals of two spectra on one grid.

    A prediction without any motion has overlap 0 and shift infinity.

    Raises:
        ProtocolError: when the spectra lie on different wavenumbers, or the reference does not move.
    """
    if predicted.wavenumbers.shape != reference.wavenumbers.shape or not np.allclose(
        predicted.wavenumbers, reference.wavenumbers
    ):
        raise ProtocolError(
            f"The predicted spectrum has {len(predicted.wavenumbers)} wavenumbers up to "
            f"{predicted.wavenumbers[-1]:.0f} cm⁻¹, the reference {len(reference.wavenumbers)} up to "
            f"{reference.wavenumbers[-1]:.0f}; compute both from frames of one spacing and with one resolution."
        )
    p, q = (spectrum.densities.sum(axis=0) * spectrum.wavenumbers[1] for spectrum in (predicted, reference))
    if q.sum() == 0:
        raise ProtocolError("The reference does not move, so that its spectrum is empty.")
    ratio = float(p.sum() / q.sum())
    if ratio == 0:
        return SpectrumError(energy_ratio=0.0, overlap=0.0, shift=float("inf"))
    return SpectrumError(energy_ratio=ratio, overlap=_overlap(p, q), shift=_shift(p, q, reference.wavenumbers[1]))


def compare_motion(
    predicted: Sequence[Trajectory], reference: Sequence[Trajectory], *, resolution: float = 25.0
) -> SpectrumError:
    """The same straight from trajectories, predicted ones beside reference ones of the same length and spacing.

    Args:
        resolution: cm⁻¹; forecasts of 1.5 ps allow no less than 22.

    Raises:
        ProtocolError: when frames are not evenly spaced or too far apart, or lengths differ.
    """
    lengths = {trajectory.n_frames for trajectory in (*predicted, *reference)}
    if len(lengths) != 1:
        raise ProtocolError(f"The trajectories have {sorted(lengths)} frames; spectra compare at one length only.")
    structure = reference_structure(reference)
    spectra = [
        total_spectrum(internal_motions(side, reference=structure), resolution=resolution)
        for side in (predicted, reference)
    ]
    return spectrum_error(*spectra)


def _overlap(p: Float[Array, " wavenumbers"], q: Float[Array, " wavenumbers"]) -> float:
    return float(np.minimum(p / p.sum(), q / q.sum()).sum())


def _shift(p: Float[Array, " wavenumbers"], q: Float[Array, " wavenumbers"], spacing: float) -> float:
    """First Wasserstein distance: the area between the cumulative distributions."""
    return float(np.abs(np.cumsum(p / p.sum() - q / q.sum())).sum() * spacing)
