"""The best linear map from the start to each later time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import solve

from msmd.baselines.base import FittedBaseline
from msmd.baselines.time_knots import TimeKnots
from msmd.data.windows import TrainingData, Windows
from msmd.frame import EckartFrame, centre_of_mass, eckart_frame, mean_structure
from msmd.shapes import Array, Float, Int

PENALTIES = tuple(10.0**power for power in range(-3, 4))
"""Ridge penalties tried, per sample and in units of the features' variance."""

N_FOLDS = 5
"""Cross-validation leaves out contiguous fifths of the windows: neighbours overlap and would give the answer away."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearResponse(FittedBaseline):
    """x(t) = c + v_c t + R (r + B(t) z),  z = (1, y(0) − r, ẏ(0)): ridge regression in the body frame of x(0).

    y are Eckart-frame coordinates about the training mean structure r, ẏ velocities turned into that frame, and B(t) is
    interpolated between the fitted times, from B(0) z = y(0) − r.  A harmonic molecule obeys such a law exactly; for
    the others it is the best linear one.  A penalty per atom pulls it towards the mean future: the hydrogens of a
    rotor are not to decide how far the atoms of a ring can be told.

    Attributes:
        knots: grid in time.
        scales: root mean square of each feature, in its own unit.
        response: B at the knots, for scaled features, Å.
        penalties: the ridge penalty that cross-validation chose, per atom.

    Reference: Hoerl and Kennard, Technometrics 12, 55 (1970).
    """

    name: ClassVar[str] = "linear-response"
    knots: TimeKnots
    scales: Float[Array, " features"]
    response: Float[Array, "knots features coordinates"]
    penalties: Float[Array, " atoms"]

    @classmethod
    def fit(cls, training: TrainingData) -> LinearResponse:
        """Ridge regression of all windows' displacements, penalties chosen by cross-validation."""
        windows, masses = training.windows, training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        frame = eckart_frame(windows.positions, structure, masses)
        features = _features(frame, windows.positions, windows.velocities)
        scales = np.sqrt(np.square(features).mean(axis=0))
        scales[scales == 0] = 1.0
        knots = TimeKnots.for_times(windows.times_fs)
        folds = _Folds.of(windows, knots, features / scales, _displacements(frame, windows, knots))
        later, penalties = folds.best()
        return cls(
            molecule=training.molecule,
            structure=structure,
            knots=knots,
            scales=scales,
            response=np.concatenate([_identity(scales)[None], later.reshape(-1, *_identity(scales).shape)]),
            penalties=penalties,
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
        path = frame.centres[:, None] + centre_of_mass(velocities, masses)[:, None] * times_fs[..., None]
        return path[:, :, None] + np.einsum("wtae,wde->wtad", frame.reference + body, frame.rotations)


@dataclass(frozen=True, kw_only=True)
class _Folds:
    """The normal equations of each fold of the windows, so that any penalty and any left-out fold costs one solve.

    Attributes:
        gram, right: XᵀX and XᵀY per fold; the unknowns are B at each knot after the start, knot by knot.
        square: YᵀY per fold and coordinate.
        penalised: per unknown, the number of samples of all folds (also where one is left out, on which a penalty is a
            quarter stronger); zero for constants, which are never pulled to zero.
    """

    gram: Float[Array, "folds unknowns unknowns"]
    right: Float[Array, "folds unknowns coordinates"]
    square: Float[Array, "folds coordinates"]
    penalised: Float[Array, " unknowns"]

    @classmethod
    def of(
        cls,
        windows: Windows,
        knots: TimeKnots,
        features: Float[Array, "windows features"],
        displacements: Float[Array, "windows times coordinates"],
    ) -> _Folds:
        """Sums over the windows of each fold."""
        weights = knots.weights(windows.times_fs)[..., 1:]
        folds = _contiguous_folds(windows)
        parts = [_normal_equations(weights[fold], features[fold], displacements[fold]) for fold in folds]
        gram, right, square = (np.stack(part) for part in zip(*parts, strict=True))
        n_knots, n_features = weights.shape[-1], features.shape[-1]
        per_knot = np.append(0.0, np.full(n_features - 1, windows.times_fs.size / n_knots))
        return cls(gram=gram, right=right, square=square, penalised=np.tile(per_knot, n_knots))

    def best(self) -> tuple[Float[Array, "unknowns coordinates"], Float[Array, " atoms"]]:
        """The ridge solution with, for each atom, the penalty of least cross-validation error; and the penalties."""
        chosen = np.argmin([self._error_by_atom(penalty) for penalty in PENALTIES], axis=0)
        found = np.empty(self.right.shape[1:])
        for index in np.unique(chosen):
            columns = np.repeat(chosen == index, 3)
            found[:, columns] = self._solve(PENALTIES[index])[:, columns]
        return found, np.array(PENALTIES)[chosen]

    def _solve(self, penalty: float, left_out: int | None = None) -> Float[Array, "unknowns coordinates"]:
        """The ridge solution on all folds but one."""
        used = [fold for fold in range(len(self.gram)) if fold != left_out]
        # The least penalty everywhere, so that a knot without samples can be solved for.
        gram = self.gram[used].sum(axis=0) + np.diag(penalty * self.penalised + PENALTIES[0])
        return solve(gram, self.right[used].sum(axis=0), assume_a="pos")

    def _error_by_atom(self, penalty: float) -> Float[Array, " atoms"]:
        """Squared error on each fold of the solution on the others, |Y − XB|² = YᵀY − 2 Bᵀ XᵀY + Bᵀ XᵀX B."""
        error = np.zeros(self.right.shape[2])
        for fold, (gram, right, square) in enumerate(zip(self.gram, self.right, self.square, strict=True)):
            found = self._solve(penalty, left_out=fold)
            error += square - 2 * (found * right).sum(axis=0) + (found * (gram @ found)).sum(axis=0)
        return error.reshape(-1, 3).sum(axis=1)


def _normal_equations(
    weights: Float[Array, "windows times later"],
    features: Float[Array, "windows features"],
    displacements: Float[Array, "windows times coordinates"],
) -> tuple[Float[Array, "unknowns unknowns"], Float[Array, "unknowns coordinates"], Float[Array, " coordinates"]]:
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
    return gram.reshape(unknowns, unknowns), right.reshape(unknowns, -1), np.square(displacements).sum(axis=(0, 1))


def _features(
    frame: EckartFrame, positions: Float[Array, "windows atoms 3"], velocities: Float[Array, "windows atoms 3"]
) -> Float[Array, "windows features"]:
    """(1, y(0) − r, velocities in the body frame without the drift), flattened."""
    n_windows = len(positions)
    shift = (frame.to_body(positions) - frame.reference).reshape(n_windows, -1)
    drift = centre_of_mass(velocities, frame.masses)[:, None]
    speed = ((velocities - drift) @ frame.rotations).reshape(n_windows, -1)
    return np.concatenate([np.ones((n_windows, 1)), shift, speed], axis=1)


def _identity(scales: Float[Array, " features"]) -> Float[Array, "features coordinates"]:
    """B(0): picks y(0) − r out of the scaled features."""
    n_coordinates = (len(scales) - 1) // 2
    return np.eye(len(scales), n_coordinates, k=-1) * scales[:, None]


def _displacements(frame: EckartFrame, windows: Windows, knots: TimeKnots) -> Float[Array, "windows times coordinates"]:
    """Rᵀ (x(t) − c − v_c t) − r, flattened, less what the knot at t = 0 contributes."""
    drift = centre_of_mass(windows.velocities, frame.masses)[:, None] * windows.times_fs[..., None]
    arms = windows.targets - (frame.centres[:, None] + drift)[:, :, None]
    shifts = np.einsum("wtad,wde->wtae", arms, frame.rotations) - frame.reference
    start = frame.to_body(windows.positions) - frame.reference
    known = knots.weights(windows.times_fs)[..., 0, None, None] * start[:, None]
    return (shifts - known).reshape(*windows.times_fs.shape, -1)


def _contiguous_folds(windows: Windows) -> list[Int[Array, " fold"]]:
    """Windows in order of segment and start, cut into as many runs as there are folds."""
    order = np.lexsort((windows.start_times_fs, windows.segments))
    return [fold for fold in np.array_split(order, N_FOLDS) if len(fold)]
