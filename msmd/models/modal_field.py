"""The force field in modal coordinates: what drives every mode."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.models.pair_network import PairNetwork
from msmd.molecule import Molecule
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U


class ModalGeometry(nn.Module):
    """Maps between positions and mass-weighted modal coordinates, and from these to the differences of atom pairs.

    Y = Uᵀ M^{1/2} x, hence x = M^{-1/2} U Y, and x_i − x_j = (G Y)_ij with G = B M^{-1/2} U, B the incidence matrix of
    all pairs.  In these coordinates the equations of motion need no further transform: one product with G on the way in
    and one with Gᵀ on the way out, as many operations as in nodal coordinates.

    Args:
        molecule: atoms and bonds.
        basis: orthonormal columns U.
        n_moving: modes that feel forces, the first ones; None for all.

    Coordinates are laid out as (modes, 3, columns), a column per configuration.
    """

    def __init__(
        self, molecule: Molecule, basis: Float[np.ndarray, "atoms modes"], *, n_moving: int | None = None
    ) -> None:
        super().__init__()
        roots = np.sqrt(molecule.masses)
        first, second = np.triu_indices(molecule.n_atoms, 1)
        incidence = np.zeros((len(first), molecule.n_atoms))
        incidence[np.arange(len(first)), first] = 1.0
        incidence[np.arange(len(first)), second] = -1.0
        to_nodal = basis / roots[:, None]
        for name, matrix in (
            ("to_modal", basis.T * roots),
            ("to_nodal", to_nodal),
            ("differences", incidence @ to_nodal),
            ("incidence", incidence),
        ):
            self.register_buffer(name, torch.tensor(matrix), persistent=False)
        moving = torch.ones(molecule.n_atoms, 1, 1, dtype=self.to_modal.dtype)
        if n_moving is not None:
            moving[n_moving:] = 0.0
        self.register_buffer("moving", moving, persistent=False)
        self.register_buffer("differences_single", self.differences.float(), persistent=False)
        self.register_buffer("forces_single", (self.differences * moving[:, 0, 0]).T.float(), persistent=False)

    @property
    def n_pairs(self) -> int:
        """Number of atom pairs, n(n − 1)/2."""
        return len(self.differences)

    def modal(self, nodal: Float[Tensor, "columns atoms 3"]) -> Float[Tensor, "modes 3 columns"]:
        """Y = Uᵀ M^{1/2} x of each configuration."""
        return _multiply(self.to_modal, nodal.permute(1, 2, 0).to(self.to_modal.dtype))

    def nodal(self, modal: Float[Tensor, "modes 3 columns"]) -> Float[Tensor, "columns atoms 3"]:
        """x = M^{-1/2} U Y of each configuration."""
        return _multiply(self.to_nodal, modal).permute(2, 0, 1)

    def inverse_distances(self, nodal: Float[Tensor, "columns atoms 3"]) -> Float[Tensor, "pairs columns"]:
        """1/|x_i − x_j| of every pair, in Å⁻¹."""
        between = _multiply(self.incidence.to(nodal.dtype), nodal.permute(1, 2, 0))
        return between.square().sum(1).rsqrt()


class ModalField(nn.Module):
    """The acceleration of every mode, −Uᵀ M^{-1/2} ∇E(Y), from an invariant potential.

    Invariance makes it conserve momentum and angular momentum, and turn with the input, whatever the weights.
    """

    def __init__(self, geometry: ModalGeometry, network: PairNetwork) -> None:
        super().__init__()
        self.geometry = geometry
        self.network = network

    def forward(
        self, coordinates: Float[Tensor, "modes 3 columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "modes 3 columns"], Float[Tensor, "pairs columns"]]:
        """Energy (kcal/mol), acceleration (Å·u^{1/2}/fs²) and inverse distances (Å⁻¹) at Y (Å·u^{1/2})."""
        matrix = self.geometry.differences_single
        between = _multiply(matrix, coordinates.to(matrix.dtype))
        inverse = between.square().sum(1).rsqrt()
        energy, derivative = self.network(inverse)
        along = (derivative * inverse**3 * KCAL_PER_MOL_PER_ANGSTROM_PER_U)[:, None] * between
        acceleration = _multiply(self.geometry.forces_single, along)
        return energy, acceleration.to(coordinates.dtype), inverse

    def energies_and_forces(
        self, positions: Float[Tensor, "frames atoms 3"]
    ) -> tuple[Float[Tensor, " frames"], Float[Tensor, "frames atoms 3"]]:
        """Energies in kcal/mol (up to a constant) and forces in kcal/mol/Å at positions in Å."""
        incidence = self.geometry.incidence.to(self.network.centre.dtype)
        between = _multiply(incidence, positions.permute(1, 2, 0).to(incidence.dtype))
        inverse = between.square().sum(1).rsqrt()
        energies, derivative = self.network(inverse)
        forces = _multiply(incidence.T, (derivative * inverse**3)[:, None] * between)
        return energies, forces.permute(2, 0, 1)


def _multiply(matrix: Float[Tensor, "out inner"], blocks: Float[Tensor, "inner 3 columns"]) -> Tensor:
    """One matrix product over all directions and columns."""
    return (matrix @ blocks.reshape(blocks.shape[0], -1)).reshape(-1, *blocks.shape[1:])
