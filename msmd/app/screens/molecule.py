"""Molecule: the reference motion, its energy and temperature, and where the data come from."""

from __future__ import annotations

import streamlit as st

from msmd.app import cache, molecule_panels, widgets
from msmd.app.choices import REFERENCE_ARROWS
from msmd.app.data_choice import choose_data, choose_segment
from msmd.app.navigation import link_to
from msmd.app.player import player
from msmd.views.scenes import reference_scene

widgets.heading(
    "Molecule",
    "The reference: how the molecule really moves, as its source has it. **Next:** pick another molecule, or open a "
    "file.",
)
chosen = choose_data()
stage, facts = st.columns([7, 3], gap="medium")
with facts:
    if chosen.card:
        st.info(chosen.card.note, icon=":material/lightbulb:")
    segment = choose_segment(chosen)
    trajectory = chosen.segment(segment)
    part = molecule_panels.choose_part(trajectory)
    arrows = widgets.buttons(REFERENCE_ARROWS, "Arrows", ["none", "velocity"], default="none", say=str.capitalize)
    molecule_panels.show_provenance(chosen, cache.summary(chosen.key, chosen.dataset))
with stage:
    shown = trajectory.between(part.start, part.stop)
    player(reference_scene(shown, show_velocities=arrows == "velocity", title=chosen.title), key="player_molecule")
    st.caption(
        f"Frames {part.start} to {part.stop - 1} of segment {segment}. Drag to turn, scroll to zoom; press the curve "
        "to jump to a time."
    )
    molecule_panels.show_numbers(cache.summary(chosen.key, chosen.dataset))
molecule_panels.show_plots(trajectory, chosen.dataset.temperature_kelvin)
link_to("modes", "Next: split this motion into its modes", ":material/graphic_eq:")
