"""Runs beside one another: a row for each, and the settings in which they differ."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite

from msmd.checkpoint import read_card
from msmd.errors import MsmdError
from msmd.training.folder import read_metrics
from msmd.training.job_folder import Job
from msmd.training.reference import read_baselines


def row_of(job: Job) -> dict[str, object]:
    """What a table says of a run.

    ``A-MSE`` is that of the result, or of the last look at the validation windows, ``best baseline`` the lowest of the
    baselines on the same windows, both of heavy atoms in 10⁻² Å² and None before they are known.
    """
    spec, error = job.spec, newest_error(job)
    return {
        "title": job.title,
        "state": job.state,
        "A-MSE": None if error is None else 100 * error,
        "best baseline": _best_baseline(job),
        "minutes": job.status.seconds / 60 if job.status else None,
        "forecaster": spec.forecaster,
        "data": spec.data,
        "source": spec.source,
        "windows": spec.windows,
        "seed": spec.seed,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created)),
    }


def full_row_of(job: Job) -> dict[str, object]:
    """The row, the run's folder, and every setting: the minutes that were asked for are ``max_minutes`` here."""
    settings = settings_of(job)
    settings["max_minutes"] = settings.pop("minutes")
    row = row_of(job) | {"run": job.folder.name}
    return row | settings | row  # columns in the row's order, numbers as the row has them


def settings_of(job: Job) -> dict[str, str]:
    """Every setting of a run as text, empty where it was left out."""
    return {name: _text(value) for name, value in asdict(job.spec).items()}


def differing_settings(jobs: Sequence[Job]) -> dict[str, list[str]]:
    """The settings in which runs differ, each with its value in every run."""
    settings = [settings_of(job) for job in jobs]
    return {name: [row[name] for row in settings] for name in settings[0] if len({row[name] for row in settings}) > 1}


def result_of(job: Job) -> dict[str, float] | None:
    """Errors of a finished model on the run's validation windows, Å²; None before there is one that can be read."""
    if job.state != "finished":
        return None
    try:
        return read_card(job.folder).get("metrics") or None
    except MsmdError:
        return None


def newest_error(job: Job) -> float | None:
    """A-MSE of the finished model, else of the last validation, Å²; None before there is one that is a number."""
    result = result_of(job)
    if result is not None:
        return _finite(result["a_mse"])
    try:
        measured = [report.validation for report in read_metrics(job.folder) if report.validation is not None]
    except MsmdError:
        return None
    return _finite(measured[-1]["a_mse"]) if measured else None


def _finite(error: float) -> float | None:
    return error if isfinite(error) else None


def matches(job: Job, words: str) -> bool:
    """True where every one of the words is somewhere in the run's row."""
    text = " ".join(map(str, row_of(job).values())).lower()
    return all(word in text for word in words.lower().split())


def _text(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _best_baseline(job: Job) -> float | None:
    return min((100 * errors["a_mse"] for errors in read_baselines(job.folder).values()), default=None)
