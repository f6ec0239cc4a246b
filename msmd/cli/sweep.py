"""``msmd sweep``: many forecasters on many molecules, trained and tested alike, into tidy tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from msmd.sweeps.pools import Pool
    from msmd.sweeps.record import Record
    from msmd.sweeps.runner import TaskReport
    from msmd.sweeps.spec import SweepSpec
    from msmd.sweeps.task import Task

FAILED = 1
"""Exit status when a task failed; the others are finished."""


def sweep(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC.toml…", help="What to run; see benchmarks/.")],
    cluster: Annotated[str | None, typer.Option(help="Address of a Ray cluster, or auto.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Tasks at once; by cores and GPUs unless given.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder that gets a table SPEC.csv beside one's own.")] = None,
    molecules: Annotated[str | None, typer.Option(help="Only these of the sweep, such as ethanol,toluene.")] = None,
    forecasters: Annotated[str | None, typer.Option(help="Only these of the sweep.")] = None,
    variants: Annotated[str | None, typer.Option(help="Only these of the sweep; full is the model itself.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the tasks and run none.")] = False,
    collect_only: Annotated[bool, typer.Option("--collect", help="Join what is finished and run nothing.")] = False,
    queued: Annotated[
        Path | None,
        typer.Option(
            help="Wait for a free slot among the runs beside this folder (MSMD_JOB_SLOTS).",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the records as JSON instead of a table.")] = False,
) -> None:
    """Runs sweeps; stop and repeat the command to go on.  Finished tasks are not done again."""
    from msmd.sweeps.selection import read_sweep, select
    from msmd.training.queue import in_turn

    read = [read_sweep(path) for path in specs]
    chosen = [(spec, tasks, select(spec, tasks, molecules, forecasters, variants)) for spec, tasks in read]
    if dry_run:
        _print_plans([(spec, selected) for spec, _, selected in chosen], as_json)
        return
    failed: list[TaskReport] = []
    records: list[Record] = []
    with in_turn(queued) if queued else nullcontext():
        for spec, tasks, selected in chosen:
            if not collect_only:
                failed += _run(spec, tasks, selected, cluster, jobs, out)
            records += _collected(spec, tasks, selected, out)
    _print_records(records, as_json)
    _print_failed(failed)
    if failed:
        raise typer.Exit(FAILED)


def _run(
    spec: SweepSpec, tasks: Sequence[Task], selected: Sequence[Task], cluster: str | None, jobs: int | None,
    out: Path | None,
) -> list[TaskReport]:  # fmt: skip
    """Runs the selected tasks behind a bar, the tables growing with each; returns what failed."""
    from msmd.sweeps.collect import collect, root_of
    from msmd.sweeps.runner import run_tasks

    failed = []
    pool = _pool(spec, cluster, jobs)
    for report in _with_bar(spec, selected, run_tasks(selected, root_of(spec), pool)):
        if report.state == "failed":
            failed.append(report)
        elif report.state == "finished":
            collect(spec, tasks, out)
    return failed


def _pool(spec: SweepSpec, cluster: str | None, jobs: int | None) -> Pool:
    from msmd.sweeps.pools import LocalProcesses, RayCluster

    if cluster is None:
        return LocalProcesses(spec.resources, jobs)
    return RayCluster(cluster, spec.resources, jobs)


def _collected(
    spec: SweepSpec, tasks: Sequence[Task], selected: Sequence[Task], out: Path | None
) -> tuple[Record, ...]:
    """The records of the selected tasks, the tables brought up to date."""
    from msmd.sweeps.collect import collect, root_of
    from msmd.sweeps.work import finished_records

    collect(spec, tasks, out)
    return finished_records(root_of(spec), selected)


def _with_bar(spec: SweepSpec, tasks: Sequence[Task], reports: Iterator[TaskReport]) -> Iterator[TaskReport]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(spec.name, total=len(tasks))
        for report in reports:
            progress.advance(bar)
            if report.state != "skipped":
                said = f"in {report.seconds:.0f} s" if report.state == "finished" else "failed"
                progress.console.print(f"{report.task.name}: {said}", highlight=False)
            yield report


def _print_plans(plans: Sequence[tuple[SweepSpec, Sequence[Task]]], as_json: bool) -> None:
    """The state of every task, sweep by sweep; as JSON one object, or a list of them for several sweeps."""
    found = [(spec, _states(spec, tasks)) for spec, tasks in plans]
    if as_json:
        entries = [{"sweep": spec.name, "tasks": states} for spec, states in found]
        typer.echo(json.dumps(entries[0] if len(entries) == 1 else entries))
        return
    from rich.console import Console

    from msmd.sweeps.collect import root_of

    console = Console()
    for spec, states in found:
        console.print(f"{spec.name}: {len(states)} tasks in {root_of(spec)}", highlight=False)
        for name, state in states.items():
            console.print(f"  {state:9s} {name}", highlight=False, soft_wrap=True)


def _states(spec: SweepSpec, tasks: Sequence[Task]) -> dict[str, str]:
    from msmd.sweeps.collect import root_of
    from msmd.sweeps.outcome import read_outcome

    found = [(task, read_outcome(root_of(spec) / task.name)) for task in tasks]
    return {task.name: "to do" if outcome is None else outcome.state for task, outcome in found}


def _print_records(records: Sequence[Record], as_json: bool) -> None:
    """A table per sweep and test, a row per forecaster, a column per molecule: A-MSE of heavy atoms."""
    if as_json:
        typer.echo(json.dumps([asdict(record) for record in records]))
        return
    from rich.console import Console
    from rich.table import Table

    from msmd.sweeps.summary import summary

    console = Console()
    for part in summary(records):
        for molecules in part.columns_within(console.width):
            table = Table(title=part.title, title_justify="left")
            table.add_column("A-MSE, 10⁻² Å²", no_wrap=True)
            for name in molecules:
                table.add_column(name, justify="right", no_wrap=True)
            for forecaster, cells in part.rows.items():
                table.add_row(forecaster, *(cells.get(name, "–") for name in molecules))
            console.print(table)
    if records:
        console.print("Heavy atoms; mean over seeds ± their standard deviation; * trained for less than its own plan.")


def _print_failed(failed: Sequence[TaskReport]) -> None:
    for report in failed:
        typer.echo(f"msmd: {report.task.name} failed: {report.reason}", err=True)
    if failed:
        typer.echo(f"msmd: {len(failed)} task(s) failed; repeat the command to try them again.", err=True)
