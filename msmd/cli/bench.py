"""``msmd bench``: speed and memory of every forecaster, side by side in one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.errors import CheckpointError

if TYPE_CHECKING:
    from msmd.metrics.cost import Cost, CostTask

YARDSTICK = "normal-modes"
"""Ratios are against the best forecast that needs no training."""


def bench(
    molecule: Annotated[str, typer.Argument(help="A molecule of the registry.")] = "ethanol",
    source: Annotated[str, typer.Option(help="gfn2, md17 or rmd17.")] = "gfn2",
    forecaster: Annotated[list[str] | None, typer.Option(help="Only these, repeated; all unless given.")] = None,
    windows: Annotated[int, typer.Option(help="Windows of 8 times predicted in one call.", min=1)] = 50,
    repeats: Annotated[int, typer.Option(help="Timed calls; the median counts.", min=1)] = 3,
    threads: Annotated[int, typer.Option(help="Threads of torch.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measures seconds per window and peak memory of every forecaster at hand."""
    from msmd.forecasting import FORECASTERS, forecaster_card
    from msmd.metrics.cost import CostTask

    names = forecaster or [card.name for card in FORECASTERS]
    tasks = [
        CostTask(
            forecaster=forecaster_card(name).name,
            molecule=molecule,
            source=source,
            n_windows=windows,
            n_repeats=repeats,
            n_threads=threads,
        )
        for name in names
    ]
    costs = list(_measured(tasks, skip_untrained=forecaster is None))
    rows = [_row(cost, costs) for cost in costs]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    else:
        _print_table(rows, molecule, windows, threads)


def _measured(tasks: list[CostTask], *, skip_untrained: bool) -> Iterator[Cost]:
    """One cost after the other; those that nobody has trained are named on standard error and left out."""
    from rich.console import Console
    from rich.progress import track

    from msmd.metrics.cost import measure_cost

    console = Console(stderr=True)
    for task in track(tasks, description="bench", console=console, transient=True):
        try:
            yield measure_cost(task)
        except CheckpointError as error:
            if not skip_untrained:
                raise
            typer.echo(f"msmd: left out: {error}", err=True)


def _row(cost: Cost, costs: list[Cost]) -> dict[str, object]:
    yardstick = next((other.seconds_per_window for other in costs if other.task.forecaster == YARDSTICK), None)
    measured = {key: value for key, value in asdict(cost).items() if key != "task"}
    ratio = None if yardstick is None else cost.seconds_per_window / yardstick
    return {"forecaster": cost.task.forecaster, **measured, f"times_{YARDSTICK}": ratio}


def _print_table(rows: list[dict], molecule: str, windows: int, threads: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{molecule}: {windows} windows of 8 times up to the horizon, {threads} thread(s)",
        caption=f"×: time as a multiple of {YARDSTICK}'s.  Each forecaster has a process of its own; its peak memory "
        "includes Python, torch and the data.",
    )
    table.add_column("forecaster", no_wrap=True)
    for heading in ("ms/window", "×", "fit or load", "peak memory", "parameters"):
        table.add_column(heading, justify="right")
    for row in rows:
        ratio = row[f"times_{YARDSTICK}"]
        table.add_row(
            row["forecaster"],
            f"{1e3 * row['seconds_per_window']:.3g}",
            "–" if ratio is None else f"{ratio:.3g}",
            f"{row['fit_seconds']:.3g} s",
            f"{row['peak_bytes'] / 1e6:.0f} MB",
            f"{row['n_parameters']:,}",
        )
    Console().print(table)


__all__ = ["bench"]
