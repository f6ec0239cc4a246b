"""The best linear map from the start to each later time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from msmd.baselines.base import Baseline
from msmd.baselines.time_knots import TimeKnots
from msmd.data.windows import TrainingData, Windows
from msmd.frame import EckartFrame, centre_of_mass, eckart_frame, mean_structure
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Frame, Int

PENALTIES = tuple(10.0**power for power in range(-6, 4))
"""Ridge penalties tried, per sample and in units of the features' variance."""

N_FOLDS = 5
"""Cross-validation leaves out contiguous fifths of the windows: neighbours overlap and would give the answer away."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearResponse(Baseline):
    """x(t) = c + v_c t + R (y(0) + B(t) z),  z = (1, y(0) − r, ẏ(0)): ridge regression in the body frame of x(0).

    y are Eckart-frame coordinates about the training mean structure r, ẏ velocities turned into that frame, and B(t) is
    interpolated between the fitted times, from B(0) = 0.  A harmonic molecule obeys such a law exactly; for the others
    it is the best linear one.

    Attributes:
        molecule: atoms and bonds.
        structure: training mean structure r, Å.
        knots: grid in time.
        scales: root mean square of each feature, in its own unit.
        response: B at the knots, for scaled features, Å.
        penalty: the ridge penalty that cross-validation chose.

    Reference: Hoerl and Kennard, Technometrics 12, 55 (1970).
    """

    name: ClassVar[str] = "linear-response"
    molecule: Molecule
    structure: Frame
    knots: TimeKnots
    scales: Float[Array, " features"]
    response: Float[Array, "knots features coordinates"]
    penalty: float

    @classmethod
    def fit(cls, training: TrainingData) -> Self:
        """Ridge regression of all windows' displacements, the penalty chosen by cross-validation."""
        windows, masses = training.windows, training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        frame = eckart_frame(windows.positions, structure, masses)
        features = _features(frame, windows.positions, windows.velocities)
        scales = np.sqrt(np.square(features).mean(axis=0))
        scales[scales == 0] = 1.0
        knots = TimeKnots.for_times(windows.times_fs)
        folds = _Folds.of(windows, knots, features / scales, _displacements(frame, windows))
        penalty = min(PENALTIES, key=folds.error)
        later = folds.solve(penalty).reshape(len(knots.knots_fs) - 1, len(scales), -1)
        return cls(
            molecule=training.molecule,
            structure=structure,
            knots=knots,
            scales=scales,
            response=np.pad(later, ((1, 0), (0, 0), (0, 0))),
            penalty=penalty,
        )

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The start, drifting, plus its linear response."""
        masses = self.molecule.masses
        frame = eckart_frame(positions, self.structure, masses)
        features = _features(frame, positions, velocities) / self.scales
        at_knots = np.einsum("wf,kfc->wkc", features, self.response)
        body = (self.knots.weights(times_fs) @ at_knots).reshape(*times_fs.shape, -1, 3)
        drift = centre_of_mass(velocities, masses)[:, None] * times_fs[..., None]
        return positions[:, None] + drift[:, :, None] + np.einsum("wtae,wde->wtad", body, frame.rotations)


@dataclass(frozen=True, kw_only=True)
class _Folds:
    """The normal equations of each fold of the windows, so that any penalty and any left-out fold costs one solve."""

    gram: Float[Array, "folds unknowns unknowns"]
    right: Float[Array, "folds unknowns coordinates"]
    square: Float[Array, " folds"]
    n_samples: int

    @classmethod
    def of(
        cls,
        windows: Windows,
        knots: TimeKnots,
        features: Float[Array, "windows features"],
        displacements: Float[Array, "windows times coordinates"],
    ) -> _Folds:
        """Unknowns are B at each knot after the start, knot by knot."""
        parts = [
            _normal_equations(knots.weights(windows.times_fs)[fold, :, 1:], features[fold], displacements[fold])
            for fold in _contiguous_folds(windows)
        ]
        gram, right, square = (np.stack(part) for part in zip(*parts, strict=True))
        return cls(gram=gram, right=right, square=square, n_samples=windows.times_fs.size)

    def solve(self, penalty: float, left_out: int | None = None) -> Float[Array, "unknowns coordinates"]:
        """The ridge solution on all folds but one."""
        used = [fold for fold in range(len(self.gram)) if fold != left_out]
        gram = self.gram[used].sum(axis=0)
        gram[np.diag_indices_from(gram)] += penalty * self.n_samples / len(gram)
        return np.linalg.solve(gram, self.right[used].sum(axis=0))

    def error(self, penalty: float) -> float:
        """Summed squared error on each fold of the solution on the others."""
        total = 0.0
        for fold in range(len(self.gram)):
            found = self.solve(penalty, left_out=fold)
            total += (
                self.square[fold] - 2 * np.sum(found * self.right[fold]) + np.sum(found * (self.gram[fold] @ found))
            )
        return float(total)


def _normal_equations(
    weights: Float[Array, "windows times later"],
    features: Float[Array, "windows features"],
    displacements: Float[Array, "windows times coordinates"],
) -> tuple[Float[Array, "unknowns unknowns"], Float[Array, "unknowns coordinates"], Float[Array, ""]]:
    """Sums over samples of the design z ⊗ φ(t), built without ever holding the design itself.

    Only knots next to each other share samples, so the blocks beyond the first off-diagonal are zero.
    """
    n_knots, n_features = weights.shape[-1], features.shape[-1]
    gram = np.zeros((n_knots, n_features, n_knots, n_features))
    for first in range(n_knots):
        for second in range(first, min(first + 2, n_knots)):
            shared = (weights[..., first] * weights[..., second]).sum(axis=1)
            gram[first, :, second] = features.T @ (shared[:, None] * features)
            gram[second, :, first] = gram[first, :, second].T
    summed = np.einsum("wtk,wtc->wkc", weights, displacements)
    right = np.einsum("wf,wkc->kfc", features, summed)
    unknowns = n_knots * n_features
    return gram.reshape(unknowns, unknowns), right.reshape(unknowns, -1), np.square(displacements).sum()


def _features(
    frame: EckartFrame, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
) -> Float[Array, "windows features"]:
    """(1, y(0) − r, velocities in the body frame without the drift), flattened."""
    n_windows = len(positions)
    shift = (frame.to_body(positions) - frame.reference).reshape(n_windows, -1)
    drift = centre_of_mass(velocities, frame.masses)[:, None]
    speed = ((velocities - drift) @ frame.rotations).reshape(n_windows, -1)
    return np.concatenate([np.ones((n_windows, 1)), shift, speed], axis=1)


def _displacements(frame: EckartFrame, windows: Windows) -> Float[Array, "windows times coordinates"]:
    """Rᵀ (x(t) − x(0) − v_c t), flattened."""
    drift = centre_of_mass(windows.velocities, frame.masses)[:, None] * windows.times_fs[..., None]
    moved = windows.targets - windows.positions[:, None] - drift[:, :, None]
    return np.einsum("wtad,wde->wtae", moved, frame.rotations).reshape(*windows.times_fs.shape, -1)


def _contiguous_folds(windows: Windows) -> list[Int[Array, " fold"]]:
    """Windows in order of segment and start, cut into as many runs as there are folds."""
    order = np.lexsort((windows.start_times_fs, windows.segments))
    return [fold for fold in np.array_split(order, N_FOLDS) if len(fold)]
