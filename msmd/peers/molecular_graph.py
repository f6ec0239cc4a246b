"""The edges that a peer passes messages along: pairs of atoms one and two bonds apart, fixed per molecule."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.graph import hop_edges
from msmd.molecule import Molecule


class MolecularGraph(nn.Module):
    """1-hop and 2-hop edges of a molecule as buffers, and sums over them as products with a matrix.

    The molecule is the same for every window, so that tensors stay dense, (…, atoms, channels) and (…, edges,
    channels), and collecting messages is one product with the (atoms, edges) incidence.  On a processor that is fast
    and deterministic; on a GPU the gradient of looking values up along the edges is not deterministic.

    Attributes:
        receivers, senders: atoms of each directed edge.
        edge_features: (edges, 3): atomic number of receiver and sender over the largest, and the number of hops.
        charges: (atoms, 1): atomic number over the largest.
    """

    n_edge_features = 3

    def __init__(self, molecule: Molecule) -> None:
        super().__init__()
        by_hops = [hop_edges(molecule, hops) for hops in (1, 2)]
        senders, receivers = np.concatenate(by_hops, axis=1)
        hops = np.repeat([1.0, 2.0], [edges.shape[1] for edges in by_hops])
        charges = np.array(molecule.numbers) / max(molecule.numbers)
        incidence = (np.arange(molecule.n_atoms)[:, None] == receivers[None, :]).astype(float)
        floats = {
            "edge_features": np.stack([charges[receivers], charges[senders], hops], axis=1),
            "charges": charges[:, None],
            "incidence": incidence,
            "averaging": incidence / np.maximum(incidence.sum(axis=1, keepdims=True), 1.0),
        }
        for name, array in {"senders": senders, "receivers": receivers}.items():
            self.register_buffer(name, torch.as_tensor(array), persistent=False)
        for name, array in floats.items():
            self.register_buffer(name, torch.tensor(array, dtype=torch.float32), persistent=False)

    @property
    def edge_index(self) -> Tensor:
        """(2, edges) as (senders, receivers), the form that torch-geometric takes."""
        return torch.stack([self.senders, self.receivers])

    def at_receivers(self, nodal: Float[Tensor, "*batch atoms channels"]) -> Float[Tensor, "*batch edges channels"]:
        """Each edge's receiver's values."""
        return nodal.index_select(-2, self.receivers)

    def at_senders(self, nodal: Float[Tensor, "*batch atoms channels"]) -> Float[Tensor, "*batch edges channels"]:
        """Each edge's sender's values."""
        return nodal.index_select(-2, self.senders)

    def total(self, messages: Float[Tensor, "*batch edges channels"]) -> Float[Tensor, "*batch atoms channels"]:
        """Σ over the edges that an atom receives."""
        return self.incidence @ messages

    def mean(self, messages: Float[Tensor, "*batch edges channels"]) -> Float[Tensor, "*batch atoms channels"]:
        """Mean over the edges that an atom receives; zero where it receives none."""
        return self.averaging @ messages
