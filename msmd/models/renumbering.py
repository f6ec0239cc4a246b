"""The same forecaster for the same molecule with its atoms in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from msmd.models.memory import Memory
from msmd.models.modal_field import Axis, ForceField


def renumbered_state(state: Mapping[str, Tensor], axes: Mapping[str, Axis], order: Sequence[int]) -> dict[str, Tensor]:
    """A forecaster's state for the renumbered molecule.

    Args:
        state: of the forecaster.
        axes: its entries that have an axis of atoms or of pairs.
        order: new atom k is old atom order[k].
    """
    orders = {"atoms": torch.as_tensor(list(order)), "pairs": pair_order(order)}
    moved = {
        name: state[name].index_select(axis, orders[counted].to(state[name].device))
        for name, (counted, axis) in axes.items()
    }
    return dict(state) | moved


def spectral_ode_axes(field: ForceField, fast_field: ForceField, memory: Memory | None) -> dict[str, Axis]:
    """The entries of a SpectralODE's state that have an axis of atoms or of pairs."""
    found: dict[str, Axis] = {"guard.nearest": ("pairs", 0), "guard.farthest": ("pairs", 0)}
    for part, owner in (("field", field), ("fast_field", fast_field)):
        found |= {f"{part}.{name}": axis for name, axis in owner.axes.items()}
    if memory is not None:
        found |= {f"memory.{name}": axis for name, axis in memory.axes.items()}
    return found | {"fallback.structure": ("atoms", 0)}


def pair_order(order: Sequence[int]) -> Int[Tensor, " pairs"]:
    """For each pair i < j of renumbered atoms, which pair it was before.

    >>> pair_order([2, 0, 1])
    tensor([1, 2, 0])
    """
    n_atoms = len(order)
    number = np.zeros((n_atoms, n_atoms), dtype=int)
    first, second = np.triu_indices(n_atoms, 1)
    number[first, second] = number[second, first] = np.arange(len(first))
    old = np.asarray(order)
    return torch.from_numpy(number[old[first], old[second]])
