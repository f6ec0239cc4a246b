"""A cell in motion: its forecast beside the full model's and the reference."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
import streamlit as st

from msmd.app import ablation_recipe, background, cache, state, widgets
from msmd.app.ablation_choice import View
from msmd.app.choices import START
from msmd.app.data_choice import Chosen, choose_segment
from msmd.app.forecast_choice import Window
from msmd.app.forecast_run import at_stored_times
from msmd.app.forecast_times import Timing, forecast_times, possible_horizons, possible_starts
from msmd.app.player import player
from msmd.data.registry import molecule_card
from msmd.errors import MsmdError
from msmd.forecasting import Forecast
from msmd.sweeps.record import FULL
from msmd.views.comparison_scene import comparison_scene
from msmd.views.player import PlayerOptions, Scene
from msmd.views.scenes import reference_scene

KEY = "player_ablations"
LONGEST_FS = 1500.0
STEP_FS = 4.0
"""Of the shipped frames."""

HEIGHT_PX = 300
OPTIONS = PlayerOptions(autoplay=True)
MAX_STOPS = 60
"""Start frames that are offered."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The forecasters that a cell compares, by the name of their track; without those whose weights are not at hand."""

    recipes: dict[str, ablation_recipe.Recipe]
    missing: tuple[str, ...]


def sides(view: View, cell: tuple[str, str]) -> Sides:
    """The full model and the variant."""
    molecule, variant = cell
    found = {name: ablation_recipe.recipe(view, molecule, name) for name in dict.fromkeys((FULL, variant))}
    recipes = {view.variants.title(name): made for name, made in found.items() if made is not None}
    return Sides(recipes=recipes, missing=tuple(name for name, made in found.items() if made is None))


def show_motion(view: View, cell: tuple[str, str]) -> None:
    """The player, or a sentence on why there is nothing to play."""
    chosen = chosen_data(view, cell[0])
    if chosen is None:
        return
    known = sides(view, cell)
    if known.missing:
        names = " and ".join(view.variants.title(name) for name in known.missing)
        st.caption(
            f"Not played: the weights of {names} are not at hand for {chosen.title}; running the cell makes them."
        )
    if not known.recipes:
        return
    stage = st.container()
    window = _choose_window(chosen)
    if window is None:
        return
    trajectory = chosen.segment(window.segment)
    futures = {
        name: ablation_recipe.one_forecast(made, chosen.key, window.segment, window.start, window.times_fs, trajectory)
        for name, made in known.recipes.items()
    }
    with stage:
        meanwhile = reference_scene(at_stored_times(trajectory, window), title=chosen.title)
        _play(futures, f"{chosen.title}, {view.variants.title(cell[1])}", meanwhile=meanwhile)
        if any(made.options for made in known.recipes.values()):
            st.caption(
                "Played with the full model's weights under the variant's settings; for the numbers it was also "
                "calibrated anew."
            )


def chosen_data(view: View, molecule: str) -> Chosen | None:
    """The data of a molecule; None, with a sentence, where they are not at hand."""
    source = view.conditions.source
    try:
        dataset = cache.dataset(molecule, source)
    except MsmdError as error:
        st.info(str(error), icon=":material/database_off:")
        return None
    card = molecule_card(molecule)
    return Chosen(key=f"{molecule}/{source}", title=card.title, dataset=dataset, card=card, is_file=False)


def _choose_window(chosen: Chosen) -> Window | None:
    """Segment, start and times; what the Forecast page was given holds here too."""
    with st.popover("Another window", icon=":material/timeline:"):
        segment = choose_segment(chosen)
        trajectory = chosen.segment(segment)
        horizons = [h for h in possible_horizons(trajectory) if h <= LONGEST_FS]
        if not horizons:
            st.caption("These data hold no start with a known velocity and frames after it.")
            return None
        horizon = max(horizons)
        starts = possible_starts(trajectory, horizon)
        thinned = starts[:: max(len(starts) // MAX_STOPS, 1)]
        asked = state.read(START, int(thinned[0]), lambda frame: frame in starts)
        options = np.unique(np.append(thinned, asked)).tolist()
        start = widgets.stops(START, "Start frame", options, default=int(thinned[0]))
    timing = Timing(sampling="even", horizon_fs=horizon, step_fs=STEP_FS)
    return Window(segment=segment, start=start, times_fs=tuple(forecast_times(trajectory, start, timing).tolist()))


def _play(futures: dict[str, Future[Forecast]], title: str, meanwhile: Scene) -> None:
    """The forecasts beside the reference; the reference alone as long as they are being made."""
    if not all([background.is_ready(future, 0.1) for future in futures.values()]):
        player(meanwhile, key=KEY, height=HEIGHT_PX, options=OPTIONS)
        st.caption("The reference is moving; the forecasts are being made …")
        background.look_again_for([future for future in futures.values() if not future.done()])
        return
    failures = [error for error in (future.exception() for future in futures.values()) if error is not None]
    for error in failures:
        widgets.say_failure(error)
    made = {name: future.result() for name, future in futures.items() if future.exception() is None}
    if not made:
        return
    player(comparison_scene(made, title=title), key=KEY, height=HEIGHT_PX, options=OPTIONS)
    hues = ("green tubes", "purple tubes")
    said = ", ".join(f"{hue} the {name}" for hue, name in zip(hues, made, strict=False))
    st.caption(f"Solid atoms are the reference, {said}; the curves are their distance from the reference over time.")
