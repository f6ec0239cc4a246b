"""Work that a page does not wait for: importing torch, fitting baselines, forecasts.

A page asks for a result, waits a moment, and otherwise shows what it has and looks again.  So the first page is drawn
while torch is still being imported, and no action blocks it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib import import_module
from typing import TypeVar

import streamlit as st

T = TypeVar("T")

PATIENCE_S = 0.2
"""A page action should take under 0.3 s; most forecasts of 21 atoms are there sooner."""

LOOK_AGAIN_S = 0.4
N_FORECASTING = 4


@st.cache_resource(show_spinner=False, max_entries=1)
def _fitting() -> ThreadPoolExecutor:
    """Imports torch, then loads and fits forecasters.  Its jobs wait for nothing but processor time."""
    executor = ThreadPoolExecutor(2, thread_name_prefix="fitting")
    executor.submit(_import_torch)
    return executor


@st.cache_resource(show_spinner=False, max_entries=1)
def _forecasting() -> ThreadPoolExecutor:
    """Makes forecasts.  Its jobs may wait for a fit, so that there are more of them, and fits run elsewhere."""
    return ThreadPoolExecutor(N_FORECASTING, thread_name_prefix="forecasting")


def _import_torch() -> None:
    """Imports torch, with few threads: several jobs run here at once, and a thread without a core holds up the rest."""
    torch = import_module("torch")
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // N_FORECASTING))


def start() -> None:
    """Starts to import torch, once per server, for pages that have not asked for a forecast; it takes 2 to 4 s."""
    _fitting()


def fit(job: Callable[[], T]) -> Future[T]:
    """Runs a job that loads or fits something; it must not wait for other jobs."""
    return _fitting().submit(job)


def forecast(job: Callable[[], T]) -> Future[T]:
    """Runs a job that may wait for a fit."""
    return _forecasting().submit(job)


def is_ready(future: Future, patience_s: float = PATIENCE_S) -> bool:
    """True when the result is there, or comes within the patience."""
    return bool(wait([future], timeout=patience_s).done)


def look_again_for(awaited: Sequence[Future]) -> None:
    """Runs the page again as soon as any of the futures is done that the page was drawn without.

    One that came while the page was being drawn counts: the page does not show it yet.
    """
    if not awaited:
        return

    @st.fragment(run_every=LOOK_AGAIN_S)
    def look() -> None:
        if any(future.done() for future in awaited):
            st.rerun()

    look()
