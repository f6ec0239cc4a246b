"""Train: start a run, watch its forecast improve, compare runs."""

from __future__ import annotations

import streamlit as st

from msmd.app import train_choice, train_table, train_watch, widgets
from msmd.app.choices import RUN
from msmd.app.data_choice import choose_data
from msmd.app.navigation import link_to
from msmd.training.job_folder import list_jobs, read_job, runs_folder

widgets.heading(
    "Train",
    "A run is a process of its own: close this tab, and it goes on. **Next:** press *Start training*, and watch the "
    "forecast come closer to the reference.",
)
chosen = choose_data()
form, watch = st.columns([4, 7], gap="large")
with form:
    spec = train_choice.choose_spec(chosen)
    enabled = train_choice.show_estimate(spec, chosen)
    train_choice.start_button(spec, chosen, enabled=enabled)
with watch:
    run = train_watch.chosen_run()
    if run is None:
        st.info("No run yet. What you start here is kept in a folder of its own and shown in this place.")
    else:
        names = [job.folder.name for job in list_jobs(runs_folder())]
        widgets.select(
            RUN, "Run", names, default=names[0], say=lambda name: train_choice.say_run(read_job(runs_folder() / name))
        )
        train_watch.show_run(run)
train_table.show_table()
link_to("forecast", "Play forecasts, and compare them with baselines", ":material/motion_play:")
