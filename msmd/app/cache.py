"""What the server keeps between reruns: bounded, shared by all visitors, and never changed after it is made.

Everything cached is frozen (read-only arrays in frozen dataclasses), so that ``cache_resource`` can hand out the object
itself where ``cache_data`` would copy it.  Arguments that begin with an underscore are not part of the key; the key
beside them says what they are.
"""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from msmd.app import background, trained
from msmd.app.mode_analysis import ModeAnalysis, analyse_modes
from msmd.data import load_dataset
from msmd.data.summary import Summary, summarise
from msmd.data.windows import Protocol, Split, TrainingData, split_dataset
from msmd.forecasting import (
    CHECKPOINTS,
    Forecast,
    Forecaster,
    fit_forecaster,
    forecast,
    forecaster_card,
    load_forecaster,
    sample,
    shipped_checkpoint,
)
from msmd.frame import mean_structure
from msmd.shapes import Array, Float, Frame
from msmd.spectrum import GraphSpectrum, graph_spectrum
from msmd.training.job_folder import JobSpec
from msmd.trajectory import Dataset, Trajectory

if TYPE_CHECKING:
    from msmd.metrics.calibration import Calibration
    from msmd.metrics.evaluation import Evaluation
    from msmd.training.estimate import Estimate

TRAINED_ON = "gfn2"
"""The source whose checkpoints serve where none has learned the motion of the data shown."""

N_TEST_WINDOWS = 100
"""Enough for a standard error of a tenth; the Spectral ODE takes some seconds for them."""

N_CALIBRATION_MEMBERS = 8
TEST_PROTOCOL = Protocol(n_train=1, n_validation=1, n_test=N_TEST_WINDOWS)
CALIBRATION_PROTOCOL = Protocol(sampling="irregular", n_times=16, n_train=1, n_validation=1, n_test=48)
"""Irregular, because even times leave the first bands empty; many times, because they cost next to nothing."""

STRUCTURE_FRAMES = 400
"""Frames that a mean structure to look at is taken from: good to 0.01 Å, in 30 ms."""


@st.cache_resource(show_spinner="Reading the data …", max_entries=4)
def dataset(molecule: str, source: str) -> Dataset:
    """All segments of a registered molecule."""
    return load_dataset(molecule, source)


@st.cache_resource(show_spinner=False, max_entries=16)
def spectrum(data_key: str, laplacian: str, _dataset: Dataset) -> GraphSpectrum:
    """The eigenbasis of the molecule's bond graph."""
    return graph_spectrum(_dataset.molecule, laplacian=laplacian)


@st.cache_resource(show_spinner=False, max_entries=16)
def structure(data_key: str, _dataset: Dataset) -> Frame:
    """The mean structure over all segments, Å: to look at, so from few frames."""
    stride = max(_dataset.n_frames // STRUCTURE_FRAMES, 1)
    positions = np.concatenate([segment.positions[::stride] for segment in _dataset.segments])
    return mean_structure(positions, _dataset.molecule.masses)


@st.cache_resource(show_spinner=False, max_entries=8)
def mode_analysis(data_key: str, laplacian: str, _dataset: Dataset) -> Future[ModeAnalysis]:
    """What the trajectories do in each mode."""
    modes = spectrum(data_key, laplacian, _dataset)
    return background.fit(lambda: analyse_modes(_dataset, modes))


@st.cache_resource(show_spinner=False, max_entries=16)
def summary(data_key: str, _dataset: Dataset) -> Summary:
    """What the data are, in numbers measured on them."""
    return summarise(_dataset)


@st.cache_resource(show_spinner=False, max_entries=4)
def training(data_key: str, _dataset: Dataset) -> Future[TrainingData]:
    """What baselines are fitted on."""
    return background.fit(lambda: _training_data(_dataset))


@st.cache_resource(show_spinner=False, max_entries=24)
def forecaster(name: str, data_key: str, source: str, _dataset: Dataset) -> Future[Forecaster]:
    """A forecaster: a checkpoint that learned the motion of ``source``, or fitted on this data set's training split."""
    data = training(data_key, _dataset)
    return background.forecast(lambda: _forecaster(name, source, _dataset, data))


@st.cache_resource(show_spinner=False, max_entries=64)
def one_forecast(
    name: str,
    fit_key: str,
    source: str,
    data_key: str,
    segment: int,
    start: int,
    times_fs: tuple[float, ...],
    _fit_dataset: Dataset,
    _trajectory: Trajectory,
) -> Future[Forecast]:
    """One window predicted by one forecaster."""
    made = forecaster(name, fit_key, source, _fit_dataset)
    return background.forecast(lambda: forecast(made.result(), _trajectory, start, times_fs))


@st.cache_resource(show_spinner=False, max_entries=24)
def members(
    name: str,
    fit_key: str,
    source: str,
    data_key: str,
    segment: int,
    start: int,
    times_fs: tuple[float, ...],
    n_members: int,
    _fit_dataset: Dataset,
    _trajectory: Trajectory,
) -> Future[Float[Array, "members times atoms 3"]]:
    """Members of one forecaster's ensemble for one window, Å."""
    made = forecaster(name, fit_key, source, _fit_dataset)
    return background.forecast(lambda: sample(made.result(), _trajectory, start, times_fs, n_members))


@st.cache_resource(show_spinner=False, max_entries=24)
def evaluation(name: str, data_key: str, _dataset: Dataset) -> Future[Evaluation]:
    """A forecaster's errors on test windows that it has not seen."""
    made = forecaster(name, data_key, _dataset.source, _dataset)

    def measure() -> Evaluation:
        from msmd.metrics.evaluation import evaluate  # brings scipy.spatial, which the first page does not need

        return evaluate(made.result(), _test_split(_dataset), source=_dataset.source)

    return background.forecast(measure)


@st.cache_resource(show_spinner=False, max_entries=16)
def calibration(name: str, data_key: str, _dataset: Dataset) -> Future[Calibration]:
    """A forecaster's ensemble against what happened, on test windows that it has not seen."""
    made = forecaster(name, data_key, _dataset.source, _dataset)

    def measure() -> Calibration:
        from msmd.metrics.calibration import calibrate

        split = split_dataset(_dataset, CALIBRATION_PROTOCOL)
        return calibrate(made.result(), _dataset, split, n_members=N_CALIBRATION_MEMBERS)

    return background.forecast(measure)


@st.cache_resource(show_spinner=False, max_entries=8)
def run_forecast(
    folder: Path, version: int, segment: int, start: int, times_fs: tuple[float, ...], _trajectory: Trajectory
) -> Future[Forecast]:
    """One window predicted by the checkpoint that lies in a run now; ``version`` tells one checkpoint from the next."""
    return background.forecast(lambda: forecast(load_forecaster(folder), _trajectory, start, times_fs))


@st.cache_resource(show_spinner=False, max_entries=16)
def estimate(spec: JobSpec, data_key: str, _dataset: Dataset) -> Future[Estimate]:
    """How long a job would take."""

    def measure() -> Estimate:
        from msmd.training.estimate import estimate as measured

        return measured(spec, _dataset)

    return background.fit(measure)


@st.cache_resource(show_spinner=False, max_entries=1)
def gpu_name() -> Future[str | None]:
    """What the GPU calls itself, None where there is none."""

    def ask() -> str | None:
        import torch

        return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None

    return background.fit(ask)


def forget_forecasters() -> None:
    """After a checkpoint has changed on disk."""
    for cached in (forecaster, one_forecast, members, evaluation, calibration):
        cached.clear()


def forget_replaced(name: str, molecule: str, source: str) -> None:
    """Forgets forecasts whose checkpoint was replaced on disk since they were made, by a command beside the app."""
    folder = trained.folder_of(name) or checkpoint_folder(name, molecule, source)
    card = folder / "card.json"
    if not card.is_file():
        return
    asked, found = (name, molecule, source), (card, card.stat().st_mtime_ns)
    if _found_when_seen().setdefault(asked, found) != found:
        _found_when_seen()[asked] = found
        forget_forecasters()


@st.cache_resource(show_spinner=False)
def _found_when_seen() -> dict[tuple[str, str, str], tuple[Path, int]]:
    return {}


def checkpoint_folder(name: str, molecule: str, source: str = TRAINED_ON) -> Path:
    """Where the shipped checkpoint of a forecaster lies, or would lie: one that learned the motion of ``source`` if
    there is one, else the one of the embedded data."""
    return shipped_checkpoint(name, molecule, source) or CHECKPOINTS / TRAINED_ON / molecule / name


def has_checkpoint(name: str, molecule: str, source: str = TRAINED_ON) -> bool:
    """True where a trained forecaster can be loaded for the molecule."""
    return (checkpoint_folder(name, molecule, source) / "card.json").is_file()


def _test_split(dataset: Dataset) -> Split:
    return split_dataset(dataset, TEST_PROTOCOL)


def _training_data(dataset: Dataset) -> TrainingData:
    return split_dataset(dataset, Protocol(n_validation=1, n_test=1)).training


def _forecaster(name: str, source: str, dataset: Dataset, training: Future[TrainingData]) -> Forecaster:
    run = trained.folder_of(name)
    if run is not None:
        return load_forecaster(run)
    card = forecaster_card(name)
    if card.needs == "training":
        return load_forecaster(checkpoint_folder(name, dataset.molecule.name, source))
    # A file too short to be split still has its first frame, which is all that some baselines take.
    return fit_forecaster(card, training.result() if card.needs == "fit" else None)
