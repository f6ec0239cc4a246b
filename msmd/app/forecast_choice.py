"""Choosing what is forecast: the forecaster, the window, the times, and what of it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from msmd.app import cache, state, trained, widgets
from msmd.app.choices import (
    ARROWS,
    BAND,
    COLOR,
    CUSTOM_TIMES,
    FORECASTER,
    HORIZON,
    LAPLACIAN,
    MODE,
    SAMPLING,
    START,
    STEP,
)
from msmd.app.data_choice import Chosen, choose_segment
from msmd.app.forecast_times import (
    SAMPLINGS,
    Timing,
    forecast_times,
    possible_horizons,
    possible_starts,
    possible_steps,
)
from msmd.forecasting import FORECASTERS, ForecasterCard
from msmd.graph import LAPLACIANS
from msmd.trajectory import Trajectory
from msmd.views.scenes import ARROWS as ARROW_KINDS
from msmd.views.scenes import COLORS, Band

DEFAULT_HORIZON_FS = 1500.0
DEFAULT_STEP_FS = 4.0
MAX_STOPS = 400
"""A slider with more stops than pixels helps nobody; the start frames offered are thinned to this many."""

UNTRAINED_DEFAULT = "normal-modes"
"""The first answer for a molecule that nothing was trained for: the simplest one that moves like a molecule."""
FEWEST_FRAMES_TO_FIT = 200
"""With fewer frames the first answer is one that is not fitted at all."""

COLOR_TITLES = {"none": "Element", "error": "Error", "mode": "Mode"}
ARROW_TITLES = {"none": "None", "velocity": "Velocity", "error": "Error"}


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where a forecast starts and the times it is asked for."""

    segment: int
    start: int
    times_fs: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What of a forecast is shown, and how."""

    band: Band
    color: str
    arrows: str
    mode: int


def choose_forecaster(chosen: Chosen) -> ForecasterCard:
    """The forecaster: a checkpoint for this molecule, or a baseline."""
    learned = trained_names(chosen)
    names = learned + [card.name for card in FORECASTERS if card.needs != "training"]
    can_fit = chosen.dataset.n_frames >= FEWEST_FRAMES_TO_FIT
    name = widgets.select(
        FORECASTER,
        "Forecaster",
        names,
        default=names[0] if learned or not can_fit else UNTRAINED_DEFAULT,
        say=lambda name: _say_forecaster(trained.card_of(name)),
        help="What makes the prediction. Baselines learn nothing, or are fitted in closed form.",
    )
    card = trained.card_of(name)
    st.caption(card.note)
    return card


def trained_names(chosen: Chosen) -> list[str]:
    """Those with a checkpoint for this molecule first, then the runs trained here."""
    shipped = []
    if chosen.card:
        trainable = [card.name for card in FORECASTERS if card.needs == "training"]
        shipped = [name for name in trainable if cache.has_checkpoint(name, chosen.card.name, chosen.dataset.source)]
    return shipped + trained.names_for(chosen.dataset.molecule)


def choose_window(chosen: Chosen) -> Window | None:
    """Segment, start, horizon and times; None, with a sentence, where no forecast can start."""
    segment = choose_segment(chosen)
    trajectory = chosen.segment(segment)
    horizons = possible_horizons(trajectory)
    if not horizons:
        st.warning(
            "A forecast starts from a frame with a known velocity and later frames to compare with; these data hold "
            "none. Open a trajectory with velocities, or with frames at a fixed time step."
        )
        return None
    horizon = widgets.stops(
        HORIZON,
        "Horizon",
        horizons,
        default=max([h for h in horizons if h <= DEFAULT_HORIZON_FS], default=horizons[0]),
        say=lambda fs: f"{fs:,.0f} fs",
        help="How far into the future the forecast reaches.",
    )
    start = _choose_start(trajectory, horizon)
    times = _choose_times(trajectory, start, horizon)
    return Window(segment=segment, start=start, times_fs=times)


def choose_look(chosen: Chosen) -> Look:
    """The band of modes that moves, colours and arrows."""
    n_modes = chosen.dataset.molecule.n_atoms
    first, last = widgets.mode_range(
        BAND,
        "Spatial band (modes)",
        n_modes,
        help="Keep the low end for the smooth part of the motion, the high end for what changes from atom to atom. "
        "Drift and spin always stay.",
    )
    laplacian = state.read(LAPLACIAN, "combinatorial", LAPLACIANS)
    spectrum = cache.spectrum(chosen.key, laplacian, chosen.dataset)
    structure = cache.structure(chosen.key, chosen.dataset)
    color = widgets.buttons(COLOR, "Colour", list(COLORS), default="none", say=COLOR_TITLES.__getitem__)
    mode = state.read(MODE, min(1, n_modes - 1), range(n_modes))
    if color == "mode":
        mode = widgets.stops(MODE, "Mode to colour by", range(n_modes), default=mode)
    arrows = widgets.buttons(ARROWS, "Arrows", list(ARROW_KINDS), default="none", say=ARROW_TITLES.__getitem__)
    band = Band(spectrum=spectrum, structure=structure, first=first, last=last)
    return Look(band=band, color=color, arrows=arrows, mode=mode)


def _choose_start(trajectory: Trajectory, horizon_fs: float) -> int:
    starts = possible_starts(trajectory, horizon_fs)
    thinned = starts[:: max(len(starts) // MAX_STOPS, 1)]
    middle = int(thinned[len(thinned) // 2])  # as good as any, where frame 0 is the one that was made by hand
    asked = state.read(START, middle, lambda frame: frame in starts)
    options = np.unique(np.append(thinned, asked)).tolist()  # a link may name a frame between the stops
    return widgets.stops(
        START,
        "Start frame",
        options,
        default=middle,
        say=lambda frame: f"{frame} · {trajectory.times_fs[frame]:,.0f} fs",
        help="The frame whose positions and velocities the forecaster is given.",
    )


def _choose_times(trajectory: Trajectory, start: int, horizon_fs: float) -> tuple[float, ...]:
    sampling = widgets.buttons(
        SAMPLING,
        "Times",
        list(SAMPLINGS),
        default="even",
        say=str.capitalize,
        help="Time is continuous for the forecaster: it can be asked for any list of times.",
    )
    custom: tuple[float, ...] = ()
    step = DEFAULT_STEP_FS
    if sampling == "custom":
        even = tuple(round(horizon_fs * k / 8, 1) for k in range(1, 9))
        custom = widgets.numbers(CUSTOM_TIMES, "Times / fs", default=even, help="Separated by commas.")
        beyond = [time for time in custom if time > horizon_fs]
        if beyond:
            st.warning(
                f"Left out: {', '.join(f'{time:g}' for time in beyond)} fs, beyond the horizon of {horizon_fs:g} fs. "
                "Choose a longer horizon to see them."
            )
        if not any(0 < time <= horizon_fs for time in custom):
            custom = (horizon_fs,)  # a forecast of the start alone would score every forecaster with 0
    else:
        label = "Time step" if sampling == "even" else "Mean time step"
        steps = possible_steps(horizon_fs)
        default = min(steps, key=lambda fs: abs(fs - DEFAULT_STEP_FS))
        step = widgets.stops(STEP, label, steps, default=default, say=lambda fs: f"{fs:g} fs")
    timing = Timing(sampling=sampling, horizon_fs=horizon_fs, step_fs=step, custom_fs=custom)
    return tuple(forecast_times(trajectory, start, timing).tolist())


def _say_forecaster(card: ForecasterCard) -> str:
    return f"{card.title} · {'trained here' if card.name.startswith(trained.PREFIX) else card.family}"
