"""When to believe the ensemble: its best convex combination with two forecasts that need no model, by horizon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from msmd.frame import eckart_frame
from msmd.molecule import Molecule

KNOTS_FS = (0.0, 25.0, 50.0, 100.0, 187.5, 375.0, 600.0, 900.0, 1200.0, 1500.0, 2250.0, 3000.0, 4500.0, 6000.0)
"""Where the weights are fitted; between them they are interpolated, beyond the last they stay."""

N_SOURCES = 3
"""The ensemble's mean, the aligned mean structure, the start."""


class Fallback(nn.Module):
    """x̂(t) = w₁(t) x_ensemble(t) + w₂(t) x_mean + w₃(t) x(0), with w ≥ 0, Σw = 1 and w₁(0) = 1.

    The weights make the squared error on validation windows least, separately for heavy and hydrogen atoms, so that the
    forecast is nowhere worse than the aligned mean structure or persistence, on data like those.  Beyond the longest
    time seen, w₁ keeps its last value.

    Args:
        molecule: atoms and bonds.

    Reference: Bates and Granger, Oper. Res. Q. 20, 451 (1969), on combining forecasts.
    """

    def __init__(self, molecule: Molecule) -> None:
        super().__init__()
        self.molecule = molecule
        weights = torch.zeros(2, len(KNOTS_FS), N_SOURCES, dtype=torch.float64)
        weights[..., 0] = 1.0
        self.register_buffer("weights", weights)
        self.register_buffer("structure", torch.zeros(molecule.n_atoms, 3, dtype=torch.float64))

    def sources(
        self, ensemble: Float[Tensor, "windows times atoms 3"], positions: Float[Tensor, "windows atoms 3"]
    ) -> Float[Tensor, "3 windows times atoms 3"]:
        """The three forecasts that are combined; centred positions in, centred forecasts out, Å."""
        start = positions.double().cpu().numpy()
        frame = eckart_frame(start, self.structure.cpu().numpy(), self.molecule.masses)
        placed = frame.to_laboratory(np.broadcast_to(frame.reference, start.shape))
        constant = torch.stack([torch.from_numpy(placed).to(ensemble), positions.to(ensemble)])
        return torch.cat([ensemble[None], constant[:, :, None].expand(-1, *ensemble.shape)])

    def forward(
        self,
        ensemble: Float[Tensor, "windows times atoms 3"],
        positions: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """The combination; the mean structure stands in where the ensemble is NaN."""
        weights = self.weights_at(times_fs).to(ensemble)
        sources = self.sources(ensemble, positions)
        lost = ~torch.isfinite(ensemble)
        sources[0] = torch.where(lost, sources[1], sources[0])
        return torch.einsum("wtas,swtad->wtad", weights, sources)

    def weights_at(self, times_fs: Float[Tensor, "windows times"]) -> Float[Tensor, "windows times atoms 3"]:
        """Weights of the three sources for every atom, linear between the knots."""
        times = times_fs.double().cpu().numpy()
        table = self.weights.cpu().numpy()
        by_kind = np.stack(
            [[np.interp(times, KNOTS_FS, table[kind, :, source]) for source in range(N_SOURCES)] for kind in range(2)]
        )
        by_atom = by_kind[self.molecule.is_heavy.astype(int)]
        return torch.from_numpy(by_atom).permute(2, 3, 0, 1)

    @torch.no_grad()
    def calibrate(
        self,
        errors: Sequence[Float[np.ndarray, "3 _ _ atoms 3"]],
        times_fs: Sequence[Float[np.ndarray, "_ _"]],
    ) -> None:
        """Sets the weights from the three sources' errors (Å) on validation windows.

        Each knot weighs the samples between its neighbours with the hat function; a knot that sees none takes the
        weights of the one before it.
        """
        for kind, atoms in enumerate((~self.molecule.is_heavy, self.molecule.is_heavy)):
            if not atoms.any():
                continue
            table = self.weights[kind]
            for knot in range(1, len(KNOTS_FS)):
                products = sum(
                    _products(e[..., atoms, :], _hat(t, knot)) for e, t in zip(errors, times_fs, strict=True)
                )
                seen = np.trace(products) > 0.0
                table[knot] = torch.from_numpy(best_combination(products)) if seen else table[knot - 1]


def best_combination(products: Float[np.ndarray, "sources sources"]) -> Float[np.ndarray, " sources"]:
    """The weights w ≥ 0, Σw = 1 with the least wᵀ C w, C the mean products of the sources' errors.

    The minimum lies inside one of the faces of the simplex; every face is tried.

    >>> best_combination(np.diag([1.0, 3.0]))
    array([0.75, 0.25])
    >>> best_combination(np.array([[1.0, 2.0], [2.0, 5.0]]))
    array([1., 0.])
    """
    n = len(products)
    ridge = 1e-9 * np.trace(products) * np.eye(n)
    best, least = np.eye(n)[int(np.argmin(np.diag(products)))], float(np.diag(products).min())
    for size in range(2, n + 1):
        for face in map(list, combinations(range(n), size)):
            inside = np.linalg.solve((products + ridge)[np.ix_(face, face)], np.ones(size))
            weights = np.zeros(n)
            weights[face] = inside / inside.sum()
            value = float(weights @ products @ weights)
            if np.all(weights >= 0.0) and value < least:
                best, least = weights, value
    return best


def _hat(times_fs: Float[np.ndarray, "windows times"], knot: int) -> Float[np.ndarray, "windows times"]:
    """1 at the knot, falling linearly to 0 at its neighbours."""
    return np.interp(times_fs, KNOTS_FS, np.eye(len(KNOTS_FS))[knot], right=0.0)


def _products(
    errors: Float[np.ndarray, "sources windows times atoms 3"], weights: Float[np.ndarray, "windows times"]
) -> Float[np.ndarray, "sources sources"]:
    """Σ over samples of weight · e_s · e_r."""
    return np.einsum("wt,swtad,rwtad->sr", weights, errors, errors, optimize=True)
