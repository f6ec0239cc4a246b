"""Members of an ensemble: starts that a forecast cannot tell from the one it was given.

The first member is that start itself; the others come in opposite pairs, so that what is linear in the perturbation
drops out of their mean.  Under a thermostat an even number of members shares its unseen variable ξ(0) out in pairs
alone, so that there only an odd number has a member with ξ(0) = 0.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from msmd.frame import without_drift_and_spin
from msmd.models.modal_field import ModalGeometry


def normal_quantiles(n_members: int) -> Float[Tensor, " members"]:
    """The middle quantiles of n equal slices of a standard normal distribution, scaled to unit variance.

    They come in opposite pairs of growing size, after the 0 that an odd n has.

    >>> normal_quantiles(3)
    tensor([ 0.0000, -1.2247,  1.2247], dtype=torch.float64)
    """
    upper = torch.arange((n_members + 1) // 2, n_members, dtype=torch.float64)
    upper = torch.special.ndtri((upper + 0.5) / n_members)
    values = torch.cat([torch.zeros(n_members % 2, dtype=torch.float64), torch.stack([-upper, upper], 1).flatten()])
    return values / values.square().mean().sqrt() if n_members > 1 else values


def opposite_pairs(draws: Float[Tensor, "pairs draws"], n_members: int) -> Float[Tensor, "pairs members"]:
    """Strengths of n members: none for the first, then each draw with both signs.

    >>> opposite_pairs(torch.tensor([[1.0, 2.0]]), 4)
    tensor([[ 0., -1.,  1., -2.]])
    """
    member = torch.arange(n_members)
    signs = torch.where(member % 2 == 0, 1.0, -1.0).to(draws)
    signs[0] = 0.0
    return draws[:, ((member - 1) // 2).clamp(min=0)] * signs


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


def internal_momenta(
    geometry: ModalGeometry, coordinates: Float[Tensor, "modes 3 columns"], momenta: Float[Tensor, "modes 3 columns"]
) -> Float[Tensor, "modes 3 columns"]:
    """The part of the momenta that deforms the molecule; drift and spin, which are orthogonal to it, are left out."""
    arrays = (part.cpu().numpy() for part in (geometry.nodal(coordinates), geometry.nodal(momenta), geometry.masses))
    return geometry.modal(torch.from_numpy(without_drift_and_spin(*arrays)).to(momenta))


def perturbed_momenta(
    geometry: ModalGeometry,
    coordinates: Float[Tensor, "modes 3 columns"],
    momenta: Float[Tensor, "modes 3 columns"],
    strengths: Float[Tensor, "pairs columns"],
    spread: Float[Tensor, ""],
) -> Float[Tensor, "modes 3 columns"]:
    """Momenta after impulses along the pairs; kinetic energy, drift and spin are what they were.

    Args:
        geometry: between positions and modes.
        coordinates: Y in Å·u^{1/2}.
        momenta: P in Å·u^{1/2}/fs.
        strengths: of the impulses, in proportion; a column of zeros keeps its momenta.
        spread: rms impulse over that of the momenta that deform the molecule.
    """
    internal = internal_momenta(geometry, coordinates, momenta)
    size = internal.square().sum((0, 1)).sqrt()
    impulses = pair_impulses(geometry, coordinates, strengths)
    tiny = torch.finfo(impulses.dtype).tiny
    changed = internal + spread * size / impulses.square().sum((0, 1)).sqrt().clamp(min=tiny) * impulses
    scaled = changed * (size / changed.square().sum((0, 1)).sqrt().clamp(min=tiny))
    return torch.where((strengths == 0.0).all(0), momenta, momenta - internal + scaled)
