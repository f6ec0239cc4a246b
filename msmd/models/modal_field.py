"""The force field in modal coordinates: what drives every mode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

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
    def masses(self) -> Float[Tensor, " atoms"]:
        """In u: Σ_k (Uᵀ M^{1/2})²_ka, U being orthonormal."""
        return self.to_modal.square().sum(0)

    @property
    def n_pairs(self) -> int:
        """Number of atom pairs, n(n − 1)/2."""
        return len(self.differences)

    def modal(self, nodal: Float[Tensor, "columns atoms 3"]) -> Float[Tensor, "modes 3 columns"]:
        """Y = Uᵀ M^{1/2} x of each configuration."""
        return multiply(self.to_modal, nodal.permute(1, 2, 0).to(self.to_modal.dtype))

    def nodal(self, modal: Float[Tensor, "modes 3 columns"]) -> Float[Tensor, "columns atoms 3"]:
        """x = M^{-1/2} U Y of each configuration."""
        return multiply(self.to_nodal, modal).permute(2, 0, 1)

    def inverse_distances(self, nodal: Float[Tensor, "columns atoms 3"]) -> Float[Tensor, "pairs columns"]:
        """1/|x_i − x_j| of every pair, in Å⁻¹."""
        between = multiply(self.incidence.to(nodal.dtype), nodal.permute(1, 2, 0))
        return between.square().sum(1).rsqrt()


@dataclass(frozen=True, kw_only=True)
class KnownStructures:
    """What a field may know of the molecule before it is trained.

    Attributes:
        positions: of training frames, Å.
        mean: the mean structure, centred, Å.
        inverse_distances: of the training frames with equal atoms renamed in every way, Å⁻¹.
    """

    positions: Float[np.ndarray, "structures atoms 3"]
    mean: Float[np.ndarray, "atoms 3"]
    inverse_distances: Float[Tensor, "pairs renamed"]


Axis = tuple[Literal["atoms", "pairs"], int]
"""What an axis of a tensor counts, and which axis it is."""


class ForceField(nn.Module, ABC):
    """What drives every mode: forces at positions, and the acceleration of the modes that follows from them.

    Attributes:
        geometry: between positions and modes.
        network: what is learned; has ``centre`` and ``energy_scale``.
    """

    renames_equal_atoms: ClassVar[bool] = True
    """Whether training renames equal atoms at random, so that it learns what it does not know: that they are equal."""

    axes: ClassVar[Mapping[str, Axis]] = {}
    """Entries of its state that have an axis of atoms or of pairs, so that it can be renumbered."""

    def __init__(self, geometry: ModalGeometry, network: nn.Module) -> None:
        super().__init__()
        self.geometry = geometry
        self.network = network

    @classmethod
    @abstractmethod
    def build(cls, geometry: ModalGeometry, widths: tuple[int, ...]) -> ForceField:
        """One with a network of these hidden layers, all zero."""

    @abstractmethod
    def initialise(self, known: KnownStructures, energy_scale: float, generator: torch.Generator) -> None:
        """Sets what follows from the training structures, and draws the weights."""

    @abstractmethod
    def forward(
        self, coordinates: Float[Tensor, "modes 3 columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "modes 3 columns"], Float[Tensor, "pairs columns"]]:
        """Energy (kcal/mol, NaN where there is none), acceleration (Å·u^{1/2}/fs²) and inverse distances (Å⁻¹) at Y."""

    @abstractmethod
    def energies_and_forces(
        self, positions: Float[Tensor, "frames atoms 3"]
    ) -> tuple[Float[Tensor, " frames"], Float[Tensor, "frames atoms 3"]]:
        """Energies (kcal/mol, up to a constant, NaN where there is none) and forces (kcal/mol/Å) at positions in Å."""


class ModalField(ForceField):
    """The acceleration of every mode, −Uᵀ M^{-1/2} ∇E(Y), from an invariant potential.

    Invariance makes it conserve momentum and angular momentum, and turn with the input, whatever the weights.
    """

    axes: ClassVar[Mapping[str, Axis]] = {
        "network.weights.0": ("pairs", 1),
        "network.slope": ("pairs", 0),
        "network.centre": ("pairs", 0),
        "network.inverse_spread": ("pairs", 0),
    }

    @classmethod
    def build(cls, geometry: ModalGeometry, widths: tuple[int, ...]) -> ModalField:
        """One with a network of these hidden layers on the distances of all pairs."""
        return cls(geometry, PairNetwork(geometry.n_pairs, widths))

    def initialise(self, known: KnownStructures, energy_scale: float, generator: torch.Generator) -> None:
        """Sets the statistics of the inverse distances, and draws the weights."""
        self.network.initialise(known.inverse_distances, energy_scale, generator)

    def forward(
        self, coordinates: Float[Tensor, "modes 3 columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "modes 3 columns"], Float[Tensor, "pairs columns"]]:
        """Energy (kcal/mol), acceleration (Å·u^{1/2}/fs²) and inverse distances (Å⁻¹) at Y (Å·u^{1/2})."""
        matrix = self.geometry.differences_single
        between = multiply(matrix, coordinates.to(matrix.dtype))
        inverse = between.square().sum(1).rsqrt()
        energy, derivative = self.network(inverse)
        along = (derivative * inverse**3 * KCAL_PER_MOL_PER_ANGSTROM_PER_U)[:, None] * between
        acceleration = multiply(self.geometry.forces_single, along)
        return energy, acceleration.to(coordinates.dtype), inverse

    def energies_and_forces(
        self, positions: Float[Tensor, "frames atoms 3"]
    ) -> tuple[Float[Tensor, " frames"], Float[Tensor, "frames atoms 3"]]:
        """Energies in kcal/mol (up to a constant) and forces in kcal/mol/Å at positions in Å."""
        incidence = self.geometry.incidence.to(self.network.centre.dtype)
        between = multiply(incidence, positions.permute(1, 2, 0).to(incidence.dtype))
        inverse = between.square().sum(1).rsqrt()
        energies, derivative = self.network(inverse)
        forces = multiply(incidence.T, (derivative * inverse**3)[:, None] * between)
        return energies, forces.permute(2, 0, 1)


def multiply(matrix: Float[Tensor, "out inner"], blocks: Float[Tensor, "inner 3 columns"]) -> Tensor:
    """One matrix product over all directions and columns."""
    return (matrix @ blocks.reshape(blocks.shape[0], -1)).reshape(-1, *blocks.shape[1:])
