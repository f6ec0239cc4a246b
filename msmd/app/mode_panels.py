"""The parts of the Modes page: the eigenvalue plot, the moving mode, what was measured."""

from __future__ import annotations

import streamlit as st

from msmd.app import background, cache, state, widgets
from msmd.app.choices import BAND, MODE, MODE_COLOR, MOTION
from msmd.app.data_choice import Chosen
from msmd.app.player import player
from msmd.errors import MsmdError
from msmd.spectrum import GraphSpectrum
from msmd.trajectory import Trajectory
from msmd.views.scenes import SCALARS, Band, mode_scene

EIGENVALUES = "eigenvalues"
MOST_FRAMES = 1500
"""Frames that are played, 6 ps of the shipped data: the slowest modes are seen to move, and packing takes under 50
ms."""

MOTION_TITLES = {"mode": "This mode", "band": "A band", "all": "All modes"}
COLOR_TITLES = {"pattern": "Pattern", "amplitude": "Amplitude"}


def choose_mode(spectrum: GraphSpectrum) -> int:
    """The mode, by a click on the eigenvalue plot or by the slider under it."""
    from msmd.views.spectrum_figures import eigenvalue_figure

    default = min(1, spectrum.n_modes - 1)
    mode = state.read(MODE, default, range(spectrum.n_modes))
    figure = eigenvalue_figure(spectrum, selected=mode)
    # Plotly fades what is not selected; here the selected mode has a colour of its own instead.
    figure.update_traces(unselected={"marker": {"opacity": 1}}, selector={"mode": "markers"})
    widgets.plot(figure, key=EIGENVALUES, on_click=_take_click)
    return widgets.stops(MODE, "Mode", range(spectrum.n_modes), default=default)


def choose_band(mode: int, n_modes: int) -> tuple[int, int]:
    """Which modes move in the player."""
    motion = widgets.buttons(
        MOTION,
        "What moves",
        list(MOTION_TITLES),
        default="mode",
        say=MOTION_TITLES.__getitem__,
        help="The recorded motion, with all other modes frozen.",
    )
    if motion == "mode":
        return mode, mode
    if motion == "all":
        return 0, n_modes - 1
    return widgets.mode_range(
        BAND,
        "Band of modes: low-pass from the left, high-pass from the right",
        n_modes,
        help="Keep 0 to a few for the smooth part only; keep the last few for what changes from atom to atom.",
    )


def choose_color() -> str:
    """Whether atoms show the mode's fixed pattern or how far it is out at each time."""
    return widgets.buttons(
        MODE_COLOR,
        "Colour",
        list(SCALARS),
        default="pattern",
        say=COLOR_TITLES.__getitem__,
        help="Pattern: the eigenvector, fixed. Amplitude: the eigenvector times how far the mode is out, at each time.",
    )


def show_player(
    chosen: Chosen, trajectory: Trajectory, spectrum: GraphSpectrum, mode: int, band: tuple[int, int], color: str
) -> None:
    """The motion of the chosen modes, coloured by one of them."""
    shown = Band(spectrum=spectrum, structure=cache.structure(chosen.key, chosen.dataset), first=band[0], last=band[1])
    scene = mode_scene(
        trajectory.between(0, MOST_FRAMES), shown, mode=mode, color=color, title=f"{chosen.title}, mode {mode}"
    )
    player(scene, key="player_modes")
    st.caption(
        "Red and blue atoms move in opposite directions in this mode, grey ones hardly take part; arrows show where "
        "the mode carries each atom. Seen from the molecule's own frame: drift and rotation are taken out."
    )


def show_measured(chosen: Chosen, laplacian: str, spectrum: GraphSpectrum, mode: int) -> None:
    """Energy, power spectrum and time scale of every mode, measured on all segments."""
    future = cache.mode_analysis(chosen.key, laplacian, chosen.dataset)
    if not background.is_ready(future):
        st.caption("Measuring energies and time scales on all segments …")
        st.skeleton(height=340)
        background.look_again_for([future])
        return
    try:
        measured = future.result()
    except MsmdError as error:
        st.info(str(error), icon=":material/info:")
        return
    from msmd.views import spectrum_figures, velocity_figures

    space_time, energy, power = st.tabs(["Space and time", "Energy per mode", "Power spectrum"])
    with space_time:
        left, right = st.columns(2, gap="medium")
        with left:
            widgets.plot(
                spectrum_figures.space_time_figure(measured.scales, measured.correlation, selected=mode),
                key="space_time",
            )
        with right:
            widgets.plot(spectrum_figures.space_frequency_figure(measured.scales, selected=mode), key="space_frequency")
        if measured.correlation:
            st.markdown(_verdict(measured.correlation.low, measured.correlation.high))
    with energy:
        left, right = st.columns(2, gap="medium")
        with left:
            widgets.plot(
                spectrum_figures.kinetic_energy_figure(
                    measured.kinetic_energies,
                    spectrum,
                    temperature_kelvin=chosen.dataset.temperature_kelvin,
                    selected=mode,
                ),
                key="kinetic_energy",
            )
        with right:
            widgets.plot(
                spectrum_figures.displacement_figure(measured.displacements, spectrum, selected=mode),
                key="displacement",
            )
    with power:
        widgets.plot(velocity_figures.mode_power_figure(measured.spectra), key="mode_power")
    st.caption(f"Measured on {measured.n_frames:,} frames of {len(chosen.dataset.segments)} segments.")


def _verdict(low: float, high: float) -> str:
    if high < 0:
        return "**For this molecule smooth modes are slower**: the whole interval of ρ lies below zero."
    if low > 0:
        return "**For this molecule smooth modes are faster**: the whole interval of ρ lies above zero."
    return (
        "**These data do not settle whether smooth modes are slower**: the interval of ρ holds zero. Smooth over the "
        "bonds is a property of the graph; slow is one of the motion."
    )


def _take_click() -> None:
    point = state.clicked_point(EIGENVALUES)
    if point and point.get("customdata") is not None:
        found = point["customdata"]
        state.choose(MODE, int(found[0] if isinstance(found, list) else found))
