"""Reading and writing npz files safely: never unpickling, whole or not at all."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from msmd.errors import DataError
from msmd.whole_file import written_whole

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date given to every member, the earliest that zip can write: equal content makes equal files."""


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a compressed npz that ``numpy.load`` reads; the same arrays give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        written_whole(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", date_time=EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)


def npz_keys(path: Path) -> tuple[str, ...]:
    """Names of the arrays in an npz, without reading them.

    Raises:
        DataError: when the file is missing or is no npz.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist())
    except OSError as error:
        raise DataError(f"{path} cannot be opened: {error.strerror or error}.") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{path.name} is no npz file: {error}; it may have been downloaded only in part.") from error


def read_npz(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """The named arrays of an npz.

    Raises:
        DataError: when the file is missing, damaged, lacks a required array, or holds Python objects.
    """
    keys = npz_keys(path)
    missing = [name for name in required if name not in keys]
    if missing:
        raise DataError(
            f"{path.name} has no {', '.join(missing)}; expected {', '.join(required)}, found {', '.join(keys)}."
        )
    wanted = [name for name in (*required, *optional) if name in keys]
    name = ""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {}
            for name in wanted:
                arrays[name] = archive[name]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise DataError(f"{path.name} is damaged in {name!r}: {error}; fetch or copy it again.") from error
    except ValueError as error:
        raise DataError(
            f"{name!r} in {path.name} cannot be read without unpickling, which is refused: {error}."
        ) from error
    strange = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if strange:
        raise DataError(f"{strange[0]!r} in {path.name} cannot be read: it is no array.")
    return arrays
