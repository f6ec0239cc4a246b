"""Figures of spatial scales: what is drawn is what was measured, and axes say in which unit."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.data.registry import molecule_card
from msmd.spectrum import ModeTimeScales, RankCorrelation, graph_spectrum
from msmd.views import spectrum_figures as figures
from msmd.views.theme import HIGHLIGHT, PREDICTION, how_to_read

SPECTRUM = graph_spectrum(molecule_card("benzene").molecule)
N = SPECTRUM.n_modes
VALUES = np.linspace(1.0, 2.0, N)
SCALES = ModeTimeScales(
    eigenvalues=SPECTRUM.eigenvalues,
    correlation_times_fs=VALUES * 100,
    correlation_errors_fs=VALUES,
    is_resolved=np.arange(N) != 5,
    centroids=VALUES * 1000,
    centroid_errors=VALUES * 10,
    mass_weighted=True,
)
RHO = RankCorrelation(value=-0.43, low=-0.85, high=0.22, n_points=8)

EVERY_FIGURE = {
    "eigenvalues": (figures.eigenvalue_figure(SPECTRUM, selected=3), "eigenvalue λ (no unit)"),
    "kinetic energy": (figures.kinetic_energy_figure(VALUES, SPECTRUM, selected=3), "mean kinetic energy / kcal/mol"),
    "displacement": (figures.displacement_figure(VALUES, SPECTRUM, selected=3), "mean squared displacement / Å²"),
    "space-time": (figures.space_time_figure(SCALES, RHO, selected=3), "correlation time / fs"),
    "space-frequency": (figures.space_frequency_figure(SCALES, selected=3), "spectral centroid / cm⁻¹"),
}


@pytest.mark.parametrize(("figure", "y_title"), EVERY_FIGURE.values(), ids=EVERY_FIGURE)
def test_axes_are_titled_with_units_and_the_reader_is_told_how(figure, y_title: str):
    assert figure.layout.yaxis.title.text == y_title
    assert figure.layout.xaxis.title.text in (figures.MODE_AXIS, figures.EIGENVALUE_AXIS)
    sentence = how_to_read(figure)
    assert sentence.endswith(".")
    assert 40 < len(sentence) < 250


@pytest.mark.parametrize(("figure", "_"), EVERY_FIGURE.values(), ids=EVERY_FIGURE)
def test_a_click_says_its_mode_and_the_selected_one_is_set_apart(figure, _):
    trace = figure.data[-1]
    assert list(trace.customdata) == list(range(N))
    assert [color == HIGHLIGHT for color in trace.marker.color] == [k == 3 for k in range(N)]
    assert set(trace.marker.color) == {HIGHLIGHT, PREDICTION}


def test_eigenvalues_are_drawn_and_equal_ones_joined():
    joined, points = EVERY_FIGURE["eigenvalues"][0].data
    np.testing.assert_array_equal(points.y, SPECTRUM.eigenvalues)
    pairs = [group for group in SPECTRUM.groups if len(group) == 2]
    assert len(joined.x) == 3 * len(pairs)
    assert list(joined.x[:3]) == [*pairs[0], None]
    assert [s == "diamond" for s in points.marker.symbol] == [any(k in p for p in pairs) for k in range(N)]
    assert f"the same as of mode {pairs[0][1]}" in points.text[pairs[0][0]]


def test_a_spectrum_without_equal_eigenvalues_has_no_bars():
    alone = molecule_card("malonaldehyde").molecule
    spectrum = graph_spectrum(alone)
    repeated = any(len(group) > 1 for group in spectrum.groups)
    assert len(figures.eigenvalue_figure(spectrum).data) == 1 + repeated


def test_equipartition_is_drawn_where_the_temperature_is_known():
    figure = figures.kinetic_energy_figure(VALUES, SPECTRUM, temperature_kelvin=500.0)
    assert figure.layout.shapes[0].y0 == pytest.approx(1.5 * 0.0019872 * 500, rel=1e-4)
    assert "500 K" in figure.layout.annotations[0].text
    assert not figures.kinetic_energy_figure(VALUES, SPECTRUM).layout.shapes


def test_the_space_time_plot_shows_errors_bounds_and_the_correlation():
    figure = EVERY_FIGURE["space-time"][0]
    (trace,) = figure.data
    np.testing.assert_array_equal(trace.x, SPECTRUM.eigenvalues)
    np.testing.assert_array_equal(trace.y, SCALES.correlation_times_fs)
    np.testing.assert_array_equal(trace.error_y.array, SCALES.correlation_errors_fs)
    assert trace.marker.symbol[0] == "circle-open"
    assert trace.marker.symbol[5] == "triangle-up"
    assert trace.marker.symbol[1] == "circle"
    assert figure.layout.title.text == "Spearman ρ = −0.43 (95 % interval −0.85 to 0.22, 8 eigenvalues)"
    assert figure.layout.yaxis.type == "log"


def test_without_a_correlation_the_title_says_why():
    assert figures.space_time_figure(SCALES).layout.title.text == "too few eigenvalues for a correlation"


def test_displacements_are_drawn_in_factors_of_ten():
    assert EVERY_FIGURE["displacement"][0].layout.yaxis.type == "log"
