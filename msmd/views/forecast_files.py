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

Writer = Callable[[Forecast, Path], tuple[Path, ...]]
"""Writes a forecast into a file, and what has no place in it beside that file; returns all files."""


def write_forecast(forecast: Forecast, path: Path) -> tuple[Path, ...]:
    """Writes a forecast in the format that the file's suffix names; returns the files that it wrote.

    Args:
        forecast: what to write.
        path: ``.xyz``, ``.extxyz``, ``.npz`` or ``.html``.

    Raises:
        DataError: for another suffix.
    """
    return writer_of(path)(forecast, path)


def writer_of(path: Path) -> Writer:
    """The writer for a file name; ask before long work, so that a bad name fails at once.

    Raises:
        DataError: for an unknown suffix.
    """
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise DataError(f"{path.name} has the suffix {path.suffix!r}; msmd forecast writes {', '.join(WRITERS)}.")
    return writer


def write_xyz(forecast: Forecast, path: Path) -> tuple[Path, ...]:
    """Predicted frames alone, in extended xyz: what other programs read.

    Members go into files of their own beside it (``window.member-1.xyz``), because those programs play a file as one
    trajectory: members in one file would follow each other with a jump between them.
    """
    from msmd.data.export import write_extxyz  # brings ase.io, half a second

    trajectories = {path: forecast.predicted_trajectory()}
    for number, member in enumerate(forecast.member_trajectories(), start=1):
        trajectories[path.with_name(f"{path.stem}.member-{number}{path.suffix}")] = member
    for file, trajectory in trajectories.items():
        write_extxyz(Dataset(segments=(trajectory,), source=trajectory.source, dt_fs=1.0), file)
    return tuple(trajectories)


def write_arrays(forecast: Forecast, path: Path) -> tuple[Path, ...]:
    """Arrays ``z times_fs predicted start forecaster`` and, where known, ``reference`` (NaN where it has no frame) and
    ``samples`` (members first)."""
    arrays = {
        "z": np.array(forecast.molecule.numbers),
        "times_fs": forecast.times_fs,
        "predicted": forecast.predicted,
        "start": np.array(forecast.start),
        "forecaster": np.array(forecast.forecaster),
    }
    if forecast.reference is not None:
        arrays["reference"] = forecast.reference
    if forecast.samples is not None:
        arrays["samples"] = forecast.samples
    write_npz(path, arrays)
    return (path,)


def write_html(forecast: Forecast, path: Path) -> tuple[Path, ...]:
    """A page that plays prediction and reference together, offline, and the members as ghosts."""
    structure = mean_structure(forecast.predicted, forecast.molecule.masses)
    everything = Band(
        spectrum=graph_spectrum(forecast.molecule), structure=structure, first=0, last=forecast.molecule.n_atoms - 1
    )
    title = f"{forecast.molecule.name}: {forecast.forecaster} from frame {forecast.start}"
    path.write_text(standalone_html(forecast_scene(forecast, band=everything, title=title)), encoding="utf-8")
    return (path,)


WRITERS: dict[str, Writer] = {
    ".xyz": write_xyz,
    ".extxyz": write_xyz,
    ".npz": write_arrays,
    ".html": write_html,
}
"""Suffixes and what they write."""
