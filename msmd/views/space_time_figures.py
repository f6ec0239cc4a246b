"""Eigenvalue against time scale, on reference data and inside forecasts, in one plot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from msmd.metrics.space_time import SpaceTime
from msmd.spectrum import RankCorrelation
from msmd.views.spectrum_figures import EIGENVALUE_AXIS
from msmd.views.theme import GRID, HIGHLIGHT, PREDICTION, REFERENCE, new_figure, set_log_y

STYLES = ((REFERENCE, "circle-open", 15), (PREDICTION, "circle", 9), (HIGHLIGHT, "diamond", 9))
"""Colour, symbol and size of the reference, the full model and a variant: on one another they are all seen."""

LOWER_BOUND = "triangle-up"


def space_time_comparison(measured: Mapping[str, SpaceTime]) -> go.Figure:
    """Correlation time of each mode in fs against its eigenvalue, measured on several sides.

    Args:
        measured: by title; the reference, then the full model, then a variant.  One that stands still is left out.
    """
    figure = new_figure(
        x_title=EIGENVALUE_AXIS,
        y_title="correlation time / fs",
        how_to_read="Each column of marks is one spatial scale: a model moves it at the right pace where its mark lies "
        "in the reference's ring. Triangles are lower bounds: longer than half a stretch cannot be measured. ρ is "
        "Spearman's, −1 where smoother always means slower.",
    )
    heights = [side.scales.correlation_times_fs for side in measured.values()]
    for (name, side), (color, symbol, size) in zip(measured.items(), STYLES, strict=False):
        if side.is_still:
            continue
        scales = side.scales
        figure.add_scatter(
            x=scales.eigenvalues,
            y=scales.correlation_times_fs,
            error_y={"array": scales.correlation_errors_fs, "color": GRID.replace("0.25", "0.8"), "thickness": 1},
            mode="markers",
            name=f"{name} (ρ = {say_correlation(side.correlation)})",
            showlegend=True,
            text=[f"mode {k}" for k in range(len(scales.eigenvalues))],
            hovertemplate=f"{name}<br>%{{text}}, λ = %{{x:.3f}}<br>%{{y:.4g}} fs<extra></extra>",
            marker={
                "color": color,
                "size": size,
                "symbol": [
                    symbol if resolved else f"{LOWER_BOUND}{'-open' if symbol.endswith('-open') else ''}"
                    for resolved in scales.is_resolved
                ],
                "opacity": 1.0,
                "line": {"color": color, "width": 2},
            },
        )
    return set_log_y(figure, np.concatenate(heights)).update_layout(height=400)


def say_correlation(correlation: RankCorrelation | None) -> str:
    """ρ with its interval, a dash where there is none."""
    if correlation is None:
        return "–"
    return f"{correlation.value:.2f}, {correlation.low:.2f} to {correlation.high:.2f}".replace("-", "−")
