"""Force fields that see displacements of the modes in the body frame instead of distances: ablations of the model."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from msmd.errors import DataError
from msmd.models.body_frame import BodyFrames, body_frames
from msmd.models.body_networks import DisplacementNetwork, ModeForces, ModePotentials
from msmd.models.modal_field import Axis, ForceField, KnownStructures, ModalGeometry, multiply
from msmd.models.symmetry import MAX_STATISTICS
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

FLATTEST = 1e-3
"""Part of the longest extent below which a mean structure counts as a line, about which no frame is fixed."""


class BodyField(ForceField):
    """A field of q = Uᵀ M^{1/2} (Rᵀ(x − c) − r): the displacement of every mode from the mean structure r, in the
    Eckart frame R that turns with the molecule.

    Translating and rotating the input turns the forces with it, through the frame.  Equal atoms are told apart by
    their places in r, and a mirror image is another structure, so that nothing is learned from renaming them.

    The modes are kept with the weights, because eigenvectors are fixed only up to sign, and in equal eigenvalues up to
    rotation.
    """

    renames_equal_atoms: ClassVar[bool] = False
    axes: ClassVar[Mapping[str, Axis]] = {"reference": ("atoms", 0), "modes": ("atoms", 1)}
    network: DisplacementNetwork

    def __init__(self, geometry: ModalGeometry, network: DisplacementNetwork) -> None:
        super().__init__(geometry, network)
        self.register_buffer("reference", torch.zeros(len(geometry.masses), 3))
        self.register_buffer("modes", geometry.to_modal.float())
        self.register_buffer("masses", geometry.masses.float(), persistent=False)

    @torch.no_grad()
    def initialise(self, known: KnownStructures, energy_scale: float, generator: torch.Generator) -> None:
        """Sets the mean structure and the statistics of the displacements, and draws the weights.

        Raises:
            DataError: for a molecule whose mean structure is a line.
        """
        extents = np.linalg.svd(known.mean, compute_uv=False)
        if extents[1] < FLATTEST * extents[0]:
            raise DataError(
                "The mean structure is a line, about which the body frame can turn freely; the fields 'body-frame' and "
                "'separable' need a molecule with three principal axes. Use the field 'pairs'."
            )
        self.reference.copy_(torch.from_numpy(known.mean))
        stride = max(1, len(known.positions) // MAX_STATISTICS)
        positions = torch.from_numpy(known.positions[::stride].copy()).to(self.reference.dtype)
        self.network.standardise(self._displacements(self._frames(positions.permute(1, 2, 0))), energy_scale)
        self.network.draw(generator)

    def forward(
        self, coordinates: Float[Tensor, "modes 3 columns"]
    ) -> tuple[Float[Tensor, " columns"], Float[Tensor, "modes 3 columns"], Float[Tensor, "pairs columns"]]:
        """Energy (kcal/mol, NaN without a potential), acceleration (Å·u^{1/2}/fs²), inverse distances (Å⁻¹) at Y."""
        matrix = self.geometry.to_nodal.to(self.reference.dtype)
        nodal = multiply(matrix, coordinates.to(matrix.dtype))
        energy, forces = self._at(self._frames(nodal))
        acceleration = multiply(matrix.T, forces) * (self.geometry.moving * KCAL_PER_MOL_PER_ANGSTROM_PER_U)
        between = multiply(self.geometry.incidence.to(matrix.dtype), nodal)
        return energy, acceleration.to(coordinates.dtype), between.square().sum(1).rsqrt()

    def energies_and_forces(
        self, positions: Float[Tensor, "frames atoms 3"]
    ) -> tuple[Float[Tensor, " frames"], Float[Tensor, "frames atoms 3"]]:
        """Energies (kcal/mol, NaN without a potential) and forces (kcal/mol/Å) at positions in Å."""
        energy, forces = self._at(self._frames(positions.to(self.reference.dtype).permute(1, 2, 0)))
        return energy, forces.permute(2, 0, 1)

    @abstractmethod
    def _at(self, frames: BodyFrames) -> tuple[Float[Tensor, " columns"], Float[Tensor, "atoms 3 columns"]]:
        """Energy, and forces in the laboratory."""

    def _frames(self, nodal: Float[Tensor, "atoms 3 columns"]) -> BodyFrames:
        return body_frames(nodal, self.reference, self.masses)

    def _displacements(self, frames: BodyFrames) -> Float[Tensor, "modes 3 columns"]:
        """q, Å·u^{1/2}."""
        return multiply(self.modes, frames.body - self.reference[..., None])


class BodyFrameField(BodyField):
    """No invariance: a network gives the forces of all modes from the displacements of all modes.

    There is no potential (its energy is NaN), so that neither energy nor angular momentum is conserved.  The net force
    is taken out, since the displacements do not know where the molecule is.
    """

    @classmethod
    def build(cls, geometry: ModalGeometry, widths: tuple[int, ...]) -> BodyFrameField:
        """One with a network of these hidden layers."""
        return cls(geometry, ModeForces(len(geometry.masses), widths))

    def _at(self, frames: BodyFrames) -> tuple[Float[Tensor, " columns"], Float[Tensor, "atoms 3 columns"]]:
        basis = (self.modes / self.masses.sqrt()).T
        forces = multiply(basis, self.network(self._displacements(frames)))
        shares = self.masses / self.masses.sum()
        forces = forces - shares[:, None, None] * forces.sum(0)
        return torch.full_like(forces[0, 0], torch.nan), frames.to_laboratory(forces)


class SeparableField(BodyField):
    """No interaction between modes: E = Σ_k e_k(q_k), a potential of every mode's own displacement.

    It is invariant through the frame, and its exact gradient, the turning of the frame included, is the force.
    """

    network: ModePotentials

    @classmethod
    def build(cls, geometry: ModalGeometry, widths: tuple[int, ...]) -> SeparableField:
        """One with so many units per mode that all modes together have as many weights as one network of ``widths``."""
        n_modes = len(geometry.masses)
        return cls(geometry, ModePotentials(n_modes, tuple(math.ceil(width / math.sqrt(n_modes)) for width in widths)))

    def _at(self, frames: BodyFrames) -> tuple[Float[Tensor, " columns"], Float[Tensor, "atoms 3 columns"]]:
        energy, derivative = self.network(self._displacements(frames))
        return energy, -frames.gradient(multiply(self.modes.T, derivative))
