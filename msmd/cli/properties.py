"""``msmd properties``: which symmetries a forecaster keeps and for how long, and whether it keeps the energy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, DataFile, ForecasterName, Names, Seed, Source, TimeStep, choice

if TYPE_CHECKING:
    from msmd.data.windows import Split
    from msmd.forecasting import Forecaster
    from msmd.metrics.energy_drift import EnergyDrift
    from msmd.metrics.properties import Properties


def properties(
    names: Names = None,
    forecaster: ForecasterName = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    windows: Annotated[int, typer.Option(help="Starts, from the test part.", min=1)] = 20,
    horizon_fs: Annotated[
        float | None, typer.Option(help="Longest time; else 3000 MD steps or 1.5 ps.", min=10.0)
    ] = None,
    energy_ps: Annotated[float, typer.Option(help="Length of the paths whose energy is watched.", min=0.05)] = 3.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measures symmetries in single precision by horizon band, and the drift of the energy."""
    from msmd.data.windows import Protocol, split_dataset

    chosen = choice(names, forecaster, data, source, dt_fs)
    # At irregular times, because sparse real frames offer no others; only the starts are used.
    protocol = Protocol(sampling="irregular", horizon_fs=horizon_fs, n_validation=1, n_test=windows, seed=seed)
    dataset = chosen.dataset()
    cut = split_dataset(dataset, protocol)
    found = _measured(chosen.forecaster_for(dataset, cut), cut, dataset.source, 1000.0 * energy_ps, seed)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1))
    else:
        _print_tables(found)


def _measured(forecaster: Forecaster, cut: Split, source: str, energy_fs: float, seed: int) -> Properties:
    """With a bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from msmd.metrics.properties import measure_properties

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("symmetries", total=1.0)
        return measure_properties(
            forecaster,
            cut,
            source=source,
            energy_fs=energy_fs,
            seed=seed,
            report=lambda name, done: progress.update(bar, description=name, completed=done),
        )


def _print_tables(found: Properties) -> None:
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from msmd.metrics.symmetry import HOLDS_BELOW_ANGSTROM

    table = Table(
        title=f"{found.forecaster} on {found.molecule} from {found.source}: {found.n_windows} starts",
        caption="Largest distance in Å of any atom between the forecast of a changed start, changed back, and that of "
        "the start; input in single precision. Chaos doubles rounding like any other difference.",
    )
    table.add_column("")
    for entry in found.symmetries:
        table.add_column(entry.symmetry, justify="right")
    for index, (low, high, _) in enumerate(found.symmetries[0].bands()):
        values = [entry.bands()[index][2] for entry in found.symmetries]
        if any(value is not None for value in values):
            table.add_row(f"{low:g}–{high:g} fs", *("–" if value is None else f"{value:.1e}" for value in values))
    limit = f"below {HOLDS_BELOW_ANGSTROM:.0e} Å until"
    untils = [entry.holds_until_fs() for entry in found.symmetries]
    table.add_row(f"{limit}, first start to leave", *(f"{until.min():g} fs" for until in untils))
    table.add_row(f"{limit}, median start", *(f"{np.median(until):g} fs" for until in untils))
    claims = ("yes" if entry.symmetry in found.claimed else "no" for entry in found.symmetries)
    table.add_row("claimed by its card", *claims)
    console = Console()
    console.print(table)
    console.print(_say_energy(found.drift), highlight=False)


def _say_energy(drift: EnergyDrift | None) -> str:
    if drift is None:
        return "Energy drift: – (this forecaster has no potential)"
    left = len(drift.slopes) - drift.n_sound
    known = (
        "" if not left else f"; {left} of {len(drift.slopes)} paths left the range of distances it knows, and are out"
    )
    if not drift.n_sound:
        return "Energy drift: – (every path left the range of distances that the potential knows)"
    return (
        f"Energy over {drift.duration_fs:g} fs without thermostat, one member: drift {drift.mean_slope:+.3f} "
        f"meV/atom/ps on average, {drift.largest_slope:.3f} at most; fluctuation {drift.rms_fluctuation:.3f} meV/atom "
        f"(rms){known}."
    )


__all__ = ["properties"]
