"""The parts of the Molecule page: which part is played, facts, plots, provenance."""

from __future__ import annotations

import numpy as np
import streamlit as st

from msmd.app import widgets
from msmd.app.choices import PART
from msmd.app.data_choice import SOURCE_TITLES, Chosen
from msmd.data.registry import MoleculeCard
from msmd.data.summary import Summary
from msmd.trajectory import Trajectory

MOST_COORDINATES = 75_000
"""Frames × atoms that are sent to the player at once: 3,000 frames of 24 atoms, 0.5 MB."""


def choose_part(trajectory: Trajectory) -> range:
    """The frames that are played: all, or one part of a long trajectory."""
    length = max(MOST_COORDINATES // trajectory.molecule.n_atoms, 1)
    if trajectory.n_frames <= length:
        return range(trajectory.n_frames)
    n_parts = -(-trajectory.n_frames // length)
    part = widgets.stops(
        PART,
        "Part that is played",
        range(n_parts),
        default=0,
        say=lambda index: f"{trajectory.times_fs[index * length] / 1000:.1f} ps",
        help=f"{length:,} frames are sent to the player at once.",
    )
    return range(part * length, min((part + 1) * length, trajectory.n_frames))


def show_numbers(summary: Summary) -> None:
    """What there is, in a few numbers."""
    with st.container(horizontal=True):
        st.metric("Atoms", summary.atoms, border=True, width=130)
        st.metric("Frames", f"{summary.frames:,}", border=True, width=150)
        st.metric("Time covered", f"{summary.duration_fs / 1000:.1f} ps", border=True, width=150)
        if summary.temperature_kelvin is not None:
            st.metric(
                "Mean temperature",
                f"{summary.temperature_kelvin:.0f} K",
                delta=_internal(summary),
                delta_color="off",
                delta_arrow="off",
                border=True,
                width=190,
                help="Kinetic, over all 3N degrees of freedom, as MD17 counts them. Without drift and spin only "
                f"3N − {summary.n_rigid} move; counted over these the same energy is a higher temperature. "
                + _setting(summary),
            )
        if summary.dt_fs_from_forces is not None:
            st.metric(
                "Time step from forces",
                f"{summary.dt_fs_from_forces:.3f} fs",
                delta=f"card says {summary.dt_fs:g} fs",
                delta_color="off",
                delta_arrow="off",
                border=True,
                width=190,
                help="From F = m·a on consecutive frames: a check that the times belong to the motion.",
            )


def _internal(summary: Summary) -> str | None:
    kelvin = summary.internal_temperature_kelvin
    return None if kelvin is None else f"{kelvin:.0f} K over 3N − {summary.n_rigid}"


def _setting(summary: Summary) -> str:
    """What the simulation was set to, and over which degrees of freedom, as a sentence."""
    if summary.thermostat_kelvin is None:
        return ""
    counted = f"3N − {summary.n_rigid}" if summary.source == "gfn2" else "3N"
    return f"The simulation was set to {summary.thermostat_kelvin:.0f} K over {counted}."


def show_plots(trajectory: Trajectory, thermostat_kelvin: float | None) -> None:
    """Temperature and potential energy over time, where the data have them."""
    from msmd.views import trajectory_figures as figures  # plotly takes 0.4 s to import; the player is shown before

    left, right = st.columns(2, gap="medium")
    with left:
        if len(trajectory.start_frames) > 1:
            widgets.plot(figures.temperature_figure(trajectory, target_kelvin=thermostat_kelvin), key="temperature")
        else:
            st.caption("Temperature needs velocities, and these data have none.")
    with right:
        if trajectory.energies is not None and np.isfinite(trajectory.energies).any():
            widgets.plot(figures.energy_figure(trajectory), key="energy")
        else:
            st.caption("These data hold no energies.")


def show_provenance(chosen: Chosen, summary: Summary) -> None:
    """Where the data come from, what they are, whom to cite, and how to get the real thing."""
    with st.container(border=True):
        st.markdown("**Where the data come from**")
        st.markdown("\n".join(f"- {line}" for line in _facts(chosen, summary)))
        for sentence in summary.warnings:
            st.warning(sentence, icon=":material/warning:")
        if chosen.card and chosen.card.md17 and chosen.dataset.source == "gfn2":
            st.markdown("Fetch the real MD17 frames of this molecule:")
            st.code(f"msmd fetch {chosen.card.name} --source md17", language="bash")


def _facts(chosen: Chosen, summary: Summary) -> list[str]:
    name = chosen.dataset.source
    spacing = (
        "irregular times" if summary.frame_spacing_fs is None else f"a frame every {summary.frame_spacing_fs:g} fs"
    )
    facts = [
        f"Source: {SOURCE_TITLES.get(name, name)}",
        f"{summary.segments} segment{'s' if summary.segments > 1 else ''}, {spacing}, time step {summary.dt_fs:g} fs",
        f"Velocities on {summary.velocities:,} frames, forces on {summary.forces:,}",
    ]
    facts += _known(name, chosen.card) if chosen.card else []
    if summary.citation:
        facts.append(f"Cite: {summary.citation}")
    return facts


def _known(source: str, card: MoleculeCard) -> list[str]:
    """What is known beforehand of a source."""
    if source == "gfn2":
        return [
            "Method: GFN2-xTB at constant energy; each segment from its own 500 K sample",
            "Licence: MIT, with this project",
        ]
    if source not in card.remote:
        return []
    remote = card.remote[source]
    return [
        f"Method: {remote.theory}, thermostat at {remote.temperature_kelvin:g} K; the whole file has "
        f"{remote.n_frames:,} frames",
        f"Licence: {remote.licence}",
    ]
