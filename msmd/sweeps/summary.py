"""Tables for people: one number per forecaster and molecule, a table for every kind of test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from msmd.sweeps.record import FULL, Record

BORDER = 3
"""Characters that a table spends on each column beside its text."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a sweep found in one kind of test.

    Attributes:
        title: sweep, split, times, budget, and whether windows were turned.
        molecules: columns.
        rows: by forecaster, the A-MSE of heavy atoms in 10⁻² Å² by molecule, as text.
    """

    title: str
    molecules: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]

    def columns_within(self, width: int) -> tuple[tuple[str, ...], ...]:
        """The molecules in groups, each of which fits a table of this many characters; one at least."""
        first = max(len(text) for text in (*self.rows, "A-MSE, 10⁻² Å²")) + BORDER
        groups: list[list[str]] = [[]]
        left = width - first - 1
        for name in self.molecules:
            needed = max(len(text) for text in (name, *(cells.get(name, "") for cells in self.rows.values()))) + BORDER
            if needed > left and groups[-1]:
                groups.append([])
                left = width - first - 1
            groups[-1].append(name)
            left -= needed
        return tuple(tuple(group) for group in groups)


def summary(records: Sequence[Record]) -> tuple[Summary, ...]:
    """The records over the whole horizon, as tables; what needs no training data stands beside every budget."""
    whole = [record for record in records if record.is_whole]
    tests: dict[tuple[str, str], list[Record]] = {}
    for record in whole:
        tests.setdefault(_test(record), []).append(record)
    return tuple(
        Summary(
            title=f"{name}: {test}",
            molecules=tuple(dict.fromkeys(record.molecule for record in found)),
            rows={forecaster: _cells(found, forecaster) for forecaster in dict.fromkeys(map(_forecaster, found))},
        )
        for (name, test), found in tests.items()
    )


def _test(record: Record) -> tuple[str, str]:
    turned = ", turned at random" if record.is_rotated else ""
    return record.sweep, f"{record.source}, {record.split}, {record.sampling} times{turned}"


def _forecaster(record: Record) -> str:
    variant = "" if record.variant == FULL else f": {record.variant}"
    return record.forecaster + variant + (f" ({record.n_train_windows} windows)" if record.budget == "windows" else "")


def _cells(records: Sequence[Record], forecaster: str) -> dict[str, str]:
    """By molecule: mean and spread over seeds, with a mark where any was trained for less than its own plan."""
    seeds: dict[str, list[Record]] = {}
    for record in records:
        if _forecaster(record) == forecaster:
            seeds.setdefault(record.molecule, []).append(record)
    return {molecule: _cell(found) for molecule, found in seeds.items()}


def _cell(seeds: Sequence[Record]) -> str:
    values = [100.0 * record.heavy_mse for record in seeds]
    spread = f" ± {stdev(values):.2g}" if len(values) > 1 else ""
    mark = "" if all(record.is_complete for record in seeds) else "*"
    return f"{_short(mean(values))}{spread}{mark}"


def _short(value: float) -> str:
    """Three digits, and never a power of ten.

    >>> _short(0.12345), _short(1060.2)
    ('0.123', '1060')
    """
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
