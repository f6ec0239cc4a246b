"""The records that the Ablations page shows: the tables shipped with the project, and one's own that join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from msmd.errors import MsmdError
from msmd.sweeps.record import Record
from msmd.sweeps.table import TABLES, latest, read_table, sweeps_folder


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Everything that could be read.

    Attributes:
        records: of two with one key the later one, one's own after the shipped ones.
        failures: a sentence for every table that could not be read.
    """

    records: tuple[Record, ...]
    failures: tuple[str, ...]


def read_tables() -> Tables:
    """The tables as they lie there now; read again when one of them has changed."""
    own = sweeps_folder()
    paths = [path for folder in (TABLES, own) for pattern in PATTERNS for path in sorted(folder.glob(pattern))]
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


PATTERNS = ("*.csv", "*/*.csv")
"""As ``load_tables`` looks for them."""


@st.cache_resource(show_spinner=False, max_entries=4)
def _read(signature: Sequence[tuple[Path, int]]) -> Tables:
    records: list[Record] = []
    failures: list[str] = []
    for path, _ in signature:
        try:
            records += read_table(path)
        except MsmdError as error:  # one broken table of one's own must not hide the others
            failures.append(str(error))
    return Tables(records=latest(records), failures=tuple(failures))
