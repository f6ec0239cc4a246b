"""``msmd bench``: speed and memory of every forecaster, side by side in one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, Source
from msmd.errors import CheckpointError, MissingPackageError

if TYPE_CHECKING:
    from msmd.metrics.cost import Cost, CostTask

YARDSTICK = "normal-modes"
"""Ratios are against springs, which need no training."""

SIMULATION = "gfn2"
"""And against what the embedded data were made by."""


def bench(
    molecule: Annotated[str, typer.Argument(help="A molecule of the registry.")] = "ethanol",
    source: Source = "gfn2",
    forecaster: Annotated[list[str] | None, typer.Option(help="Only these, repeated; all unless given.")] = None,
    windows: Annotated[int, typer.Option(help="Windows of 8 times predicted in one call.", min=1)] = 50,
    repeats: Annotated[int, typer.Option(help="Timed calls; the median counts.", min=1)] = 3,
    threads: Annotated[int, typer.Option(help="Threads of torch.", min=1)] = 1,
    as_json: AsJson = False,
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
    """One cost after the other; those that cannot be had here are named on standard error and left out."""
    from rich.console import Console
    from rich.progress import track

    from msmd.metrics.cost import measure_cost

    console = Console(stderr=True)
    for task in track(tasks, description="bench", console=console, transient=True):
        try:
            yield measure_cost(task)
        except (CheckpointError, MissingPackageError) as error:
            if not skip_untrained:
                raise
            typer.echo(f"msmd: left out: {error}", err=True)


def _row(cost: Cost, costs: list[Cost]) -> dict[str, object]:
    """What was measured, the time per window over the yardstick's, and the simulation's time over that of one path."""
    seconds = {other.task.forecaster: other.seconds_per_window for other in costs}
    measured = {key: value for key, value in asdict(cost).items() if key != "task"}
    return {
        "forecaster": cost.task.forecaster,
        **measured,
        f"times_{YARDSTICK}": cost.seconds_per_window / seconds[YARDSTICK] if YARDSTICK in seconds else None,
        f"{SIMULATION}_over_path": seconds[SIMULATION] / cost.seconds_per_path if SIMULATION in seconds else None,
    }


def _print_table(rows: list[dict], molecule: str, windows: int, threads: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,  # eight columns within the 80 characters of a terminal
        title=f"{molecule}: {windows} windows of 8 times up to the horizon, {threads} thread(s)",
        caption=f"×: time as a multiple of {YARDSTICK}'s; GFN2 ÷: how many times cheaper than GFN2-xTB one path is, a "
        "member where there are members; fit: to fit or load. Times are of the processor. Each "
        "forecaster has a process of its own; its peak memory in MB includes Python, torch and the data.",
    )
    table.add_column("forecaster", no_wrap=True)
    for heading in ("ms/window", "ms/member", "×", "GFN2 ÷", "fit / s", "MB", "weights"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["forecaster"],
            _three_digits(row["seconds_per_window"], 1e3),
            _three_digits(row["seconds_per_member"], 1e3),
            _three_digits(row[f"times_{YARDSTICK}"]),
            _three_digits(row[f"{SIMULATION}_over_path"]),
            f"{row['fit_seconds']:.2g}",
            f"{row['peak_bytes'] / 1e6:.0f}",
            f"{row['n_parameters']:,}",
        )
    Console().print(table)


def _three_digits(value: float | None, factor: float = 1.0) -> str:
    """A dash where there is no number, and never a power of ten."""
    if value is None:
        return "–"
    scaled = factor * value
    return f"{scaled:,.0f}" if scaled >= 1000 else f"{scaled:.3g}"


__all__ = ["bench"]
