"""``msmd calibration``: whether a forecaster's ensemble is honest, and whether its members move like the molecule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, DataFile, ForecasterName, Names, Seed, Source, TimeStep, choice

if TYPE_CHECKING:
    from rich.table import Table

    from msmd.data.windows import Split
    from msmd.forecasting import Forecaster
    from msmd.metrics.calibration import BandCalibration, Calibration, Scores
    from msmd.metrics.realism import Realism
    from msmd.trajectory import Dataset


def calibration(
    names: Names = None,
    forecaster: ForecasterName = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    members: Annotated[int, typer.Option(help="Members of the ensemble.", min=2)] = 16,
    windows: Annotated[int, typer.Option(help="Test windows at most.", min=1)] = 100,
    split: Annotated[str, typer.Option(help="blocked or paper.")] = "blocked",
    sampling: Annotated[str, typer.Option(help="even or irregular; long goes to four horizons.")] = "even",
    horizon_fs: Annotated[float | None, typer.Option(help="Longest time; else 3000 MD steps or 1.5 ps.")] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measures members against what happened: CRPS, spread and error, and how they move, by horizon band."""
    from msmd.data.windows import Protocol, split_dataset
    from msmd.forecasting import check_molecule, require_members

    chosen = choice(names, forecaster, data, source, dt_fs)
    protocol = Protocol(
        split=split, sampling=sampling, horizon_fs=horizon_fs, n_train=1, n_validation=1, n_test=windows, seed=seed
    )
    dataset = chosen.dataset()
    cut = split_dataset(dataset, protocol)
    asked = chosen.forecaster_for(dataset, cut)
    check_molecule(asked, dataset.molecule)
    require_members(asked, members)
    found = _measured(asked, dataset, cut, members)
    if as_json:
        typer.echo(json.dumps(found.to_json()))
    else:
        _print_tables(found)


def _measured(forecaster: Forecaster, dataset: Dataset, cut: Split, n_members: int) -> Calibration:
    """The calibration, with a bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from msmd.metrics.calibration import calibrate_in_batches

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{n_members} members of {forecaster.name}", total=cut.test.n_windows)
        steps = calibrate_in_batches(forecaster, dataset, cut, n_members=n_members)
        while True:
            try:
                progress.update(task, completed=next(steps).n_done)
            except StopIteration as end:
                return end.value


def _print_tables(found: Calibration) -> None:
    from rich.console import Console

    console = Console()
    for atoms in ("heavy", "all"):
        console.print(_score_table(found, atoms))
    console.print(_motion_table(found))


def _score_table(found: Calibration, atoms: str) -> Table:
    from rich.table import Table

    title = (
        f"{found.forecaster} on {found.molecule.name} from {found.source}, {atoms} atoms: {found.n_members} members, "
        f"{found.n_windows} test windows, {found.split}, {found.sampling} times"
    )
    caption = (
        "Å per coordinate. CRPS: of the members; that of a single answer is its mean absolute error, shown for the "
        "forecast of least error and for the aligned mean structure. Spread is the error that the members expect of "
        "their mean: the ratio is 1 where they are honest, below where they are too sure."
    )
    table = Table(title=title, caption=caption if atoms == "all" else None)
    headings = ("fs", "CRPS", "forecast", "aligned\nmean", "spread", "error", "spread\n/error")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for band in found.bands:
        table.add_row(_say_band(band), *_score_cells(getattr(band, atoms)))
    return table


def _score_cells(scores: Scores | None) -> list[str]:
    if scores is None:
        return ["–"] * 6
    lengths = (scores.crps, scores.forecast_error, scores.structure_error, scores.spread, scores.error)
    return [f"{value:.4f}" for value in lengths] + [f"{scores.ratio:.2f}"]


def _motion_table(found: Calibration) -> Table:
    from rich.table import Table

    caption = (
        "Temperatures in K. Bonds: mean difference of length from the reference in 10⁻³ Å, and how far lengths spread, "
        "as a part of the reference's. Spectrum: overlap with the reference's, 1 for the same shape. In every pair the "
        "members stand first and the forecast of least error second: where the future cannot be told from the start it "
        "fades to a mean, and looks frozen."
    )
    table = Table(title="Do they move like the molecule?", caption=caption)
    for heading in ("fs", "T of the\nreference", "T", "bonds /\n10⁻³ Å", "spread of\nbonds", "spectrum"):
        table.add_column(heading, justify="right", no_wrap=True)
    for band in found.bands:
        pairs = zip(_motion_cells(band.members), _motion_cells(band.forecast), strict=True)
        cells = [f"{members} | {forecast}" for members, forecast in pairs]
        table.add_row(_say_band(band), _number(band.temperature_kelvin, ".0f"), *cells)
    return table


def _motion_cells(found: Realism | None) -> list[str]:
    if found is None:
        return ["–"] * 4
    return [
        _number(found.temperature_kelvin, ".0f"),
        _number(None if found.bond_shift is None else 1000 * found.bond_shift, "+.1f"),
        _number(found.bond_spread_ratio, ".2f"),
        _number(None if found.spectrum is None else found.spectrum.overlap, ".2f"),
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _say_band(band: BandCalibration) -> str:
    return f"{band.from_fs:g}–{band.to_fs:g}"


__all__ = ["calibration"]
