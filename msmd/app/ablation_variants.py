"""What each variant takes away, and how it is made: read from the specifications that the tables were made by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from msmd.app.ablation_tables import own_folder
from msmd.errors import MsmdError
from msmd.sweeps.record import FULL, Record
from msmd.sweeps.spec import SweepSpec, VariantSpec
from msmd.sweeps.spec_file import PROJECT, read_spec

SPECIFICATIONS = PROJECT / "benchmarks"


@dataclass(frozen=True, kw_only=True)
class Variants:
    """The variants of one forecaster in one sweep.

    Attributes:
        sweep: its name, empty where nothing names one.
        spec: of the sweep; None where its file is not at hand.
        entries: by name, without the full model.
    """

    sweep: str
    spec: SweepSpec | None
    entries: dict[str, VariantSpec]

    def title(self, name: str) -> str:
        """A few words."""
        return "full model" if name == FULL else name.replace("-", " ")

    def note(self, name: str) -> str:
        """One sentence on what the variant takes away."""
        if name == FULL:
            return "The model as it is; nothing is taken away."
        entry = self.entries.get(name)
        return entry.note if entry and entry.note else "The specification of this sweep does not say what it changes."

    def can_run(self, name: str) -> bool:
        """True where the specification says how the variant is made."""
        return self.spec is not None and (name == FULL or name in self.entries)


def variants_of(forecaster: str, source: str, records: Iterable[Record]) -> Variants:
    """The sweep that holds the most variants of a forecaster on data of a source, by its records or by its file."""
    measured: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.forecaster == forecaster and record.source == source:
            measured[record.sweep].add(record.variant)
    specs = {spec.name: spec for spec in read_specs() if spec.source == source}
    entries = {name: _entries(spec, forecaster) for name, spec in specs.items()}
    names = [*measured, *(name for name, known in entries.items() if known)]
    sweep = max(names, key=lambda name: (len(measured.get(name, ())), len(entries.get(name, ()))), default="")
    return Variants(sweep=sweep, spec=specs.get(sweep), entries=entries.get(sweep, {}))


def read_specs() -> tuple[SweepSpec, ...]:
    """The specifications shipped with the project, and those beside one's own tables; unreadable ones are left out."""
    paths = (path for folder in (SPECIFICATIONS, own_folder()) for path in sorted(folder.glob("*.toml")))
    return _read(tuple((path, path.stat().st_mtime_ns) for path in paths))


@st.cache_resource(show_spinner=False, max_entries=4)
def _read(signature: Sequence[tuple[Path, int]]) -> tuple[SweepSpec, ...]:
    found = []
    for path, _ in signature:
        try:
            found.append(read_spec(path))
        except MsmdError:  # `msmd sweep` says what is wrong with it; the tables can be shown without
            continue
    return tuple(found)


def _entries(spec: SweepSpec, forecaster: str) -> dict[str, VariantSpec]:
    return {
        variant.name: variant for entry in spec.forecasters if forecaster in entry.names for variant in entry.variants
    }
