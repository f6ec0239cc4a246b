"""The molecule as the newest checkpoint of a run moves it, beside the reference: one watches the forecast improve."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from msmd.app import background, cache, state
from msmd.app.forecast_times import possible_horizons, possible_starts
from msmd.app.player import player
from msmd.checkpoint import CARD
from msmd.data import load_dataset
from msmd.data.windows import Protocol, split_dataset
from msmd.errors import MsmdError, ProtocolError
from msmd.forecasting import Forecast
from msmd.graph import LAPLACIANS
from msmd.spectrum import graph_spectrum
from msmd.training.folder import data_of
from msmd.training.job_folder import Job
from msmd.trajectory import Dataset
from msmd.views.scenes import Band, forecast_scene

HORIZON_FS = 1500.0
N_FRAMES = 188
"""Every 8 fs up to the horizon: enough to see the skeleton move, and packed in an instant."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A piece of a trajectory to play.

    Attributes:
        segment: of the dataset.
        start: its first frame.
        horizon_fs: how long it is.
        is_unseen: True where the run has trained on none of it.
    """

    segment: int
    start: int
    horizon_fs: float
    is_unseen: bool


def show_player(job: Job) -> None:
    """The forecast of the newest checkpoint that could be played; a sentence before there is one."""
    folder = _newest_checkpoint(job.folder)
    if folder is None:
        if job.is_alive:
            st.caption("The molecule will move here with the first checkpoint.")
        return
    try:
        dataset = _dataset(job)
    except MsmdError as error:
        st.caption(f"Its data cannot be read any more, so that nothing can be played: {error}")
        return
    newest = _newest_forecast(job, folder, dataset)
    shown = _last_made(job, newest)
    if shown is None:
        _say_why_nothing_moves(newest)
        return
    player(forecast_scene(shown, band=_whole(dataset), title=job.title), key="player_train", height=300)
    what = "finished model" if job.state == "finished" else "newest checkpoint"
    seen = "has not" if _stretch(job, dataset).is_unseen else "may have"
    st.caption(f"Solid atoms are the reference, in a stretch that training {seen} seen; tubes are the {what}.")


def _newest_checkpoint(run: Path) -> Path | None:
    for folder in (run, run / "last"):
        if (folder / CARD).exists():
            return folder
    return None


def _dataset(job: Job) -> Dataset:
    if Path(job.spec.data).suffix:
        return load_dataset(data_of(job.folder, job.spec.data), dt_fs=job.spec.dt_fs)
    return cache.dataset(job.spec.data, job.spec.source)


def _stretch(job: Job, dataset: Dataset) -> Stretch | None:
    """What is played of these data, found once; None where they hold nothing to compare a forecast with."""
    key = f"stretch:{job.folder.name}"
    if state.recall(key) is None:
        state.remember(key, (_longest_stretch(dataset, job.spec.split),))
    return state.recall(key)[0]


def _longest_stretch(dataset: Dataset, split: str) -> Stretch | None:
    """A test window of the blocked split, the longest that one can be; where none fits, from the first start on."""
    longest = max(range(len(dataset.segments)), key=lambda index: dataset.segments[index].duration_fs)
    horizons = [horizon for horizon in possible_horizons(dataset.segments[longest]) if horizon <= HORIZON_FS]
    for horizon in reversed(horizons):
        protocol = Protocol(
            sampling="irregular", horizon_fs=horizon, n_times=1, n_train=1, n_validation=1, n_test=1
        )  # at irregular times, because sparse frames offer no others
        try:
            test = split_dataset(dataset, protocol).test
        except ProtocolError:
            continue
        segment, start = int(test.segments[0]), int(test.start_frames[0])
        return Stretch(segment=segment, start=start, horizon_fs=horizon, is_unseen=split == "blocked")
    if not horizons:
        return None
    start = int(possible_starts(dataset.segments[longest], horizons[-1])[0])
    return Stretch(segment=longest, start=start, horizon_fs=horizons[-1], is_unseen=False)


def _newest_forecast(job: Job, folder: Path, dataset: Dataset) -> Future[Forecast] | None:
    """The forecast of the newest checkpoint; None where the data hold nothing to compare one with."""
    stretch = _stretch(job, dataset)
    if stretch is None:
        return None
    times = tuple(np.linspace(0.0, stretch.horizon_fs, N_FRAMES).round(3).tolist())
    version = (folder / CARD).stat().st_mtime_ns
    key = f"asked:{job.folder.name}"
    asked: Future[Forecast] | None = state.recall(key)
    if asked is not None and not asked.done():  # checkpoints may come faster than forecasts of them
        return asked
    _keep(job, asked)
    trajectory = dataset.segments[stretch.segment]
    newest = cache.run_forecast(folder, version, stretch.segment, stretch.start, times, trajectory)
    state.remember(key, newest)
    return newest


def _last_made(job: Job, newest: Future[Forecast] | None) -> Forecast | None:
    """The newest forecast, or the one before while that is being made or cannot be read."""
    _keep(job, newest)
    if newest is not None and not newest.done() and not job.is_alive:  # what is alive is looked at again anyway
        background.look_again_for([newest])
    return state.recall(f"played:{job.folder.name}")


def _keep(job: Job, made: Future[Forecast] | None) -> None:
    """Remembers a forecast that has come."""
    if made is not None and made.done() and made.exception() is None:
        state.remember(f"played:{job.folder.name}", made.result())


def _say_why_nothing_moves(newest: Future[Forecast] | None) -> None:
    if newest is None:
        st.caption("These data are too short to play a forecast beside them.")
    elif not newest.done():
        st.caption("The newest checkpoint is being loaded …")
    else:
        st.caption(f"The newest checkpoint cannot be played: {newest.exception()}")


def _whole(dataset: Dataset) -> Band:
    """Every mode: nothing is filtered."""
    spectrum = graph_spectrum(dataset.molecule, laplacian=next(iter(LAPLACIANS)))
    structure = dataset.segments[0].positions[0].astype(float)
    return Band(spectrum=spectrum, structure=structure, first=0, last=spectrum.n_modes - 1)
