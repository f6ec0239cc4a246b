"""Variants against the full model and the best baseline: what is compared, and with what spread."""

from __future__ import annotations

import math

import pytest

from msmd.views.ablation_scores import (
    Conditions,
    Model,
    ablation_grid,
    all_forecasters,
    best_baseline,
    comparable_scores,
    models_in,
    under,
)
from tests.views.ablation_records import MODEL, record, seeds


def cell(records, variant="one-member", **options):
    grid = ablation_grid(records, MODEL, molecules=("ethanol",), variants=("full", variant), **options)
    return grid.cell("ethanol", variant)


def test_a_ratio_is_taken_seed_by_seed_and_spreads_over_seeds():
    records = [*seeds(0.01, 0.02), *seeds(0.02, 0.06, variant="one-member")]
    found = cell(records)
    assert found.score.mean == pytest.approx(0.04)
    assert found.against_full.value == pytest.approx((2 + 3) / 2)
    assert found.against_full.spread == pytest.approx(2**-0.5)
    assert found.against_full.n_seeds == 2


def test_one_seed_has_no_spread():
    found = cell([*seeds(0.01, 0.02), record(variant="one-member", error=0.03)])
    assert found.score.spread is None
    assert found.against_full.value == pytest.approx(3.0), "against the full model of the same seed, not of all"
    assert found.against_full.spread is None


def test_the_full_models_seeds_may_come_from_another_sweep():
    elsewhere = [record(sweep="seeds", seed=seed, error=error) for seed, error in enumerate((0.1, 0.2, 0.3))]
    found = cell([record(), record(variant="one-member", error=0.03), *elsewhere])
    assert found.against_full.value == pytest.approx(3.0)
    assert found.full.spread == pytest.approx(0.1)
    assert found.full.mean == pytest.approx(0.2)
    assert len(found.full.by_seed) == 3
    assert cell([record(), record(variant="one-member")]).full.spread is None
    assert cell([record(variant="one-member")]).full is None


def test_the_best_baseline_stands_for_all_and_the_leak_detector_is_none():
    rivals = [record("persistence", error=0.05), record("mean-structure", error=0.04)]
    found = cell([record(), *rivals, record("nearest-window", error=0.001), *seeds(0.02, 0.06, variant="one-member")])
    assert found.baseline == "mean-structure"
    assert found.against_baseline.value == pytest.approx(1.0)
    assert found.against_baseline.spread == pytest.approx(0.5 * 2**0.5)


def test_a_variant_is_compared_within_its_own_sweep():
    own = [record(sweep="own", error=0.1, n_windows=5), record(sweep="own", variant="mine", error=0.2, n_windows=5)]
    found = cell([record(), record(variant="one-member"), *own], variant="mine")
    assert found.score.mean == 0.2
    assert found.against_full.value == pytest.approx(2.0)


def test_what_was_not_run_is_an_empty_cell():
    found = cell([record()])
    assert (found.score, found.against_full, found.against_baseline) == (None, None, None)
    assert cell([record(variant="one-member")]).against_full is None


def test_bands_and_atoms_are_kept_apart():
    records = [record(), record(band="0-50", error=0.002)]
    assert cell(records, variant="full", band="0-50").score.mean == 0.002
    assert cell(records, variant="full", heavy=False).score.mean == pytest.approx(0.03)


def test_the_spread_over_windows_is_of_heavy_atoms_alone():
    heavy, everything = (cell([record()], variant="full", heavy=heavy).score.window_spread for heavy in (True, False))
    assert heavy > 0
    assert math.isnan(everything)


def test_one_incomplete_seed_makes_the_score_incomplete():
    assert cell(seeds(0.1, 0.2), variant="full").score.is_complete
    assert not cell([record(), record(seed=1, is_complete=False)], variant="full").score.is_complete


def test_the_sweep_with_more_seeds_holds():
    records = [record(sweep="few", error=0.5), *seeds(0.01, 0.03, sweep="many")]
    assert comparable_scores(records, "ethanol", MODEL)[MODEL, "full"].mean == pytest.approx(0.02)


def test_every_forecaster_is_there_with_the_variants_of_one():
    peers = [record("egnn", sweep="peers", budget="windows"), record("persistence", sweep="peers", n_windows=300)]
    scores = all_forecasters([record(), record(variant="one-member"), *peers], "ethanol", MODEL)
    assert {(model.forecaster, variant) for model, variant in scores} == {
        ("spectral-ode", "full"), ("spectral-ode", "one-member"), ("egnn", "full"), ("persistence", "full"),
    }  # fmt: skip


def test_nothing_measured_is_nothing_compared():
    assert comparable_scores([], "ethanol", MODEL) == {}
    assert all_forecasters([], "ethanol", MODEL) == {}
    assert best_baseline({}) is None


def test_models_are_the_trained_ones_with_the_most_variants_first():
    records = [record("egnn", budget="windows", n_train_windows=500), record("persistence"), record()]
    found = models_in([*records, record(variant="one-member")])
    assert found == (MODEL, Model(forecaster="egnn", budget="windows", n_train_windows=500))


def test_conditions_keep_turned_windows_apart():
    records = [record(), record(is_rotated=True), record(sampling="even")]
    asked = Conditions(source="gfn2", split="blocked", sampling="irregular", is_rotated=True)
    assert under(records, asked) == [records[1]]
