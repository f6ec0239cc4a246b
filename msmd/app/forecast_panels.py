"""The parts of the Forecast page: player, scores, error plots, downloads."""

from __future__ import annotations

import numpy as np
import streamlit as st

from msmd.app import widgets
from msmd.app.data_choice import Chosen
from msmd.app.forecast_choice import Look, Window
from msmd.app.forecast_run import Run, at_stored_times
from msmd.app.player import player
from msmd.errors import MsmdError
from msmd.forecasting import Forecast, ForecasterCard, forecaster_card
from msmd.views.scenes import forecast_scene, reference_scene, rmsd

KEY = "player_forecast"


def show_player(chosen: Chosen, window: Window, run: Run, look: Look, *, ready: bool) -> None:
    """The player with what there is: prediction beside reference, or the reference alone while the forecast is made."""
    failure = run.main.exception() if ready else None
    if failure is not None and not isinstance(failure, MsmdError):
        raise failure
    if failure is not None:
        st.error(str(failure), icon=":material/error:")
    if not ready or failure is not None:
        scene = reference_scene(at_stored_times(chosen.segment(window.segment), window), title=chosen.title)
    else:
        scene = forecast_scene(
            run.main.result(),
            rivals=run.ready_rivals,
            band=look.band,
            color=look.color,
            arrows=look.arrows,
            mode=look.mode,
            title=f"{chosen.title}, {run.main.result().forecaster}",
        )
    player(scene, key=KEY)
    if ready:
        st.caption(
            "Solid atoms are the reference, tubes the prediction; the curves under them are their distance over time. "
            + run.fitting.caption
        )
    else:
        st.caption("The reference is moving; the forecast is being made …")


def show_scores(run: Run, card: ForecasterCard, *, ready: bool) -> None:
    """RMSD at the horizon, the forecaster's first and the baselines' beside it."""
    if not ready:
        st.skeleton(height=110)
        return
    if run.main.exception() is not None:
        return
    main = run.main.result()
    if main.reference is None:
        st.info("These data hold no frames after the start at these times, so that there is nothing to compare with.")
        return
    rivals = run.ready_rivals
    best = min((final_rmsd(r) for r in rivals), default=None)
    last = main.times_fs[main.has_reference].max()
    st.markdown(f"**RMSD after {last:,.0f} fs**, all atoms, not aligned: lower is better")
    with st.container(horizontal=True):
        _metric(card.title, final_rmsd(main), against=best)
        for rival in rivals:
            _metric(forecaster_card(rival.forecaster).title, final_rmsd(rival))
        for name in run.pending:
            with st.container(border=True, width=190):
                st.caption(f"{forecaster_card(name).title}: being fitted …")


def final_rmsd(forecast: Forecast) -> float:
    """RMSD at the last time at which the reference is known, Å."""
    known = np.flatnonzero(forecast.has_reference)
    last = known[np.argmax(forecast.times_fs[known])]
    return float(rmsd(forecast.predicted[[last]], forecast.reference[[last]])[0])


def _metric(title: str, value: float, *, against: float | None = None) -> None:
    delta = None if not against else f"{100 * (value / against - 1):+.0f} % against the best baseline"
    st.metric(title, f"{value:.2f} Å", delta=delta, delta_color="inverse", border=True, width=190)


def show_errors(run: Run, chosen: Chosen, look: Look) -> None:
    """Where the error lies: in time, in space, in the molecule."""
    main = run.main.result()
    if main.reference is None:
        return
    from msmd.views import forecast_figures as figures  # plotly takes 0.4 s to import; the player is shown before

    forecasts = (main, *run.ready_rivals)
    by_time, by_mode, by_atom = st.tabs(["Error by time", "Error by mode", "Error by atom"])
    with by_time:
        widgets.plot(figures.error_by_time(forecasts), key="error_by_time")
    with by_mode:
        widgets.plot(figures.error_by_mode(forecasts, look.band.spectrum), key="error_by_mode")
    with by_atom:
        widgets.plot(figures.error_by_atom(forecasts), key="error_by_atom")


def show_downloads(run: Run, look: Look, chosen: Chosen) -> None:
    """The forecast as a file."""
