"""Space against time as a table: one row per mode, reference and model side by side."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from msmd import __version__
from msmd.errors import DataError
from msmd.metrics.space_time_comparison import SpaceTimeComparison
from msmd.whole_file import written_whole

SIGNIFICANT_DIGITS = 5
"""Of every number in a table: far below any standard error."""


@dataclass(frozen=True, kw_only=True)
class SpaceTimeRow:
    """One mode of one molecule, for a table.

    Attributes:
        molecule, source, forecaster: of the comparison.
        mode: from 0, the smoothest, on.
        eigenvalue: of the graph Laplacian.
        reference_fs, reference_error_fs: correlation time in the reference and its standard error; None for a mode
            that is still.
        is_reference_bound: True where it is a lower bound.
        model_fs, model_error_fs, is_model_bound: the same in the model.
        ratio: of the two; None where one is a bound.
        spearman_reference, spearman_model: rank correlation of eigenvalue and time scale over the molecule's modes.
        median_ratio, typical_factor, n_compared: agreement over the molecule's distinct eigenvalues.
        n_stretches, stretch_fs: measured on.
        command, version, date: how and when.
    """

    molecule: str
    source: str
    forecaster: str
    mode: int
    eigenvalue: float
    reference_fs: float | None
    reference_error_fs: float | None
    is_reference_bound: bool
    model_fs: float | None
    model_error_fs: float | None
    is_model_bound: bool
    ratio: float | None
    spearman_reference: float | None
    spearman_model: float | None
    median_ratio: float | None
    typical_factor: float | None
    n_compared: int
    n_stretches: int
    stretch_fs: float
    command: str
    version: str
    date: str


def rows_of(comparison: SpaceTimeComparison, *, command: str) -> tuple[SpaceTimeRow, ...]:
    """A row per mode, what holds for the whole molecule repeated in each."""
    wanted, found = comparison.reference, comparison.model
    ratios = comparison.ratios
    return tuple(
        SpaceTimeRow(
            molecule=comparison.molecule,
            source=comparison.source,
            forecaster=comparison.forecaster,
            mode=mode,
            eigenvalue=float(wanted.scales.eigenvalues[mode]),
            reference_fs=_known(wanted.scales.correlation_times_fs[mode]),
            reference_error_fs=_known(wanted.scales.correlation_errors_fs[mode]),
            is_reference_bound=not wanted.scales.is_resolved[mode],
            model_fs=_known(found.scales.correlation_times_fs[mode]),
            model_error_fs=_known(found.scales.correlation_errors_fs[mode]),
            is_model_bound=not found.scales.is_resolved[mode],
            ratio=_known(ratios[mode]),
            spearman_reference=None if wanted.correlation is None else wanted.correlation.value,
            spearman_model=None if found.correlation is None else found.correlation.value,
            median_ratio=comparison.median_ratio,
            typical_factor=comparison.typical_factor,
            n_compared=int(comparison.compared.sum()),
            n_stretches=comparison.n_stretches,
            stretch_fs=comparison.stretch_fs,
            command=command,
            version=__version__,
            date=datetime.now(UTC).date().isoformat(),
        )
        for mode in range(len(ratios))
    )


COLUMNS = tuple(entry.name for entry in fields(SpaceTimeRow))
NAMES = ("molecule", "source", "forecaster")
"""The columns that say what a row is of."""


def write_rows(path: Path, rows: Iterable[SpaceTimeRow]) -> None:
    """Puts rows into a table of comma-separated values; those of other molecules and forecasters stay.

    Raises:
        DataError: when the file is there and is no such table.
    """
    new = [{name: _text(value) for name, value in asdict(row).items()} for row in rows]
    replaced = {_name_of(row) for row in new}
    kept = [row for row in _read(path) if _name_of(row) not in replaced] if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted([*kept, *new], key=lambda row: (*_name_of(row), int(row["mode"]))))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise DataError(
                f"{path} is there and is no table of time scales; its columns are {', '.join(reader.fieldnames or ())}."
                " Give --out another name."
            )
        return list(reader)


def _name_of(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in NAMES)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{SIGNIFICANT_DIGITS}g}" if isinstance(value, float) else str(value)
