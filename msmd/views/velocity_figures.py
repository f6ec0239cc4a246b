"""Plots of motion by frequency: velocity spectra of the molecule, its elements, its modes and its forecasts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from msmd.spectrum import VelocitySpectrum
from msmd.views.theme import COLOR_SCALE, DASHES, REFERENCE, SERIES, new_figure

WAVENUMBER_AXIS = "wavenumber / cm⁻¹"
DENSITY_AXIS = "kinetic energy / kcal/mol per cm⁻¹"
HIGHEST_WAVENUMBER = 4000.0
"""No molecule vibrates faster: H₂ would, at 4400."""


def velocity_spectrum_figure(spectrum: VelocitySpectrum) -> go.Figure:
    """Kinetic energy by frequency, one curve per part (total, elements or modes)."""
    figure = new_figure(
        x_title=WAVENUMBER_AXIS,
        y_title=DENSITY_AXIS,
        how_to_read="A peak is a vibration, its area the energy of motion in it: bending and skeleton below 1600 cm⁻¹, "
        "double bonds about 1700, bonds to hydrogen about 3000 and above.",
    )
    for index, (label, density) in enumerate(zip(spectrum.labels, spectrum.densities, strict=True)):
        figure.add_scatter(
            x=spectrum.wavenumbers,
            y=density,
            mode="lines",
            name=label,
            line={"color": SERIES[index % len(SERIES)], "dash": _dash(index), "width": 1.8},
        )
    return _up_to_highest(figure)


def spectrum_comparison_figure(reference: VelocitySpectrum, predicted: Mapping[str, VelocitySpectrum]) -> go.Figure:
    """The total velocity spectrum of forecasts over that of the reference; keys are the names in the legend."""
    figure = new_figure(
        x_title=WAVENUMBER_AXIS,
        y_title=DENSITY_AXIS,
        how_to_read="A forecast that moves like the molecule has its peaks where the filled reference has them, with "
        "as much area under each; one that fades to the mean lies flat.",
    )
    figure.add_scatter(
        x=reference.wavenumbers,
        y=reference.densities.sum(axis=0),
        mode="lines",
        name="reference",
        fill="tozeroy",
        line={"color": REFERENCE, "width": 1.5},
    )
    for index, (name, spectrum) in enumerate(predicted.items()):
        figure.add_scatter(
            x=spectrum.wavenumbers,
            y=spectrum.densities.sum(axis=0),
            mode="lines",
            name=name,
            line={"color": SERIES[index % (len(SERIES) - 1)], "dash": _dash(index), "width": 2},
        )
    return _up_to_highest(figure)


def mode_power_figure(spectrum: VelocitySpectrum) -> go.Figure:
    """Heat map of kinetic energy by mode and frequency, each mode relative to its own maximum."""
    figure = new_figure(
        x_title=WAVENUMBER_AXIS,
        y_title="mode number, smooth to rough",
        how_to_read="Each row is one pattern and its bright spots the frequencies at which it moves; if each spatial "
        "scale had a time scale of its own, the bright spots would form one line from bottom left to top right.",
    )
    highest = spectrum.densities.max(axis=1, keepdims=True)
    relative = np.divide(spectrum.densities, highest, out=np.zeros_like(spectrum.densities), where=highest > 0)
    shown = spectrum.wavenumbers <= HIGHEST_WAVENUMBER
    figure.add_heatmap(
        x=spectrum.wavenumbers[shown],
        y=np.arange(len(relative)),
        z=relative[:, shown],
        colorscale=COLOR_SCALE,
        colorbar={"title": {"text": "share of the<br>row's maximum"}},
        hovertemplate="mode %{y}<br>%{x:.0f} cm⁻¹<br>%{z:.2f} of the maximum<extra></extra>",
    )
    return figure


def _dash(index: int) -> str:
    """Another dash for each curve, and shifted by one on every round through the colours: 25 looks in all."""
    return DASHES[(index + index // len(SERIES)) % len(DASHES)]


def _up_to_highest(figure: go.Figure) -> go.Figure:
    return figure.update_xaxes(range=[0, HIGHEST_WAVENUMBER])
