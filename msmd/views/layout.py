"""What every plot of the app shares."""

from __future__ import annotations

import plotly.graph_objects as go

ACCENT = "#0c9488"
"""The prediction, or the one thing a plot is about; the player's hue for predictions."""

RIVALS = ("#9d4edd", "#c2780c", "#d6336c", "#64748b")
"""The player's further hues, so that a curve has one colour on the whole page."""

MUTED = "#8792a2"
HEIGHT = 300


def line_figure(x_title: str, y_title: str) -> go.Figure:
    """An empty figure with titled axes; fonts and grounds come from the page it is shown on."""
    return go.Figure(
        layout={
            "xaxis": {"title": x_title},
            "yaxis": {"title": y_title},
            "height": HEIGHT,
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
            "hovermode": "x unified",
        }
    )
