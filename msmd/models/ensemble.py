"""Members of an ensemble: starts that a forecast cannot tell from the one it was given."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from msmd.models.modal_field import ModalGeometry


def normal_quantiles(n_members: int) -> Float[Tensor, " members"]:
    """The middle quantiles of n equal slices of a standard normal distribution, scaled to unit variance; 0 for one.

    >>> normal_quantiles(1)
    tensor([0.], dtype=torch.float64)
    """
    if n_members == 1:
        return torch.zeros(1, dtype=torch.float64)
    slices = (torch.arange(n_members, dtype=torch.float64) + 0.5) / n_members
    values = torch.special.ndtri(slices)
    return values / values.square().mean().sqrt()


def pair_impulses(
    geometry: ModalGeometry,
    coordinates: Float[Tensor, "modes 3 columns"],
    strengths: Float[Tensor, "pairs columns"],
) -> Float[Tensor, "modes 3 columns"]:
    """Changes of momentum along the lines that join the atoms: Σ_ij s_ij (x_i − x_j)/|x_i − x_j|.

    Being equal and opposite along a line they keep total momentum and angular momentum, and being numbers per pair
    they turn with the molecule: perturbed starts stay equivariant.
    """
    matrix = geometry.differences
    between = (matrix @ coordinates.reshape(len(coordinates), -1)).reshape(-1, *coordinates.shape[1:])
    along = between * (strengths * between.square().sum(1).rsqrt())[:, None]
    return (matrix.T @ along.reshape(len(along), -1)).reshape(coordinates.shape)
