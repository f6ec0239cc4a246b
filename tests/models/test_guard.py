"""The guard lets known distances through, stops torn bonds, collisions and NaN."""

from __future__ import annotations

import torch

from msmd.models.guard import DistanceGuard
from msmd.molecule import Molecule

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))


def _guard() -> DistanceGuard:
    guard = DistanceGuard(WATER)
    guard.fit(1.0 / torch.tensor([[0.90, 1.00], [0.90, 1.00], [1.50, 1.60]]))
    return guard


def _is_sound(distances: list[float]) -> bool:
    return bool(_guard()(1.0 / torch.tensor(distances)[:, None]))


def test_bounds() -> None:
    assert _is_sound([0.66, 1.39, 1.06])
    assert not _is_sound([0.64, 1.0, 1.5])
    assert not _is_sound([1.0, 1.41, 1.5])
    assert not _is_sound([1.0, 1.0, 1.04])
    assert not _is_sound([1.0, torch.nan, 1.5])


def test_far_pairs_may_move_apart() -> None:
    assert _is_sound([1.0, 1.0, 99.0])
