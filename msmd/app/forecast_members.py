"""The ensemble on the Forecast page: how many members are shown, and whether their spread is honest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from msmd.app import background, cache, state, trained, widgets
from msmd.app.choices import MEMBERS
from msmd.app.data_choice import Chosen
from msmd.app.forecast_run import Run, caveat_of
from msmd.errors import MsmdError
from msmd.forecasting import ForecasterCard

if TYPE_CHECKING:
    from msmd.metrics.calibration import Calibration

MAX_GHOSTS = 8
"""More cannot be told apart in the player."""

LABEL = "Members as ghosts"
WHY = (
    "The forecast of least error is the mean of an ensemble. Each member starts a hair apart and moves like the "
    "molecule; where they fan out, the future cannot be told from the start, and their mean fades and looks frozen."
)


def choose_members(card: ForecasterCard) -> int:
    """How many members are shown in the player; 0, and a control that says why, where there are none."""
    if not card.has_members:
        reason = f"{card.title} makes one forecast per start and has no members; the Spectral ODE has."
        st.slider(LABEL, 0, MAX_GHOSTS, 0, disabled=True, key="no_members", help=reason)
        st.caption(reason)
        return 0
    value = state.read(MEMBERS, 0, range(MAX_GHOSTS + 1))
    st.slider(LABEL, 0, MAX_GHOSTS, help=WHY, **state.bind(MEMBERS, value))
    return value


def say_members(run: Run) -> None:
    """What the ghosts are, or that they are being made."""
    if run.members is None:
        return
    if not run.members_ready:
        st.caption("The members are being made …")
        return
    failure = run.members.exception()
    if failure is not None and not isinstance(failure, MsmdError):
        raise failure
    if failure is not None:
        st.warning(str(failure))
        return
    n_members = len(run.members.result())
    ghosts = "The thin ghost is a member" if n_members == 1 else f"The {n_members} thin ghosts are members"
    st.caption(f"{ghosts} of the ensemble: each is a possible future, the tube the one answer that is least off.")


def show_honesty(chosen: Chosen, card: ForecasterCard) -> None:
    """Whether the members are as far apart as their mean is off, and move like the molecule; when asked for."""
    with st.expander("Is the spread honest?"):
        if not card.has_members:
            st.caption(f"{card.title} has no members whose spread could be honest; choose the Spectral ODE.")
            return
        if chosen.is_file:
            st.caption("This is measured on the test part of the shipped or fetched data of a molecule.")
            return
        n_windows = cache.CALIBRATION_PROTOCOL.n_test
        st.markdown(
            f"An ensemble says how sure it is by how far its members are apart. Over {n_windows} test windows that is "
            "held against how far it really was off."
        )
        if where := trained.where_to_test(card.name, chosen.dataset, "calibration"):
            st.caption(where)
            return
        asked = f"calibrated:{chosen.key}:{card.name}"
        if st.button("Measure now", icon=":material/balance:", help="Takes some ten seconds, big molecules a minute."):
            state.remember(asked, True)
        if not state.recall(asked):
            return
        future = cache.calibration(card.name, chosen.key, chosen.dataset)
        if not background.is_ready(future):
            st.caption("Forecasting the test windows, every member of them …")
            background.look_again_for([future])
            return
        failure = future.exception()
        if isinstance(failure, MsmdError):
            st.error(str(failure), icon=":material/error:")
            return
        _show_calibration(future.result())
        if doubt := caveat_of(card, chosen.dataset, cache.CALIBRATION_PROTOCOL):
            st.warning(doubt, icon=":material/info:")


def _show_calibration(found: Calibration) -> None:
    from msmd.views.calibration_figures import FIGURES  # plotly takes 0.4 s to import
    from msmd.views.calibration_words import verdict

    for sentence in verdict(found):
        st.markdown(sentence)
    made = {title: figure for title, make in FIGURES if (figure := make(found)) is not None}
    for tab, (title, figure) in zip(st.tabs(list(made)), made.items(), strict=True):
        with tab:
            widgets.plot(figure, key=f"calibration_{title.lower()}")
