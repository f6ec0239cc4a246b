"""Whether a model moves every spatial scale at the reference's pace: both sides' time scales, mode by mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from msmd.forecasting import Forecaster
from msmd.metrics.space_time import SpaceTime, Stretch, choose_stretches, forecast_space_time, reference_space_time
from msmd.shapes import Array, Bool, Float
from msmd.spectrum import graph_spectrum
from msmd.trajectory import Dataset

STRETCH_FS = 3000.0
"""Twice the horizon of a forecast: by then most molecules have left the reference's path, and go their own way."""

MOST_STRETCHES = 100
"""More than any data set has: all of its test part."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceTimeComparison:
    """Time scales of the same modes on as many and as long stretches of both.

    Attributes:
        molecule, source: of the data.
        forecaster: its name.
        n_stretches, stretch_fs: how many and how long, on either side.
        reference, model: what was measured.
    """

    molecule: str
    source: str
    forecaster: str
    n_stretches: int
    stretch_fs: float
    reference: SpaceTime
    model: SpaceTime

    @property
    def ratios(self) -> Float[Array, " modes"]:
        """Time scale in the model over that in the reference; NaN where either could only be bounded from below."""
        found, wanted = self.model.scales, self.reference.scales
        both = found.is_resolved & wanted.is_resolved & (not self.model.is_still)
        return np.where(both, found.correlation_times_fs / wanted.correlation_times_fs, np.nan)

    @property
    def compared(self) -> Bool[Array, " modes"]:
        """One mode per distinct eigenvalue above 0, because those that share one share their time scale, where both
        sides are known."""
        eigenvalues = self.reference.scales.eigenvalues
        first = np.zeros(len(eigenvalues), dtype=bool)
        first[np.unique(eigenvalues, return_index=True)[1]] = True
        return first & (eigenvalues > 0) & np.isfinite(self.ratios)

    @property
    def median_ratio(self) -> float | None:
        """Of the compared modes: 1 where the model has the right pace on the whole; None without a mode."""
        chosen = self.ratios[self.compared]
        return float(np.median(chosen)) if len(chosen) else None

    @property
    def typical_factor(self) -> float | None:
        """exp of the median |log ratio|: how far a time scale is off, either way; 1 is perfect."""
        chosen = self.ratios[self.compared]
        return float(np.exp(np.median(np.abs(np.log(chosen))))) if len(chosen) else None

    @property
    def agreement(self) -> str:
        """The two numbers as a sentence."""
        if self.model.is_still:
            return "The model stands still: it has no time scales."
        if self.median_ratio is None or self.typical_factor is None:
            return "No time scale is known on both sides."
        return (
            f"Time scales in the model over those in the reference, {int(self.compared.sum())} distinct eigenvalues: "
            f"median {self.median_ratio:.2f}, typically off by a factor of {self.typical_factor:.2f}."
        )


def compare_space_time(
    forecaster: Forecaster, dataset: Dataset, *, stretch_fs: float = STRETCH_FS, laplacian: str = "combinatorial"
) -> SpaceTimeComparison:
    """Time scales on all whole stretches of the test part, and in single members of forecasts from their starts.

    Args:
        forecaster: one member of it is followed, with the thermostat of the data where it has learned one.
        dataset: with evenly spaced frames.
        stretch_fs: length of each.
        laplacian: whose modes.

    Raises:
        ProtocolError: when the data hold no such stretch.
        DataError: when the forecaster was made for another molecule.
    """
    stretches: Sequence[Stretch] = choose_stretches(dataset, horizon_fs=stretch_fs, at_most=MOST_STRETCHES)
    spectrum = graph_spectrum(dataset.molecule, laplacian=laplacian)
    return SpaceTimeComparison(
        molecule=dataset.molecule.name,
        source=dataset.source,
        forecaster=forecaster.name,
        n_stretches=len(stretches),
        stretch_fs=stretch_fs,
        reference=reference_space_time(dataset, stretches, spectrum),
        model=forecast_space_time(forecaster, dataset, stretches, spectrum),
    )
