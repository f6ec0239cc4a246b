"""Any number of times fits into slots, and comes back in its own order."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from msmd.peers.time_slots import in_slots, out_of_slots


@settings(max_examples=60, deadline=None)
@given(n_times=st.integers(1, 40), n_slots=st.integers(1, 9), seed=st.integers(0, 99))
def test_round_trip(n_times: int, n_slots: int, seed: int) -> None:
    times = torch.rand(3, n_times, generator=torch.Generator().manual_seed(seed)) * 2
    rounds, places = in_slots(times, n_slots)
    assert rounds.shape == (3, -(-n_times // n_slots), n_slots)
    assert (rounds.diff(dim=2) >= 0).all()
    served = rounds[..., None, None].expand(*rounds.shape, 2, 3)
    assert torch.equal(out_of_slots(served, places)[..., 0, 0], times)


def test_as_many_times_as_slots_are_served_as_they_are() -> None:
    rounds, places = in_slots(torch.tensor([[0.7, 0.2, 1.4]]), 3)
    assert torch.equal(rounds, torch.tensor([[[0.2, 0.7, 1.4]]]))
    assert torch.equal(places, torch.tensor([[1, 0, 2]]))


def test_every_round_spans_all_times() -> None:
    rounds, _ = in_slots(torch.linspace(0, 1, 12)[None], 4)
    assert (rounds[..., 0] < 0.2).all()
    assert (rounds[..., -1] > 0.8).all()
