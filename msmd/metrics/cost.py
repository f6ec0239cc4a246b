"""What a forecast costs: seconds and memory of one forecaster in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from msmd.data import load_dataset
from msmd.data.windows import Protocol, split_dataset
from msmd.forecasting import SamplingForecaster, fit_forecaster, forecaster_card, load_forecaster
from msmd.metrics.evaluation import SlowForecaster, predict_windows

BYTES_PER_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""``ru_maxrss`` is in bytes on macOS and in kibibytes elsewhere."""


@dataclass(frozen=True, kw_only=True)
class CostTask:
    """What is measured.

    Attributes:
        forecaster: name; one that needs training is taken from its shipped checkpoint.
        molecule, source: data by name.
        n_windows: windows predicted in one call; fewer for a ``SlowForecaster``, whose windows share nothing.
        n_repeats: timed calls after one that warms up.
        n_threads: of torch.
    """

    forecaster: str
    molecule: str
    source: str = "gfn2"
    n_windows: int = 50
    n_repeats: int = 3
    n_threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What it took, in seconds of processor time over all threads: what else a shared machine does is not in them.

    Attributes:
        seconds_per_window: median over the repeats.
        fit_seconds: to fit or load the forecaster.
        peak_bytes: largest resident memory of the process, Python, torch and the data (some 400 MB) included.
        n_parameters: trained numbers, 0 for a baseline.
        seconds_per_member: of one member of a window's ensemble; None where the forecast is a single path.
    """

    task: CostTask
    seconds_per_window: float
    fit_seconds: float
    peak_bytes: int
    n_parameters: int
    seconds_per_member: float | None = None

    @property
    def seconds_per_path(self) -> float:
        """Of one path through a window, which is what a simulation makes too."""
        return self.seconds_per_window if self.seconds_per_member is None else self.seconds_per_member


def measure_cost(task: CostTask) -> Cost:
    """Measures in a fresh process, so that one forecaster's peak of memory is not another's.

    Raises:
        CheckpointError: when it needs training and no checkpoint is shipped.
        MissingPackageError: when it needs a library that is not installed.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_measure_here, task).result()


def _measure_here(task: CostTask) -> Cost:
    import torch

    torch.set_num_threads(task.n_threads)
    dataset = load_dataset(task.molecule, source=task.source)
    split = split_dataset(dataset, Protocol(n_validation=1, n_test=task.n_windows))
    began = time.process_time()
    card = forecaster_card(task.forecaster)
    if card.needs == "training":
        forecaster = load_forecaster(card.name, dataset)
    else:
        forecaster = fit_forecaster(card, split.training)
    fit_seconds = time.process_time() - began
    few = slice(forecaster.windows_per_call if isinstance(forecaster, SlowForecaster) else None)
    windows = split.test.take(few)
    member = None
    if isinstance(forecaster, SamplingForecaster):
        rows = [torch.tensor(array) for array in (windows.positions, windows.velocities, windows.times_fs)]
        member = _median_seconds(lambda: forecaster.samples(*rows, n_samples=1), task) / windows.n_windows
    weights = forecaster.parameters() if isinstance(forecaster, torch.nn.Module) else ()
    return Cost(
        task=task,
        seconds_per_window=_median_seconds(lambda: predict_windows(forecaster, windows), task) / windows.n_windows,
        fit_seconds=fit_seconds,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RSS_UNIT,
        n_parameters=sum(weight.numel() for weight in weights),
        seconds_per_member=member,
    )


def _median_seconds(call: Callable[[], object], task: CostTask) -> float:
    """Processor time over the repeats, after one call that warms up."""
    seconds = []
    for _ in range(task.n_repeats + 1):
        began = time.process_time()
        call()
        seconds.append(time.process_time() - began)
    return float(np.median(seconds[1:]))
