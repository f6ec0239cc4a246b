"""The same forecaster for the same molecule with its atoms in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from msmd.molecule import Molecule

PAIR_TENSORS = ("weights.0", "network.slope", "centre", "inverse_spread", "nearest", "farthest")
"""Entries of the state with an axis of pairs: the last of the first layer's weights, the first of all others."""


def renumbered_molecule(molecule: Molecule, order: Sequence[int]) -> Molecule:
    """The molecule with its atoms in another order, new atom k being old atom order[k]."""
    new = {old: k for k, old in enumerate(order)}
    return Molecule(
        name=molecule.name,
        numbers=tuple(molecule.numbers[old] for old in order),
        bonds=tuple((new[i], new[j]) for i, j in molecule.bonds),
    )


def renumbered_state(state: Mapping[str, Tensor], order: Sequence[int]) -> dict[str, Tensor]:
    """A SpectralODE's state for the renumbered molecule."""
    pairs = pair_order(order)
    found = dict(state)
    for name, tensor in state.items():
        if name.endswith(PAIR_TENSORS):
            found[name] = tensor.index_select(tensor.ndim - 1 if "weights" in name else 0, pairs)
    found["fallback.structure"] = state["fallback.structure"][list(order)]
    return found


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
