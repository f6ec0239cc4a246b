"""Plots of training: loss, error against the baselines, error by horizon band, runs over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from msmd.forecasters import forecaster_card
from msmd.training.folder import EpochReport
from msmd.views.theme import DASHES, PREDICTION, SERIES, new_figure, set_log_y

MINUTES_AXIS = "training time / min"
A_MSE_AXIS = "A-MSE / 10⁻² Å²"
PER_CENT_SQUARE = 100.0
"""Mean squared errors are shown in 10⁻² Å², as the papers do."""

Errors = Mapping[str, float]
"""``a_mse`` and an entry per horizon band, Å²; see ``msmd.training.validation``."""


def loss_figure(reports: Sequence[EpochReport]) -> go.Figure:
    """Loss of every epoch over training time, a curve per stage."""
    figure = new_figure(
        x_title=MINUTES_AXIS,
        y_title="loss of the stage",
        how_to_read="What each stage of training pushes down; stages have losses of different kinds, so compare within "
        "a curve, not between curves.",
    )
    for index, stage in enumerate(dict.fromkeys(report.stage for report in reports)):
        mine = [report for report in reports if report.stage == stage]
        figure.add_scatter(
            x=[report.seconds / 60 for report in mine],
            y=[report.loss for report in mine],
            mode="lines+markers",
            name=stage,
            showlegend=True,
            line={"color": SERIES[index % len(SERIES)], "dash": DASHES[index % len(DASHES)]},
            marker={"size": 4},
        )
    return _log_where_possible(figure, [report.loss for report in reports])


def validation_figure(
    reports: Sequence[EpochReport], baselines: Mapping[str, Errors], result: Errors | None = None
) -> go.Figure:
    """A-MSE on validation windows over training time, the baselines as horizontal lines.

    Args:
        reports: of all epochs.
        baselines: errors by name in the registry.
        result: of the finished model, which may have been calibrated after training.
    """
    figure = new_figure(
        x_title=MINUTES_AXIS,
        y_title=A_MSE_AXIS,
        how_to_read="The error of the forecast so far, lower is better: training has paid once the curve lies below "
        "every broken line, each the error of a baseline that needs no training.",
    )
    measured = [report for report in reports if report.validation is not None]
    values = [PER_CENT_SQUARE * report.validation["a_mse"] for report in measured]
    figure.add_scatter(
        x=[report.seconds / 60 for report in measured],
        y=values,
        mode="lines+markers",
        name="this run",
        line={"color": PREDICTION, "width": 3},
    )
    last = max((report.seconds / 60 for report in reports), default=1.0)
    if result is not None:
        values = [*values, PER_CENT_SQUARE * result["a_mse"]]
        marker = {"color": PREDICTION, "size": 13, "symbol": "star"}
        figure.add_scatter(x=[last], y=values[-1:], mode="markers", name="finished model", marker=marker)
    levels = {_title(name): PER_CENT_SQUARE * errors["a_mse"] for name, errors in baselines.items()}
    for index, (name, level) in enumerate(levels.items(), start=1):
        line = {"color": SERIES[index % len(SERIES)], "dash": DASHES[index % len(DASHES)], "width": 1.6}
        figure.add_scatter(x=[0, last], y=[level, level], mode="lines", name=name, line=line)
    return _log_where_possible(figure, [*values, *levels.values()])


def band_figure(errors: Errors, baselines: Mapping[str, Errors], *, name: str = "newest checkpoint") -> go.Figure:
    """Error of a checkpoint by horizon band, the baselines beside it."""
    figure = new_figure(
        x_title="time after the start",
        y_title=A_MSE_AXIS,
        how_to_read="How far into the future the forecast is good: its bar is worth something where it is shorter than "
        "the marks of the baselines.",
    )
    bands = [band for band in errors if band != "a_mse" and all(band in theirs for theirs in baselines.values())]
    shown = [PER_CENT_SQUARE * errors[band] for band in bands]
    figure.add_bar(x=bands, y=shown, name=name, marker_color=PREDICTION)
    for index, (rival, baseline) in enumerate(baselines.items(), start=1):
        values = [PER_CENT_SQUARE * baseline[band] for band in bands]
        shown = [*shown, *values]
        marker = {"color": SERIES[index % len(SERIES)], "size": 11, "symbol": MARKS[index % len(MARKS)]}
        figure.add_scatter(x=bands, y=values, mode="markers", name=_title(rival), marker=marker)
    return _log_where_possible(figure, shown)


def _log_where_possible(figure: go.Figure, values: Sequence[float]) -> go.Figure:
    """A logarithmic y axis, unless there is nothing to show, or a loss that is not positive, as of score matching."""
    return set_log_y(figure, np.array(values)) if values and min(values) > 0 else figure


def _title(name: str) -> str:
    """What people call a baseline."""
    return forecaster_card(name).title


MARKS = ("circle", "diamond", "square", "cross")


def comparison_figure(runs: Mapping[str, Sequence[EpochReport]]) -> go.Figure:
    """A-MSE on validation windows over training time of several runs, by title."""
    figure = new_figure(
        x_title=MINUTES_AXIS,
        y_title=A_MSE_AXIS,
        how_to_read="Every curve is a run, lower is better; compare runs of the same data and the same split only.",
    )
    values: list[float] = []
    for index, (title, reports) in enumerate(runs.items()):
        measured = [report for report in reports if report.validation is not None]
        y = [PER_CENT_SQUARE * report.validation["a_mse"] for report in measured]
        values += y
        line = {"color": SERIES[index % len(SERIES)], "dash": DASHES[(index + index // len(SERIES)) % len(DASHES)]}
        x = [report.seconds / 60 for report in measured]
        figure.add_scatter(x=x, y=y, mode="lines+markers", name=title, showlegend=True, line=line)
    return _log_where_possible(figure, values)
