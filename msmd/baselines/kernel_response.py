"""What followed the starts that were most like this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from scipy.linalg import solve

from msmd.baselines.base import FittedBaseline
from msmd.baselines.time_knots import TimeKnots
from msmd.data.windows import TrainingData, Windows
from msmd.frame import EckartFrame, centre_of_mass, eckart_frame, mean_structure
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Int
from msmd.units import WAVENUMBER_PER_INVERSE_FS

MAX_WINDOWS = 500
"""Training windows that are remembered, the papers' number; the cost of a fit grows with its cube."""

WAVENUMBERS = (np.inf, 1000.0, 300.0, 100.0)
"""Candidates for ω in cm⁻¹: of an oscillator of this frequency, both halves of the phase space count alike."""

LENGTHS = (0.1, 0.3, 1.0, 3.0)
"""Candidates for the kernel's length over the median distance between starts."""

PENALTIES = (0.01, 0.1, 0.5)
"""Candidates for the ridge penalty; the kernel of a start with itself is 1."""

N_FOLDS = 5

Starts = Float[Array, "windows 2 atoms 3"]
"""Mass-weighted deviations from the mean structure (Å·u^{1/2}) and velocities (Å·u^{1/2}/fs), in the body frame."""

OtherStarts = Float[Array, "others 2 atoms 3"]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """k(z, z') = exp(−|z − z'|/ℓ), z = (M^{1/2} (y − r), M^{1/2} ẏ/ω): nearness in phase space.

    Attributes:
        length: ℓ in Å·u^{1/2}.
        inverse_rate_fs: 1/ω; 0 forgets velocities.
    """

    length: float
    inverse_rate_fs: float

    def __call__(self, starts: Starts, others: OtherStarts) -> Float[Array, "windows others"]:
        """Of every pair."""
        return np.exp(-_distances(starts, others, self.inverse_rate_fs) / self.length)


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelResponse(FittedBaseline):
    """x(t) = c + v_c t + R (r + u(t) + Σ_i k(z, z_i) a_i(t)): kernel ridge regression in the body frame of x(0).

    u is the mean displacement of the training windows and z_i are their starts; both u and a_i are interpolated between
    the fitted times, from the start itself.  It knows no physics: it remembers.  Where test starts lie among the
    training windows, as under the papers' split, that is worth a lot; in a part of the trajectory that it has not seen,
    little.  Kernel and penalty are those of least error on random fifths of the windows, heavy atoms only: as if tests
    were drawn as the training windows were.

    Attributes:
        knots: grid in time.
        kernel: nearness of two starts.
        starts: z_i.
        mean: u at the knots after the start, Å.
        coefficients: a_i there, Å.

    Reference: Saunders, Gammerman and Vovk, ICML 1998.
    """

    name: ClassVar[str] = "kernel-response"
    knots: TimeKnots
    kernel: Kernel
    starts: Starts
    mean: Float[Array, "later atoms 3"]
    coefficients: Float[Array, "windows later atoms 3"]

    @classmethod
    def fit(cls, training: TrainingData) -> KernelResponse:
        """Remembers the first 500 windows; kernel and penalty by cross-validation."""
        windows, molecule = training.windows.take(slice(MAX_WINDOWS)), training.molecule
        structure = mean_structure(training.structures(), molecule.masses)
        frame = eckart_frame(windows.positions, structure, molecule.masses)
        knots = TimeKnots.for_times(windows.times_fs)
        starts = _starts(frame, windows.positions, windows.velocities)
        seen = _Seen.of(frame, windows, knots)
        kernel, penalty = _best_kernel(starts, seen, molecule)
        mean, coefficients = seen.fitted(kernel(starts, starts), penalty)
        return cls(
            molecule=molecule, structure=structure, knots=knots, kernel=kernel, starts=starts, mean=mean,
            coefficients=coefficients,
        )  # fmt: skip

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The start, drifting, plus what followed starts like it."""
        frame = eckart_frame(positions, self.structure, self.molecule.masses)
        near = self._nearness(frame, positions, velocities)
        later = self.mean + np.einsum("wi,ikad->wkad", near, self.coefficients, optimize=True)
        start = frame.to_body(positions) - frame.reference
        body = np.einsum(
            "wtk,wkad->wtad", self.knots.weights(times_fs), np.concatenate([start[:, None], later], axis=1)
        )
        path = frame.centres[:, None] + centre_of_mass(velocities, self.molecule.masses)[:, None] * times_fs[..., None]
        return path[:, :, None] + np.einsum("wtae,wde->wtad", frame.reference + body, frame.rotations)

    def nearness(
        self, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
    ) -> Float[Array, "windows remembered"]:
        """k(z, z_i) of these starts with those that are remembered."""
        return self._nearness(eckart_frame(positions, self.structure, self.molecule.masses), positions, velocities)

    def _nearness(
        self,
        frame: EckartFrame,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
    ) -> Float[Array, "windows remembered"]:
        return self.kernel(_starts(frame, positions, velocities), self.starts)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """The windows' displacements as observations at the knots: the mean of a window's samples around each.

    Attributes:
        shares: how many samples of a window a knot has, by their hat functions; 1 where windows share their times.
        displacements: Å; zero where a window has no sample.
    """

    shares: Float[Array, "windows later"]
    displacements: Float[Array, "windows later atoms 3"]

    @classmethod
    def of(cls, frame: EckartFrame, windows: Windows, knots: TimeKnots) -> _Seen:
        """Rᵀ (x(t) − c − v_c t) − r of all samples, gathered at the knots."""
        drift = centre_of_mass(windows.velocities, frame.masses)[:, None] * windows.times_fs[..., None]
        arms = windows.targets - (frame.centres[:, None] + drift)[:, :, None]
        shifts = np.einsum("wtad,wde->wtae", arms, frame.rotations) - frame.reference
        weights = knots.weights(windows.times_fs)[..., 1:]
        shares = weights.sum(axis=1)
        gathered = np.einsum("wtk,wtad->wkad", weights, shifts)
        return cls(shares=shares, displacements=gathered / np.where(shares > 0, shares, 1.0)[..., None, None])

    def take(self, windows: Int[Array, " chosen"]) -> _Seen:
        """The chosen windows only."""
        return _Seen(shares=self.shares[windows], displacements=self.displacements[windows])

    def fitted(
        self, gram: Float[Array, "windows windows"], penalty: float
    ) -> tuple[Float[Array, "later atoms 3"], Float[Array, "windows later atoms 3"]]:
        """Mean and coefficients at every knot; a window without samples there has none."""
        n_windows, n_later = self.shares.shape
        mean = np.einsum("wk,wkad->kad", self.shares, self.displacements)
        mean /= np.maximum(self.shares.sum(axis=0), np.finfo(float).tiny)[:, None, None]
        left = (self.displacements - mean).reshape(n_windows, n_later, -1)
        found = np.zeros_like(left)
        for pattern in np.unique(self.shares, axis=1).T:  # knots that see the same windows cost one solve together
            knots, here = np.all(self.shares == pattern[:, None], axis=0), pattern > 0
            if here.any():
                matrix = gram[np.ix_(here, here)] + np.diag(penalty / pattern[here])
                right = left[here][:, knots]
                solved = solve(matrix, right.reshape(len(right), -1), assume_a="pos").reshape(right.shape)
                found[np.ix_(here, knots)] = solved
        return mean, found.reshape(self.displacements.shape)


def _best_kernel(starts: Starts, seen: _Seen, molecule: Molecule) -> tuple[Kernel, float]:
    """Those of least squared error over random folds."""
    order = np.random.default_rng(0).permutation(len(starts))
    folds = [fold for fold in np.array_split(order, N_FOLDS) if len(fold) < len(order)]

    def error(gram: Float[Array, "windows windows"], penalty: float) -> float:
        total = 0.0
        for fold in folds:
            rest = np.setdiff1d(order, fold)
            mean, found = seen.take(rest).fitted(gram[np.ix_(rest, rest)], penalty)
            told = mean + np.einsum("wi,ikad->wkad", gram[np.ix_(fold, rest)], found, optimize=True)
            left_out = seen.take(fold)
            squares = np.square(told - left_out.displacements)[:, :, molecule.is_heavy].sum(axis=(2, 3))
            total += float((left_out.shares * squares).sum())
        return total

    scores = {
        (kernel, penalty): error(gram, penalty)
        for kernel in _kernels(starts)
        for gram in [kernel(starts, starts)]
        for penalty in PENALTIES
    }
    return min(scores, key=scores.__getitem__)


def _kernels(starts: Starts) -> Iterator[Kernel]:
    """All candidates."""
    for wavenumber, factor in product(WAVENUMBERS, LENGTHS):
        inverse_rate = WAVENUMBER_PER_INVERSE_FS / (2.0 * np.pi * wavenumber)
        median = float(np.median(_distances(starts, starts, inverse_rate)))
        yield Kernel(length=factor * (median or 1.0), inverse_rate_fs=inverse_rate)


def _distances(starts: Starts, others: OtherStarts, inverse_rate_fs: float) -> Float[Array, "windows others"]:
    """|z − z'| of every pair."""
    scale = np.array([1.0, inverse_rate_fs])[:, None, None]
    first, second = ((scale * part).reshape(len(part), -1) for part in (starts, others))
    squares = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1) - 2.0 * first @ second.T
    return np.sqrt(np.maximum(squares, 0.0))


def _starts(
    frame: EckartFrame, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
) -> Starts:
    """Deviation and velocity in the body frame, without the drift, mass-weighted."""
    drift = centre_of_mass(velocities, frame.masses)[:, None]
    both = np.stack([frame.to_body(positions) - frame.reference, (velocities - drift) @ frame.rotations], axis=1)
    return both * np.sqrt(frame.masses)[:, None]
