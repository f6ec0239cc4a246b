"""Writes the tables of README.md and docs/results.md from the shipped ones: ``python benchmarks/result_tables.py``.

Each table stands between ``<!-- name -->`` and ``<!-- /name -->``; a test holds the pages to what is written here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from statistics import geometric_mean, mean, stdev

from msmd.forecasters import FORECASTERS
from msmd.sweeps.record import FULL, WHOLE, Record
from msmd.sweeps.table import TABLES, read_table
from msmd.views.ablation_scores import BASELINES

PROJECT = Path(__file__).parents[1]

OURS, MEAN = "spectral-ode", "mean-structure"
PEERS = [card.name for card in FORECASTERS if card.family == "peer"]
LONGER = ("egnn", "egno", "gf-node")
"""Those that were also trained for longer; in the order of their columns."""
TITLES = {MEAN: "aligned mean", OURS: "**spectral ODE**"} | {name: name.upper() for name in PEERS}

BEST_PUBLISHED = {
    "aspirin": 5.45, "benzene": 1.08, "ethanol": 2.69, "malonaldehyde": 10.67,
    "naphthalene": 0.32, "salicylic": 0.71, "toluene": 2.26, "uracil": 0.47,
}  # fmt: skip
"""The lowest of five papers' errors under the papers' protocol, 10⁻² Å²."""

EARLY = ("0-50", "50-150")
LATE = ("150-400", "400-800", "800-1500")
FAR = "3000-6000"
OVER_SEEDS = ("three seeds: mean, standard deviation", "over the aligned mean")
MISSING = "–"


class Errors:
    """The errors of one table at one kind of times, full models only."""

    def __init__(self, table: str, sampling: str, *, is_rotated: bool = False) -> None:
        self.records: dict[tuple[str, str, str], list[Record]] = {}
        for record in read_table(TABLES / f"{table}.csv"):
            if (record.variant, record.sampling, record.is_rotated) == (FULL, sampling, is_rotated):
                name = (record.molecule, record.forecaster, record.band)
                self.records.setdefault(name, []).append(record)

    @property
    def molecules(self) -> list[str]:
        """Those of which there is a forecast of ours."""
        return sorted({molecule for molecule, forecaster, _ in self.records if forecaster == OURS})

    def of(self, molecule: str, forecaster: str, band: str = WHOLE) -> float | None:
        """The error of the first seed, Å²."""
        found = self.records.get((molecule, forecaster, band))
        return None if found is None else min(found, key=lambda record: record.seed).heavy_mse

    def seeds(self, molecule: str, forecaster: str) -> dict[int, float]:
        """The error of every seed, Å²; each has test windows of its own."""
        return {record.seed: record.heavy_mse for record in self.records.get((molecule, forecaster, WHOLE), [])}

    def cell(self, molecule: str, forecaster: str, band: str = WHOLE) -> str:
        """The error as a page has it."""
        return written(self.of(molecule, forecaster, band))

    def ours(self, molecule: str) -> str:
        """Our error, bold, with the standard error over stretches of the test data."""
        record = self.records[molecule, OURS, WHOLE][0]
        return f"**{written(record.heavy_mse)}** ± {written(record.spread)}"

    def least(self, molecule: str, forecasters: Iterable[str], band: str = WHOLE) -> tuple[float, str]:
        """The error of the best of these forecasters, and its name; infinite where none was run."""
        found = [(self.of(molecule, name, band), name) for name in forecasters]
        return min(((error, name) for error, name in found if error is not None), default=(inf, ""))


def written(square: float | None) -> str:
    """A squared error (Å²) in 10⁻² Å², three digits where there are three."""
    if square is None:
        return MISSING
    value = 100.0 * square
    digits = 4 if value < 0.00995 else 3 if value < 0.9995 else 2 if value < 9.995 else 1
    return f"{value:.{digits}f}".removeprefix("0")


def quotient(ratio: float) -> str:
    """One error over another."""
    return f"{ratio:.3f}".removeprefix("0")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """GitHub's markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summary() -> str:
    """Ours beside the best baseline and the best published model, on every molecule of both data sets."""
    header = [
        "", _title(MEAN), "best baseline", "best published model", TITLES[OURS], "ours / best baseline",
        "ours / best published",
    ]  # fmt: skip

    def part(title: str, errors: Errors, published: Sequence[Errors]) -> list[list[str]]:
        """A line for the data set, one for each molecule, and the geometric means."""
        rows, ratios = [], []
        for molecule in errors.molecules:
            ours = errors.of(molecule, OURS)
            baseline, peer = errors.least(molecule, BASELINES), min(runs.least(molecule, PEERS) for runs in published)
            ratios.append((ours / baseline[0], ours / peer[0]))
            rows.append([
                molecule, errors.cell(molecule, MEAN), *map(_named, (baseline, peer)), errors.ours(molecule),
                *map(quotient, ratios[-1]),
            ])  # fmt: skip
        means = map(geometric_mean, zip(*ratios, strict=True))
        return [[f"**{title}**", *[""] * 6], *rows, ["geometric mean", *[""] * 4, *map(quotient, means)]]

    synthetic = [Errors("peers-one-core", "even"), Errors("peers-longer", "even")]
    rows = part("embedded GFN2-xTB data", Errors("embedded", "even"), synthetic)
    measured = [Errors("peers-real", "irregular"), Errors("peers-real-longer", "irregular")]
    rows += part("real rMD17", Errors("real", "irregular"), measured)
    return table(header, rows)


def embedded() -> str:
    """Ten molecules of GFN2-xTB data, even times."""
    errors, later, seeds = Errors("embedded", "even"), Errors("long", "long"), Errors("seeds", "even")
    shorter, longer = Errors("peers-one-core", "even"), Errors("peers-longer", "even")
    shown = ["persistence", MEAN, "linear-response"]
    header = [
        "", *map(_title, shown), "GF-NODE", "EGNN", "EGNO", TITLES[OURS], *OVER_SEEDS,
        *map(_band, LATE), "ours / best baseline", "ours / best peer", "3–6 ps: best baseline", "ours",
    ]  # fmt: skip

    def over_peers(molecule: str) -> float:
        return errors.of(molecule, OURS) / min(runs.least(molecule, PEERS) for runs in (shorter, longer))[0]

    def row(molecule: str) -> list[str]:
        baselines = [errors.cell(molecule, name) for name in shown]
        published = [_longest(molecule, name, shorter, longer) for name in ("gf-node", "egnn", "egno")]
        bands = [errors.cell(molecule, OURS, band) for band in LATE]
        return [
            molecule, *baselines, *published, errors.ours(molecule), *_over_seeds(seeds, molecule), *bands,
            quotient(_over_best(errors, molecule)), quotient(over_peers(molecule)),
            _named(later.least(molecule, BASELINES, FAR)), later.cell(molecule, OURS, FAR),
        ]  # fmt: skip

    means = {
        "ours / best baseline": [_over_best(errors, molecule) for molecule in errors.molecules],
        "ours / best peer": map(over_peers, errors.molecules),
    }
    return table(header, [*map(row, errors.molecules), _geometric_means(header, means)])


def real() -> str:
    """Eight molecules of real rMD17, irregular and nearly even times."""
    errors, even = Errors("real", "irregular"), Errors("real-even", "even")
    shorter, longer = Errors("peers-real", "irregular"), Errors("peers-real-longer", "irregular")
    seeds = Errors("real-seeds", "irregular")
    shown = [MEAN, "normal-modes", "linear-response"]
    header = [
        "", *map(_title, shown + PEERS), TITLES[OURS], *OVER_SEEDS, *map(_band, EARLY + LATE), "ours / best baseline",
        "ours / best peer",
        "even times: aligned mean", TITLES[OURS], "even times: ours / best baseline",
    ]  # fmt: skip

    def over_peers(molecule: str) -> float:
        return errors.of(molecule, OURS) / min(runs.least(molecule, PEERS) for runs in (shorter, longer))[0]

    def row(molecule: str) -> list[str]:
        return [
            molecule, *(errors.cell(molecule, name) for name in shown),
            *(_longest(molecule, name, shorter, longer) for name in PEERS), errors.ours(molecule),
            *_over_seeds(seeds, molecule),
            *(errors.cell(molecule, OURS, band) for band in EARLY + LATE), quotient(_over_best(errors, molecule)),
            quotient(over_peers(molecule)), even.cell(molecule, MEAN), even.ours(molecule),
            quotient(_over_best(even, molecule)),
        ]  # fmt: skip

    means = {
        "ours / best baseline": [_over_best(errors, molecule) for molecule in errors.molecules],
        "ours / best peer": map(over_peers, errors.molecules),
        "even times: ours / best baseline": [_over_best(even, molecule) for molecule in even.molecules],
    }
    return table(header, [*map(row, errors.molecules), _geometric_means(header, means)])


def peers() -> str:
    """The published models trained here: every frame, 500 windows, and every frame with the windows turned."""
    every, turned = Errors("peers-one-core", "even"), Errors("peers-one-core", "even", is_rotated=True)
    few = Errors("windows-peers", "even")
    shipped, at_few = Errors("embedded", "even"), Errors("windows", "even")
    every_longer, few_longer = Errors("peers-longer", "even"), Errors("windows-peers-long", "even")
    header = [
        "", "budget", *map(_title, PEERS), *(f"{_title(name)}, longer" for name in LONGER), TITLES[OURS],
        "ours / best peer", "best baseline",
    ]  # fmt: skip

    def part(budget: str, ours: Errors, published: Errors, longer: Errors) -> list[list[str]]:
        """A line for each molecule, and the geometric mean."""
        rows, ratios = [], []
        for molecule in ours.molecules:
            best, _ = min(runs.least(molecule, PEERS) for runs in (published, longer))
            ratios.append(ours.of(molecule, OURS) / best)
            rows.append([
                molecule, budget, *(published.cell(molecule, name) for name in PEERS),
                *(longer.cell(molecule, name) for name in LONGER), ours.ours(molecule),
                quotient(ratios[-1]), _named(ours.least(molecule, BASELINES)),
            ])  # fmt: skip
        total = _geometric_means(header, {"ours / best peer": ratios})
        total[1] = budget
        return [*rows, total]

    def turned_row(molecule: str) -> list[str]:
        cells = [turned.cell(molecule, name) for name in PEERS]
        return [molecule, "every frame, turned", *cells, *[""] * len(LONGER), turned.ours(molecule), "", ""]

    rows = part("every frame", shipped, every, every_longer) + part("500 windows", at_few, few, few_longer)
    return table(header, [*rows, *map(turned_row, turned.molecules)])


def paper() -> str:
    """The papers' own protocol on real rMD17, beside what they published."""
    windows, frames = Errors("paper", "even"), Errors("paper-frames", "even")
    shown = [MEAN, "linear-response", "kernel-response", "nearest-window"]
    header = [
        "", *map(_title, shown), "**spectral ODE, 500 windows**", "every frame, with forces", "best published",
    ]  # fmt: skip

    def row(molecule: str) -> list[str]:
        cells = [windows.cell(molecule, name) for name in shown]
        published = written(BEST_PUBLISHED[molecule] / 100.0)
        return [molecule, *cells, windows.ours(molecule), frames.ours(molecule), published]

    return table(header, map(row, windows.molecules))


Writers = dict[str, Callable[[], str]]

PAGES: dict[Path, Writers] = {
    PROJECT / "README.md": {"summary": summary},
    PROJECT / "docs/results.md": {"embedded": embedded, "real": real, "peers": peers, "paper": paper},
}
"""What writes each table of a page."""


def filled(text: str, writers: Writers) -> str:
    """A page's text with every table as the shipped numbers have it.

    Raises:
        ValueError: when a table's place is not there exactly once.
    """
    for name, write in writers.items():
        pattern = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=\n<!-- /{name} -->)", re.DOTALL)
        body = write()
        text, count = pattern.subn(lambda _, body=body: body, text)
        if count != 1:
            raise ValueError(f"There are {count} places for the table {name!r}; expected one.")
    return text


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("-", " "))


def _named(found: tuple[float, str]) -> str:
    """An error and whose it is."""
    error, name = found
    return f"{written(error)} ({_title(name)})"


def _band(name: str) -> str:
    return name.replace("-", "–") + " fs"


def _geometric_means(header: Sequence[str], ratios: Mapping[str, Iterable[float]]) -> list[str]:
    """The last row, by the titles of its columns."""
    row = [""] * len(header)
    row[0] = "geometric mean"
    for title, found in ratios.items():
        row[header.index(title)] = quotient(geometric_mean(found))
    return row


def _over_seeds(seeds: Errors, molecule: str) -> tuple[str, str]:
    """Mean and standard deviation over three trainings, and the same of the error over that of the aligned mean."""
    ours, aligned = (seeds.seeds(molecule, name) for name in (OURS, MEAN))
    if len(ours) < 3 or set(ours) != set(aligned):
        return MISSING, MISSING
    shares = [error / aligned[seed] for seed, error in ours.items()]
    spread = f"{written(mean(ours.values()))}, {written(stdev(ours.values()))}"
    return spread, f"{quotient(mean(shares))}, {quotient(stdev(shares))}"


def _longest(molecule: str, peer: str, shorter: Errors, longer: Errors) -> str:
    """A published model's error after its longest training."""
    return (shorter if longer.of(molecule, peer) is None else longer).cell(molecule, peer)


def _over_best(errors: Errors, molecule: str) -> float:
    """Ours over the best baseline."""
    return errors.of(molecule, OURS) / errors.least(molecule, BASELINES)[0]


if __name__ == "__main__":
    for page, writers in PAGES.items():
        page.write_text(filled(page.read_text(encoding="utf-8"), writers), encoding="utf-8")
