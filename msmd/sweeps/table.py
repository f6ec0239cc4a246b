"""Tidy tables: comma-separated files with one ``Record`` per line, the shipped ones and one's own."""

from __future__ import annotations

import csv
import io
import types
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from msmd.errors import DataError
from msmd.sweeps.record import Record
from msmd.training.job_folder import runs_folder
from msmd.whole_file import written_whole

if TYPE_CHECKING:
    import pandas as pd

TABLES = Path(__file__).parent.parent.parent / "benchmarks" / "tables"
"""The shipped tables."""


def sweeps_folder() -> Path:
    """Where one's own sweeps and their tables live: ``sweeps`` among the runs."""
    return runs_folder() / "sweeps"


COLUMNS = tuple(entry.name for entry in fields(Record))

NEEDED = tuple(entry.name for entry in fields(Record) if entry.default is MISSING)
"""A table from before a column with a default was thought of has that default in every row."""

SIGNIFICANT_DIGITS = 6
"""Of every number in a table: far below any spread, and short."""


def read_table(path: Path) -> tuple[Record, ...]:
    """The records of one table, in its order.

    Raises:
        DataError: when there is no such file, a column is missing or unknown, or a cell is not what it should be.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The table {path} cannot be read: {error}.") from error
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    _check_header(path, header)
    return tuple(_record(path, rows.line_num, header, row) for row in rows if row)


def write_table(path: Path, records: Iterable[Record]) -> None:
    """Replaces a table in one go; rows are sorted by ``Record.key``, so that the same numbers give the same file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for record in sorted(records, key=lambda found: _sortable(found.key)):
            writer.writerow(_text(value) for value in asdict(record).values())


def load_tables(folders: Iterable[Path] = (TABLES,)) -> tuple[Record, ...]:
    """The records of every table in these folders and in the folders right inside them.

    Of records with the same ``key`` the last one stays: ``load_tables([TABLES, sweeps_folder()])`` puts one's own
    above the shipped ones.  A folder that does not exist holds no table.

    Raises:
        DataError: as ``read_table``.
    """
    patterns = [(Path(folder), pattern) for folder in folders for pattern in ("*.csv", "*/*.csv")]
    paths = (path for folder, pattern in patterns for path in sorted(folder.glob(pattern)))
    return latest(record for path in paths for record in read_table(path))


def latest(records: Iterable[Record]) -> tuple[Record, ...]:
    """One record per key, the last one."""
    return tuple({record.key: record for record in records}.values())


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """The records as a pandas table, a column per field; None becomes a missing value."""
    import pandas as pd

    return pd.DataFrame([asdict(record) for record in records], columns=list(COLUMNS))


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown:
        found = "; ".join(
            f"{word} {', '.join(names)}" for word, names in (("it lacks", missing), ("unknown are", unknown)) if names
        )
        raise DataError(
            f"{path} is no table of a sweep of this version: {found}. 'msmd sweep' writes such tables; run it again."
        )


def _record(path: Path, line: int, header: list[str], row: list[str]) -> Record:
    if len(row) != len(header):
        raise DataError(f"{path}, line {line}: found {len(row)} cells; expected {len(header)}, one per column.")
    cells: dict[str, Any] = {}
    for name, text in zip(header, row, strict=True):
        try:
            cells[name] = PARSERS[name](text)
        except ValueError as error:
            raise DataError(f"{path}, line {line}: column {name!r} holds {text!r} ({error}).") from error
    try:
        return Record(**cells)
    except DataError as error:
        raise DataError(f"{path}, line {line}: {error}") from error


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.{SIGNIFICANT_DIGITS}g}" if isinstance(value, float) else str(value)


def _sortable(key: tuple) -> tuple:
    """Sorts None before any number."""
    return tuple((value is not None, value) if value is None or isinstance(value, int | float) else value
                 for value in key)  # fmt: skip


def _truth(text: str) -> bool:
    if text not in ("True", "False"):
        raise ValueError("expected True or False")
    return text == "True"


def _parser(kind: Any) -> Callable[[str], Any]:
    """How a cell of this type is read; an empty one is None where None is allowed."""
    if get_origin(kind) is types.UnionType:
        (inner,) = (_parser(part) for part in get_args(kind) if part is not types.NoneType)
        return lambda text: None if text == "" else inner(text)
    return _truth if kind is bool else kind


PARSERS: dict[str, Callable[[str], Any]] = {name: _parser(kind) for name, kind in get_type_hints(Record).items()}
