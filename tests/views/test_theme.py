"""Colours that can be seen on both backgrounds and told apart by every reader, measured."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from msmd.views.theme import (
    FAMILY_COLORS,
    HIGHLIGHT,
    PREDICTION,
    REFERENCE,
    SERIES,
    TEXT,
    how_to_read,
    new_figure,
    set_log_y,
)

BACKGROUNDS = ("#ffffff", "#12181d")
"""The app's, light and dark (.streamlit/config.toml)."""

SIGHT = {
    "trichromacy": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
"""On linear RGB; Machado, Oliveira and Fernandes, IEEE TVCG 15, 1291 (2009), severity 1."""

XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = XYZ.sum(axis=1)


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """WCAG 2."""
    low, high = sorted(float(XYZ[1] @ linear(color)) for color in (first, second))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(XYZ @ np.clip(rgb, 1e-3, 1) / WHITE)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("color", sorted({*FAMILY_COLORS.values(), REFERENCE, HIGHLIGHT, TEXT, *SERIES}))
def test_every_color_stands_out_from_both_backgrounds(color: str, background: str):
    assert contrast(color, background) >= 3


@pytest.mark.parametrize("sight", SIGHT)
def test_families_and_reference_can_be_told_apart(sight: str):
    seen = [lab(np.asarray(SIGHT[sight]) @ linear(color)) for color in {*FAMILY_COLORS.values(), REFERENCE}]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 25


def test_contrast_is_measured_as_wcag_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_ours_has_the_colour_of_the_players_prediction():
    assert FAMILY_COLORS["ours"] == PREDICTION


def test_figures_are_transparent_and_titled():
    figure = new_figure(x_title="time / fs", y_title="RMSD / Å", how_to_read="Lower is better.")
    assert figure.layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.template.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text) == ("time / fs", "RMSD / Å")
    assert how_to_read(figure) == "Lower is better."


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([8.0, 180.0], ["1", "2", "5", "10", "20", "50", "100", "200", "500"]),
        ([0.02, 30.0], ["0.01", "0.1", "1", "10"]),
    ],
)
def test_log_axes_are_labelled_with_whole_numbers(values: list[float], expected: list[str]):
    figure = set_log_y(new_figure(x_title="x", y_title="y", how_to_read="."), np.array([*values, np.nan, 0.0]))
    assert figure.layout.yaxis.type == "log"
    assert list(figure.layout.yaxis.ticktext)[: len(expected)] == expected
