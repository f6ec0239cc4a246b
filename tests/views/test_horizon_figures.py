"""Error by horizon: the full model, the variant in question, and the best baseline of each band."""

from __future__ import annotations

import numpy as np

from msmd.views.ablation_scores import comparable_scores
from msmd.views.horizon_figures import horizon_figure
from msmd.views.theme import FAMILY_COLORS, HIGHLIGHT, PREDICTION
from tests.views.ablation_records import BANDS, MODEL, record, seeds

TITLES = {"full": "full model", "one-member": "one member"}


def by_band(records):
    return {band: comparable_scores(records, "ethanol", MODEL, band=band) for band in BANDS}


def test_horizon_curves_have_the_full_model_the_variant_and_the_best_baseline_of_each_band():
    records = [
        record(variant=variant, band=band, error=error)
        for band, error in (("0-50", 0.001), ("50-150", 0.01))
        for variant in ("full", "one-member", "nodal")
    ]
    records += [record("persistence", band="0-50", error=0.02), record("mean-structure", band="50-150", error=0.03)]
    figure = horizon_figure(by_band(records), MODEL, titles=TITLES, selected="one-member")
    lines = {trace.name: trace for trace in figure.data}
    assert set(lines) == {"other variants", "best baseline", "full model", "one member"}
    assert list(lines["full model"].x) == ["0–50", "50–150"]
    np.testing.assert_allclose(lines["full model"].y, [0.1, 1.0])
    np.testing.assert_allclose(lines["best baseline"].y, [2.0, 3.0])
    colors = {name: trace.line.color for name, trace in lines.items()}
    assert colors["full model"] == PREDICTION
    assert colors["one member"] == HIGHLIGHT
    assert colors["best baseline"] == FAMILY_COLORS["baseline"]
    assert figure.layout.xaxis.title.text == "time after the start / fs"
    assert figure.layout.yaxis.title.text == "mean squared error / 10⁻² Å²"


def test_the_full_model_is_drawn_once_when_it_is_chosen():
    figure = horizon_figure(by_band([record(band="0-50")]), MODEL, titles=TITLES, selected="full")
    assert [trace.name for trace in figure.data if trace.x] == ["full model"]


def test_bars_reach_from_the_best_to_the_worst_seed():
    (line,) = horizon_figure(by_band(seeds(0.01, 0.04, band="0-50")), MODEL, titles=TITLES).data[1:]
    np.testing.assert_allclose([line.y[0], line.error_y.array[0], line.error_y.arrayminus[0]], [2.5, 1.5, 1.5])
