"""``msmd forecast``: one window, written as xyz, npz or a page that plays it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from msmd.cli.choices import DataFile, ForecasterName, Names, Source, TimeStep, choice
from msmd.errors import ProtocolError


def forecast(
    start: Annotated[int, typer.Option(help="Frame to start from.")],
    times_fs: Annotated[list[str], typer.Option(help="Times after the start: 5,10.5,250, or repeated.")],
    out: Annotated[Path, typer.Option(help="File to write: .xyz, .extxyz, .npz or .html.")],
    names: Names = None,
    forecaster: ForecasterName = None,
    data: DataFile = None,
    source: Source = "gfn2",
    dt_fs: TimeStep = None,
    samples: Annotated[
        int | None, typer.Option(help="Members of the ensemble beside the forecast, each moving like the molecule.")
    ] = None,
    segment: Annotated[
        int,
        typer.Option(
            help="Segment of the data that the start lies in; of the shipped data 1, 5 and 9 are test segments."
        ),
    ] = 0,
) -> None:
    """Forecasts one window and writes it, with the reference where it is known.

    With --samples the members of the ensemble are written too: an array of npz, ghosts of html, a file each beside xyz.
    """
    from msmd.forecasting import forecast as make
    from msmd.forecasting import load_forecaster
    from msmd.views.forecast_files import writer_of

    chosen = choice(names, forecaster, data, source, dt_fs)
    writer, times = writer_of(out), _times(times_fs)
    dataset = chosen.dataset()
    segments = dataset.segments
    if not 0 <= segment < len(segments):
        raise ProtocolError(f"--segment is {segment}; the data have segments 0 to {len(segments) - 1}.")
    forecaster_found = load_forecaster(chosen.forecaster, dataset)
    chosen.say_caveat(dataset)
    made = make(forecaster_found, segments[segment], start, times, samples)
    out.parent.mkdir(parents=True, exist_ok=True)
    for path in writer(made, out):
        typer.echo(path)


def _times(texts: list[str]) -> list[float]:
    entries = [entry.strip() for text in texts for entry in text.split(",") if entry.strip()]
    try:
        return [float(entry) for entry in entries]
    except ValueError as error:
        raise ProtocolError(f"--times-fs is {','.join(texts)!r}; expected numbers such as 5,10.5,250.") from error
