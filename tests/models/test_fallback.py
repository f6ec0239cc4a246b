"""Combinations are the best ones, on the simplex, and an uncalibrated one changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from msmd.data.windows import Split
from msmd.models.fallback import KNOTS_FS, Fallback, best_combination


@given(seed=st.integers(0, 10_000))
def test_no_weights_on_the_simplex_are_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    errors = random.standard_normal((3, 20)) * random.uniform(0.1, 3.0, (3, 1)) + random.standard_normal(20)
    products = errors @ errors.T
    weights = best_combination(products)
    assert weights.min() >= 0.0
    assert weights.sum() == pytest.approx(1.0)
    others = random.dirichlet(np.ones(3), 200)
    assert weights @ products @ weights <= np.einsum("ws,sr,wr->w", others, products, others).min() * (1 + 1e-6)


def _fallback(split: Split) -> Fallback:
    fallback = Fallback(split.training.molecule)
    fallback.structure.copy_(torch.from_numpy(split.training.windows.positions[0]))
    return fallback


def test_uncalibrated_it_is_the_first_path(split: Split) -> None:
    test = split.test
    ensemble = torch.from_numpy(test.targets)
    found = _fallback(split)(ensemble[None], torch.from_numpy(test.positions), torch.from_numpy(test.times_fs))
    torch.testing.assert_close(found, ensemble)


def test_calibrated_it_is_never_worse_than_its_sources(split: Split, random: np.random.Generator) -> None:
    test, fallback = split.test, _fallback(split)
    start, times = torch.from_numpy(test.positions), torch.from_numpy(test.times_fs)
    growing = random.standard_normal(test.targets.shape) * 1e-6 * test.times_fs[..., None, None] ** 2
    ensemble = torch.from_numpy(test.targets + growing)
    sources = fallback.sources(ensemble[None], start)
    errors = (sources - torch.from_numpy(test.targets)).numpy()
    fallback.calibrate([errors], [test.times_fs])
    found = fallback(ensemble[None], start, times) - torch.from_numpy(test.targets)
    assert float(found.square().mean()) < np.square(errors).mean(axis=(1, 2, 3, 4)).min()
    weights = fallback.weights_at(torch.tensor([[0.0, 1500.0]]).double())
    torch.testing.assert_close(weights[0, 0, :, 0], torch.ones(9).double())
    assert 0.0 <= float(weights[0, 1, 0, 0]) < 0.5
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 2, 9).double())


def test_the_mean_structure_stands_in_for_a_lost_ensemble(split: Split) -> None:
    test, fallback = split.test, _fallback(split)
    lost = torch.full(test.targets.shape, torch.nan, dtype=torch.float64)
    start = torch.from_numpy(test.positions)
    found = fallback(lost[None], start, torch.from_numpy(test.times_fs))
    torch.testing.assert_close(found, fallback.sources(lost[None], start)[1])


def test_two_paths_share_the_start(split: Split, random: np.random.Generator) -> None:
    """Of two paths the better one at each horizon, and none of the still forecasts at t = 0."""
    test, start = split.test, torch.from_numpy(split.test.positions)
    fallback = Fallback(split.training.molecule, n_paths=2)
    fallback.structure.copy_(torch.from_numpy(split.training.windows.positions[0]))
    times = test.times_fs[..., None, None]
    noise = random.standard_normal((2, *test.targets.shape))
    wide = np.where(times < 400.0, 0.05, 0.001) * noise[0]
    sharp = np.where(times < 400.0, 0.001, 0.05) * noise[1]
    sources = fallback.sources(torch.from_numpy(test.targets + np.stack([wide, sharp])), start)
    fallback.calibrate([(sources - torch.from_numpy(test.targets)).numpy()], [test.times_fs])
    weights = fallback.weights_at(torch.tensor([[0.0, 187.5, 1500.0]]).double())[0, :, 0]
    assert float(weights[0, :2].sum()) == pytest.approx(1.0)
    assert float(weights[1, 1]) > 0.95
    assert float(weights[2, 0]) > 0.95


def test_knots_ascend() -> None:
    assert np.all(np.diff(KNOTS_FS) > 0)
