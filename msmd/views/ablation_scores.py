"""Records of a sweep, set side by side: every variant over its seeds, against the full model and the best baseline.

Errors are comparable only where windows, times and budget are the same, so that everything here starts from records of
one ``Conditions``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from msmd.forecasters import FORECASTERS
from msmd.sweeps.record import FULL, WHOLE, Record

LEAKS = "nearest-window"
"""It copies data instead of forecasting them: a measure of the split, not a rival."""

BASELINES = frozenset(card.name for card in FORECASTERS if card.family == "baseline" and card.name != LEAKS)


@dataclass(frozen=True, kw_only=True, order=True)
class Conditions:
    """What two records must share before their errors say anything about one another.

    Attributes:
        source: of the data.
        split, sampling: of the protocol.
        is_rotated: True when every test window was turned at random first.
    """

    source: str
    split: str
    sampling: str
    is_rotated: bool = False

    @classmethod
    def of(cls, record: Record) -> Conditions:
        """The conditions that a record was measured under."""
        return cls(
            source=record.source, split=record.split, sampling=record.sampling, is_rotated=bool(record.is_rotated)
        )


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained forecaster and what it learned from: what ablations are ablations of.

    Attributes:
        forecaster: its name.
        budget: ``"frames"``, ``"windows"`` or ``"none"``.
        n_train_windows: None for all of the training block.
    """

    forecaster: str
    budget: str
    n_train_windows: int | None = None

    @classmethod
    def of(cls, record: Record) -> Model:
        """What a record is of, its variant apart."""
        return cls(forecaster=record.forecaster, budget=record.budget, n_train_windows=record.n_train_windows)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One error over another.

    Attributes:
        value: below 1 where the first is smaller.
        spread: standard deviation over seeds; None where only one seed was run.
        n_seeds: how many were.
    """

    value: float
    spread: float | None
    n_seeds: int


@dataclass(frozen=True, kw_only=True)
class Score:
    """The mean squared error of one variant on one molecule, in Å².

    Attributes:
        by_seed: one error per seed.
        window_spread: standard error of one seed's mean over independent stretches of the test data; NaN if unknown.
        record: of the lowest seed, for what is the same in all: settings, checkpoint, cost.
        is_complete: False where a seed was not trained in full.
    """

    by_seed: dict[int, float]
    window_spread: float
    record: Record
    is_complete: bool

    @property
    def mean(self) -> float:
        """Over seeds."""
        return float(np.mean(list(self.by_seed.values())))

    @property
    def spread(self) -> float | None:
        """Standard deviation over seeds; None for a single one."""
        return float(np.std(list(self.by_seed.values()), ddof=1)) if len(self.by_seed) > 1 else None

    def over(self, other: Score) -> Ratio:
        """This error over another one, seed by seed where both have the seed, else against the other's mean."""
        shared = [seed for seed in self.by_seed if seed in other.by_seed]
        pairs = shared if len(other.by_seed) > 1 or shared == list(self.by_seed) else []
        ratios = [self.by_seed[seed] / other.by_seed[seed] for seed in pairs]
        ratios = ratios or [value / other.mean for value in self.by_seed.values()]
        spread = float(np.std(ratios, ddof=1)) if len(ratios) > 1 else None
        return Ratio(value=float(np.mean(ratios)), spread=spread, n_seeds=len(ratios))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One molecule and one variant.

    Attributes:
        score: None where it has not been run.
        against_full: over the full model's; None where one of the two has not been run.
        against_baseline: over that of the best baseline on the same windows.
        baseline: its name, empty where there is none.
        full: the full model's score, from whichever sweep has most seeds of it; None where it has not been run.
    """

    molecule: str
    variant: str
    score: Score | None = None
    against_full: Ratio | None = None
    against_baseline: Ratio | None = None
    baseline: str = ""
    full: Score | None = None


@dataclass(frozen=True, kw_only=True)
class AblationGrid:
    """Molecules × variants of one model under one set of conditions, in one horizon band."""

    molecules: tuple[str, ...]
    variants: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]

    def cell(self, molecule: str, variant: str) -> Cell:
        """The cell of a molecule and a variant; an empty one where it has not been run."""
        return self.cells.get((molecule, variant), Cell(molecule=molecule, variant=variant))


def models_in(records: Iterable[Record]) -> tuple[Model, ...]:
    """The trained models that records speak of, those with the most variants first."""
    variants: dict[Model, set[str]] = defaultdict(set)
    for record in records:
        if _is_trained(record.forecaster):
            variants[Model.of(record)].add(record.variant)
    return tuple(sorted(variants, key=lambda model: (-len(variants[model]), RANKS[model.forecaster])))


def under(records: Iterable[Record], conditions: Conditions) -> list[Record]:
    """The records that were measured under these conditions."""
    return [record for record in records if Conditions.of(record) == conditions]


def ablation_grid(
    records: Sequence[Record],
    model: Model,
    *,
    molecules: Sequence[str],
    variants: Sequence[str],
    band: str = WHOLE,
    heavy: bool = True,
) -> AblationGrid:
    """The scores of a model's variants.

    Args:
        records: of one set of conditions (``under``); of two of the same run the later one counts.
        model: whose variants.
        molecules, variants: columns and rows that are wanted, also those without any record.
        band: of the horizon, such as ``"all"`` or ``"0-50"``.
        heavy: over heavy atoms, as the papers do; else over all.
    """
    cells = {}
    for molecule in molecules:
        places = _by_place(records, molecule, band, heavy)
        scores = _comparable(places, model)
        baseline = best_baseline(scores)
        for variant in variants:
            if (score := scores.get((model, variant))) is not None:
                cells[molecule, variant] = _cell(molecule, variant, score, places, model, baseline)
    return AblationGrid(molecules=tuple(molecules), variants=tuple(variants), cells=cells)


Scores = dict[tuple[Model, str], Score]
"""By model and variant, of one molecule."""


def comparable_scores(
    records: Sequence[Record], molecule: str, model: Model, *, band: str = WHOLE, heavy: bool = True
) -> Scores:
    """What was measured in the sweep in which the model has the most variants and seeds; what it lacks from others.

    Sweeps may test on different numbers of windows, so that errors out of two of them compare roughly only.
    """
    return _comparable(_by_place(records, molecule, band, heavy), model)


def all_forecasters(
    records: Sequence[Record], molecule: str, model: Model, *, band: str = WHOLE, heavy: bool = True
) -> Scores:
    """Every forecaster, from the sweep that holds the most of them, and the variants of one model beside.

    Sweeps test on different numbers of windows of the same test part, so that small differences mean nothing here.
    """
    places = _by_place(records, molecule, band, heavy)
    widest = max(places.values(), key=lambda scores: sum(variant == FULL for _, variant in scores), default={})
    variants = {name: score for name, score in _comparable(places, model).items() if name[0] == model}
    others = {name: score for scores in places.values() for name, score in scores.items() if name[1] == FULL}
    return {**variants, **others, **{name: score for name, score in widest.items() if name[1] == FULL}}


def best_baseline(scores: Scores) -> tuple[str, Score] | None:
    """The baseline with the smallest error, by name, and its score."""
    rivals = [(model.forecaster, score) for (model, _), score in scores.items() if model.forecaster in BASELINES]
    return min(rivals, key=lambda rival: rival[1].mean, default=None)


def _cell(
    molecule: str,
    variant: str,
    score: Score,
    places: dict[Place, Scores],
    model: Model,
    baseline: tuple[str, Score] | None,
) -> Cell:
    """Against the full model of the same sweep, which has the same weights and windows, and its best baseline."""
    beside = places[score.record.sweep, score.record.n_windows]
    full, baseline = beside.get((model, FULL)), best_baseline(beside) or baseline
    return Cell(
        molecule=molecule,
        variant=variant,
        score=score,
        against_full=None if full is None else score.over(full),
        against_baseline=None if baseline is None else score.over(baseline[1]),
        baseline=baseline[0] if baseline else "",
        full=_full(places.values(), model),
    )


def _full(places: Iterable[Scores], model: Model) -> Score | None:
    """The full model, on whichever windows most of its seeds were tested."""
    fulls = [scores[model, FULL] for scores in places if (model, FULL) in scores]
    return max(fulls, key=lambda score: len(score.by_seed), default=None)


Place = tuple[str, int]
"""A sweep and its number of test windows: within it, errors are of the same windows."""


def _comparable(places: dict[Place, Scores], model: Model) -> Scores:
    if not places:
        return {}

    def worth(place: Place) -> tuple[bool, int, int, int]:
        mine = {variant: score for (other, variant), score in places[place].items() if other == model}
        return FULL in mine, len(mine), sum(len(score.by_seed) for score in mine.values()), place[1]

    best_last = sorted(places, key=worth)
    return {name: score for place in best_last for name, score in places[place].items()}


def _by_place(records: Iterable[Record], molecule: str, band: str, heavy: bool) -> dict[Place, Scores]:
    runs: dict[Place, dict[tuple[Model, str], dict[int, Record]]] = defaultdict(dict)
    for record in records:
        if record.molecule == molecule and record.band == band:
            place = record.sweep, record.n_windows
            runs[place].setdefault((Model.of(record), record.variant), {})[record.seed] = record
    return {place: {name: _score(seeds, heavy) for name, seeds in known.items()} for place, known in runs.items()}


def _score(seeds: dict[int, Record], heavy: bool) -> Score:
    ordered = [seeds[seed] for seed in sorted(seeds)]
    spreads = [record.spread for record in ordered if record.spread is not None and heavy]  # of heavy atoms alone
    return Score(
        by_seed={record.seed: record.heavy_mse if heavy else record.all_mse for record in ordered},
        window_spread=float(np.mean(spreads)) if spreads else float("nan"),
        record=ordered[0],
        is_complete=all(record.is_complete for record in ordered),
    )


RANKS = {card.name: rank for rank, card in enumerate(FORECASTERS)}


def _is_trained(name: str) -> bool:
    return any(card.name == name and card.needs == "training" for card in FORECASTERS)
