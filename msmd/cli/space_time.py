"""``msmd space-time``: whether a model moves every spatial scale of a molecule at the reference's pace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, Choice

if TYPE_CHECKING:
    from msmd.metrics.space_time_comparison import SpaceTimeComparison
    from msmd.metrics.space_time_table import SpaceTimeRow

ALL = "all"


def space_time(
    molecules: Annotated[list[str], typer.Argument(help="Molecules of the registry, or all.")],
    checkpoint: Annotated[Path | None, typer.Option(help="A checkpoint or run folder; the shipped one else.")] = None,
    forecaster: Annotated[
        str, typer.Option(help="Whose shipped checkpoint, where no folder is given.")
    ] = "spectral-ode",
    source: Annotated[str, typer.Option(help="gfn2 or md17; evenly spaced frames are needed.")] = "gfn2",
    laplacian: Annotated[str, typer.Option(help="combinatorial or normalized.")] = "combinatorial",
    stretch_ps: Annotated[float, typer.Option(help="Length of each stretch, on either side.", min=0.1)] = 3.0,
    out: Annotated[Path | None, typer.Option(help="A table (.csv) to put the rows into; other rows stay.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compares the time scale of every spatial mode in the reference and in single members of a model."""
    from msmd.data.registry import MOLECULES, molecule_card
    from msmd.metrics.space_time_table import rows_of, write_rows

    every = [card.name for card in MOLECULES]
    names = list(dict.fromkeys(name for entry in molecules for name in (every if entry == ALL else [entry])))
    for name in names:
        molecule_card(name)
    rows: list[SpaceTimeRow] = []
    for found in _compared(names, str(checkpoint or forecaster), source, laplacian, 1000.0 * stretch_ps):
        made = rows_of(found, command=_command(found, checkpoint, forecaster, laplacian))
        rows += made
        if out is not None:
            write_rows(out, made)
        if not as_json:
            _print_table(found, made)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=1))


def _compared(
    names: list[str], chosen: str, source: str, laplacian: str, stretch_fs: float
) -> Iterator[SpaceTimeComparison]:
    from rich.console import Console

    from msmd.forecasting import load_forecaster
    from msmd.metrics.space_time_comparison import compare_space_time

    console = Console(stderr=True)
    for number, name in enumerate(names, start=1):
        with console.status(f"{name} ({number} of {len(names)}): following members over {stretch_fs:g} fs each …"):
            choice = Choice(forecaster=chosen, data=name, source=source)
            dataset = choice.dataset()
            model = load_forecaster(chosen, dataset)
            choice.say_caveat(dataset)
            found = compare_space_time(model, dataset, stretch_fs=stretch_fs, laplacian=laplacian)
        yield found


def _command(found: SpaceTimeComparison, checkpoint: Path | None, forecaster: str, laplacian: str) -> str:
    """What repeats one molecule."""
    chosen = f"--forecaster {forecaster}" if checkpoint is None else f"--checkpoint {checkpoint}"
    return (
        f"msmd space-time {found.molecule} {chosen} --source {found.source} --laplacian {laplacian} "
        f"--stretch-ps {found.stretch_fs / 1000:g}"
    )


def _print_table(found: SpaceTimeComparison, rows: tuple[SpaceTimeRow, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        title=f"{found.molecule} from {found.source}, {found.n_stretches} stretches of {found.stretch_fs:g} fs: "
        f"reference and {found.forecaster}, one member",
        caption="Correlation time of each mode, ± standard error over the stretches; > where it is longer than can be "
        "measured. Modes of one eigenvalue share one.",
    )
    for heading in ("mode", "eigenvalue", "reference / fs", "model / fs", "ratio"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            str(row.mode),
            f"{row.eigenvalue:.4f}",
            _time(row.reference_fs, row.reference_error_fs, row.is_reference_bound),
            _time(row.model_fs, row.model_error_fs, row.is_model_bound),
            "–" if row.ratio is None else f"{row.ratio:.2f}",
        )
    console = Console()
    console.print(table)
    console.print(_say_agreement(found), highlight=False)


def _time(value: float | None, error: float | None, is_bound: bool) -> str:
    if value is None:
        return "still"
    return f"> {value:.0f}" if is_bound else f"{value:.1f} ± {error:.1f}"


def _say_agreement(found: SpaceTimeComparison) -> str:
    sides = [("reference", found.reference.correlation), ("model", found.model.correlation)]
    said = ", ".join(
        f"{name} –" if rho is None else f"{name} {rho.value:.2f} ({rho.low:.2f} to {rho.high:.2f})"
        for name, rho in sides
    )
    return f"Spearman's ρ of eigenvalue and time scale: {said}. {found.agreement}"


__all__ = ["space_time"]
