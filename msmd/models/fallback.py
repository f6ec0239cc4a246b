"""When to believe a model: the best convex combination of its paths with forecasts that need none, by horizon."""

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


class Fallback(nn.Module):
    """x̂(t) = Σ_p w_p(t) x_p(t) + w_mean(t) x_mean + w_start(t) x(0) + …, with w ≥ 0, Σw = 1, only paths at t = 0.

    The paths x_p are what a model has to say: a single one, or an ensemble's mean and its first member; the dots are
    forecasts of other kinds.  The weights make the squared error on validation windows least, separately for heavy and
    hydrogen atoms, so that the forecast is nowhere worse than the aligned mean structure or persistence, on data like
    those.  Beyond the longest time seen they keep their last values.

    Args:
        molecule: atoms and bonds.
        n_paths: how many paths the model has; the first is believed until ``calibrate`` says more.
        n_others: how many forecasts of other kinds there are.

    Reference: Bates and Granger, Oper. Res. Q. 20, 451 (1969), on combining forecasts.
    """

    def __init__(self, molecule: Molecule, n_paths: int = 1, n_others: int = 0) -> None:
        super().__init__()
        self.molecule = molecule
        self.n_paths = n_paths
        weights = torch.zeros(2, len(KNOTS_FS), n_paths + 2 + n_others, dtype=torch.float64)
        weights[..., 0] = 1.0
        self.register_buffer("weights", weights)
        self.register_buffer("structure", torch.zeros(molecule.n_atoms, 3, dtype=torch.float64))

    def sources(
        self,
        paths: Float[Tensor, "paths windows times atoms 3"],
        positions: Float[Tensor, "windows atoms 3"],
        *others: Float[Tensor, "windows times atoms 3"],
    ) -> Float[Tensor, "sources windows times atoms 3"]:
        """The forecasts that are combined; centred positions in, centred forecasts out, Å.

        Where a path is NaN the mean structure stands in.
        """
        start = positions.double().cpu().numpy()
        frame = eckart_frame(start, self.structure.cpu().numpy(), self.molecule.masses)
        placed = frame.to_laboratory(np.broadcast_to(frame.reference, start.shape))
        constant = torch.stack([torch.from_numpy(placed).to(paths), positions.to(paths)])
        constant = constant[:, :, None].expand(-1, *paths.shape[1:])
        sound = torch.where(torch.isfinite(paths), paths, constant[0])
        return torch.cat([sound, constant, *(other[None].to(paths) for other in others)])

    def forward(
        self,
        paths: Float[Tensor, "paths windows times atoms 3"],
        positions: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
        *others: Float[Tensor, "windows times atoms 3"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """The combination."""
        weights = self.weights_at(times_fs).to(paths)
        return torch.einsum("wtas,swtad->wtad", weights, self.sources(paths, positions, *others))

    def weights_at(self, times_fs: Float[Tensor, "windows times"]) -> Float[Tensor, "windows times atoms sources"]:
        """Weights of the sources for every atom, linear between the knots."""
        times = times_fs.double().cpu().numpy()
        table = self.weights.cpu().numpy()
        by_kind = np.stack(
            [np.stack([np.interp(times, KNOTS_FS, column) for column in of_kind.T], axis=-1) for of_kind in table]
        )
        return torch.from_numpy(by_kind[self.molecule.is_heavy.astype(int)]).permute(1, 2, 0, 3)

    @torch.no_grad()
    def calibrate(
        self,
        errors: Sequence[Float[np.ndarray, "sources _ _ atoms 3"]],
        times_fs: Sequence[Float[np.ndarray, "_ _"]],
    ) -> None:
        """Sets the weights from the sources' errors (Å) on validation windows.

        Each knot weighs the samples between its neighbours with the hat function; a knot that sees none takes the
        weights of the one before it, and the first one the paths' shares of the second.
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
            shares = table[1, : self.n_paths]
            if shares.sum() > 0.0:
                table[0, : self.n_paths] = shares / shares.sum()


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
