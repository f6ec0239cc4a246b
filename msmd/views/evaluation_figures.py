"""Forecasters side by side: error by horizon band, as a plot and as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from msmd.forecasters import forecaster_card
from msmd.metrics.displacement import Band
from msmd.metrics.evaluation import Evaluation
from msmd.shapes import Array, Bool
from msmd.views.theme import DASHES, FAMILY_COLORS, new_figure, set_log_y

SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "hexagon")
"""Within a family lines share a colour; symbols and dashes tell them apart."""

PER_CENT_SQUARE = 100.0
"""Tables show mean squared errors in 10⁻² Å², as the papers do."""


def band_figure(evaluations: Sequence[Evaluation], *, heavy: bool = True) -> go.Figure:
    """Mean squared error in Å² by horizon band, one line per forecaster, in the colour of its family."""
    figure = new_figure(
        x_title="time after the start / fs",
        y_title="mean squared error / Å²",
        how_to_read="Each line is a forecaster in its family's colour (ours teal, peers purple, baselines orange); "
        "one is worth its trouble where it lies below every baseline.",
    )
    values = []
    for index, evaluation in enumerate(evaluations):
        bands = [band for band in evaluation.bands if _mse(band, heavy) is not None]
        y = [_mse(band, heavy) for band in bands]
        values += y
        color = FAMILY_COLORS[forecaster_card(evaluation.forecaster).family]
        figure.add_scatter(
            x=[f"{band.from_fs:g}–{band.to_fs:g}" for band in bands],
            y=y,
            mode="lines+markers",
            name=evaluation.forecaster,
            line={"color": color, "dash": DASHES[index % len(DASHES)]},
            marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 8},
        )
    return set_log_y(figure.update_xaxes(type="category"), np.array(values))


def band_table(evaluations: Sequence[Evaluation], *, heavy: bool = True) -> list[dict[str, object]]:
    """One row per forecaster, best A-MSE first, errors in 10⁻² Å²; None where a band holds no sample.

    Keys: ``forecaster``, ``A-MSE``, ``±`` (standard error), ``F-MSE``, one per band such as ``0–50 fs``, and
    ``ms per window``.
    """
    best_first = sorted(evaluations, key=lambda evaluation: evaluation.a_mse(_atoms(evaluation, heavy)))
    return [_row(evaluation, heavy) for evaluation in best_first]


def _row(evaluation: Evaluation, heavy: bool) -> dict[str, object]:
    atoms = _atoms(evaluation, heavy)
    spread = evaluation.a_mse_spread(atoms)
    row: dict[str, object] = {
        "forecaster": evaluation.forecaster,
        "A-MSE": PER_CENT_SQUARE * evaluation.a_mse(atoms),
        "±": None if spread is None else PER_CENT_SQUARE * spread,
        "F-MSE": PER_CENT_SQUARE * evaluation.f_mse(atoms),
    }
    for band in evaluation.bands:
        value = _mse(band, heavy)
        row[f"{band.from_fs:g}–{band.to_fs:g} fs"] = None if value is None else PER_CENT_SQUARE * value
    return row | {"ms per window": 1000 * evaluation.seconds_per_window}


def _atoms(evaluation: Evaluation, heavy: bool) -> Bool[Array, " atoms"] | None:
    return evaluation.molecule.is_heavy if heavy else None


def _mse(band: Band, heavy: bool) -> float | None:
    return band.heavy if heavy else band.all
