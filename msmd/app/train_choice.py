"""The form of the Train page: what to train, on what, for how long."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from msmd.app import background, cache, state, widgets
from msmd.app.choices import (
    BUDGET,
    DEVICE,
    EPOCHS,
    LABELS,
    MINUTES,
    OPTIONS,
    RUN,
    SEED,
    SPLIT,
    TRAINEE,
    TRAINING_TIMES,
    WINDOWS,
)
from msmd.app.data_choice import Chosen
from msmd.data.relabel import SOURCE
from msmd.errors import MsmdError
from msmd.forecasting import FORECASTERS, forecaster_card
from msmd.training.job_folder import Job, JobSpec, list_jobs, runs_folder
from msmd.training.jobs import start_job
from msmd.training.queue import n_slots

if TYPE_CHECKING:
    from msmd.training.estimate import Estimate

WINDOW_COUNTS = ("100", "250", "500", "1000", "2000", "all")
MINUTE_STOPS = (0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
EPOCH_STOPS = (0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0)
DEFAULT_MINUTES = 1.0
"""With start and calibration, a useful model of ethanol in under three minutes on two cores."""

BUDGET_TITLES = {"minutes": "Minutes", "epochs": "Epochs"}


def choose_spec(chosen: Chosen) -> JobSpec:
    """Draws the form and returns what it says."""
    trainable = [card.name for card in FORECASTERS if card.needs == "training"]
    name = widgets.select(
        TRAINEE, "Forecaster", trainable, default=trainable[0], say=lambda name: forecaster_card(name).title
    )
    st.caption(forecaster_card(name).note)
    windows = widgets.stops(
        WINDOWS,
        "Training windows",
        WINDOW_COUNTS,
        default="all",
        say=lambda text: "every frame" if text == "all" else text,
        help="A number: positions and velocities of so many windows, as in the papers. Every frame: all windows and "
        "forces of the training block, which the Spectral ODE learns from.",
    )
    minutes, epochs = _choose_budget()
    device = _choose_device()
    with st.expander("Advanced"):
        split = widgets.buttons(
            SPLIT,
            "Split",
            ["blocked", "paper"],
            default="blocked",
            say=str.capitalize,
            help="Blocked: test data lie in stretches of time that training never saw. Paper: random starts, most of "
            "which overlap a training window.",
        )
        sampling = widgets.buttons(
            TRAINING_TIMES, "Times of the windows", ["even", "irregular"], default="even", say=str.capitalize
        )
        learns_from_forces = name == "spectral-ode" and windows == "all" and chosen.dataset.source == SOURCE
        labels = _choose_labels() if learns_from_forces else ()
        seed = widgets.whole_number(SEED, "Seed", default=0, help="Feeds every random choice.")
        options = widgets.text(
            OPTIONS,
            "Settings of the forecaster",
            placeholder="such as n_members=4 basis=fourier",
            help="Entries of its config as name=value, separated by spaces; `msmd train --set` takes the same.",
        )
    opened = state.opened_file() if chosen.is_file else None
    return JobSpec(
        forecaster=name,
        data=opened.name if opened else chosen.dataset.molecule.name,
        source=chosen.dataset.source,
        windows=windows,
        minutes=minutes,
        epochs=epochs,
        device=device,
        split=split,
        sampling=sampling,
        seed=seed,
        options=(*labels, *options.split()),
        dt_fs=opened.dt_fs if opened else None,
    )


def show_estimate(spec: JobSpec, chosen: Chosen) -> bool:
    """Says how long the job will take, or why it cannot run; False in that case."""
    without_budget = replace(spec, minutes=None, epochs=None, device="cpu", seed=0)
    future = cache.estimate(without_budget, chosen.key, chosen.dataset)
    if not background.is_ready(future):
        st.caption("Timing a few steps on this machine …")
        background.look_again_for([future])
        return True
    failure = future.exception()
    if isinstance(failure, MsmdError):
        st.warning(str(failure), icon=":material/block:")
        return False
    whole = future.result()
    _say_estimate(whole.of_epochs(spec.epochs) if spec.minutes is None else whole.of_minutes(spec.minutes), spec)
    return True


def start_button(spec: JobSpec, chosen: Chosen, *, enabled: bool) -> None:
    """The button that starts the job."""
    if not st.button(
        "Start training", type="primary", icon=":material/play_arrow:", disabled=not enabled, width="stretch"
    ):
        return
    title = f"{chosen.title} · {forecaster_card(spec.forecaster).title}"
    opened = state.opened_file()
    content = opened.content if chosen.is_file and opened else None
    folder = start_job(runs_folder(), spec, title, data=content)
    state.choose(RUN, folder.name)
    st.rerun()


def say_run(job: Job) -> str:
    """A run in the list of runs."""
    return f"{job.title} · {time.strftime('%d %b %H:%M', time.localtime(job.created))} · {job.state}"


def duration(seconds: float) -> str:
    """A time in the unit that a person would say it in.

    >>> duration(42.3), duration(200.0), duration(7300.0)
    ('42 s', '3.3 min', '2.0 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _choose_budget() -> tuple[float | None, float | None]:
    """Minutes or epochs, the other None."""
    if widgets.buttons(BUDGET, "Budget", list(BUDGET_TITLES), default="minutes", say=BUDGET_TITLES.get) == "minutes":
        minutes = widgets.stops(
            MINUTES, "Minutes of training", MINUTE_STOPS, default=DEFAULT_MINUTES, say=lambda m: f"{m:g}"
        )
        return minutes, None
    epochs = widgets.stops(
        EPOCHS,
        "Share of the forecaster's own epochs",
        EPOCH_STOPS,
        default=0.1,
        say=lambda share: f"{100 * share:g} %",
        help="100 % is the forecaster's own plan: for GF-NODE and EGNO what their authors trained them for, for the "
        "other published models as many steps as GF-NODE, for ours what the shipped checkpoints took.",
    )
    return None, epochs


LABEL_TITLES = {"stored": "As stored", "computed": "At every frame"}


def _choose_labels() -> tuple[str, ...]:
    """The setting for the forces that a potential learns from; none for those that came with the data."""
    labels = widgets.buttons(
        LABELS,
        "Forces",
        list(LABEL_TITLES),
        default="stored",
        say=LABEL_TITLES.get,
        help="As stored: every fifth frame has forces. At every frame: GFN2-xTB computes them where the frames lie, "
        "ten seconds to two minutes once per molecule, before training; the shipped models learned from these.",
    )
    return () if labels == "stored" else (f"plan.labels={labels}",)


def _choose_device() -> str:
    """The processor, or the GPU by its name where there is one."""
    future = cache.gpu_name()
    gpu = future.result() if background.is_ready(future, 0.05) else None
    if gpu is None:
        state.read(DEVICE, "cpu", ["cpu"])
        st.caption("Device: processor (no GPU was found)" if future.done() else "Device: processor")
        return "cpu"
    titles = {"cpu": "Processor", "gpu": gpu}
    return widgets.buttons(DEVICE, "Device", list(titles), default="gpu", say=titles.get)


def _say_estimate(found: Estimate, spec: JobSpec) -> None:
    on_cpu = spec.device == "cpu"
    where = " when it has the processor to itself" if on_cpu else " on the processor; the GPU was not timed"
    st.markdown(
        f"**About {duration(found.total_s)}**{where}: {duration(found.training_s)} of training "
        f"({found.n_steps:,} steps) and {duration(found.checks_s)} of forecasts that show where it stands."
    )
    ahead = sum(job.is_alive for job in list_jobs(runs_folder()))
    if ahead >= n_slots():
        st.caption(f"It will wait for its turn: {ahead} ahead of it, and this machine takes {n_slots()} at once.")
