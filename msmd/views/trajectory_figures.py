"""Plots of a trajectory as a whole: temperature and potential energy over time."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from msmd.trajectory import Trajectory
from msmd.views.layout import ACCENT, MUTED, line_figure

MOST_POINTS = 3000
"""More points than pixels make a plot slow, not sharp."""


def temperature_over_time(trajectory: Trajectory, thermostat_kelvin: float | None = None) -> go.Figure:
    """Kinetic temperature of the frames whose velocities are known; dashed, what the simulation was set to."""
    figure = line_figure("time / ps", "temperature / K")
    known = _thinned(trajectory.start_frames)
    temperature = trajectory.between(0, trajectory.n_frames).kinetic_temperature()[known]
    figure.add_scatter(
        x=trajectory.times_fs[known] / 1000, y=temperature, mode="lines", name="temperature", line_color=ACCENT
    )
    if thermostat_kelvin is not None:
        figure.add_hline(thermostat_kelvin, line_dash="dash", line_color=MUTED)
    return figure


def energy_over_time(trajectory: Trajectory) -> go.Figure:
    """Potential energy of the frames that have one, counted from their mean."""
    figure = line_figure("time / ps", "potential energy − mean / kcal/mol")
    known = _thinned(np.flatnonzero(np.isfinite(trajectory.energies)))
    energies = trajectory.energies[known]
    figure.add_scatter(
        x=trajectory.times_fs[known] / 1000,
        y=energies - energies.mean(),
        mode="lines",
        name="potential energy",
        line_color=ACCENT,
    )
    return figure


def _thinned(frames: np.ndarray) -> np.ndarray:
    return frames[:: -(-len(frames) // MOST_POINTS) or 1]
