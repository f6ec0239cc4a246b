"""Plots of a forecast's error: over time, by spatial mode, by atom; the baselines beside it in every one.

In each figure the first forecast is the one in question and the others are its rivals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from msmd.forecasting import Forecast
from msmd.molecule import Molecule
from msmd.spectrum import GraphSpectrum
from msmd.views.layout import ACCENT, RIVALS, line_figure
from msmd.views.scenes import in_order, rmsd

DASHES = ("dot", "dash", "dashdot", "longdash")
"""Rivals differ in dash too: colour alone does not reach every reader."""


def error_by_time(forecasts: Sequence[Forecast]) -> go.Figure:
    """RMSD over time."""
    figure = _figure("time after the start / fs", "RMSD / Å")
    for index, forecast in enumerate(forecasts):
        rows = in_order(forecast)
        values = rmsd(forecast.predicted[rows], forecast.reference[rows])
        figure.add_scatter(x=forecast.times_fs[rows], y=values, mode=_mode(rows), **_line(index, forecast))
    return figure


def error_by_mode(forecasts: Sequence[Forecast], spectrum: GraphSpectrum) -> go.Figure:
    """Root mean square error of each spatial mode over the window, Å: sqrt(mean_t |û_k·(x̃ − x)|²)."""
    figure = _figure("mode, from smooth to rough", "RMS error / Å")
    for index, forecast in enumerate(forecasts):
        values = np.sqrt(np.square(spectrum.to_modal(_errors(forecast))).sum(axis=-1).mean(axis=0))
        hover = [f"mode {k}<br>λ = {value:.3f}" for k, value in enumerate(spectrum.eigenvalues)]
        figure.add_scatter(
            x=np.arange(len(values)), y=values, mode="lines+markers", text=hover, **_line(index, forecast)
        )
    return figure


def error_by_atom(forecasts: Sequence[Forecast], molecule: Molecule) -> go.Figure:
    """Root mean square distance of each atom over the window, Å."""
    figure = _figure("atom", "RMS distance / Å")
    labels = [f"{symbol}{index}" for index, symbol in enumerate(molecule.symbols)]
    for index, forecast in enumerate(forecasts):
        values = np.sqrt(np.square(_errors(forecast)).sum(axis=-1).mean(axis=0))
        if index == 0:
            figure.add_bar(x=labels, y=values, name=forecast.forecaster, marker_color=ACCENT)
        else:
            figure.add_scatter(x=labels, y=values, mode="markers", marker_size=9, **_line(index, forecast))
    return figure


def _errors(forecast: Forecast) -> np.ndarray:
    """Predicted minus reference, Å, after the start, where the reference is known."""
    rows = in_order(forecast)
    rows = rows[forecast.times_fs[rows] > 0]
    return forecast.predicted[rows] - forecast.reference[rows]


def _mode(rows: np.ndarray) -> str:
    """Points are drawn where there are few, so that irregular times can be seen."""
    return "lines+markers" if len(rows) <= 60 else "lines"


def _line(index: int, forecast: Forecast) -> dict[str, object]:
    if index == 0:
        line = {"color": ACCENT, "width": 3}
    else:
        line = {"color": RIVALS[(index - 1) % len(RIVALS)], "dash": DASHES[(index - 1) % len(DASHES)], "width": 1.5}
    return {"name": forecast.forecaster, "line": line, "marker": {"color": line["color"]}}


def _figure(x_title: str, y_title: str) -> go.Figure:
    return line_figure(x_title, y_title).update_yaxes(rangemode="tozero")
