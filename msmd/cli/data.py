"""``msmd molecules``, ``fetch``, ``generate`` and ``info``: what data there are, and how to get more."""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import AsJson, DataFile, Seed, Source, TimeStep, refuse_time_step_without_file
from msmd.errors import DataError, ProtocolError

if TYPE_CHECKING:
    from msmd.data.summary import Summary


def molecules(as_json: AsJson = False) -> None:
    """Lists the registry: name, formula, atoms, and the sources at hand."""
    from msmd.data.load import available_sources
    from msmd.data.registry import MOLECULES

    rows = [
        {
            "name": card.name,
            "formula": card.molecule.formula,
            "atoms": card.molecule.n_atoms,
            "sources": list(available_sources(card.name)),
            "note": card.note,
        }
        for card in MOLECULES
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "formula", "atoms", "at hand", "what is interesting about it")
    for row in rows:
        table.add_row(row["name"], row["formula"], str(row["atoms"]), " ".join(row["sources"]), row["note"])
    Console().print(table)


def fetch(
    molecule: Annotated[str, typer.Argument(help="A molecule of the registry.")],
    source: Annotated[str, typer.Option(help="md17 or rmd17.")] = "md17",
) -> None:
    """Downloads real data into the cache; stop and repeat the command to go on."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    from msmd.data.download import fetch as steps
    from msmd.data.load import source_path

    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(f"{molecule} from {source}", total=None)
        for step in steps(molecule, source):
            progress.update(task, description=f"{molecule}: {step.stage}", completed=step.done, total=step.total)
    typer.echo(source_path(molecule, source))


def generate(
    molecule: Annotated[str, typer.Argument(help="A molecule of the registry.")],
    out: Annotated[Path, typer.Option(help="File to write: .npz (compact), .md17.npz, .extxyz or .xyz.")],
    frames: Annotated[int, typer.Option(help="Stored frames, all segments together.")] = 25_000,
    segments: Annotated[int, typer.Option(help="Independent constant-energy segments.")] = 10,
    seed: Seed = 0,
    stride: Annotated[int, typer.Option(help="Steps of 0.5 fs per stored frame.")] = 8,
    forces_every: Annotated[int, typer.Option(help="Stored frames per frame with energy and forces.")] = 5,
    run: Annotated[Path | None, typer.Option(help="Run folder; OUT.run unless given.")] = None,
    processes: Annotated[int | None, typer.Option(help="Worker processes; one per core unless given.")] = None,
) -> None:
    """Computes GFN2-xTB reference trajectories; stop and repeat the command to go on."""
    from rich.progress import Progress

    from msmd.data.export import check_writable, write_recording
    from msmd.data.generate import GenerateConfig
    from msmd.data.generate import generate as steps
    from msmd.data.recording import recording_of_run

    check_writable(out, n_segments=segments, label_every=forces_every)
    if segments < 1 or frames < segments or frames % segments:
        raise DataError(
            f"{frames} frames cannot be shared out among {segments} segments; give a multiple of it, or --segments."
        )
    if processes is not None and processes < 1:
        raise DataError(f"--processes is {processes}; expected at least 1.")
    config = GenerateConfig(
        n_segments=segments,
        frames_per_segment=frames // segments,
        stride=stride,
        forces_every=forces_every,
        seed=seed,
    )
    folder = run or out.with_name(out.name + ".run")
    with Progress(transient=True) as progress:
        task = progress.add_task(f"{molecule}: segments", total=segments)
        for done, _ in steps(molecule, config, folder, n_processes=processes):
            progress.update(task, completed=done)
    write_recording(recording_of_run(molecule, config, folder), out)
    typer.echo(out)


def info(
    molecule: Annotated[str | None, typer.Argument(help="A molecule of the registry.")] = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    as_json: AsJson = False,
) -> None:
    """Says what data hold: frames, times, temperature, and the time step as the forces have it."""
    from msmd.data import load_dataset
    from msmd.data.summary import summarise
    from msmd.errors import MsmdWarning

    if (molecule is None) == (data is None):
        raise ProtocolError("Give either the name of a molecule or --data FILE.")
    refuse_time_step_without_file(data, dt_fs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MsmdWarning)
        summary = summarise(load_dataset(data or molecule, source=source, dt_fs=dt_fs))
    told = [str(entry.message) for entry in caught if issubclass(entry.category, MsmdWarning)]
    facts = {**asdict(summary), "warnings": told or list(summary.warnings)}
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    for warning in facts["warnings"]:
        typer.echo(f"msmd: {warning}", file=sys.stderr)
    _print_facts(summary)


def _print_facts(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    spacing = "irregular" if summary.frame_spacing_fs is None else f"{summary.frame_spacing_fs:g} fs"
    measured = summary.dt_fs_from_forces
    temperature, internal = summary.temperature_kelvin, summary.internal_temperature_kelvin
    rows = {
        "molecule": f"{summary.molecule}, {summary.formula}, {summary.atoms} atoms",
        "source": summary.source,
        "frames": f"{summary.frames} in {summary.segments} segment(s), {summary.duration_fs / 1000:g} ps",
        "spacing": spacing,
        "time step": f"{summary.dt_fs:g} fs",
        "from forces": "cannot be told"
        if measured is None
        else f"{measured:.4f} fs, {summary.forces_explain:.2%} explained",
        "temperature": "no velocities" if temperature is None else f"{temperature:.1f} K over 3N degrees of freedom",
        "without drift and spin": "–" if internal is None else f"{internal:.1f} K over 3N − {summary.n_rigid}",
        "frames with": f"forces {summary.forces}, velocities {summary.velocities}",
        "cite": summary.citation or "–",
    }
    table = Table(show_header=False, box=None)
    for name, text in rows.items():
        table.add_row(name, text)
    Console().print(table)
