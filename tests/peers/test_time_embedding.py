"""The sinusoidal embedding against its formula."""

from __future__ import annotations

import math

import pytest
import torch

from msmd.peers.time_embedding import sinusoidal_embedding


@pytest.mark.parametrize("width", [4, 32])
def test_formula(width: int) -> None:
    times = torch.tensor([[0.0, 0.5], [3.0, 2999.0]])
    embedded = sinusoidal_embedding(times, width)
    assert embedded.shape == (2, 2, width)
    half = width // 2
    for k in range(half):
        frequency = 10_000 ** (-k / (half - 1))
        assert embedded[1, 0, k].item() == pytest.approx(math.sin(3 * frequency), abs=1e-5)
        assert embedded[1, 0, half + k].item() == pytest.approx(math.cos(3 * frequency), abs=1e-5)


def test_neighbouring_frames_differ() -> None:
    embedded = sinusoidal_embedding(torch.arange(3000.0), 32)
    assert (embedded.diff(dim=0).norm(dim=1) > 0.5).all()
