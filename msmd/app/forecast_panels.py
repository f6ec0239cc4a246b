"""The parts of the Forecast page: player, scores, error plots, downloads."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from msmd.app import background, cache, forecast_members, state, trained, widgets
from msmd.app.cache import N_TEST_WINDOWS
from msmd.app.data_choice import Chosen
from msmd.app.forecast_choice import Look, Window
from msmd.app.forecast_run import Run, at_stored_times, caveat_of
from msmd.app.player import player
from msmd.forecasting import Forecast, ForecasterCard, forecaster_card
from msmd.metrics.displacement import valid_time
from msmd.views.forecast_files import write_forecast
from msmd.views.player import standalone_html
from msmd.views.scenes import forecast_scene, reference_scene, rmsd

if TYPE_CHECKING:
    from msmd.metrics.evaluation import Evaluation

KEY = "player_forecast"
CARD_WIDTH = 180  # px; two stand side by side on a phone

FOLLOWS = 0.2
"""Å of RMSD up to which a forecast follows the reference: to the eye, the atoms of both still overlap."""


def show_player(chosen: Chosen, window: Window, run: Run, look: Look) -> None:
    """The player with what there is: prediction beside reference, or the reference alone while the forecast is made."""
    failure = run.main.exception() if run.ready else None
    if failure is not None:
        widgets.say_failure(failure)
    if not run.ready or failure is not None:
        scene = reference_scene(at_stored_times(chosen.segment(window.segment), window), title=chosen.title)
    else:
        scene = forecast_scene(
            run.shown,
            rivals=run.ready_rivals,
            band=look.band,
            color=look.color,
            arrows=look.arrows,
            mode=look.mode,
            title=f"{chosen.title}, {run.main.result().forecaster}",
        )
    player(scene, key=KEY)
    if run.ready:
        st.caption(
            "Solid atoms are the reference, tubes the prediction; the curves under them are their distance over time. "
            + run.fitting.caption
        )
        forecast_members.say_members(run)
    else:
        st.caption("The reference is moving; the forecast is being made …")


def show_scores(run: Run, card: ForecasterCard) -> None:
    """How long each forecast follows the reference and where it ends, the forecaster's first, the baselines' beside."""
    if not run.ready:
        st.skeleton(height=110)
        return
    if run.main.exception() is not None:
        return
    main = run.main.result()
    if main.reference is None:
        st.info("These data hold no frames after the start at these times, so that there is nothing to compare with.")
        return
    last = main.times_fs[main.has_reference].max()
    st.markdown(
        f"**How long each follows the reference** to {FOLLOWS:g} Å, and how far off it is after {last:,.0f} fs "
        "(RMSD over all atoms, not aligned)"
    )
    with st.container(horizontal=True):
        _metric(card.title, main)
        for rival in run.ready_rivals:
            _metric(forecaster_card(rival.forecaster).title, rival)
        for name in run.pending:
            with st.container(border=True, width=CARD_WIDTH):
                st.caption(f"{forecaster_card(name).title}: being made …")


def _metric(title: str, forecast: Forecast) -> None:
    distances = rmsd(forecast.predicted, forecast.reference)
    known = np.flatnonzero(forecast.has_reference)
    last = known[np.argmax(forecast.times_fs[known])]
    st.metric(
        title,
        f"{valid_time(distances, forecast.times_fs, FOLLOWS):,.0f} fs",
        delta=f"{distances[last]:.2f} Å",
        delta_description="at the end",
        delta_color="off",
        delta_arrow="off",
        border=True,
        width=CARD_WIDTH,
    )


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
    """The forecast as a file; made when asked for."""
    main = run.shown
    scene = forecast_scene(main, band=look.band, color=look.color, arrows=look.arrows, mode=look.mode)
    name = f"{chosen.dataset.molecule.name}-{main.forecaster}-{main.start}"
    st.markdown("**Take it with you**")
    with st.container(horizontal=True):
        for label, suffix, mime, help in DOWNLOADS:
            st.download_button(
                label,
                data=lambda suffix=suffix: forecast_bytes(main, suffix),
                file_name=name + suffix,
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                help=help if main.samples is not None else None,
            )
        st.download_button(
            "Player, as shown",
            data=lambda: standalone_html(scene),
            file_name=f"{name}.html",
            mime="text/html",
            icon=":material/motion_play:",
            on_click="ignore",
            help="One HTML file that plays in any browser, offline, with the band, colours and arrows of this page.",
        )


DOWNLOADS = (
    ("Trajectory (xyz)", ".xyz", "chemical/x-xyz", "The forecast alone; the members are in the arrays."),
    ("Arrays (npz)", ".npz", "application/octet-stream", "Forecast, reference, and the members as `samples`."),
)
"""Label, suffix and media type of the files that a forecast can be had as, beside the player, and what to say of them
where members are shown."""


def forecast_bytes(forecast: Forecast, suffix: str) -> bytes:
    """The content of the file that ``write_forecast`` writes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"forecast{suffix}"
        write_forecast(forecast, path)
        return path.read_bytes()


def show_test_scores(run: Run, chosen: Chosen, card: ForecasterCard) -> None:
    """One window is an anecdote: the errors over many test windows, when asked for."""
    with st.expander(f"One window proves little: score over {N_TEST_WINDOWS} test windows"):
        if chosen.is_file:
            st.caption("Scores need data with a test part; they are made on the shipped or fetched data of a molecule.")
            return
        if card.family == "simulation":
            st.caption(
                f"A simulation of {N_TEST_WINDOWS} windows takes minutes to an hour. Run it beside the app: "
                f"`msmd evaluate --forecaster {card.name} {chosen.dataset.molecule.name} --source "
                f"{chosen.dataset.source} --windows 20`"
            )
            return
        if where := trained.where_to_test(card.name, chosen.dataset, "evaluate"):
            st.caption(where)
            return
        asked = f"scored:{chosen.key}:{card.name}"
        if st.button("Score now", icon=":material/calculate:"):
            state.remember(asked, True)
        if not state.recall(asked):
            return
        futures = {n: cache.evaluation(n, chosen.key, chosen.dataset) for n in (card.name, *run.rivals)}
        if not all(background.is_ready(future) for future in futures.values()):
            st.caption("Forecasting the test windows …")
            st.progress(sum(future.done() for future in futures.values()) / len(futures))
            waiting = [future for future in futures.values() if not future.done()]
            background.look_again_for(waiting or list(futures.values()))
            return
        failures = [failure for future in futures.values() if (failure := future.exception()) is not None]
        for failure in failures:
            widgets.say_failure(failure)
        scored = [future.result() for future in futures.values() if future.exception() is None]
        if not scored:
            return
        st.markdown(score_table(scored))
        if doubt := caveat_of(card, chosen.dataset, cache.TEST_PROTOCOL):
            st.warning(doubt, icon=":material/info:")
        st.caption(
            "A-MSE: mean squared error over windows, times and heavy atoms, in 10⁻² Å², lower is better; ± its "
            "standard error over stretches of the test data. The further columns are bands of the horizon "
            "in fs."
        )


def score_table(evaluations: list[Evaluation]) -> str:
    """Heavy-atom errors in 10⁻² Å², a row per forecaster, as Markdown."""
    bands = [f"{band.from_fs:g}–{band.to_fs:g}" for band in evaluations[0].bands]
    lines = ["| forecaster | A-MSE | " + " | ".join(bands) + " |", "|---" * (len(bands) + 2) + "|"]
    for evaluation in evaluations:
        heavy = evaluation.molecule.is_heavy
        cells = ["–" if band.heavy is None else f"{100 * band.heavy:.3g}" for band in evaluation.bands]
        spread = evaluation.a_mse_spread(heavy)
        total = f"**{100 * evaluation.a_mse(heavy):.3g}**" + ("" if spread is None else f" ± {100 * spread:.2g}")
        lines.append(f"| {evaluation.forecaster} | {total} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
