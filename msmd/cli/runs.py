"""``msmd runs``: every run in a folder, beside one another."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.errors import ProtocolError

if TYPE_CHECKING:
    from msmd.training.job_folder import Job


def runs(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of runs; MSMD_RUNS, or ./runs, unless given.", show_default=False)
    ] = None,
    words: Annotated[str, typer.Option("--filter", help="Only runs whose row contains these words.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV with every setting instead of a table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with every setting instead of a table.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="First write what TensorBoard reads, for runs that lack it.")
    ] = False,
) -> None:
    """Lists runs: state, error on validation windows, settings."""
    from msmd.training.comparison import full_row_of, matches
    from msmd.training.events import write_missing_events
    from msmd.training.job_folder import list_jobs, runs_folder, unreadable_jobs

    root = folder or runs_folder()
    if not root.is_dir():
        raise ProtocolError(f"There is no folder {root}; name the folder that holds the runs, or set MSMD_RUNS.")
    found = [job for job in list_jobs(root) if matches(job, words)]
    for sentence in unreadable_jobs(root):
        typer.echo(f"msmd: {sentence}", err=True)
    if tensorboard:
        n_written = sum(write_missing_events(job.folder) for job in found)
        typer.echo(f"msmd: wrote events for {n_written} run(s); `tensorboard --logdir {root}` shows them.", err=True)
    rows = [full_row_of(job) for job in found]
    if as_json:
        typer.echo(json.dumps(rows))
    elif as_csv and rows:
        writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    elif not as_csv:
        _print_table(found, root)


def _print_table(found: list[Job], root: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from msmd.training.comparison import row_of

    table = Table(title=f"{len(found)} runs in {root}", caption="A-MSE in 10⁻² Å², heavy atoms, validation windows.")
    rows = [row_of(job) for job in found]
    for heading in rows[0] if rows else ():
        table.add_column(heading)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
