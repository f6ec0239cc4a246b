"""``msmd spectrum``: the spatial scales of a molecule, and on request how slow each of them is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, DataFile, TimeStep, refuse_time_step_without_file
from msmd.errors import ProtocolError, UnknownTimeStepError, unknown_name

if TYPE_CHECKING:
    from msmd.molecule import Molecule
    from msmd.spectrum import GraphSpectrum, ModeTimeScales, RankCorrelation
    from msmd.trajectory import Dataset


def spectrum(
    molecule: Annotated[str | None, typer.Argument(help="A molecule of the registry.")] = None,
    data: DataFile = None,
    laplacian: Annotated[str, typer.Option(help="combinatorial or normalized.")] = "combinatorial",
    modes: Annotated[int | None, typer.Option(help="How many modes, from the smoothest on; all unless given.")] = None,
    time_scales: Annotated[bool, typer.Option("--time-scales", help="Measure how slow each mode is.")] = False,
    source: Annotated[str, typer.Option(help="Data for --time-scales: gfn2, md17 or rmd17.")] = "gfn2",
    dt_fs: TimeStep = None,
    mass_weighted: Annotated[
        bool, typer.Option("--mass-weighted/--plain", help="Weight displacements by √m for time scales.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Prints the eigenvalues of the graph Laplacian, ascending, with their degeneracies."""
    from msmd.data.registry import SOURCES
    from msmd.spectrum import graph_spectrum

    chosen = data or molecule
    if chosen is None or (data is not None and molecule is not None):
        raise ProtocolError("Give either the name of a molecule or --data FILE.")
    refuse_time_step_without_file(data, dt_fs)
    if source not in SOURCES:
        raise unknown_name("source", source, SOURCES)
    dataset = _dataset(chosen, source, dt_fs, needs_times=time_scales) if data is not None or time_scales else None
    atoms = _registered(str(chosen)) if dataset is None else dataset.molecule
    found = graph_spectrum(atoms, laplacian=laplacian, n_modes=modes)
    measured = _measure(dataset, found, mass_weighted) if dataset is not None and time_scales else None
    facts = _facts(atoms, found, modes or atoms.n_atoms, measured)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
    else:
        _print_table(facts)


def _registered(name: str) -> Molecule:
    from msmd.data.registry import molecule_card

    return molecule_card(name).molecule


def _dataset(chosen: str | Path, source: str, dt_fs: float | None, *, needs_times: bool) -> Dataset:
    from msmd.data import load_dataset

    try:
        return load_dataset(chosen, source=source, dt_fs=dt_fs)
    except UnknownTimeStepError:
        if needs_times:
            raise
        return load_dataset(chosen, source=source, dt_fs=1.0)  # any will do: eigenvalues need no times


def _measure(
    dataset: Dataset, found: GraphSpectrum, mass_weighted: bool
) -> tuple[ModeTimeScales, RankCorrelation | None]:
    from rich.console import Console

    from msmd.spectrum import internal_motions, measure_time_scales, space_time_correlation

    with Console(stderr=True).status(f"Measuring time scales on {dataset.n_frames} frames …"):
        scales = measure_time_scales(internal_motions(dataset.segments), found, mass_weighted=mass_weighted)
    try:
        return scales, space_time_correlation(scales)
    except ProtocolError:  # fewer than four distinct eigenvalues: time scales yes, a correlation no
        return scales, None


def _facts(
    molecule: Molecule,
    found: GraphSpectrum,
    n_modes: int,
    measured: tuple[ModeTimeScales, RankCorrelation | None] | None,
) -> dict[str, object]:
    """What is printed; the first ``n_modes`` modes, even where that cuts an eigenspace."""
    sizes = [len(found.groups[group]) for group in found.group_of_mode]
    facts: dict[str, object] = {
        "molecule": molecule.name,
        "laplacian": found.laplacian,
        "eigenvalues": found.eigenvalues[:n_modes].tolist(),
        "degeneracies": sizes[:n_modes],
    }
    if measured is None:
        return facts
    scales, correlation = measured
    return facts | {
        "correlation_times_fs": _numbers(scales.correlation_times_fs[:n_modes]),
        "correlation_errors_fs": _numbers(scales.correlation_errors_fs[:n_modes]),
        "is_resolved": scales.is_resolved[:n_modes].tolist(),
        "centroids_wavenumber": _numbers(scales.centroids[:n_modes]),
        "centroid_errors_wavenumber": _numbers(scales.centroid_errors[:n_modes]),
        "mass_weighted": scales.mass_weighted,
        "spearman": None
        if correlation is None
        else {
            "value": correlation.value,
            "low": correlation.low,
            "high": correlation.high,
            "n_points": correlation.n_points,
        },
    }


def _print_table(facts: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("mode", "eigenvalue", "degeneracy", title=f"{facts['molecule']}, {facts['laplacian']} Laplacian")
    timed = "correlation_times_fs" in facts
    if timed:
        table.add_column("correlation time / fs")
        table.add_column("centroid / cm⁻¹")
    for mode, (value, size) in enumerate(zip(facts["eigenvalues"], facts["degeneracies"], strict=True)):
        table.add_row(str(mode), f"{value:.6f}", str(size), *(_measured_cells(facts, mode) if timed else ()))
    console = Console()
    console.print(table)
    if facts.get("spearman"):
        rho = facts["spearman"]
        console.print(
            f"Spearman ρ of eigenvalue and correlation time: {rho['value']:.2f}, 95 % interval {rho['low']:.2f} to "
            f"{rho['high']:.2f}, over {rho['n_points']} eigenvalues."
        )


def _numbers(values: Iterable[float]) -> list[float | None]:
    """None for a mode that is still, which JSON has no other word for."""
    return [float(value) if math.isfinite(value) else None for value in values]


def _measured_cells(facts: dict, mode: int) -> tuple[str, str]:
    if facts["correlation_times_fs"][mode] is None:
        return "still", "–"
    above = "" if facts["is_resolved"][mode] else "> "
    return (
        f"{above}{facts['correlation_times_fs'][mode]:.1f} ± {facts['correlation_errors_fs'][mode]:.1f}",
        f"{facts['centroids_wavenumber'][mode]:.0f} ± {facts['centroid_errors_wavenumber'][mode]:.0f}",
    )
