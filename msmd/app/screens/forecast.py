"""Forecast: predicted beside reference in one player, and how far they are apart."""

from __future__ import annotations

import streamlit as st

from msmd.app import forecast_choice, forecast_members, forecast_panels, widgets
from msmd.app.data_choice import choose_data
from msmd.app.forecast_run import start_run
from msmd.app.navigation import link_to

widgets.heading(
    "Forecast",
    "A forecaster sees one frame of the reference and says how the atoms move on. **Next:** change the forecaster, and "
    "watch how soon the two motions part; members as ghosts show what else could happen.",
)
chosen = choose_data()
stage, settings = st.columns([7, 3], gap="medium")
with settings:
    card = forecast_choice.choose_forecaster(chosen)
    window = forecast_choice.choose_window(chosen)
if window is None:
    st.stop()
with settings:
    n_members = forecast_members.choose_members(card)
    look = forecast_choice.choose_look(chosen)

run = start_run(chosen, card, window, n_members)
with stage:
    forecast_panels.show_player(chosen, window, run, look)
    forecast_panels.show_scores(run, card)
if run.ready and run.main.exception() is None:
    forecast_panels.show_errors(run, chosen, look)
    forecast_panels.show_test_scores(run, chosen, card)
    forecast_members.show_honesty(chosen, card)
    forecast_panels.show_downloads(run, look, chosen)
run.look_again()
link_to("modes", "See the modes of this molecule", ":material/graphic_eq:")
