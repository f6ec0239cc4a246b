"""``msmd forecast``: one window, written as xyz, npz or a page that plays it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from msmd.cli.choices import choice
from msmd.errors import DataError, ProtocolError

if TYPE_CHECKING:
    from msmd.forecasting import Forecast


def forecast(
    start: Annotated[int, typer.Option(help="Frame to start from.")],
    times_fs: Annotated[list[str], typer.Option(help="Times after the start: 5,10.5,250, or repeated.")],
    out: Annotated[Path, typer.Option(help="File to write: .xyz, .extxyz, .npz or .html.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[CHECKPOINT | RUN] [MOLECULE]", show_default=False)
    ] = None,
    forecaster: Annotated[str | None, typer.Option(help="A name, instead of a checkpoint or run folder.")] = None,
    data: Annotated[Path | None, typer.Option(help="A trajectory file instead of a molecule.")] = None,
    source: Annotated[str, typer.Option(help="gfn2, md17 or rmd17.")] = "gfn2",
    segment: Annotated[int, typer.Option(help="Segment of the data that the start lies in.")] = 0,
) -> None:
    """Forecasts one window and writes it, with the reference where it is known."""
    from msmd.forecasting import forecast as make
    from msmd.forecasting import load_forecaster

    chosen = choice(names, forecaster, data, source)
    writer, times = _writer_of(out), _times(times_fs)
    segments = chosen.dataset().segments
    if not 0 <= segment < len(segments):
        raise ProtocolError(f"--segment is {segment}; the data have segments 0 to {len(segments) - 1}.")
    made = make(load_forecaster(chosen.forecaster, chosen.dataset()), segments[segment], start, times)
    out.parent.mkdir(parents=True, exist_ok=True)
    writer(made, out)
    typer.echo(out)


def _times(texts: list[str]) -> list[float]:
    entries = [entry.strip() for text in texts for entry in text.split(",") if entry.strip()]
    try:
        return [float(entry) for entry in entries]
    except ValueError as error:
        raise ProtocolError(f"--times-fs is {','.join(texts)!r}; expected numbers such as 5,10.5,250.") from error


def _writer_of(out: Path) -> Callable[[Forecast, Path], None]:
    writer = WRITERS.get(out.suffix.lower())
    if writer is None:
        raise DataError(f"{out.name} has the suffix {out.suffix!r}; msmd forecast writes {', '.join(WRITERS)}.")
    return writer


def _write_xyz(made: Forecast, out: Path) -> None:
    """Predicted frames alone, in extended xyz: what other programs read."""
    from msmd.data.export import write_extxyz
    from msmd.trajectory import Dataset

    write_extxyz(Dataset(segments=(made.predicted_trajectory(),), source=made.forecaster, dt_fs=1.0), out)


def _write_npz(made: Forecast, out: Path) -> None:
    """Arrays ``z times_fs predicted`` and, where known, ``reference`` (NaN where it has no frame); Å and fs."""
    import numpy as np

    from msmd.data.npz import write_npz

    arrays = {
        "z": np.array(made.molecule.numbers),
        "times_fs": made.times_fs,
        "predicted": made.predicted,
        "start": np.array(made.start),
        "forecaster": np.array(made.forecaster),
    }
    if made.reference is not None:
        arrays["reference"] = made.reference
    write_npz(out, arrays)


def _write_html(made: Forecast, out: Path) -> None:
    """A page that plays prediction and reference together."""
    from msmd.frame import mean_structure
    from msmd.spectrum import graph_spectrum
    from msmd.views.player import standalone_html
    from msmd.views.scenes import Band, forecast_scene

    spectrum = graph_spectrum(made.molecule)
    structure = mean_structure(made.predicted, made.molecule.masses)
    band = Band(spectrum=spectrum, structure=structure, first=0, last=made.molecule.n_atoms - 1)
    title = f"{made.molecule.name}: {made.forecaster} from frame {made.start}"
    out.write_text(standalone_html(forecast_scene(made, band=band, title=title)), encoding="utf-8")


WRITERS: dict[str, Callable[[Forecast, Path], None]] = {
    ".xyz": _write_xyz,
    ".extxyz": _write_xyz,
    ".npz": _write_npz,
    ".html": _write_html,
}
"""Suffixes and what they write."""

__all__ = ["forecast"]
