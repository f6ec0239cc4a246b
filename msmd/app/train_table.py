"""All runs in one table: filter, sort, lay curves over one another, see which settings differ, take it along."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import streamlit as st

from msmd.app import widgets
from msmd.training.folder import read_metrics
from msmd.training.job_folder import Job, list_jobs, runs_folder

COLUMNS = {
    "A-MSE": st.column_config.NumberColumn("A-MSE / 10⁻² Å²", format="%.4g", help="Heavy atoms, validation windows."),
    "minutes": st.column_config.NumberColumn("minutes", format="%.1f", help="Of training so far."),
}


def show_table() -> None:
    """The table, and what is selected in it side by side."""
    jobs = list_jobs(runs_folder())
    if not jobs:
        return
    st.subheader("All runs", anchor=False)
    wanted = st.text_input(
        "Filter",
        key="runs_filter",
        placeholder="ethanol finished",
        help="Words that a row has to contain, in any column.",
    )
    jobs = [job for job in jobs if _matches(job, wanted)]
    rows = [row_of(job) for job in jobs]
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=COLUMNS,
        key="runs_table",
        on_select="rerun",
        selection_mode="multi-row",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Table (CSV)", data=csv_of(jobs), file_name="runs.csv", mime="text/csv", icon=":material/download:"
        )
        st.caption("Click a column to sort; tick rows to compare them.")
    _show_comparison([jobs[row] for row in event.selection.rows if row < len(jobs)])


def row_of(job: Job) -> dict[str, object]:
    """What the table says of a run."""
    spec = job.spec
    return {
        "title": job.title,
        "state": job.state,
        "data": spec.data,
        "source": spec.source,
        "forecaster": spec.forecaster,
        "windows": spec.windows,
        "A-MSE": _newest_error(job),
        "minutes": job.status.seconds / 60 if job.status else None,
        "seed": spec.seed,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created)),
    }


def csv_of(jobs: Sequence[Job]) -> str:
    """Rows and every setting, as CSV."""
    rows = [row_of(job) | {"run": job.folder.name} | _settings(job) for job in jobs]
    return pd.DataFrame(rows).to_csv(index=False)


def differing_settings(jobs: Sequence[Job]) -> dict[str, list[str]]:
    """The settings in which runs differ, each with its value in every run."""
    settings = [_settings(job) for job in jobs]
    return {name: [row[name] for row in settings] for name in settings[0] if len({row[name] for row in settings}) > 1}


def _show_comparison(jobs: Sequence[Job]) -> None:
    if len(jobs) < 2:
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


def _settings(job: Job) -> dict[str, str]:
    return {name: _text(value) for name, value in asdict(job.spec).items()}


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _matches(job: Job, words: str) -> bool:
    text = " ".join(map(str, row_of(job).values())).lower()
    return all(word in text for word in words.lower().split())


def _newest_error(job: Job) -> float | None:
    """The last validation A-MSE, 10⁻² Å²."""
    measured = [report.validation for report in read_metrics(job.folder) if report.validation is not None]
    return 100 * measured[-1]["a_mse"] if measured else None
