"""Plots of an ensemble's honesty by horizon: spread and error, ranks, score, and how the members move."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go

from msmd.metrics.calibration import BandCalibration, Calibration, Scores
from msmd.views.theme import DASHES, FAMILY_COLORS, PREDICTION, REFERENCE, SERIES, new_figure, set_log_y
from msmd.views.velocity_figures import spectrum_comparison_figure

HORIZON_AXIS = "time after the start / fs"

SINGLE = SERIES[1]
"""The forecast of least error, beside members in the colour of predictions."""


def spread_and_error(found: Calibration) -> go.Figure:
    """Spread of the members and error of their mean by horizon band, Å per coordinate, all atoms."""
    figure = new_figure(
        x_title=HORIZON_AXIS,
        y_title="root mean square / Å",
        how_to_read="Honest members are as far apart (broken line) as their mean is off (solid line): where the broken "
        "line lies lower they are too sure of themselves, where it lies higher too timid.",
    )
    bands = _scored(found)
    curves = (
        ("error of the mean", [s.error for _, s in bands], REFERENCE, "solid"),
        ("spread of the members", [s.spread for _, s in bands], PREDICTION, "dash"),
    )
    hover = [f"spread/error {scores.ratio:.2f}" for _, scores in bands]
    return _by_band(figure, [band for band, _ in bands], curves, text=hover, log=True)


def scores(found: Calibration) -> go.Figure:
    """CRPS of the members and of two single answers by horizon band, Å per coordinate, all atoms."""
    figure = new_figure(
        x_title=HORIZON_AXIS,
        y_title="CRPS / Å",
        how_to_read="How far an answer is off, whether it is one position or a cloud of them: the cloud of members is "
        "worth more than a single answer where its line runs below the others.",
    )
    bands = _scored(found)
    curves = (
        ("members", [s.crps for _, s in bands], PREDICTION, "solid"),
        ("forecast of least error", [s.forecast_error for _, s in bands], SINGLE, "dash"),
        ("aligned mean structure", [s.structure_error for _, s in bands], FAMILY_COLORS["baseline"], "dot"),
    )
    return _by_band(figure, [band for band, _ in bands], curves, log=True)


def ranks(found: Calibration) -> go.Figure:
    """Where among the members what happened lies, by horizon band: how often, relative to an honest ensemble."""
    figure = new_figure(
        x_title="members below what happened",
        y_title="frequency / frequency of an honest ensemble",
        how_to_read="What happened should lie between any two neighbouring members equally often, which is the level "
        "line at 1: high ends mean members too close together, a high middle means too far apart.",
    )
    figure.add_hline(y=1.0, line={"color": REFERENCE, "width": 1})
    for index, (band, scores) in enumerate(_scored(found)):
        counts = np.array(scores.ranks)
        figure.add_scatter(
            x=np.arange(len(counts)),
            y=counts / counts.mean(),
            mode="lines+markers",
            name=f"{_say(band)} fs",
            line={"color": SERIES[index % len(SERIES)], "dash": DASHES[index % len(DASHES)]},
        )
    return figure.update_yaxes(rangemode="tozero").update_xaxes(dtick=1)


def temperatures(found: Calibration) -> go.Figure:
    """Kinetic temperature by horizon band, K: reference, members, forecast of least error."""
    figure = new_figure(
        x_title=HORIZON_AXIS,
        y_title="kinetic temperature / K",
        how_to_read="Members that move like the molecule stay as warm as the reference; the forecast of least error "
        "cools as it fades to a mean, which is why it looks frozen.",
    )
    bands = [band for band in found.bands if band.members is not None and band.forecast is not None]
    curves = (
        ("reference", [band.temperature_kelvin for band in bands], REFERENCE, "solid"),
        ("members", [band.members.temperature_kelvin for band in bands], PREDICTION, "dash"),
        ("forecast of least error", [band.forecast.temperature_kelvin for band in bands], SINGLE, "dot"),
    )
    return _by_band(figure, bands, curves)


def bonds(found: Calibration) -> go.Figure:
    """How much longer bonds are than in the reference by horizon band, mean over bonds, Å."""
    figure = new_figure(
        x_title=HORIZON_AXIS,
        y_title="mean bond length − reference / Å",
        how_to_read="At 0 bonds are as long as in the molecule; the mean of many turned and bent molecules is no "
        "molecule itself, and its bonds come out too short.",
    )
    bands = [band for band in found.bands if band.members is not None and band.forecast is not None]
    curves = (
        ("members", [band.members.bond_shift for band in bands], PREDICTION, "dash"),
        ("forecast of least error", [band.forecast.bond_shift for band in bands], SINGLE, "dot"),
    )
    figure.add_hline(y=0.0, line={"color": REFERENCE, "width": 1})
    return _by_band(figure, bands, curves, from_zero=False)


Curve = tuple[str, Sequence[float | None], str, str]
"""Name, one value per band, colour, dash."""


def _by_band(
    figure: go.Figure,
    bands: Sequence[BandCalibration],
    curves: Sequence[Curve],
    *,
    text: Sequence[str] | None = None,
    log: bool = False,
    from_zero: bool = True,
) -> go.Figure:
    for name, values, color, dash in curves:
        figure.add_scatter(
            x=[_say(band) for band in bands],
            y=values,
            mode="lines+markers",
            name=name,
            text=text,
            line={"color": color, "dash": dash, "width": 2.5},
            marker={"size": 8},
        )
    figure.update_xaxes(type="category").update_layout(hovermode="x unified")
    drawn = np.array([value for _, values, _, _ in curves for value in values if value is not None])
    if log and drawn.size:
        return set_log_y(figure, drawn)
    return figure.update_yaxes(rangemode="tozero") if from_zero else figure


def _scored(found: Calibration) -> list[tuple[BandCalibration, Scores]]:
    return [(band, band.all) for band in found.bands if band.all is not None]


def _say(band: BandCalibration) -> str:
    return f"{band.from_fs:g}–{band.to_fs:g}"


def spectra(found: Calibration) -> go.Figure | None:
    """Velocity spectra of members and of the forecast over the reference's; None where frames are too few for one."""
    if not found.spectra:
        return None
    predicted = {"members": found.spectra["members"], "forecast of least error": found.spectra["forecast"]}
    return spectrum_comparison_figure(found.spectra["reference"], predicted)


FIGURES: tuple[tuple[str, Callable[[Calibration], go.Figure | None]], ...] = (
    ("Spread and error", spread_and_error),
    ("Ranks", ranks),
    ("Score", scores),
    ("Temperature", temperatures),
    ("Bonds", bonds),
    ("Spectrum", spectra),
)
"""Every figure of a calibration, with the title of its tab; None where the data do not allow it."""
