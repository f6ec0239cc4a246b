"""The part of a molecule that a peer models, and how the hydrogens that it leaves out follow.

The papers drop every hydrogen, from input and metric alike.  A forecast here has all atoms, so that each hydrogen is
carried along as a rigid part of its surroundings: the heavy atoms within two bonds of the atom it hangs on are
superposed from the start onto the forecast, and the hydrogen turns and moves with them.  Bond lengths to hydrogen stay
what they were at the start.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from msmd.graph import hop_distances
from msmd.molecule import Molecule

SURROUNDINGS_HOPS = 2
"""Bonds from a hydrogen's atom to the last heavy atom that turns it: enough for three atoms off one line in every
organic molecule of three heavy atoms, and few enough that one end of aspirin does not turn the other."""

STAY = 1e-4
"""Å²: weight of "do not turn" in the superposition.  It decides where the surroundings leave a turn open (one heavy
atom, or all on one line), and weighs next to nothing against a C–C bond (1.5 Å) where they do not."""


def modelled_atoms(molecule: Molecule, *, heavy_only: bool) -> Int[np.ndarray, " modelled"]:
    """Indices of the atoms that a peer models: the heavy ones, or all where asked for."""
    return np.flatnonzero(molecule.is_heavy) if heavy_only else np.arange(molecule.n_atoms)


def submolecule(molecule: Molecule, atoms: Int[np.ndarray, " kept"]) -> Molecule:
    """The molecule of these atoms and the bonds among them, renumbered in the order given.

    >>> ethanol = Molecule(name="CO", numbers=(1, 6, 8), bonds=((0, 1), (1, 2)))
    >>> submolecule(ethanol, np.array([1, 2])).bonds
    ((0, 1),)
    """
    place = {int(atom): new for new, atom in enumerate(atoms)}
    return Molecule(
        name=molecule.name,
        numbers=tuple(molecule.numbers[atom] for atom in place),
        bonds=tuple((place[i], place[j]) for i, j in molecule.bonds if i in place and j in place),
    )


class CarriedAtoms(nn.Module):
    """Puts the atoms that are not modelled back, each as a rigid part of its modelled surroundings.

    For a left-out atom with anchor a (the nearest modelled atom) and surroundings S, the rotation Q maximises
    Σ_{s∈S} (y_s − ȳ)ᵀ Q (x_s − x̄) + STAY·tr Q (Kabsch, Acta Cryst. A32, 922, 1976), and the atom goes to
    y_a + Q (x − x_a).  Rotating or translating start and forecast together moves it with them.
    """

    def __init__(self, molecule: Molecule, modelled: Int[np.ndarray, " modelled"]) -> None:
        super().__init__()
        carried = np.setdiff1d(np.arange(molecule.n_atoms), modelled)
        distances = hop_distances(molecule)[np.ix_(carried, modelled)]
        nearest = distances.argmin(axis=1) if len(carried) else np.empty(0, dtype=int)
        inside = distances <= distances.min(axis=1, keepdims=True) + SURROUNDINGS_HOPS if len(carried) else distances
        weights = inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)
        self.n_atoms = molecule.n_atoms
        for name, array in (("modelled", modelled), ("carried", carried), ("anchors", nearest)):
            self.register_buffer(name, torch.as_tensor(array), persistent=False)
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32), persistent=False)

    def forward(
        self, start: Float[Tensor, "windows atoms 3"], forecast: Float[Tensor, "windows times modelled 3"]
    ) -> Float[Tensor, "windows times atoms 3"]:
        """All atoms, from the whole start frame and the forecast of the modelled atoms, Å."""
        full = forecast.new_empty((*forecast.shape[:2], self.n_atoms, 3))
        full[:, :, self.modelled] = forecast
        if len(self.carried):
            known = start[:, None, self.modelled]
            arms = start[:, None, self.carried] - known[:, :, self.anchors]
            turned = torch.einsum(
                "wthij,wthj->wthi", self._rotations(known, forecast), arms.expand(-1, forecast.shape[1], -1, -1)
            )
            full[:, :, self.carried] = forecast[:, :, self.anchors] + turned
        return full

    def _rotations(
        self, known: Float[Tensor, "windows 1 modelled 3"], forecast: Float[Tensor, "windows times modelled 3"]
    ) -> Float[Tensor, "windows times carried 3 3"]:
        # About one centre: far from the origin single precision would lose the covariance among the coordinates.
        centre = known.mean(dim=2, keepdim=True)
        known, forecast = known - centre, forecast - centre
        weighted = torch.einsum("hm,wtmi,wtmj->wthij", self.weights, forecast, known.expand_as(forecast))
        means = [torch.einsum("hm,wtmi->wthi", self.weights, x) for x in (forecast, known.expand_as(forecast))]
        covariance = weighted - means[0][..., :, None] * means[1][..., None, :]
        covariance = covariance + STAY * torch.eye(3, dtype=covariance.dtype, device=covariance.device)
        left, _, right = torch.linalg.svd(covariance)
        signs = torch.ones_like(left[..., 0])
        signs[..., 2] = torch.sign(torch.linalg.det(left @ right))
        return (left * signs[..., None, :]) @ right
