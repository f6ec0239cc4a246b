"""A calibration as small as its figures need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from msmd.metrics.calibration import BandCalibration, Calibration, Scores
from msmd.metrics.realism import Realism
from msmd.metrics.spectra import SpectrumError
from msmd.molecule import Molecule
from msmd.spectrum import VelocitySpectrum

GRID = np.arange(0.0, 4000.0, 50.0)
WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))


def scores(error: float, ratio: float = 1.0) -> Scores:
    return Scores(
        crps=0.5 * error,
        forecast_error=0.8 * error,
        structure_error=2.0 * error,
        spread=ratio * error,
        error=error,
        ranks=(30, 10, 10, 30),
    )


def realism(temperature: float, shift: float) -> Realism:
    return Realism(
        temperature_kelvin=temperature,
        bond_error=abs(shift),
        bond_shift=shift,
        bond_spread_ratio=1.0,
        spectrum=SpectrumError(energy_ratio=1.0, overlap=0.9, shift=5.0),
    )


def band(low: float, high: float, error: float, ratio: float) -> BandCalibration:
    found = scores(error, ratio)
    return BandCalibration(
        from_fs=low,
        to_fs=high,
        heavy=found,
        all=found,
        temperature_kelvin=350.0,
        members=realism(351.0, 0.0),
        forecast=realism(350.0 - 100.0 * error, -error),
    )


def peak(height: float) -> VelocitySpectrum:
    density = height * np.exp(-(((GRID - 1500.0) / 100.0) ** 2))
    return VelocitySpectrum(labels=("total",), wavenumbers=GRID, densities=density[None])


CALIBRATION = Calibration(
    molecule=WATER,
    source="gfn2",
    forecaster="spectral-ode",
    split="blocked",
    sampling="irregular",
    n_windows=48,
    n_members=3,
    bands=(band(0.0, 50.0, 0.1, 2.0), band(50.0, 150.0, 1.0, 0.5)),
    spectra={"reference": peak(1.0), "members": peak(0.9), "forecast": peak(0.1)},
)

SPARSE = replace(
    CALIBRATION,
    bands=(
        replace(CALIBRATION.bands[0], heavy=None, all=None),
        replace(CALIBRATION.bands[1], temperature_kelvin=None, members=None, forecast=None),
    ),
)
"""The first band without target times, the second without frames of the reference."""
