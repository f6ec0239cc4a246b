"""Modes: the spatial scales of a molecule, how they move, and how slow they really are."""

from __future__ import annotations

import streamlit as st

from msmd.app import cache, mode_panels, widgets
from msmd.app.choices import LAPLACIAN
from msmd.app.data_choice import choose_data, choose_segment
from msmd.app.navigation import link_to
from msmd.graph import LAPLACIANS

widgets.heading(
    "Modes",
    "The bond graph splits every motion into patterns, from smooth to rough. **Next:** click a point of the "
    "eigenvalue plot and see that pattern move.",
)
chosen = choose_data()
stage, choices = st.columns([11, 9], gap="medium")
with choices:
    laplacian = widgets.buttons(
        LAPLACIAN,
        "Laplacian",
        list(LAPLACIANS),
        default="combinatorial",
        say=str.capitalize,
        help="Combinatorial: L = D − A. Normalized: every atom weighted by its number of bonds, eigenvalues from 0 to "
        "2.",
    )
    spectrum = cache.spectrum(chosen.key, laplacian, chosen.dataset)
    mode = mode_panels.choose_mode(spectrum)
    color = mode_panels.choose_color()
    trajectory = chosen.segment(choose_segment(chosen))
with stage:
    band = mode_panels.choose_band(mode, spectrum.n_modes)
    mode_panels.show_player(chosen, trajectory, spectrum, mode, band, color)
mode_panels.show_measured(chosen, laplacian, spectrum, mode)
link_to("forecast", "Next: forecast this motion", ":material/motion_play:")
