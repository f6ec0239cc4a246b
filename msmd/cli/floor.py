"""``msmd floor``: how near a forecast comes to what chaos leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, ForecasterName, Names, Seed, choice
from msmd.errors import ProtocolError

if TYPE_CHECKING:
    from msmd.metrics.chaos_floor import ChaosFloor


def floor(
    names: Names = None,
    forecaster: ForecasterName = None,
    hair: Annotated[float, typer.Option(help="How far the simulation's start is moved, Å.", min=0.0)] = 0.001,
    windows: Annotated[int, typer.Option(help="Test windows.", min=1)] = 40,
    horizon_fs: Annotated[float, typer.Option(help="Longest time.", min=10.0)] = 150.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Sets a forecast beside GFN2-xTB itself, started again from the stored start and from one moved by --hair."""
    from msmd.data.gfn2 import require_tblite
    from msmd.data.windows import Protocol, split_dataset
    from msmd.metrics.chaos_floor import chaos_floor

    require_tblite()
    chosen = choice(names, forecaster, None, "gfn2")
    dataset = chosen.dataset()
    if dataset.thermostat:
        raise ProtocolError("The floor is that of GFN2-xTB data at constant energy; these had a thermostat.")
    protocol = Protocol(sampling="irregular", horizon_fs=horizon_fs, n_validation=1, n_test=windows, seed=seed)
    cut = split_dataset(dataset, protocol)
    found = chaos_floor(chosen.forecaster_for(dataset, cut), dataset.molecule, cut.test, hair=hair, seed=seed)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1))
    else:
        _print_table(found, chosen.forecaster, dataset.molecule.name)


def _print_table(found: ChaosFloor, name: str, molecule: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{name} beside the simulation of {molecule}: {found.n_windows} windows",
        caption="Mean squared error of heavy atoms in Å². A factor in squares is its square root in distance.",
    )
    table.add_column("")
    bands = [index for index, band in enumerate(found.stored) if band.heavy is not None]
    for index in bands:
        table.add_column(f"{found.stored[index].from_fs:g}–{found.stored[index].to_fs:g} fs", justify="right")
    rows = [
        ("forecast", found.forecast),
        ("one member", found.member),
        ("GFN2 from the stored start", found.stored),
        (f"GFN2 {found.hair:g} Å beside it", found.nudged),
    ]
    for title, of in rows:
        if of is not None:
            table.add_row(title, *(f"{of[index].heavy:.1e}" for index in bands))
    for title, of in (("forecast / stored start", found.stored), ("forecast / hair beside", found.nudged)):
        table.add_row(title, *(_quotient(found.forecast[index].heavy, of[index].heavy) for index in bands))
    Console().print(table)


def _quotient(error: float, floor: float) -> str:
    return f"{error / floor:.2g}" if floor > 0 else "–"


__all__ = ["floor"]
