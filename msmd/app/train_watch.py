"""Watching one run: where it stands, what can be done to it, its curves, and its forecast as it improves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from msmd.app import cache, state, trained, widgets
from msmd.app.choices import FORECASTER, MOLECULE, RUN, SOURCE
from msmd.app.data_choice import FILE
from msmd.app.navigation import go_to
from msmd.app.train_choice import duration
from msmd.app.train_player import show_player
from msmd.errors import MsmdError
from msmd.forecasters import forecaster_card
from msmd.forecasting import CHECKPOINTS
from msmd.training.comparison import newest_error, result_of
from msmd.training.export import export_run, export_target, what_is_in_the_way
from msmd.training.folder import read_metrics
from msmd.training.job_folder import Job, list_jobs, log_lines, read_job, runs_folder
from msmd.training.jobs import delete_job, rename_job, resume_job, stop_job
from msmd.training.reference import read_baselines

LOOK_AGAIN_S = 2.0
ICONS = {
    "queued": ":material/hourglass_empty:",
    "starting": ":material/rocket_launch:",
    "training": ":material/model_training:",
    "calibrating": ":material/tune:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
}
SAID = {
    "queued": "waits for its turn",
    "starting": "reads the data and fits the baselines",
    "training": "is training",
    "calibrating": "is trained, and is being calibrated on validation windows",
    "finished": "is finished",
    "stopped": "was stopped",
    "failed": "ended before it was finished",
}


def chosen_run() -> Path | None:
    """The run that the URL names, else the newest; None where there is none."""
    jobs = {job.folder.name: job for job in list_jobs(runs_folder())}
    if not jobs:
        state.forget(RUN)
        return None
    return jobs[state.read(RUN, next(iter(jobs)), jobs)].folder


def show_run(folder: Path) -> None:
    """The run, looked at again every few seconds while it is alive."""
    alive = read_job(folder).is_alive

    @st.fragment(run_every=LOOK_AGAIN_S if alive else None)
    def watch() -> None:
        try:
            job = read_job(folder)
        except MsmdError:  # deleted meanwhile, in another window
            state.forget(RUN)
            st.rerun()
        if job.is_alive != alive:
            st.rerun()  # the rest of the page, and the pace of looking, change with it
        _show(job)

    watch()


def _show(job: Job) -> None:
    st.subheader(job.title, anchor=False)
    st.markdown(f"{ICONS[job.state]} This run **{SAID[job.state]}**{_where(job)}.")
    if job.is_alive:
        st.progress(job.progress, text=_progress_text(job))
    if job.state == "finished":
        st.markdown(_verdict(job))
    if job.state == "failed":
        st.error(job.reason, icon=":material/error:")
        st.code("\n".join(log_lines(job.folder)) or "(its log is empty)", language=None)
    _show_actions(job)
    show_player(job)
    _show_curves(job)


def _verdict(job: Job) -> str:
    """Whether training has paid, and what to do next."""
    error, levels = newest_error(job), read_baselines(job.folder)
    if error is None or not levels:
        return "Play it, and see how soon the two motions part."
    best = min(levels, key=lambda name: levels[name]["a_mse"])
    ratio = error / levels[best]["a_mse"]
    against = f"the best baseline, {forecaster_card(best).title.lower()} ({100 * levels[best]['a_mse']:.3g})"
    said = f"Its A-MSE on validation windows, {100 * error:.3g} × 10⁻² Å², is"
    if ratio < 1:
        return f"{said} **{1 - ratio:.0%} below** that of {against}. Play it, and see how soon the two motions part."
    more = "more minutes" if job.spec.windows == "all" else "more minutes, or more windows"
    return f"{said} **not below** that of {against}: give the next run {more}."


def _where(job: Job) -> str:
    status = job.status
    if status is None or job.state != "training" or not status.stage:
        return ""
    return f", stage {status.stage_index + 1} of {status.n_stages}: {status.stage}, {status.progress:.0%} of it done"


def _progress_text(job: Job) -> str:
    left = job.seconds_left
    if job.state != "training" or left is None:
        return SAID[job.state]
    return f"{duration(job.status.seconds)} trained, about {duration(left)} left"


def _show_actions(job: Job) -> None:
    """Buttons for what can be done now."""
    with st.container(horizontal=True):
        if job.is_alive:
            _action("Stop", ":material/stop:", lambda: stop_job(job.folder))
        elif job.state != "finished":
            _action("Resume", ":material/play_arrow:", lambda: resume_job(job.folder), primary=True)
        else:
            if st.button(
                "Play it on the Forecast page",
                type="primary",
                icon=":material/motion_play:",
                disabled=_needs_its_file(job),
                help="Open the file that it was trained on first; the page needs its trajectory."
                if _needs_its_file(job)
                else None,
            ):
                _choose_for_forecast(job)
            with st.popover("Export", icon=":material/save:"):
                _export_form(job)
        with st.popover("Rename", icon=":material/edit:"):
            title = st.text_input("Title", job.title, key=f"title:{job.folder.name}")
            _action("Rename", None, lambda: rename_job(job.folder, title), key="rename")
        if not job.is_alive:
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown("Its curves, checkpoints and log are removed for good.")
                _action("Delete this run", None, lambda: _delete(job), key="delete")


def _action(
    label: str,
    icon: str | None,
    work: Callable[[], object],
    *,
    primary: bool = False,
    key: str | None = None,
    enabled: bool = True,
) -> None:
    """A button that does something to a run, and says why where it cannot."""
    kind = "primary" if primary else "secondary"
    if not st.button(label, icon=icon, type=kind, key=f"action:{key or label}", disabled=not enabled):
        return
    try:
        with st.spinner("One moment"):
            work()
    except MsmdError as error:
        st.error(str(error))
        return
    st.rerun()


def _delete(job: Job) -> None:
    delete_job(job.folder)
    state.forget(RUN)


def _export_form(job: Job) -> None:
    """Copying the result to where the shipped checkpoints lie; another checkpoint goes only where one says so."""
    target = export_target(job.folder, CHECKPOINTS)
    st.markdown(
        f"Copies the model to `{target.relative_to(CHECKPOINTS.parent)}`, from where commands and notebooks load "
        f"it by its name, `{job.spec.forecaster}`, for these data."
    )
    in_the_way = what_is_in_the_way(job.folder, CHECKPOINTS)
    replace = True
    if in_the_way:
        st.warning(in_the_way, icon=":material/warning:")
        replace = st.checkbox("Replace it", key=f"replace:{job.folder.name}")
    _action("Export now", None, lambda: _export(job, replace=replace), key="export", enabled=replace)


def _export(job: Job, *, replace: bool) -> None:
    export_run(job.folder, CHECKPOINTS, replace=replace)
    cache.forget_forecasters()
    st.toast("Exported.", icon=":material/save:")


def _needs_its_file(job: Job) -> bool:
    """True for a run on an opened file when no file with the same atoms is open now."""
    if Path(job.spec.data).suffix == "":
        return False
    opened = state.opened_file()
    return opened is None or trained.name_of(job) not in trained.names_for(opened.dataset.molecule)


def _choose_for_forecast(job: Job) -> None:
    state.choose(FORECASTER, trained.name_of(job))
    if Path(job.spec.data).suffix == "":
        state.choose(MOLECULE, job.spec.data)
        state.choose(SOURCE, job.spec.source)
    else:
        state.choose(MOLECULE, FILE)
    go_to("forecast")


def _show_curves(job: Job) -> None:
    reports = read_metrics(job.folder)
    if not reports:
        if job.is_alive:
            st.caption("The curves begin with the first epoch.")
        return
    from msmd.views import training_figures as figures  # plotly takes 0.4 s to import

    baselines = read_baselines(job.folder)
    result = result_of(job)
    measured = [report for report in reports if report.validation is not None]
    for stage in [report.stage for report in reports if report.is_taken_back]:
        st.caption(f"The stage *{stage}* spoilt the forecast and was taken back: give the next run more minutes.")
    error, bands, loss = st.tabs(["Error and baselines", "Error by horizon", "Loss"])
    with error:
        if measured:
            widgets.plot(figures.validation_figure(reports, baselines, result), key="training_error")
        else:
            st.caption(
                "The error is measured every few epochs; the first measurement is to come."
                if job.is_alive
                else "It ended before its error was measured for the first time."
            )
    with bands:
        if measured:
            shown = (result, "finished model") if result else (measured[-1].validation, "newest checkpoint")
            widgets.plot(figures.band_figure(shown[0], baselines, name=shown[1]), key="training_bands")
    with loss:
        widgets.plot(figures.loss_figure(reports), key="training_loss")
