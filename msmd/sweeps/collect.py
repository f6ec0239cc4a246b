"""Joining what the tasks of a sweep have measured into its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from msmd.forecasting import CHECKPOINTS
from msmd.sweeps.record import Record
from msmd.sweeps.spec import SweepSpec
from msmd.sweeps.table import latest, read_table, sweeps_folder, write_table
from msmd.sweeps.task import Task
from msmd.sweeps.work import finished_records

TABLE = "table.csv"


def root_of(spec: SweepSpec) -> Path:
    """The folder of one's own sweep: its tasks and its table."""
    return sweeps_folder() / spec.name


def collect(spec: SweepSpec, tasks: Sequence[Task], out: Path | None = None) -> tuple[Record, ...]:
    """Joins the finished tasks of a sweep into its own table, and into ``out/NAME.csv`` if asked.

    Rows that ``out`` holds of forecasters and molecules which the sweep still names stay until they are measured again,
    so that a sweep can be run molecule by molecule, or on several machines; of two measurements the later one stays.

    Args:
        spec: of the sweep.
        tasks: every task of it, ``tasks_of(spec)``.
        out: folder of tables.

    Returns:
        The records of the finished tasks.
    """
    found = finished_records(root_of(spec), tasks)
    write_table(root_of(spec) / TABLE, found)
    if out is not None:
        path = out / f"{spec.name}.csv"
        wanted = {_cell(task) for task in tasks}
        before = [record for record in read_table(path) if _cell(record) in wanted] if path.exists() else []
        both = [*before, *(_for_others(record) for record in found)]
        write_table(path, latest(sorted(both, key=lambda record: record.date)))
    return found


def _for_others(record: Record) -> Record:
    """Without the place of a run, which only this machine has; what is shipped among the checkpoints stays."""
    is_shipped = record.checkpoint.startswith(f"{CHECKPOINTS.name}/")
    return record if is_shipped else replace(record, checkpoint="")


def _cell(entry: Task | Record) -> tuple[str, ...]:
    return (entry.source, entry.molecule, entry.forecaster, entry.variant)
