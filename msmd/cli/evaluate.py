"""``msmd evaluate``: how far a forecaster is off, beside the baselines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from msmd.cli.choices import AsJson, DataFile, ForecasterName, Names, Source, TimeStep, choice, n_windows

if TYPE_CHECKING:
    from msmd.data.windows import Split
    from msmd.forecasting import Forecaster
    from msmd.metrics.evaluation import Evaluation

UNTRAINED = ("persistence", "mean-structure", "rigid-body", "normal-modes")
"""What stands beside every evaluated forecaster."""

USUAL: dict[str, Any] = {"sampling": "even", "horizon_fs": None, "n_train": 500, "seed": 0}
"""How windows are cut where nobody says."""


def evaluate(
    names: Names = None,
    forecaster: ForecasterName = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    split: Annotated[str, typer.Option(help="blocked or paper.")] = "blocked",
    sampling: Annotated[str | None, typer.Option(help="even, irregular or long; even unless given.")] = None,
    windows: Annotated[int, typer.Option(help="Test windows at most.", min=1)] = 2000,
    train_windows: Annotated[
        str | None,
        typer.Option(help="Training windows that baselines are fitted on: a number, or all; 500 unless given."),
    ] = None,
    horizon_fs: Annotated[float | None, typer.Option(help="Longest time; else 3000 MD steps or 1.5 ps.")] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="Turn every test window at random first.")] = False,
    seed: Annotated[int | None, typer.Option(help="Feeds every random choice; 0 unless given.", min=0)] = None,
    as_json: AsJson = False,
) -> None:
    """Measures A-MSE, F-MSE and horizon bands on test windows.

    With --split paper a checkpoint that was trained under it is tested on the windows which its own training left out:
    sampling, horizon, training windows and seed are those of its card where they are not given.
    """
    from msmd.data.windows import Protocol, split_dataset

    chosen = choice(names, forecaster, data, source, dt_fs)
    given: dict[str, Any] = {"sampling": sampling, "horizon_fs": horizon_fs, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    if train_windows is not None:
        given["n_train"] = n_windows(train_windows, "--train-windows")
    own = chosen.trained_protocol() if split == "paper" else {}
    own = {name: own[name] for name in USUAL if name in own}
    protocol = Protocol(split=split, n_test=windows, **(USUAL | own | given))
    dataset = chosen.dataset()
    cut = split_dataset(dataset, protocol)
    asked = chosen.forecaster_for(dataset, cut)
    beside = [] if as_json else _untrained(cut, but=asked.name)
    rotation_seed = protocol.seed if rotate else None
    found = list(_evaluations([asked, *beside], cut, dataset.source, rotation_seed))
    if as_json:
        typer.echo(json.dumps(found[0].to_json()))
    else:
        _print_table(found)


def _untrained(cut: Split, *, but: str) -> list[Forecaster]:
    from msmd.forecasting import fit_forecaster, forecaster_card

    return [fit_forecaster(forecaster_card(name), cut.training) for name in UNTRAINED if name != but]


def _evaluations(
    forecasters: Iterable[Forecaster], cut: Split, source: str, rotation_seed: int | None
) -> Iterator[Evaluation]:
    """One evaluation after the other, with a bar on standard error for each."""
    from rich.console import Console
    from rich.progress import Progress

    from msmd.metrics.evaluation import evaluate_in_batches

    with Progress(console=Console(stderr=True), transient=True) as progress:
        for forecaster in forecasters:
            task = progress.add_task(forecaster.name, total=cut.test.n_windows)
            steps = evaluate_in_batches(forecaster, cut, source=source, rotation_seed=rotation_seed)
            while True:
                try:
                    progress.update(task, completed=next(steps).n_done)
                except StopIteration as end:
                    yield end.value
                    break


def _print_table(found: list[Evaluation]) -> None:
    from rich.console import Console
    from rich.table import Table

    first = found[0]
    turned = ", windows turned at random" if first.is_rotated else ""
    title = (
        f"{first.molecule.name} from {first.source}: {first.n_windows} test windows, {first.split}, {first.sampling} "
        f"times up to {first.times_fs.max():g} fs{turned}"
    )
    table = Table(
        title=title,
        caption="Mean squared errors in 10⁻² Å², heavy atoms where not said otherwise: A-MSE over all times, F-MSE at "
        "the last; ± is the standard error over stretches of the test data. A dash: no target time lies in that band; "
        "--sampling irregular reaches all. Bond lengths: rms error of all bonds; RMSD: after laying the heavy atoms "
        "onto the reference.",
    )
    table.add_column("")
    for entry in found:
        table.add_column(entry.forecaster.replace("-", "-\n"), justify="right", no_wrap=True)
    columns = [_cells(entry) for entry in found]
    for heading in columns[0]:
        table.add_row(heading, *(cells[heading] for cells in columns))
    Console().print(table)


def _cells(entry: Evaluation) -> dict[str, str]:
    """What the table says of one forecaster, by row heading."""
    heavy = entry.molecule.is_heavy
    bands = {f"{band.from_fs:g}–{band.to_fs:g} fs": _hundredths(band.heavy) for band in entry.bands}
    return {
        "A-MSE": _hundredths(entry.a_mse(heavy)),
        "±": _hundredths(entry.a_mse_spread(heavy)),
        "A-MSE, all atoms": _hundredths(entry.a_mse()),
        "F-MSE": _hundredths(entry.f_mse(heavy)),
        **bands,
        "bond lengths": "–" if entry.bond_error is None else f"{entry.bond_error:.2g} Å",
        "RMSD, aligned": "–" if entry.aligned_rmsd is None else f"{entry.aligned_rmsd:.2g} Å",
        "ms per window": f"{1e3 * entry.seconds_per_window:.3g}",
    }


def _hundredths(square_angstrom: float | None) -> str:
    """Å² in 10⁻² Å²; a dash where there is no sample."""
    if square_angstrom is None:
        return "–"
    value = 100.0 * square_angstrom
    if value < 0.1:
        return f"{value:.2g}"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


__all__ = ["evaluate"]
