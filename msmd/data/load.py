"""Datasets by name or by file: ``load_dataset("ethanol")``, ``load_trajectory("motion.xyz")``."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from msmd.data.formats import read_file
from msmd.data.native import read_native
from msmd.data.registry import MOLECULES, SOURCES, molecule_card
from msmd.errors import DataError, unknown_name
from msmd.trajectory import Dataset, Trajectory

BUNDLED = Path(__file__).parent / "bundled"
"""The GFN2-xTB trajectories that are shipped with the package."""

BUNDLED_KEPT = 4
"""Shipped datasets kept in memory per process, up to 45 MB each."""

FILES_KEPT = 2
"""Files kept in memory; all of MD17's aspirin takes 320 MB."""


def load_dataset(name_or_path: str | Path, source: str = "gfn2", *, dt_fs: float | None = None) -> Dataset:
    """All segments of a molecule from one source, or the trajectory in a file.

    Args:
        name_or_path: a molecule of the registry, or a file (MD17 or rMD17 npz, xyz, extxyz, ASE traj, our own).
        source: ``"gfn2"`` (shipped), ``"md17"`` or ``"rmd17"`` (fetched before); not used for a file.
        dt_fs: time between frames, for files that do not say it.

    Raises:
        UnknownNameError: for an unknown molecule or source.
        DataError: for data that have not been fetched, or a file that cannot be read.

    >>> dataset = load_dataset("ethanol")
    >>> dataset.n_frames, len(dataset.segments), dataset.dt_fs
    (25000, 10, 0.5)
    """
    path = _as_path(name_or_path) or source_path(str(name_or_path), source)
    if path.parent == BUNDLED:
        if dt_fs is not None:
            raise DataError(f"{path.name} says its own time step; dt_fs={dt_fs} cannot be given.")
        return _load_bundled(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}; names of molecules are: {', '.join(c.name for c in MOLECULES)}.")
    stat = path.stat()
    return _load_file(path.absolute(), dt_fs, (stat.st_mtime_ns, stat.st_size))


def load_trajectory(
    name_or_path: str | Path, source: str = "gfn2", segment: int = 0, *, dt_fs: float | None = None
) -> Trajectory:
    """One segment of a dataset; see ``load_dataset``.

    Raises:
        DataError: as ``load_dataset``, or when there is no such segment.
    """
    segments = load_dataset(name_or_path, source, dt_fs=dt_fs).segments
    if not 0 <= segment < len(segments):
        raise DataError(f"There is no segment {segment}; {name_or_path} has segments 0 to {len(segments) - 1}.")
    return segments[segment]


def source_path(name: str, source: str) -> Path:
    """The file that holds a molecule's data from a source.

    Raises:
        UnknownNameError: for an unknown molecule or source.
        DataError: when it is not at hand; the message says how to get it.
    """
    molecule_card(name)
    if source not in SOURCES:
        raise unknown_name("source", source, SOURCES)
    for candidate in _candidates(name, source):
        if candidate.is_file():
            return candidate
    if source == "gfn2":
        raise DataError(
            f"The package holds no GFN2 trajectory of {name} ({BUNDLED / f'{name}.npz'} is missing); "
            f"run `msmd generate {name} --out {name}.npz` and open that file."
        )
    raise DataError(
        f"{name} from {source} is not at hand; run `msmd fetch {name} --source {source}`, or set MSMD_REAL_DATA to a "
        f"folder that holds {source}_{name}.npz."
    )


def available_sources(name: str) -> tuple[str, ...]:
    """The sources from which a molecule can be loaded now, without any download.

    >>> "gfn2" in available_sources("ethanol")
    True
    """
    molecule_card(name)
    return tuple(source for source in SOURCES if any(path.is_file() for path in _candidates(name, source)))


def cache_folder() -> Path:
    """Where fetched data lie: ``MSMD_CACHE``, or the platform's folder for caches."""
    if "MSMD_CACHE" in os.environ:
        return Path(os.environ["MSMD_CACHE"]).expanduser()
    import pooch

    return Path(pooch.os_cache("msmd"))


def _candidates(name: str, source: str) -> list[Path]:
    if source == "gfn2":
        return [BUNDLED / f"{name}.npz"]
    folders = [cache_folder() / source]
    if "MSMD_REAL_DATA" in os.environ:
        folders.append(Path(os.environ["MSMD_REAL_DATA"]))
    return [folder / f"{source}_{name}.npz" for folder in folders]


def _as_path(name_or_path: str | Path) -> Path | None:
    """A path, or None for what can only be the name of a molecule."""
    if isinstance(name_or_path, Path):
        return name_or_path
    if any(card.name == name_or_path for card in MOLECULES):
        return None
    path = Path(name_or_path).expanduser()
    return path if path.suffix or os.sep in name_or_path else None


@lru_cache(maxsize=BUNDLED_KEPT)
def _load_bundled(path: Path) -> Dataset:
    return read_native(path).dataset()


@lru_cache(maxsize=FILES_KEPT)
def _load_file(path: Path, dt_fs: float | None, stamp: tuple[int, int]) -> Dataset:
    """Reads a file; ``stamp`` (time and size) makes a changed file a new entry."""
    return read_file(path, dt_fs=dt_fs)
