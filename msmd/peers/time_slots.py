"""Any number of times, served by a network that takes a fixed number of slots at once."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def in_slots(
    times: Float[Tensor, "windows times"], n_slots: int
) -> tuple[Float[Tensor, "windows rounds slots"], Int[Tensor, "windows times"]]:
    """The times in ascending rounds of ``n_slots``, and where each went.

    Round r takes every R-th time from the r-th on, so that each round spans them all.  Free slots are filled with even
    times up to 1 (the horizon).  With ``n_slots`` times there is one round and nothing is filled.

    Args:
        times: in horizons, any order.
        n_slots: slots of the network.

    Returns:
        rounds: ascending in each round.
        places: index of each time among the flattened (rounds, slots); see ``out_of_slots``.

    >>> in_slots(torch.tensor([[0.9, 0.1]]), 4)[0]
    tensor([[[0.1000, 0.5000, 0.9000, 1.0000]]])
    """
    n_windows, n_times = times.shape
    n_rounds = -(-n_times // n_slots)
    n_free = n_rounds * n_slots - n_times
    filling = torch.arange(1, n_free + 1, dtype=times.dtype, device=times.device) / max(n_free, 1)
    ordered, order = torch.cat([times, filling.expand(n_windows, -1)], dim=1).sort(dim=1, stable=True)
    rank = order.argsort(dim=1)[:, :n_times]
    rounds = ordered.unflatten(1, (n_slots, n_rounds)).transpose(1, 2)
    return rounds, rank % n_rounds * n_slots + rank // n_rounds


def out_of_slots(
    served: Float[Tensor, "windows rounds slots atoms 3"], places: Int[Tensor, "windows times"]
) -> Float[Tensor, "windows times atoms 3"]:
    """What was served, in the order of the times that were asked for."""
    rows = torch.arange(len(places), device=places.device)[:, None]
    return served.flatten(1, 2)[rows, places]
