"""The guard: which members of an ensemble are still in the range of distances that the potential was trained on."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from msmd.molecule import Molecule

BOND_SHRINK_ANGSTROM = 0.25
BOND_STRETCH_ANGSTROM = 0.40
NEAREST_FRACTION = 0.70
"""Loose on purpose: bounds that hug the training frames throw away good members (model notes, section 4)."""


class DistanceGuard(nn.Module):
    """Sound while every bond lies within −0.25/+0.40 Å of what the training frames hold, and every other pair at no
    less than 0.70 of its smallest distance there.

    Args:
        molecule: atoms and bonds.
    """

    def __init__(self, molecule: Molecule) -> None:
        super().__init__()
        n_pairs = molecule.n_atoms * (molecule.n_atoms - 1) // 2
        self.molecule = molecule
        self.register_buffer("nearest", torch.zeros(n_pairs, 1))
        self.register_buffer("farthest", torch.full((n_pairs, 1), torch.inf))

    @torch.no_grad()
    def fit(self, inverse_distances: Float[Tensor, "pairs frames"]) -> None:
        """Sets the bounds from every known frame."""
        distances = 1.0 / inverse_distances
        nearest, farthest = distances.amin(1, keepdim=True), distances.amax(1, keepdim=True)
        bonded = torch.from_numpy(_is_bonded(self.molecule))[:, None].to(nearest.device)
        self.nearest.copy_(torch.where(bonded, nearest - BOND_SHRINK_ANGSTROM, NEAREST_FRACTION * nearest))
        self.farthest.copy_(torch.where(bonded, farthest + BOND_STRETCH_ANGSTROM, torch.inf))

    def forward(self, inverse_distances: Float[Tensor, "pairs columns"]) -> Bool[Tensor, " columns"]:
        """True for the columns that are sound; NaN is not."""
        distances = 1.0 / inverse_distances
        return ((distances >= self.nearest) & (distances <= self.farthest)).all(0)


def _is_bonded(molecule: Molecule) -> Bool[np.ndarray, " pairs"]:
    """For each pair i < j in row order, whether a bond joins it."""
    bonded = np.zeros((molecule.n_atoms, molecule.n_atoms), dtype=bool)
    bonded[tuple(molecule.bond_array.T)] = True
    return bonded[np.triu_indices(molecule.n_atoms, 1)]
