"""Plots of spatial scales: the eigenvalues, and the energy and the time scale of every mode.

Points and bars carry the number of their mode in ``customdata``, so that a page can follow a click.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from msmd.spectrum import GraphSpectrum, ModeTimeScales, RankCorrelation
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN
from msmd.views.theme import GRID, HIGHLIGHT, PREDICTION, REFERENCE, new_figure, set_log_y

MODE_AXIS = "mode number, smooth to rough"
EIGENVALUE_AXIS = "eigenvalue λ (no unit)"


def eigenvalue_figure(spectrum: GraphSpectrum, *, selected: int | None = None) -> go.Figure:
    """Eigenvalue of each mode; modes with one eigenvalue are joined by a bar; click a point for its mode."""
    figure = new_figure(
        x_title=MODE_AXIS,
        y_title=EIGENVALUE_AXIS,
        how_to_read="Each point is one pattern of motion over the molecule: the lower it lies, the more alike bonded "
        "atoms move; points joined by a bar have one eigenvalue, so that only those patterns together mean something.",
    )
    modes = list(range(spectrum.n_modes))
    _add_shared_eigenvalues(figure, spectrum)
    figure.add_scatter(
        x=modes,
        y=spectrum.eigenvalues,
        mode="markers",
        name="modes",
        showlegend=False,
        customdata=modes,
        marker=_marker(
            modes,
            selected,
            symbols=["circle" if len(group) == 1 else "diamond" for group in spectrum.groups for _ in group],
        ),
        text=[_describe(spectrum, k) for k in modes],
        hovertemplate="%{text}<extra></extra>",
    )
    return figure


def kinetic_energy_figure(
    energies: Float[np.ndarray, " modes"],
    spectrum: GraphSpectrum,
    *,
    temperature_kelvin: float | None = None,
    selected: int | None = None,
) -> go.Figure:
    """Mean kinetic energy of each mode in kcal/mol, with 3/2 k_B T as a line where the temperature is given."""
    figure = _mode_bars(
        energies,
        spectrum,
        selected,
        y_title="mean kinetic energy / kcal/mol",
        how_to_read="Each bar is the energy of motion in one pattern, drift and rotation left out; in equilibrium "
        "every pattern holds nearly the same, and those that overlap with drift or rotation hold less.",
    )
    if temperature_kelvin is not None:
        equipartition = 1.5 * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN * temperature_kelvin
        figure.add_hline(
            y=equipartition,
            line={"color": REFERENCE, "dash": "dash"},
            annotation={"text": f"3/2 k<sub>B</sub>T at {temperature_kelvin:.0f} K", "font": {"color": REFERENCE}},
        )
    return figure


def displacement_figure(
    displacements: Float[np.ndarray, " modes"], spectrum: GraphSpectrum, *, selected: int | None = None
) -> go.Figure:
    """Mean squared displacement of each mode in Å², logarithmic."""
    figure = _mode_bars(
        displacements,
        spectrum,
        selected,
        y_title="mean squared displacement / Å²",
        how_to_read="Each bar says how far the molecule moves along one pattern (the axis counts factors of ten): "
        "where the smooth patterns on the left stand high, most of the motion can be kept with few modes.",
    )
    return set_log_y(figure, displacements)


def space_time_figure(
    scales: ModeTimeScales, correlation: RankCorrelation | None = None, *, selected: int | None = None
) -> go.Figure:
    """Correlation time of each mode in fs against its eigenvalue, with Spearman's ρ in the title."""
    figure = new_figure(
        x_title=EIGENVALUE_AXIS,
        y_title="correlation time / fs",
        title=_correlation_title(correlation),
        how_to_read="If smooth patterns were slow, points would fall from left to right and ρ would be near −1; points "
        "with the same eigenvalue share one time, triangles are lower bounds, and λ = 0 (hollow) is left out of ρ.",
    )
    _add_measured(figure, scales, scales.correlation_times_fs, scales.correlation_errors_fs, "fs", selected)
    return set_log_y(figure, scales.correlation_times_fs)


def space_frequency_figure(scales: ModeTimeScales, *, selected: int | None = None) -> go.Figure:
    """Spectral centroid of each mode in cm⁻¹ against its eigenvalue."""
    figure = new_figure(
        x_title=EIGENVALUE_AXIS,
        y_title="spectral centroid / cm⁻¹",
        how_to_read="The height of a point is the mean frequency at which one pattern moves; if smooth patterns moved "
        "slowly, points would rise from left to right.",
    )
    _add_measured(figure, scales, scales.centroids, scales.centroid_errors, "cm⁻¹", selected)
    return figure


def _mode_bars(
    values: Float[np.ndarray, " modes"],
    spectrum: GraphSpectrum,
    selected: int | None,
    *,
    y_title: str,
    how_to_read: str,
) -> go.Figure:
    figure = new_figure(x_title=MODE_AXIS, y_title=y_title, how_to_read=how_to_read)
    modes = list(range(spectrum.n_modes))
    figure.add_bar(
        x=modes,
        y=values,
        customdata=modes,
        showlegend=False,
        marker_color=[HIGHLIGHT if k == selected else PREDICTION for k in modes],
        text=[_describe(spectrum, k) for k in modes],
        textposition="none",
        hovertemplate="%{text}<br>%{y:.3g}<extra></extra>",
    )
    return figure


def _add_shared_eigenvalues(figure: go.Figure, spectrum: GraphSpectrum) -> None:
    """A thick bar behind every set of modes that share an eigenvalue, as one trace with gaps."""
    repeated = [group for group in spectrum.groups if len(group) > 1]
    if not repeated:
        return
    figure.add_scatter(
        x=[x for group in repeated for x in (group[0], group[-1], None)],
        y=[y for group in repeated for y in (*spectrum.eigenvalues[[group[0], group[-1]]], None)],
        mode="lines",
        name="one eigenvalue",
        line={"color": GRID, "width": 12},
        hoverinfo="skip",
    )


def _add_measured(
    figure: go.Figure,
    scales: ModeTimeScales,
    values: Float[np.ndarray, " modes"],
    errors: Float[np.ndarray, " modes"],
    unit: str,
    selected: int | None,
) -> None:
    modes = list(range(len(values)))
    symbols = np.where(scales.is_resolved, "circle", "triangle-up")
    figure.add_scatter(
        x=scales.eigenvalues,
        y=values,
        error_y={"array": errors, "color": GRID.replace("0.25", "0.8"), "thickness": 1.5},
        mode="markers",
        showlegend=False,
        customdata=modes,
        marker=_marker(
            modes,
            selected,
            symbols=[f"{s}-open" if value == 0 else s for s, value in zip(symbols, scales.eigenvalues, strict=True)],
        ),
        text=[f"mode {k}<br>λ = {value:.3f}" for k, value in enumerate(scales.eigenvalues)],
        hovertemplate=f"%{{text}}<br>%{{y:.4g}} {unit}<extra></extra>",
    )


def _marker(modes: list[int], selected: int | None, *, symbols: list[str]) -> dict[str, object]:
    """Points of the modes, the selected one larger; opaque, with an edge of their own colour (plotly's is white)."""
    colors = [HIGHLIGHT if k == selected else PREDICTION for k in modes]
    return {
        "color": colors,
        "size": [14 if k == selected else 9 for k in modes],
        "symbol": symbols,
        "opacity": 1.0,
        "line": {"color": colors, "width": 1.5},
    }


def _correlation_title(correlation: RankCorrelation | None) -> str:
    if correlation is None:
        return "too few eigenvalues for a correlation"
    return (
        f"Spearman ρ = {correlation.value:.2f} (95 % interval {correlation.low:.2f} to {correlation.high:.2f}, "
        f"{correlation.n_points} eigenvalues)"
    ).replace("-", "−")


def _describe(spectrum: GraphSpectrum, mode: int) -> str:
    """What the pointer says about a mode."""
    others = [str(k) for k in spectrum.groups[spectrum.group_of_mode[mode]] if k != mode]
    shared = f"<br>the same as of mode {', '.join(others)}" if others else ""
    return f"mode {mode}<br>λ = {spectrum.eigenvalues[mode]:.4f}{shared}"
