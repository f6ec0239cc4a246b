"""Plots of a trajectory as a whole: temperature and potential energy over time."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from msmd.errors import ProtocolError
from msmd.trajectory import Trajectory
from msmd.views.theme import PREDICTION, REFERENCE, new_figure

TIME_AXIS = "time / ps"
MOST_POINTS = 2000
"""Curves are thinned to about this many points; a screen has no more columns."""


def temperature_figure(trajectory: Trajectory, *, target_kelvin: float | None = None) -> go.Figure:
    """Kinetic temperature over 3N degrees of freedom in K over time in ps.

    Args:
        target_kelvin: what the simulation was set to; drawn where it differs from the mean.

    Raises:
        DataError: when velocities are not known.
    """
    figure = new_figure(
        x_title=TIME_AXIS,
        y_title="kinetic temperature / K",
        how_to_read="The temperature of so few atoms swings widely as kinetic and potential energy change places; only "
        "its mean tells how hot the molecule is. It is counted over all 3N degrees of freedom, as MD17 does: without "
        "drift and spin only 3N − 6 of them move, so that a sample of 500 K may lie below 500 K here.",
    )
    known = trajectory.start_frames
    values = trajectory.kinetic_temperature()[known]
    _add_over_time(figure, trajectory, known, values, "kinetic temperature")
    _add_level(figure, float(values.mean()), f"mean<br>{values.mean():.0f} K")
    if target_kelvin is not None and round(target_kelvin) != round(float(values.mean())):
        _add_level(figure, target_kelvin, f"set to<br>{target_kelvin:.0f} K")
    return figure


def energy_figure(trajectory: Trajectory) -> go.Figure:
    """Potential energy in kcal/mol above its lowest value, over time in ps.

    Raises:
        ProtocolError: when no energies are known.
    """
    if trajectory.energies is None or not np.isfinite(trajectory.energies).any():
        raise ProtocolError("The energy over time needs energies, and this trajectory has none.")
    figure = new_figure(
        x_title=TIME_AXIS,
        y_title="potential energy above the lowest / kcal/mol",
        how_to_read="Fast swings are bonds vibrating; a lasting step up or down is another conformer, or heat flowing "
        "in or out.",
    )
    known = np.flatnonzero(np.isfinite(trajectory.energies))
    values = trajectory.energies[known] - trajectory.energies[known].min()
    _add_over_time(figure, trajectory, known, values, "potential energy")
    return figure


def _add_over_time(
    figure: go.Figure, trajectory: Trajectory, frames: np.ndarray, values: np.ndarray, name: str
) -> None:
    stride = -(-len(frames) // MOST_POINTS)
    figure.add_scatter(
        x=trajectory.times_fs[frames[::stride]] / 1000,
        y=values[::stride],
        mode="lines",
        name=name,
        showlegend=False,
        line={"color": PREDICTION, "width": 1.2},
    )


def _add_level(figure: go.Figure, value: float, text: str) -> None:
    figure.add_hline(y=value, line={"color": REFERENCE, "dash": "dash"})
    figure.add_annotation(  # beside the plot: over the curve it could not be read
        x=1.0, xref="paper", xanchor="left", y=value, text=text, showarrow=False, align="left"
    )
    figure.update_layout(margin_r=60)
