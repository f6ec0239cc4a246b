"""The forecaster behind a cell: a checkpoint, and what is changed about it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, fields
from pathlib import Path

import streamlit as st

from msmd.app import background
from msmd.app.ablation_choice import View
from msmd.checkpoint import CARD
from msmd.forecasting import Forecast, Forecaster, forecast, load_forecaster, shipped_checkpoint
from msmd.sweeps.record import FULL, WHOLE
from msmd.sweeps.spec_file import PROJECT
from msmd.trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the forecaster of a cell is had.

    Attributes:
        folder: checkpoint or run.
        options: entries of its config that are changed, everything learned and calibrated kept, each ``name=value``;
            empty where the checkpoint is what was tested.
        version: of the checkpoint on disk, so that a new one is loaded again.
    """

    folder: Path
    options: tuple[str, ...]
    version: int


def recipe(view: View, molecule: str, variant: str) -> Recipe | None:
    """What was tested in a cell; for what only changes the full model's settings also before it was tested.

    None where the weights are not at hand.
    """
    entry = view.variants.entries.get(variant)
    candidates: list[tuple[Path | None, tuple[str, ...]]] = [(_tested(view, molecule, variant), ())]
    if variant == FULL or (entry is not None and entry.reuse):
        options = () if entry is None else entry.set
        shipped = shipped_checkpoint(view.model.forecaster, molecule, view.conditions.source)
        candidates += [(_tested(view, molecule, FULL), options), (shipped, options)]
    for folder, options in candidates:
        if folder is not None and (folder / CARD).is_file():
            return Recipe(folder=folder, options=options, version=(folder / CARD).stat().st_mtime_ns)
    return None


def _tested(view: View, molecule: str, variant: str) -> Path | None:
    """The checkpoint that the table names for a cell."""
    score = view.grid(WHOLE).cell(molecule, variant).score
    return None if score is None or not score.record.checkpoint else PROJECT / score.record.checkpoint


@st.cache_resource(show_spinner=False, max_entries=24)
def forecaster(made_from: Recipe) -> Future[Forecaster]:
    """The forecaster of a cell."""
    return background.fit(lambda: _make(made_from))


@st.cache_resource(show_spinner=False, max_entries=48)
def one_forecast(
    made_from: Recipe,
    data_key: str,
    segment: int,
    start: int,
    times_fs: tuple[float, ...],
    _trajectory: Trajectory,
) -> Future[Forecast]:
    """One window predicted by the forecaster of a cell."""
    made = forecaster(made_from)
    return background.forecast(lambda: forecast(made.result(), _trajectory, start, times_fs))


def _make(made_from: Recipe) -> Forecaster:
    loaded = load_forecaster(made_from.folder)
    if not made_from.options:
        return loaded
    from msmd.models.spectral_ode import SpectralODE
    from msmd.models.variants import variant
    from msmd.training.options import config_with

    if not isinstance(loaded, SpectralODE):
        return loaded
    config = config_with(loaded.config, made_from.options)
    changed = {entry.name: getattr(config, entry.name) for entry in fields(config)}
    return variant(loaded, **{name: value for name, value in changed.items() if value != getattr(loaded.config, name)})
