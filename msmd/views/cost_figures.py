"""Cost against accuracy: every forecaster and baseline, and the variants of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from msmd.forecasters import Family, forecaster_card
from msmd.sweeps.record import FULL
from msmd.views.ablation_scores import Model, Score, Scores
from msmd.views.horizon_figures import A_MSE_AXIS, PER_CENT_SQUARE
from msmd.views.theme import FAMILY_COLORS, HIGHLIGHT, TEXT, new_figure, set_log_y


def cost_figure(
    scores: Scores, model: Model, *, titles: Mapping[str, str], selected: str | None = None, hardware: str | None = None
) -> go.Figure:
    """Seconds per window against error: every forecaster and baseline, and the variants of one model.

    Args:
        scores: of one molecule, from ``all_forecasters``.
        model: whose variants are shown.
        titles: of variants, for people.
        selected: the variant in question.
        hardware: that most were timed on; what was timed elsewhere is drawn hollow.
    """
    figure = new_figure(
        x_title="wall time of one forecast / s",
        y_title=A_MSE_AXIS,
        how_to_read="Left is cheap, low is accurate: only points on the broken line are worth their time, everything "
        "else is beaten by one that is both cheaper and better. Hollow points, if any, were timed on another machine.",
    )
    points = [_cost_point(key, score, model, titles, selected) for key, score in scores.items()]
    points = [point for point in points if point is not None]
    if not points:
        return figure
    _add_front(figure, points)
    for family in dict.fromkeys(point.family for point in points):
        _add_family(figure, [point for point in points if point.family == family], hardware)
    logs = np.log10([point.x for point in points])
    figure.update_xaxes(type="log", exponentformat="SI", dtick=1, range=[logs.min() - 0.3, logs.max() + 0.5])
    return set_log_y(figure, np.array([point.y for point in points])).update_layout(height=440)


@dataclass(frozen=True, kw_only=True)
class _CostPoint:
    x: float
    y: float
    name: str
    family: str
    color: str
    size: int
    hardware: str
    n_windows: int


def _cost_point(
    key: tuple[Model, str], score: Score, model: Model, titles: Mapping[str, str], selected: str | None
) -> _CostPoint | None:
    """None for variants of another model than the one in question."""
    other, variant = key
    if variant != FULL and other != model:
        return None
    card = forecaster_card(other.forecaster)
    is_variant = variant != FULL
    is_selected = other == model and variant == selected
    name = titles.get(variant, variant) if is_variant else card.title + _say_budget(other)
    return _CostPoint(
        x=score.record.seconds_per_window,
        y=PER_CENT_SQUARE * score.mean,
        name=name,
        family="variants" if is_variant else FAMILY_TITLES[card.family],
        color=HIGHLIGHT if is_selected else FAMILY_COLORS[card.family],
        size=14 if is_selected else 7 if is_variant else 11,
        hardware=score.record.hardware,
        n_windows=score.record.n_windows,
    )


def _say_budget(model: Model) -> str:
    """Whole training blocks go without saying."""
    return "" if model.n_train_windows is None else f", {model.n_train_windows} windows"


FAMILY_TITLES: dict[Family, str] = {
    "ours": "ours",
    "peer": "published models",
    "baseline": "baselines",
    "simulation": "simulation",
}
FAMILY_SYMBOLS = {
    "ours": "circle",
    "published models": "square",
    "baselines": "diamond",
    "simulation": "star",
    "variants": "circle",
}


def _add_family(figure: go.Figure, points: Sequence[_CostPoint], hardware: str | None) -> None:
    symbols = [
        FAMILY_SYMBOLS[point.family] + ("" if hardware in (None, point.hardware) else "-open") for point in points
    ]
    figure.add_scatter(
        x=[point.x for point in points],
        y=[point.y for point in points],
        mode="markers+text",
        name=points[0].family,
        text=[point.name if point.size > 10 and point.family != "baselines" else "" for point in points],
        textposition="top center",
        cliponaxis=False,
        customdata=[[point.name, point.hardware, point.n_windows] for point in points],
        hovertemplate="%{customdata[0]}<br>%{x:.3g} s, %{y:.3g} · 10⁻² Å²<br>on %{customdata[2]} windows, "
        "%{customdata[1]}<extra></extra>",
        marker={
            "color": [point.color for point in points],
            "size": [point.size for point in points],
            "symbol": symbols,
            "opacity": 1.0,
            "line": {"color": [point.color for point in points], "width": 1.5},
        },
    )


def _add_front(figure: go.Figure, points: Sequence[_CostPoint]) -> None:
    """The points that no other is both cheaper and better than, joined."""
    front: list[_CostPoint] = []
    for point in sorted(points, key=lambda point: (point.x, point.y)):
        if not front or point.y < front[-1].y:
            front.append(point)
    figure.add_scatter(
        x=[point.x for point in front],
        y=[point.y for point in front],
        mode="lines",
        name="best at its price",
        line={"color": TEXT, "dash": "dash", "width": 1.2, "shape": "hv"},
        hoverinfo="skip",
    )
