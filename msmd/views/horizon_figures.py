"""Error by horizon band: a model, its variants, and the best baseline of each band."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from msmd.sweeps.record import FULL, WHOLE
from msmd.views.ablation_scores import Model, Score, Scores, best_baseline
from msmd.views.theme import FAMILY_COLORS, HIGHLIGHT, PREDICTION, TEXT, new_figure, set_log_y

PER_CENT_SQUARE = 100.0
"""Mean squared errors are shown in 10⁻² Å², as the papers do."""

A_MSE_AXIS = "mean squared error / 10⁻² Å²"


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
        "part taken away is missed; late bands lie close together because chaos has taken over by then. Bars reach "
        "from the best to the worst seed.",
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
    """One line over the bands where it is known, from the best to the worst seed; returns the heights."""
    known = {band: score for band, score in points.items() if score is not None}
    y = [PER_CENT_SQUARE * score.mean for score in known.values()]
    extremes = [[PER_CENT_SQUARE * edge(score.by_seed.values()) for score in known.values()] for edge in (min, max)]
    seeds = [len(score.by_seed) for score in known.values()]
    figure.add_scatter(
        x=[_say_band(band) for band in known],
        y=y,
        error_y={
            "array": np.subtract(extremes[1], y),
            "arrayminus": np.subtract(y, extremes[0]),
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


def _say_band(band: str) -> str:
    return band.replace("-", "–")
