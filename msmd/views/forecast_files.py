"""A forecast as a file: extended xyz, npz, or a page that plays it; the suffix decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from msmd.data.npz import write_npz
from msmd.errors import DataError
from msmd.forecasting import Forecast
from msmd.frame import mean_structure
from msmd.spectrum import graph_spectrum
from msmd.trajectory import Dataset
from msmd.views.player import standalone_html
from msmd.views.scenes import Band, forecast_scene


def write_forecast(forecast: Forecast, path: Path) -> None:
    """Writes a forecast in the format that the file's suffix names.

    Args:
        forecast: what to write.
        path: ``.xyz``, ``.extxyz``, ``.npz`` or ``.html``.

    Raises:
        DataError: for another suffix.
    """
    writer_of(path)(forecast, path)


def writer_of(path: Path) -> Callable[[Forecast, Path], None]:
    """The writer for a file name; ask before long work, so that a bad name fails at once.

    Raises:
        DataError: for an unknown suffix.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DataError(f"{path.name} has the suffix {path.suffix!r}; msmd forecast writes {', '.join(WRITERS)}.")
    return writer


def write_xyz(forecast: Forecast, path: Path) -> None:
    """Predicted frames alone, in extended xyz: what other programs read."""
    from msmd.data.export import write_extxyz  # brings ase.io, half a second

    write_extxyz(Dataset(segments=(forecast.predicted_trajectory(),), source=forecast.forecaster, dt_fs=1.0), path)


def write_arrays(forecast: Forecast, path: Path) -> None:
    """Arrays ``z times_fs predicted start forecaster`` and, where known, ``reference`` (NaN where it has no frame)."""
    arrays = {
        "z": np.array(forecast.molecule.numbers),
        "times_fs": forecast.times_fs,
        "predicted": forecast.predicted,
        "start": np.array(forecast.start),
        "forecaster": np.array(forecast.forecaster),
    }
    if forecast.reference is not None:
        arrays["reference"] = forecast.reference
    write_npz(path, arrays)


def write_html(forecast: Forecast, path: Path) -> None:
    """A page that plays prediction and reference together, offline."""
    structure = mean_structure(forecast.predicted, forecast.molecule.masses)
    everything = Band(
        spectrum=graph_spectrum(forecast.molecule), structure=structure, first=0, last=forecast.molecule.n_atoms - 1
    )
    title = f"{forecast.molecule.name}: {forecast.forecaster} from frame {forecast.start}"
    path.write_text(standalone_html(forecast_scene(forecast, band=everything, title=title)), encoding="utf-8")


WRITERS: dict[str, Callable[[Forecast, Path], None]] = {
    ".xyz": write_xyz,
    ".extxyz": write_xyz,
    ".npz": write_arrays,
    ".html": write_html,
}
"""Suffixes and what they write."""
