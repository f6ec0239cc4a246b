"""What a forecast costs: seconds and memory of one forecaster in a process of its own."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from msmd.data import load_dataset
from msmd.data.windows import Protocol, split_dataset
from msmd.forecasting import fit_forecaster, forecaster_card, load_forecaster
from msmd.metrics.evaluation import predict_windows

BYTES_PER_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""``ru_maxrss`` is in bytes on macOS and in kibibytes elsewhere."""


@dataclass(frozen=True, kw_only=True)
class CostTask:
    """What is measured.

    Attributes:
        forecaster: name; one that needs training is taken from its shipped checkpoint.
        molecule, source: data by name.
        n_windows: windows predicted in one call.
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
    """What it took.

    Attributes:
        seconds_per_window: median over the repeats.
        fit_seconds: to fit or load the forecaster.
        peak_bytes: largest resident memory of the process, Python, torch and the data (some 400 MB) included.
        n_parameters: trained numbers, 0 for a baseline.
    """

    task: CostTask
    seconds_per_window: float
    fit_seconds: float
    peak_bytes: int
    n_parameters: int


def measure_cost(task: CostTask) -> Cost:
    """Measures in a fresh process, so that one forecaster's peak of memory is not another's.

    Raises:
        CheckpointError: when it needs training and no checkpoint is shipped.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(_measure_here, task).result()


def _measure_here(task: CostTask) -> Cost:
    import torch

    torch.set_num_threads(task.n_threads)
    dataset = load_dataset(task.molecule, source=task.source)
    split = split_dataset(dataset, Protocol(n_validation=1, n_test=task.n_windows))
    began = time.perf_counter()
    card = forecaster_card(task.forecaster)
    if card.needs == "training":
        forecaster = load_forecaster(card.name, dataset)
    else:
        forecaster = fit_forecaster(card, split.training)
    fit_seconds = time.perf_counter() - began
    seconds = []
    for _ in range(task.n_repeats + 1):
        began = time.perf_counter()
        predict_windows(forecaster, split.test)
        seconds.append(time.perf_counter() - began)
    weights = forecaster.parameters() if isinstance(forecaster, torch.nn.Module) else ()
    return Cost(
        task=task,
        seconds_per_window=float(np.median(seconds[1:])) / split.test.n_windows,
        fit_seconds=fit_seconds,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_RSS_UNIT,
        n_parameters=sum(weight.numel() for weight in weights),
    )
