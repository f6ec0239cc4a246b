"""Plots of ablations: molecules × variants as a heat map, error by horizon.

Cells carry ``[molecule, variant]`` in ``customdata``, so that a page can follow a click.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from msmd.forecasters import forecaster_card
from msmd.sweeps.record import FULL, WHOLE
from msmd.views.ablation_scores import AblationGrid, Cell, Model, Ratio, Score, Scores, best_baseline
from msmd.views.theme import (
    COLOR_SCALE,
    DIVERGING_SCALE,
    FAMILY_COLORS,
    HIGHLIGHT,
    PREDICTION,
    TEXT,
    new_figure,
    set_log_y,
)

PER_CENT_SQUARE = 100.0
"""Mean squared errors are shown in 10⁻² Å², as the papers do."""

A_MSE_AXIS = "mean squared error / 10⁻² Å²"
ROW_PX = 38
"""Two lines of text and a little air."""

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
        f"teal that it stood in the way; {MARKS}",
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
        text=[[_cell_text(ratio) for ratio in row] for row in _texts(grid, measure)],
        texttemplate="%{text}",
        hoverinfo="skip",
        xgap=2,
        ygap=2,
        **_colors(z, measure),
    )
    _add_targets(figure, grid, measure, labels)
    _add_frame(figure, grid, selected)
    figure.update_xaxes(tickvals=list(range(len(grid.molecules))), ticktext=list(grid.molecules), showgrid=False)
    figure.update_xaxes(side="top", zeroline=False, range=[-0.5, len(grid.molecules) - 0.5], ticks="")
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(range=[len(labels) - 0.5, -0.5])
    return figure.update_layout(height=120 + ROW_PX * len(labels), hoverdistance=-1, margin={"t": 60})


def horizon_figure(
    by_band: Mapping[str, Scores], model: Model, *, titles: Mapping[str, str], selected: str | None = None
) -> go.Figure:
    """Error by horizon band on one molecule: the full model, the variant in question, the others, the best baseline.

    Args:
        by_band: scores of each band, in the order of time; the whole horizon is left out.
        model: whose variants.
        titles: of variants, for people.
        selected: the variant in question.
    """
    figure = new_figure(
        x_title="time after the start / fs",
        y_title=A_MSE_AXIS,
        how_to_read="Read from the left: where a line leaves the full model's (thick teal) is the time from which the "
        "part taken away is missed; late bands lie close together because chaos has taken over by then.",
    )
    bands = {band: scores for band, scores in by_band.items() if band != WHOLE}
    variants = dict.fromkeys(variant for scores in bands.values() for other, variant in scores if other == model)
    others = [variant for variant in variants if variant not in (FULL, selected)]
    drawn: list[float] = []
    for index, variant in enumerate(others):
        points = {band: scores.get((model, variant)) for band, scores in bands.items()}
        name = titles.get(variant, variant)
        legend = {"name": "other variants", "legendgroup": "others", "showlegend": index == 0, "opacity": 0.55}
        drawn += _add_curve(figure, points, label=name, line={"color": TEXT, "width": 1}, **legend)
    rivals = {band: best_baseline(scores) for band, scores in bands.items()}
    points = {band: rival[1] for band, rival in rivals.items() if rival is not None}
    line = {"color": FAMILY_COLORS["baseline"], "dash": "dash", "width": 2}
    drawn += _add_curve(figure, points, label="best baseline of each band", line=line, name="best baseline")
    for variant, color, width in ((FULL, PREDICTION, 3.5), (selected, HIGHLIGHT, 2)):
        if variant is None or (variant == selected and variant == FULL and color == HIGHLIGHT):
            continue
        points = {band: scores.get((model, variant)) for band, scores in bands.items()}
        name = titles.get(variant, variant)
        drawn += _add_curve(figure, points, label=name, line={"color": color, "width": width}, name=name)
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=[_say_band(band) for band in bands])
    return set_log_y(figure, np.array(drawn)) if drawn else figure


def _add_curve(
    figure: go.Figure, points: Mapping[str, Score | None], *, label: str, line: dict, **trace: object
) -> list[float]:
    """One line over the bands where it is known, with the spread over seeds; returns the heights."""
    known = {band: score for band, score in points.items() if score is not None}
    y = [PER_CENT_SQUARE * score.mean for score in known.values()]
    seeds = [len(score.by_seed) for score in known.values()]
    figure.add_scatter(
        x=[_say_band(band) for band in known],
        y=y,
        error_y={
            "array": [PER_CENT_SQUARE * (score.spread or 0.0) for score in known.values()],
            "thickness": 1,
            "width": 3,
        },
        mode="lines+markers",
        line=line,
        text=[f"{label}<br>{n} seed{'s' * (n > 1)}" for n in seeds],
        hovertemplate="%{text}<br>%{x} fs: %{y:.4g} · 10⁻² Å²<extra></extra>",
        **trace,
    )
    return y


def _texts(grid: AblationGrid, measure: Measure) -> list[list[Ratio | None]]:
    """What the cells say: a row of ones would say nothing, so that the full model shows its error there."""
    return [
        [
            (_error if measure is MEASURES["full"] and variant == FULL else measure.value)(grid.cell(molecule, variant))
            for molecule in grid.molecules
        ]
        for variant in grid.variants
    ]


def _say_band(band: str) -> str:
    return band.replace("-", "–")


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
    ticks = [tick for tick in TICKS if low - 1e-9 <= np.log10(tick) <= high + 1e-9]
    bar = {
        "title": {"text": measure.axis, "side": "right"},
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


def _add_frame(figure: go.Figure, grid: AblationGrid, selected: tuple[str, str] | None) -> None:
    if selected is None or selected[0] not in grid.molecules or selected[1] not in grid.variants:
        return
    x, y = grid.molecules.index(selected[0]), grid.variants.index(selected[1])
    figure.add_shape(
        type="rect", x0=x - 0.49, x1=x + 0.49, y0=y - 0.48, y1=y + 0.48, line={"color": HIGHLIGHT, "width": 3}
    )
