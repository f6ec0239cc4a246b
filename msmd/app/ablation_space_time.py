"""Space against time inside a cell: the time scales in its forecasts beside the full model's and the reference's."""

from __future__ import annotations

from concurrent.futures import Future

import streamlit as st

from msmd.app import ablation_recipe, background, cache, widgets
from msmd.app.ablation_choice import View
from msmd.app.ablation_motion import chosen_data, sides
from msmd.errors import MsmdError
from msmd.metrics.space_time import SpaceTime, choose_stretches, forecast_space_time, reference_space_time
from msmd.metrics.space_time_comparison import SpaceTimeComparison
from msmd.trajectory import Dataset


def show_space_time(view: View, cell: tuple[str, str]) -> None:
    """Eigenvalue against time scale, on the reference and inside forecasts."""
    chosen = chosen_data(view, cell[0])
    if chosen is None:
        return
    futures = {"reference": reference_scales(chosen.key, chosen.dataset)}
    for name, made in sides(view, cell).recipes.items():
        futures[name] = forecast_scales(made, chosen.key, chosen.dataset)
    if not all([background.is_ready(future, 0.05) for future in futures.values()]):
        done = sum(future.done() for future in futures.values())
        st.caption(f"Measuring time scales on 1.5 ps forecasts, {done} of {len(futures)} done …")
        st.skeleton(height=400)
        background.look_again_for([future for future in futures.values() if not future.done()])
        return
    failures = [error for error in (future.exception() for future in futures.values()) if error is not None]
    for error in failures:
        if not isinstance(error, MsmdError):
            raise error
        st.info(str(error), icon=":material/info:")
    if failures:
        return
    from msmd.views.space_time_figures import space_time_comparison

    measured = {name: future.result() for name, future in futures.items()}
    widgets.plot(space_time_comparison(measured), key="ablation_space_time")
    for name, side in measured.items():
        if side.is_still:
            st.caption(f"**{name}** stands still: its guard stops every member at once, so that it has no time scales.")
        elif name != "reference":
            st.caption(f"**{name}**: {_compared(chosen.dataset, name, measured['reference'], side).agreement}")


def _compared(dataset: Dataset, name: str, reference: SpaceTime, model: SpaceTime) -> SpaceTimeComparison:
    stretches = choose_stretches(dataset)
    return SpaceTimeComparison(
        molecule=dataset.molecule.name,
        source=dataset.source,
        forecaster=name,
        n_stretches=len(stretches),
        stretch_fs=stretches[0].n_frames * (dataset.segments[stretches[0].segment].dt_fs or 0.0),
        reference=reference,
        model=model,
    )


@st.cache_resource(show_spinner=False, max_entries=8)
def reference_scales(data_key: str, _dataset: Dataset) -> Future[SpaceTime]:
    """Time scales on the test stretches of the reference."""
    spectrum = cache.spectrum(data_key, "combinatorial", _dataset)
    return background.fit(lambda: reference_space_time(_dataset, choose_stretches(_dataset), spectrum))


@st.cache_resource(show_spinner=False, max_entries=48)
def forecast_scales(made_from: ablation_recipe.Recipe, data_key: str, _dataset: Dataset) -> Future[SpaceTime]:
    """Time scales inside forecasts of the same stretches."""
    made = ablation_recipe.forecaster(made_from)
    spectrum = cache.spectrum(data_key, "combinatorial", _dataset)
    return background.forecast(
        lambda: forecast_space_time(made.result(), _dataset, choose_stretches(_dataset), spectrum)
    )
