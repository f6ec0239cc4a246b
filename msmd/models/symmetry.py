"""What equal atoms mean for training: they may be renamed."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.graph import automorphisms
from msmd.models.modal_field import ModalGeometry
from msmd.molecule import Molecule

MAX_SYMMETRIES = 48
"""Enough for every MD17 molecule (12 at most); a long alkane has more than can be listed."""

MAX_STATISTICS = 20_000
"""Structures that means, spreads and bounds are taken from: more change the third digit."""


def renamings(molecule: Molecule, *, only_identity: bool = False) -> Int[Tensor, "symmetries atoms"]:
    """Permutations of the atoms that keep the bond graph, the identity first, or it alone."""
    return torch.from_numpy(automorphisms(molecule, limit=1 if only_identity else MAX_SYMMETRIES))


def symmetrised_inverse_distances(
    geometry: ModalGeometry, molecule: Molecule, structures: Float[np.ndarray, "structures atoms 3"]
) -> Float[Tensor, "pairs renamed"]:
    """Inverse distances, equal atoms renamed in every way, so that equal pairs have equal statistics."""
    symmetries = renamings(molecule)
    stride = max(1, len(structures) * len(symmetries) // MAX_STATISTICS)
    renamed = np.concatenate([structures[::stride][:, order] for order in symmetries.numpy()])
    return geometry.inverse_distances(torch.from_numpy(renamed)).float()
