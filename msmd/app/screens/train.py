"""Train: start a run, watch its forecast improve, compare runs."""

from __future__ import annotations

import streamlit as st

from msmd.app import train_choice, train_table, train_watch, widgets
from msmd.app.choices import RUN
from msmd.app.data_choice import choose_data
from msmd.app.navigation import link_to
from msmd.training.job_folder import list_jobs, read_job, runs_folder

WHAT_YOU_WILL_SEE = """
- **The molecule**, moved by the newest checkpoint beside the reference. At first the two part at once; as training goes
  on they stay together for longer.
- **Error and baselines**: the error on windows that training has not seen. Training has paid once the curve lies below
  the lines of forecasters that learn nothing.
- **Error by horizon**: how far into the future the forecast is good.
- **Stop, resume, rename, delete**, and in the end the way to the Forecast page, where the model is on the menu at once.

A run keeps everything in a folder of its own. It goes on when you close this tab or the server restarts, and further
runs wait for their turn.
"""

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
        st.info("No run yet: press *Start training*, and watch it in this place.", icon=":material/model_training:")
        st.markdown(WHAT_YOU_WILL_SEE)
    else:
        names = [job.folder.name for job in list_jobs(runs_folder())]
        widgets.select(
            RUN, "Run", names, default=names[0], say=lambda name: train_choice.say_run(read_job(runs_folder() / name))
        )
        train_watch.show_run(run)
train_table.show_table()
link_to("forecast", "Play forecasts, and compare them with baselines", ":material/motion_play:")
