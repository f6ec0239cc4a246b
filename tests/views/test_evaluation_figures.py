"""Tables and plots of evaluations: numbers as measured, in the papers' unit, best first."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.data.registry import molecule_card
from msmd.metrics.evaluation import Evaluation
from msmd.views.evaluation_figures import band_figure, band_table
from msmd.views.theme import FAMILY_COLORS, how_to_read

ETHANOL = molecule_card("ethanol").molecule


def evaluation(forecaster: str, error: float) -> Evaluation:
    """Heavy atoms are off by ``error`` Å in every coordinate, hydrogens by three times that; no times in 400–800 fs."""
    times = np.tile([25.0, 100.0, 300.0, 1500.0], (6, 1))
    errors = np.full((6, 4, 9, 3), error) * np.where(ETHANOL.is_heavy, 1, 3)[:, None]
    return Evaluation(
        molecule=ETHANOL,
        source="gfn2",
        forecaster=forecaster,
        split="blocked",
        sampling="irregular",
        horizon_fs=1500.0,
        times_fs=times,
        errors=errors,
        segments=np.arange(6),
        start_times_fs=np.zeros(6),
        seconds=0.6,
    )


BOTH = [evaluation("persistence", 0.2), evaluation("spectral-ode", 0.1)]


def test_the_table_holds_the_errors_in_the_papers_unit_best_first():
    rows = band_table(BOTH)
    assert [row["forecaster"] for row in rows] == ["spectral-ode", "persistence"]
    assert rows[0]["A-MSE"] == pytest.approx(1.0)
    assert rows[0]["±"] == pytest.approx(0.0, abs=1e-12)
    assert rows[1]["0–50 fs"] == pytest.approx(4.0)
    assert rows[1]["400–800 fs"] is None
    assert rows[0]["ms per window"] == pytest.approx(100.0)


def test_all_atoms_weigh_hydrogens_in():
    assert band_table(BOTH, heavy=False)[0]["A-MSE"] == pytest.approx((3 * 1 + 6 * 9) / 9)


def test_the_plot_has_a_line_per_forecaster_in_the_colour_of_its_family():
    figure = band_figure(BOTH)
    assert [trace.name for trace in figure.data] == ["persistence", "spectral-ode"]
    assert [trace.line.color for trace in figure.data] == [FAMILY_COLORS["baseline"], FAMILY_COLORS["ours"]]
    assert list(figure.data[0].x) == ["0–50", "50–150", "150–400", "800–1500"]
    np.testing.assert_allclose(figure.data[0].y, 0.04)
    assert figure.layout.xaxis.title.text == "time after the start / fs"
    assert figure.layout.yaxis.title.text == "mean squared error / Å²"
    assert how_to_read(figure).endswith(".")


def test_lines_of_one_family_differ_in_symbol():
    figure = band_figure([evaluation(name, 0.1) for name in ("persistence", "mean-structure", "blend")])
    assert len({trace.marker.symbol for trace in figure.data}) == 3
