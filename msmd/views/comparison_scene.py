"""Several forecasts of one window in one scene: the reference, and every forecast as a track of its own."""

from __future__ import annotations

from collections.abc import Mapping

from msmd.errors import DataError
from msmd.forecasting import Forecast
from msmd.views.player import Scene, Series, Track
from msmd.views.scenes import REFERENCE, in_order, rmsd


def comparison_scene(forecasts: Mapping[str, Forecast], *, title: str = "") -> Scene:
    """The reference and the forecasts on one clock, with the distance of each from the reference under them.

    Args:
        forecasts: of one window at the same times, by the name that its track and its curve get.
        title: a few words.

    Raises:
        DataError: without forecasts, or when they are not of one window.
    """
    if not forecasts:
        raise DataError("A comparison of no forecasts was asked for; expected at least one.")
    first = next(iter(forecasts.values()))
    for name, forecast in forecasts.items():
        if forecast.start != first.start or forecast.times_fs.tolist() != first.times_fs.tolist():
            raise DataError(
                f"The forecast {name!r} starts at frame {forecast.start} and has {len(forecast.times_fs)} times; "
                f"expected those of the first one, which starts at frame {first.start}."
            )
    rows = in_order(first)
    tracks = [Track(name=name, role="prediction", positions=f.predicted[rows]) for name, f in forecasts.items()]
    series: tuple[Series, ...] = ()
    if first.reference is not None:
        reference = first.reference[rows]
        tracks.insert(0, Track(name=REFERENCE, positions=reference))
        series = tuple(
            Series(label=f"{name} RMSD", unit="Å", values=rmsd(f.predicted[rows], reference))
            for name, f in forecasts.items()
        )
    molecule = first.molecule
    return Scene(
        numbers=molecule.numbers,
        bonds=molecule.bonds,
        times_fs=first.times_fs[rows],
        tracks=tuple(tracks),
        series=series,
        title=title,
    )
