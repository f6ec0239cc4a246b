"""The figures of the Ablations page: the heat map, and the curves of one molecule under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import streamlit as st

from msmd.app import ablation_space_time, state, widgets
from msmd.app.ablation_choice import View
from msmd.app.choices import FIGURE, MOLECULE, VARIANT
from msmd.data.registry import molecule_card
from msmd.sweeps.record import WHOLE, Record
from msmd.views.ablation_scores import AblationGrid, Scores, all_forecasters, comparable_scores

HEAT_MAP = "ablation_heat_map"


def show_heat_map(view: View, grid: AblationGrid, against: str, cell: tuple[str, str]) -> None:
    """Molecules × variants; a click chooses the cell."""
    from msmd.views.ablation_heat_map import MEASURES, heat_map

    figure = heat_map(grid, MEASURES[against], titles=view.titles, selected=cell)
    widgets.plot(figure, key=HEAT_MAP, on_click=take_click)


def show_curves(view: View, cell: tuple[str, str]) -> None:
    """One molecule: error by horizon, space and time, cost and accuracy, or the numbers themselves."""
    st.subheader(f"{molecule_card(cell[0]).title}, in detail", anchor=False)
    figure = widgets.buttons(FIGURE, "Figure", list(FIGURES), default="horizon", say=lambda name: FIGURES[name][0])
    FIGURES[figure][1](view, cell)


def _scores(view: View, molecule: str, band: str) -> Scores:
    return comparable_scores(view.records, molecule, view.model, band=band, heavy=view.heavy)


def _show_horizon(view: View, cell: tuple[str, str]) -> None:
    molecule, variant = cell
    scores = {band: _scores(view, molecule, band) for band in view.bands if band != WHOLE}
    if not any(scores.values()):
        st.caption(f"No horizon band of {molecule} has been measured yet.")
        return
    from msmd.views.horizon_figures import horizon_figure

    widgets.plot(horizon_figure(scores, view.model, titles=view.titles, selected=variant), key="ablation_horizon")


def _show_cost(view: View, cell: tuple[str, str]) -> None:
    molecule, variant = cell
    scores = all_forecasters(view.records, molecule, view.model, heavy=view.heavy)
    if not scores:
        st.caption(f"Nothing has been timed on {molecule} yet.")
        return
    from msmd.views.cost_figures import cost_figure

    machines = Counter(score.record.hardware for score in scores.values())
    hardware = machines.most_common(1)[0][0]
    figure = cost_figure(scores, view.model, titles=view.titles, selected=variant, hardware=hardware)
    widgets.plot(figure, key="ablation_cost")
    st.caption(f"Timed on: {', '.join(machines)}. Timings are ratios; compare those of one machine.")


def _show_table(view: View, cell: tuple[str, str]) -> None:
    """The records behind the figures, to sort and to take along."""
    import pandas as pd

    from msmd.sweeps.table import to_frame

    mine = [record for record in view.records if record.molecule == cell[0] and record.is_whole]
    st.dataframe(pd.DataFrame([_row(view, record) for record in mine]), hide_index=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Every record (CSV)",
            data=lambda: to_frame(view.records).to_csv(index=False),
            file_name="ablations.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("All molecules and horizon bands, with settings, budget, hardware and the command that made them.")


FIGURES: dict[str, tuple[str, Callable[[View, tuple[str, str]], None]]] = {
    "horizon": ("Error by horizon", _show_horizon),
    "space-time": ("Space and time", ablation_space_time.show_space_time),
    "cost": ("Cost and accuracy", _show_cost),
    "table": ("Table", _show_table),
}
"""What can be looked at for one molecule, by its name in the URL."""


def _row(view: View, record: Record) -> dict[str, object]:
    return {
        "forecaster": record.forecaster,
        "variant": view.variants.title(record.variant),
        "seed": record.seed,
        "A-MSE / 10⁻² Å²": 100 * record.heavy_mse,
        "±": None if record.spread is None else 100 * record.spread,
        "all atoms": 100 * record.all_mse,
        "F-MSE": None if record.f_mse_heavy is None else 100 * record.f_mse_heavy,
        "ms per window": 1000 * record.seconds_per_window,
        "parameters": record.n_parameters,
        "trained in full": record.is_complete,
        "test windows": record.n_windows,
        "machine": record.hardware,
    }


def take_click() -> None:
    point = state.clicked_point(HEAT_MAP)
    if point is None or "customdata" not in point:
        return
    molecule, variant = point["customdata"][:2]
    state.choose(MOLECULE, molecule)
    state.choose(VARIANT, variant)
