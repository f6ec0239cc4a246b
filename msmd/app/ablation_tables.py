"""The records that the Ablations page shows: the tables shipped with the project, and one's own that join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from msmd.errors import MsmdError
from msmd.sweeps.record import Record
from msmd.sweeps.table import TABLES, latest, read_table
from msmd.training.job_folder import runs_folder

OWN = "sweeps"
"""Beside one's own runs: a folder per sweep."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Everything that could be read.

    Attributes:
        records: of two with one key the later one, one's own after the shipped ones.
        failures: a sentence for every table that could not be read.
    """

    records: tuple[Record, ...]
    failures: tuple[str, ...]


def own_folder() -> Path:
    """Where one's own tables lie."""
    return runs_folder() / OWN


def read_tables() -> Tables:
    """The tables as they lie there now; read again when one of them has changed."""
    paths = [path for folder in (TABLES, own_folder()) for path in sorted(folder.rglob("*.csv"))]
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


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
