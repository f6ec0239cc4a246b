"""Ablations: what each part of a model earns, molecule by molecule."""

from __future__ import annotations

import streamlit as st

from msmd.app import ablation_cell, ablation_motion, ablation_panels, ablation_run, widgets
from msmd.app.ablation_choice import choose_against, choose_cell, choose_view
from msmd.app.ablation_tables import read_tables
from msmd.app.navigation import link_to

widgets.heading(
    "Ablations",
    "Take one part of a model away and measure again: what gets worse is what it was worth. **Next:** click a cell, "
    "and watch that forecast beside the full model's.",
)
tables = read_tables()
for failure in tables.failures:
    st.warning(failure, icon=":material/table:")
view = choose_view(tables.records)
left, right = st.columns([6, 5], gap="medium")
with left:
    against, band = choose_against(view)
with right:
    cell = choose_cell(view)
grid = view.grid(band)
with left:
    ablation_panels.show_heat_map(view, grid, against, cell)
    ablation_run.show_at_work(view)
with right:
    ablation_cell.show_note(view, cell[1])
    ablation_motion.show_motion(view, cell)
    ablation_cell.show_numbers(grid.cell(*cell))
    ablation_run.show_run(view, *cell, is_missing=grid.cell(*cell).score is None)
ablation_panels.show_curves(view, cell)
link_to("forecast", "Play every forecaster on the Forecast page", ":material/motion_play:")
