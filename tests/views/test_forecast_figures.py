"""Error plots: what is drawn is the error, and every axis has its unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.forecasting import Forecast
from msmd.molecule import Molecule
from msmd.spectrum import graph_spectrum
from msmd.views.forecast_figures import error_by_atom, error_by_mode, error_by_time
from msmd.views.theme import how_to_read

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))


@pytest.fixture
def forecasts(random) -> tuple[Forecast, Forecast]:
    reference = random.normal(size=(5, 3, 3))
    first = Forecast(
        forecaster="spectral-ode",
        molecule=WATER,
        start=3,
        start_time_fs=12.0,
        times_fs=np.array([0.0, 4.0, 8.0, 12.0, 16.0]),
        predicted=reference + np.array([0, 1, 2, 3, 4.0])[:, None, None] * [1.0, 0, 0],
        reference=reference,
    )
    return first, replace(first, forecaster="persistence", predicted=np.add(reference, [0, 5.0, 0]))


def test_the_error_over_time_is_the_rmsd(forecasts):
    figure = error_by_time(forecasts)
    assert figure.data[0].y == pytest.approx([0, 1, 2, 3, 4])
    assert figure.data[1].y == pytest.approx([5] * 5)
    assert [trace.name for trace in figure.data] == ["spectral-ode", "persistence"]


def test_the_error_by_atom_leaves_the_start_out(forecasts):
    figure = error_by_atom(forecasts)
    assert list(figure.data[0].x) == ["O0", "H1", "H2"]
    assert figure.data[0].y == pytest.approx([np.sqrt((1 + 4 + 9 + 16) / 4)] * 3)


def test_a_shift_of_the_whole_molecule_is_an_error_of_the_smoothest_mode_alone(forecasts):
    figure = error_by_mode(forecasts, graph_spectrum(WATER))
    assert figure.data[1].y == pytest.approx([5 * np.sqrt(3), 0, 0], abs=1e-12)


@pytest.mark.parametrize("make", [error_by_time, error_by_atom, lambda f: error_by_mode(f, graph_spectrum(WATER))])
def test_axes_have_titles_and_the_figure_says_how_to_read_it(forecasts, make):
    figure = make(forecasts)
    assert "/ Å" in figure.layout.yaxis.title.text
    assert figure.layout.xaxis.title.text
    assert how_to_read(figure).endswith(".")


def test_few_times_are_drawn_as_points_and_many_as_a_line(forecasts):
    first = forecasts[0]
    many = replace(
        first,
        times_fs=np.arange(100.0),
        predicted=np.repeat(first.predicted, 20, axis=0),
        reference=np.repeat(first.reference, 20, axis=0),
    )
    assert error_by_time([first]).data[0].mode == "lines+markers"
    assert error_by_time([many]).data[0].mode == "lines"
