"""Plots of a forecast's error: over time, by spatial mode, by atom; the baselines beside it in every one.

In each figure the first forecast is the one in question and the others are its rivals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from msmd.forecasting import Forecast
from msmd.spectrum import GraphSpectrum
from msmd.views.scenes import in_order, rmsd
from msmd.views.spectrum_figures import MODE_AXIS
from msmd.views.theme import DASHES, SERIES, new_figure

FEW_POINTS = 60
"""Up to this many times are drawn as points, so that irregular ones can be seen as such."""


def error_by_time(forecasts: Sequence[Forecast]) -> go.Figure:
    """RMSD over time in Å."""
    figure = new_figure(
        x_title="time after the start / fs",
        y_title="RMSD / Å",
        how_to_read="The distance between predicted and reference atoms after each time: a forecast is of use where "
        "its solid line runs below the broken ones of the baselines.",
    )
    for index, forecast in enumerate(forecasts):
        rows = in_order(forecast)
        figure.add_scatter(
            x=forecast.times_fs[rows],
            y=rmsd(forecast.predicted[rows], forecast.reference[rows]),
            mode="lines+markers" if len(rows) <= FEW_POINTS else "lines",
            **_line(index, forecast),
        )
    return _from_zero(figure)


def error_by_mode(forecasts: Sequence[Forecast], spectrum: GraphSpectrum) -> go.Figure:
    """Root mean square error of each spatial mode over the window in Å: sqrt(⟨|Σ_a u_a (x̃_a − x_a)|²⟩)."""
    figure = new_figure(
        x_title=MODE_AXIS,
        y_title="RMS error / Å",
        how_to_read="Each point is one pattern of the Modes page: high points on the left are whole groups in the "
        "wrong place, high points on the right are neighbouring atoms at the wrong distance.",
    )
    hover = [f"mode {k}<br>λ = {value:.3f}" for k, value in enumerate(spectrum.eigenvalues)]
    for index, forecast in enumerate(forecasts):
        values = np.sqrt(np.square(spectrum.to_modal(_errors(forecast))).sum(axis=-1).mean(axis=0))
        figure.add_scatter(
            x=np.arange(len(values)), y=values, mode="lines+markers", text=hover, **_line(index, forecast)
        )
    return _from_zero(figure)


def error_by_atom(forecasts: Sequence[Forecast]) -> go.Figure:
    """Root mean square distance of each atom over the window in Å."""
    figure = new_figure(
        x_title="atom",
        y_title="RMS distance / Å",
        how_to_read="A bar is the forecaster's error for one atom, numbered as in the data, a mark that of a baseline: "
        "hydrogens on groups that turn are usually the hardest.",
    )
    for index, forecast in enumerate(forecasts):
        labels = [f"{symbol}{number}" for number, symbol in enumerate(forecast.molecule.symbols)]
        values = np.sqrt(np.square(_errors(forecast)).sum(axis=-1).mean(axis=0))
        if index == 0:
            figure.add_bar(x=labels, y=values, name=forecast.forecaster, marker_color=SERIES[0])
        else:
            marks = {"size": 9, "symbol": MARKS[(index - 1) % len(MARKS)]}
            style = _line(index, forecast)
            figure.add_scatter(x=labels, y=values, mode="markers", **{**style, "marker": style["marker"] | marks})
    return _from_zero(figure)


MARKS = ("circle", "diamond", "square", "cross")


def _errors(forecast: Forecast) -> np.ndarray:
    """Predicted minus reference, Å, after the start, where the reference is known."""
    rows = in_order(forecast)
    rows = rows[forecast.times_fs[rows] > 0]
    return forecast.predicted[rows] - forecast.reference[rows]


def _line(index: int, forecast: Forecast) -> dict[str, dict | str]:
    """The first is drawn thick and solid, its rivals thin and broken."""
    color = SERIES[index % len(SERIES)]
    line = {"color": color, "dash": DASHES[index % len(DASHES)], "width": 3 if index == 0 else 1.6}
    return {"name": forecast.forecaster, "line": line, "marker": {"color": color}}


def _from_zero(figure: go.Figure) -> go.Figure:
    return figure.update_yaxes(rangemode="tozero").update_layout(hovermode="x unified")
