"""Velocity spectra as drawn."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.spectrum import VelocitySpectrum
from msmd.views import velocity_figures as figures
from msmd.views.theme import REFERENCE, how_to_read

GRID = np.arange(0.0, 5000.0, 50.0)


def spectrum(*labels: str, factor: float = 1.0) -> VelocitySpectrum:
    densities = factor * np.stack([np.exp(-(((GRID - 1000 * (k + 1)) / 100) ** 2)) for k in range(len(labels))])
    return VelocitySpectrum(labels=labels, wavenumbers=GRID, densities=densities)


EVERY_FIGURE = {
    "spectrum": (figures.velocity_spectrum_figure(spectrum("H", "C")), figures.DENSITY_AXIS),
    "comparison": (
        figures.spectrum_comparison_figure(spectrum("total"), {"ours": spectrum("total", factor=0.5)}),
        figures.DENSITY_AXIS,
    ),
    "modes": (figures.mode_power_figure(spectrum("mode 0", "mode 1", factor=3.0)), "mode number, smooth to rough"),
}


@pytest.mark.parametrize(("figure", "y_title"), EVERY_FIGURE.values(), ids=EVERY_FIGURE)
def test_axes_are_titled_with_units_and_the_reader_is_told_how(figure, y_title: str):
    assert figure.layout.xaxis.title.text == "wavenumber / cm⁻¹"
    assert figure.layout.yaxis.title.text == y_title
    assert how_to_read(figure).endswith(".")


def test_every_part_is_a_named_curve_of_its_own_dash():
    figure = EVERY_FIGURE["spectrum"][0]
    assert [trace.name for trace in figure.data] == ["H", "C"]
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 2
    np.testing.assert_array_equal(figure.data[1].y, spectrum("H", "C").densities[1])
    assert figure.layout.xaxis.range == (0, 4000)


def test_many_parts_never_look_the_same():
    figure = figures.velocity_spectrum_figure(spectrum(*(f"mode {k}" for k in range(21))))
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) >= 20


def test_the_reference_is_filled_and_the_forecast_over_it():
    reference, predicted = EVERY_FIGURE["comparison"][0].data
    assert (reference.name, reference.fill, reference.line.color) == ("reference", "tozeroy", REFERENCE)
    assert predicted.name == "ours"
    np.testing.assert_allclose(predicted.y, 0.5 * np.array(reference.y))


def test_each_row_of_the_map_reaches_one():
    (trace,) = EVERY_FIGURE["modes"][0].data
    np.testing.assert_allclose(np.max(trace.z, axis=1), 1.0)
    assert max(trace.x) <= 4000


def test_a_mode_at_rest_is_an_empty_row():
    still = VelocitySpectrum(labels=("mode 0",), wavenumbers=GRID, densities=np.zeros((1, len(GRID))))
    assert not np.any(figures.mode_power_figure(still).data[0].z)
