"""Figures of training: axes with units, the run, its result, and a line or mark for every baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from msmd.training.folder import EpochReport
from msmd.views.theme import how_to_read
from msmd.views.training_figures import band_figure, comparison_figure, loss_figure, validation_figure

BASELINES = {"persistence": {"a_mse": 0.2, "0-50 fs": 0.1}, "mean-structure": {"a_mse": 0.1, "0-50 fs": 0.2}}


def report(stage: str, minutes: float, a_mse: float | None = None) -> EpochReport:
    """An epoch that ends after so many minutes."""
    found = None if a_mse is None else {"a_mse": a_mse, "0-50 fs": a_mse / 2, "50-150 fs": a_mse}
    return EpochReport(
        stage=stage, stage_index=0, n_stages=2, step=1, progress=0.5, loss=2.0 / minutes, learning_rate=0.1,
        seconds=60 * minutes, validation=found,
    )  # fmt: skip


REPORTS = [report("slow", 1.0), report("slow", 2.0, 0.3), report("fast", 4.0, 0.05)]


def test_the_error_beside_the_baselines() -> None:
    figure = validation_figure(REPORTS, BASELINES, {"a_mse": 0.04})
    run, result, *levels = figure.data
    assert (list(run.x), list(run.y)) == ([2.0, 4.0], pytest.approx([30.0, 5.0]))
    assert (list(result.x), list(result.y)) == ([4.0], pytest.approx([4.0]))
    assert [line.name for line in levels] == ["Persistence", "Aligned mean structure"]
    assert all(line.y[0] == line.y[1] and tuple(line.x) == (0, 4.0) for line in levels)
    assert figure.layout.xaxis.title.text == "training time / min"
    assert figure.layout.yaxis.title.text == "A-MSE / 10⁻² Å²"
    assert "finished model" not in [line.name for line in validation_figure(REPORTS, BASELINES).data]


def test_bands_that_the_baselines_know() -> None:
    figure = band_figure(REPORTS[-1].validation, BASELINES, name="finished model")
    bar, *marks = figure.data
    assert (bar.name, list(bar.x), list(bar.y)) == ("finished model", ["0-50 fs"], pytest.approx([2.5]))
    assert [list(mark.y) for mark in marks] == [pytest.approx([10.0]), pytest.approx([20.0])]


def test_a_curve_per_stage_and_a_curve_per_run() -> None:
    assert [curve.name for curve in loss_figure(REPORTS).data] == ["slow", "fast"]
    figure = comparison_figure({"1 a": REPORTS, "2 b": REPORTS[:1]})
    assert [list(curve.x) for curve in figure.data] == [[2.0, 4.0], []]
    assert (figure.layout.yaxis.type, comparison_figure({"1 a": []}).layout.yaxis.type) == ("log", None)
    negative = [replace(entry, loss=-1.0) for entry in REPORTS]
    assert loss_figure(negative).layout.yaxis.type is None
    assert all(how_to_read(shown) for shown in (figure, loss_figure(REPORTS)))
