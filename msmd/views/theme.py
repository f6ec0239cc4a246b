"""Colours and layout of every figure, defined once; light and dark.

Backgrounds are transparent and every colour stands out from white and from the app's dark background alike (contrast
at least 3:1), so that one figure serves both.  The four colours that carry meaning stay apart for readers with
deuteranopia or protanopia (CIELAB distance at least 25; tests/views/test_theme.py measures both).
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from msmd.forecasters import Family

PREDICTION = "#0c9488"
"""Teal: the forecast in question, here and in the player."""

REFERENCE = "#737342"
"""What was computed or measured, as against forecast."""

FAMILY_COLORS: dict[Family, str] = {
    "ours": PREDICTION,
    "peer": "#9d4edd",
    "baseline": "#c2780c",
    "simulation": REFERENCE,
}
"""One colour per family of forecasters, by the ``family`` of its card; a simulation is how the reference was made."""

HIGHLIGHT = "#d6336c"
"""What is selected; also set apart by its size or shape."""

SERIES = (PREDICTION, "#9d4edd", "#c2780c", "#3b5bdb", REFERENCE)
"""Curves that are neither forecast nor reference, such as the elements; always named at the curve or in the legend."""

DASHES = ("solid", "dot", "dash", "dashdot", "longdash")
"""Curves in one figure differ in dash too: colour alone does not reach every reader."""

TEXT = "#78838f"
"""Text and axes where no page sets its own: 3.9:1 on white, 4.6:1 on dark."""

GRID = "rgba(128, 128, 128, 0.25)"
HEIGHT_PX = 340

COLOR_SCALE = "Cividis"
"""Heat maps: one lightness scale that looks the same to readers with and without colour-blindness."""

DIVERGING_SCALE = ((0.0, "#0b7c73"), (0.25, "#7cc4bd"), (0.5, "#dfe3e8"), (0.75, "#f0b35f"), (1.0, "#a4480b"))
"""Ratios about 1: teal below, orange above, the two ends apart for readers with colour-blindness too."""

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": TEXT},
        "colorway": SERIES,
        "xaxis": {"gridcolor": GRID, "zerolinecolor": GRID, "ticks": "outside", "automargin": True},
        "yaxis": {"gridcolor": GRID, "zerolinecolor": GRID, "ticks": "outside", "automargin": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "margin": {"l": 10, "r": 20, "t": 40, "b": 10},
        "height": HEIGHT_PX,
    }
)


def new_figure(*, x_title: str, y_title: str, how_to_read: str, title: str | None = None) -> go.Figure:
    """An empty figure in the house style.

    Args:
        x_title, y_title: what is drawn and in which unit, such as ``"time / fs"``.
        how_to_read: the one sentence that the page prints under the figure.
    """
    return go.Figure(
        layout={
            "template": TEMPLATE,
            "xaxis": {"title": {"text": x_title}},
            "yaxis": {"title": {"text": y_title}},
            "title": {"text": title, "font": {"size": 14}},
            "meta": {"how_to_read": how_to_read},
        }
    )


def set_log_y(figure: go.Figure, values: Float[np.ndarray, " points"]) -> go.Figure:
    """A logarithmic y axis whose labels are whole numbers (1, 2, 5, 10, 20, …), which plotly's own are not."""
    shown = values[np.isfinite(values) & (values > 0)]
    low, high = (int(np.floor(np.log10(edge))) for edge in (shown.min(), shown.max()))
    steps = (1, 2, 5) if high - low < 3 else (1,)
    ticks = [step * 10.0**power for power in range(low, high + 2) for step in steps]
    return figure.update_yaxes(type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])


def how_to_read(figure: go.Figure) -> str:
    """The sentence that belongs under a figure made by ``new_figure``.

    >>> how_to_read(new_figure(x_title="time / fs", y_title="RMSD / Å", how_to_read="Lower is better."))
    'Lower is better.'
    """
    return figure.layout.meta["how_to_read"]
