"""What each variant takes away, and how it is made: read from the specifications that the tables were made by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from msmd.errors import MsmdError
from msmd.sweeps.record import FULL, Record
from msmd.sweeps.spec import SweepSpec, VariantSpec
from msmd.sweeps.spec_file import PROJECT, read_spec
from msmd.sweeps.table import sweeps_folder

SPECIFICATIONS = PROJECT / "benchmarks"


@dataclass(frozen=True, kw_only=True)
class Variants:
    """The variants of one forecaster on data of one source.

    Attributes:
        entries: what changes, by name, without the full model.
        specs: the sweeps that hold some of them, those with the most records first.
    """

    entries: dict[str, VariantSpec]
    specs: tuple[SweepSpec, ...]

    def title(self, name: str) -> str:
        """A few words."""
        return "full model" if name == FULL else name.replace("-", " ")

    def note(self, name: str) -> str:
        """One sentence on what the variant takes away."""
        if name == FULL:
            return "The model as it is; nothing is taken away."
        entry = self.entries.get(name)
        return entry.note if entry and entry.note else "No specification at hand says what it changes."


def variants_of(forecaster: str, source: str, records: Iterable[Record]) -> Variants:
    """Every variant of a forecaster that a specification names, with the sentence that says what it changes."""
    counts = Counter(r.sweep for r in records if r.forecaster == forecaster and r.source == source)
    specs = [spec for spec in read_specs() if spec.source == source and entries_of(spec, forecaster)]
    specs.sort(key=lambda spec: -counts[spec.name])
    entries: dict[str, VariantSpec] = {}
    for spec in specs:
        entries |= {name: entry for name, entry in entries_of(spec, forecaster).items() if name not in entries}
    return Variants(entries=entries, specs=tuple(specs))


def entries_of(spec: SweepSpec, forecaster: str) -> dict[str, VariantSpec]:
    """The variants of a forecaster in one sweep, by name."""
    return {
        variant.name: variant for entry in spec.forecasters if forecaster in entry.names for variant in entry.variants
    }


def read_specs() -> tuple[SweepSpec, ...]:
    """The specifications shipped with the project, and those beside one's own tables; unreadable ones are left out."""
    paths = (path for folder in (SPECIFICATIONS, sweeps_folder()) for path in sorted(folder.glob("*.toml")))
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
