"""All runs in one table: filter, sort, lay curves over one another, see which settings differ, take it along."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from msmd.app import widgets
from msmd.training.comparison import differing_settings, full_row_of, matches, row_of
from msmd.training.folder import read_metrics
from msmd.training.job_folder import Job, list_jobs, runs_folder, unreadable_jobs

COLUMNS = {
    "A-MSE": st.column_config.NumberColumn(
        "A-MSE / 10⁻² Å²", format="%.4g", help="Heavy atoms, validation windows; lower is better."
    ),
    "best baseline": st.column_config.NumberColumn(
        "best baseline", format="%.4g", help="The lowest A-MSE of the baselines on the same windows."
    ),
    "minutes": st.column_config.NumberColumn("minutes", format="%.1f", help="Of training so far."),
}
MANY = 2
"""Runs from which on a comparison says something."""


def show_table() -> None:
    """The table, and what is ticked in it side by side."""
    jobs = list_jobs(runs_folder())
    for sentence in unreadable_jobs(runs_folder()):
        st.warning(sentence, icon=":material/folder_off:")
    if not jobs:
        return
    st.subheader("Compare runs", anchor=False)
    st.markdown("**Tick two or more rows** to lay their curves over one another; click a column's head to sort.")
    wanted = st.text_input(
        "Filter",
        key="runs_filter",
        placeholder="ethanol finished",
        help="Words that a row has to contain, in any column.",
    )
    shown = [job for job in jobs if matches(job, wanted)]
    if not shown:
        st.info(f"None of the {len(jobs)} runs has all of these words in its row.")
        return
    event = st.dataframe(
        pd.DataFrame([row_of(job) for job in shown]),
        hide_index=True,
        column_config=COLUMNS,
        key="runs_table:" + ",".join(job.folder.name for job in shown),  # ticks are rows: another table has none
        on_select="rerun",
        selection_mode="multi-row",
    )
    _show_comparison([shown[row] for row in event.selection.rows if row < len(shown)])
    st.download_button(
        "Table with every setting (CSV)",
        data=csv_of(shown),
        file_name="runs.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(f"TensorBoard reads the runs too: `tensorboard --logdir {runs_folder()}`, in a terminal.")


def csv_of(jobs: Sequence[Job]) -> str:
    """Rows and every setting, as CSV."""
    return pd.DataFrame([full_row_of(job) for job in jobs]).to_csv(index=False)


def _show_comparison(jobs: Sequence[Job]) -> None:
    if len(jobs) < MANY:
        return
    from msmd.views.training_figures import comparison_figure

    titles = [f"{index} {job.title}" for index, job in enumerate(jobs, start=1)]
    curves = {title: read_metrics(job.folder) for title, job in zip(titles, jobs, strict=True)}
    widgets.plot(comparison_figure(curves), key="training_comparison")
    differing = differing_settings(jobs)
    if differing:
        st.markdown("**Settings that differ**")
        st.dataframe(pd.DataFrame(differing, index=titles).T)
    else:
        st.caption("These runs have the same settings.")
