"""Molecules × variants as a heat map.

Cells carry ``[molecule, variant]`` in ``customdata``, so that a page can follow a click.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL
from msmd.views.ablation_scores import AblationGrid, Cell, Ratio
from msmd.views.horizon_figures import A_MSE_AXIS, PER_CENT_SQUARE
from msmd.views.theme import COLOR_SCALE, DIVERGING_SCALE, HIGHLIGHT, TEXT, new_figure

ROW_PX = 38
"""Two lines of text and a little air."""

COLOR_BAR_PX = 64
"""Under the cells, so that a narrow screen has its width for them."""

TICKS = tuple(step * 10.0**power for power in range(-6, 7) for step in (1, 2, 5))


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What the cells of the heat map hold.

    Attributes:
        title: on the button.
        axis: on the colour bar.
        value: of a cell; None where it has none.
        is_ratio: True where 1 is the middle of the scale.
        how_to_read: the sentence under the figure.
    """

    title: str
    axis: str
    value: Callable[[Cell], Ratio | None]
    is_ratio: bool
    how_to_read: str


def _error(cell: Cell) -> Ratio | None:
    if cell.score is None:
        return None
    spread = None if cell.score.spread is None else PER_CENT_SQUARE * cell.score.spread
    return Ratio(value=PER_CENT_SQUARE * cell.score.mean, spread=spread, n_seeds=len(cell.score.by_seed))


MARKS = (
    "± is the standard deviation over seeds, “1 seed” stands where there is none, and + marks what has not been run."
)

MEASURES: dict[str, Measure] = {
    "full": Measure(
        title="vs full model",
        axis="error over the full model's",
        value=lambda cell: cell.against_full,
        is_ratio=True,
        how_to_read="The first row is the full model's error in 10⁻² Å², every number below it a variant's error over "
        "that, on the same windows: 1 means that the part taken away earned nothing there, orange that it is missed, "
        "teal that it stood in the way. Large numbers that several variants of the spectral ODE share are those of "
        f"its fall-back to start and mean structure, which hides how much worse they would be; {MARKS}",
    ),
    "baseline": Measure(
        title="vs best baseline",
        axis="error over the best baseline's",
        value=lambda cell: cell.against_baseline,
        is_ratio=True,
        how_to_read="Each number is the variant's error over that of the best baseline on the same windows: teal is "
        f"worth training, orange is worse than learning nothing; {MARKS}",
    ),
    "error": Measure(
        title="Error",
        axis=A_MSE_AXIS,
        value=_error,
        is_ratio=False,
        how_to_read="Each number is a mean squared error in 10⁻² Å², lower is better; compare within a column, because "
        f"molecules differ in how far their atoms go; {MARKS}",
    ),
}
"""What the heat map can show, by the name in the URL."""


def heat_map(
    grid: AblationGrid,
    measure: Measure,
    *,
    titles: Mapping[str, str],
    selected: tuple[str, str] | None = None,
) -> go.Figure:
    """Molecules × variants, logarithmic in colour.

    Args:
        grid: the cells.
        measure: one of ``MEASURES``.
        titles: of variants, for people.
        selected: molecule and variant of the cell that is framed.
    """
    figure = new_figure(x_title="molecule", y_title="variant", how_to_read=measure.how_to_read)
    shown = [[measure.value(grid.cell(molecule, variant)) for molecule in grid.molecules] for variant in grid.variants]
    z = np.array([[np.nan if r is None else np.log10(max(r.value, 1e-12)) for r in row] for row in shown])
    labels = [titles.get(variant, variant) for variant in grid.variants]
    figure.add_heatmap(
        z=z,
        x=list(range(len(grid.molecules))),
        y=list(range(len(grid.variants))),
        hoverinfo="skip",
        xgap=2,
        ygap=2,
        **_colors(z, measure),
    )
    _add_targets(figure, grid, measure, labels)
    _add_texts(figure, _texts(grid, measure))
    _add_frame(figure, grid, selected)
    figure.update_xaxes(tickvals=list(range(len(grid.molecules))), ticktext=list(grid.molecules), showgrid=False)
    figure.update_xaxes(side="top", zeroline=False, range=[-0.5, len(grid.molecules) - 0.5], ticks="")
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5])
    height = 150 + ROW_PX * len(labels)
    return figure.update_layout(height=height, hoverdistance=-1, margin={"t": 60, "b": COLOR_BAR_PX})


def _texts(grid: AblationGrid, measure: Measure) -> list[list[Ratio | None]]:
    """What the cells say: a row of ones would say nothing, so that the full model shows its error there."""
    return [
        [
            (_error if measure is MEASURES["full"] and variant == FULL else measure.value)(grid.cell(molecule, variant))
            for molecule in grid.molecules
        ]
        for variant in grid.variants
    ]


def _cell_text(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    return f"{_three(ratio.value)}<br>{'1 seed' if ratio.spread is None else f'±{_three(ratio.spread)}'}"


def _three(value: float) -> str:
    """Three digits at most, no exponent for what people compare."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.095 or value == 0 else f"{value:.2g}"


def _colors(z: np.ndarray, measure: Measure) -> dict[str, object]:
    """Colour scale and its bar; z is the logarithm of what is shown."""
    known = z[np.isfinite(z)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    if measure.is_ratio:
        high = float(np.clip(max(abs(low), abs(high)), np.log10(1.5), np.log10(30)))
        low = -high
    high = max(high, low + 0.1)  # a single cell still needs a scale
    ticks = [tick for tick in TICKS if low - 1e-9 <= np.log10(tick) <= high + 1e-9]
    bar = {
        "title": {"text": measure.axis, "side": "bottom"},
        "orientation": "h",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "tickvals": [float(np.log10(tick)) for tick in ticks],
        "ticktext": [f"{'×' if measure.is_ratio else ''}{tick:g}" for tick in ticks],
        "thickness": 12,
        "outlinewidth": 0,
    }
    scale = DIVERGING_SCALE if measure.is_ratio else COLOR_SCALE
    return {"colorscale": scale, "zmin": float(low), "zmax": float(high), "colorbar": bar}


def _add_targets(figure: go.Figure, grid: AblationGrid, measure: Measure, labels: Sequence[str]) -> None:
    """A point on every cell: plotly selects points, not cells.  Those of cells that have not been run show a plus."""
    places = [(row, column) for row in range(len(grid.variants)) for column in range(len(grid.molecules))]
    cells = [grid.cell(grid.molecules[column], grid.variants[row]) for row, column in places]
    missing = [measure.value(cell) is None for cell in cells]
    figure.add_scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers",
        showlegend=False,
        customdata=[[cell.molecule, cell.variant] for cell in cells],
        text=[_describe(cell, labels[row]) for cell, (row, _) in zip(cells, places, strict=True)],
        hovertemplate="%{text}<extra></extra>",
        marker={
            "symbol": ["cross-thin" if gone else "square" for gone in missing],
            "size": [12 if gone else 30 for gone in missing],
            "color": "rgba(0,0,0,0)",
            "line": {"color": TEXT, "width": [1.5 if gone else 0 for gone in missing]},
        },
    )
    # Plotly fades what is not selected; here a frame says what is.
    figure.data[-1].unselected = {"marker": {"opacity": 1}}


def _describe(cell: Cell, title: str) -> str:
    """What the pointer says about a cell."""
    lines = [f"<b>{title}</b>, {cell.molecule}"]
    if cell.score is None:
        return "<br>".join([*lines, "not run yet: click to run it"])
    score = cell.score
    n_seeds = len(score.by_seed)
    lines.append(f"{PER_CENT_SQUARE * score.mean:.4g} · 10⁻² Å² over {n_seeds} seed{'s' * (n_seeds > 1)}")
    if np.isfinite(score.window_spread):
        lines.append(f"± {PER_CENT_SQUARE * score.window_spread:.2g} over stretches of the test data")
    if cell.against_full is not None:
        lines.append(f"{cell.against_full.value:.3g} × the full model")
    if cell.against_baseline is not None:
        lines.append(f"{cell.against_baseline.value:.3g} × {forecaster_card(cell.baseline).title}")
    return "<br>".join(lines if score.is_complete else [*lines, "not trained in full"])


def _add_texts(figure: go.Figure, ratios: Sequence[Sequence[Ratio | None]]) -> None:
    """What the cells say, in the ink that stands out from each: heat maps of their own, which fit text to cells."""
    cells = figure.data[0]
    bright = _brightness(cells)
    for ink, is_mine in (("#ffffff", bright < MIDDLE_GREY), ("#111111", bright >= MIDDLE_GREY)):
        figure.add_heatmap(
            z=np.where(is_mine, 0.0, np.nan),
            x=cells.x,
            y=cells.y,
            text=np.where(is_mine, [[_cell_text(ratio) for ratio in row] for row in ratios], ""),
            texttemplate="%{text}",
            textfont={"color": ink},
            colorscale=[[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]],
            showscale=False,
            hoverinfo="skip",
        )


MIDDLE_GREY = 140
"""Brightness from which black stands out more than white."""


def _brightness(cells: go.Heatmap) -> np.ndarray:
    """How bright every cell looks, 0 to 255; NaN for an empty one."""
    places, colors = zip(*cells.colorscale, strict=True)
    bright = [float(np.dot((0.299, 0.587, 0.114), hex_to_rgb(color))) for color in colors]
    z = np.array(cells.z, dtype=float)
    return np.interp((z - cells.zmin) / (cells.zmax - cells.zmin), places, bright)


def _add_frame(figure: go.Figure, grid: AblationGrid, selected: tuple[str, str] | None) -> None:
    if selected is None or selected[0] not in grid.molecules or selected[1] not in grid.variants:
        return
    x, y = grid.molecules.index(selected[0]), grid.variants.index(selected[1])
    figure.add_shape(
        type="rect", x0=x - 0.49, x1=x + 0.49, y0=y - 0.48, y1=y + 0.48, line={"color": HIGHLIGHT, "width": 3}
    )
