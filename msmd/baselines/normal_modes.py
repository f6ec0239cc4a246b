"""Damped normal modes in the Eckart frame: a molecule of springs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.optimize import fminbound

from msmd.baselines.base import FittedBaseline
from msmd.data.windows import TrainingData, Windows
from msmd.frame import angular_momentum, centre_of_mass, eckart_frame, inertia, mean_structure
from msmd.rotor import free_rotations
from msmd.shapes import Array, Float
from msmd.units import WAVENUMBER_PER_INVERSE_FS
from msmd.vibrations import stiffness, to_modal, to_nodal, vibrational_basis

DAMPING_RANGE_FS = (1.0, 1e6)
"""Where the damping time is looked for: from forgetting within a step to never."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalModes(FittedBaseline):
    """x(t) = c + v_c t + Q(t) R (r + M^-½ U q(t)),  q_k(t) = e^{−t/τ} (q_k(0) cos ω_k t + q̇_k(0)/ω_k sin ω_k t).

    r is the training mean structure and R its Eckart frame at the start; frequencies and modes diagonalise the
    mass-weighted stiffness, and one damping time τ stands for everything that is not harmonic.  The frame drifts and
    spins as a free rigid body, Q(t).

    Attributes:
        modes: orthonormal columns U in √m-weighted coordinates.
        frequencies: ω per mode, rad/fs, ascending; zero where the fitted stiffness was negative.
        damping_fs: τ, fs.

    Reference: Wilson, Decius and Cross, Molecular Vibrations (1955), for the modes.
    """

    name: ClassVar[str] = "normal-modes"
    modes: Float[Array, "coordinates vibrations"]
    frequencies: Float[Array, " vibrations"]
    damping_fs: float

    @property
    def wavenumbers(self) -> Float[Array, " vibrations"]:
        """Frequencies in cm⁻¹."""
        return self.frequencies / (2 * np.pi) * WAVENUMBER_PER_INVERSE_FS

    @classmethod
    def fit(cls, training: TrainingData) -> NormalModes:
        """Mean structure and stiffness from the training frames, the damping time from the training windows."""
        masses = training.molecule.masses
        structure = mean_structure(training.structures(), masses)
        basis = vibrational_basis(structure, masses)
        squares, rotation = np.linalg.eigh(stiffness(training, structure, basis))
        undamped = cls(
            molecule=training.molecule,
            structure=structure,
            modes=basis @ rotation,
            frequencies=np.sqrt(np.maximum(squares, 0.0)),
            damping_fs=np.inf,
        )
        return undamped._damped_for(training.windows)

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """Rigid motion and damped vibration."""
        rigid, vibration = self._undamped(positions, velocities, times_fs)
        return rigid + np.exp(-times_fs / self.damping_fs)[..., None, None] * vibration

    def _undamped(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> tuple[Float[Array, "windows times atoms 3"], Float[Array, "windows times atoms 3"]]:
        """The rigid part of the motion, and the vibration to be added to it, both in the laboratory, Å."""
        masses = self.molecule.masses
        frame = eckart_frame(positions, self.structure, masses)
        shift = to_modal(frame.to_body(positions) - frame.reference, self.modes, masses)
        speed = to_modal(frame.body_velocities(positions, velocities), self.modes, masses)
        phase = self.frequencies * times_fs[..., None]
        # sin(ωt)/ω → t as ω → 0; numpy's sinc(x) is sin(πx)/(πx).
        lever = times_fs[..., None] * np.sinc(phase / np.pi)
        body = to_nodal(shift[:, None] * np.cos(phase) + speed[:, None] * lever, self.modes, masses)
        momentum = angular_momentum(positions, velocities, masses)
        spun = free_rotations(inertia(positions, masses), momentum, times_fs) @ frame.rotations[:, None]
        path = frame.centres[:, None] + centre_of_mass(velocities, masses)[:, None] * times_fs[..., None]
        turned = np.swapaxes(spun, -1, -2)
        return path[:, :, None] + frame.reference @ turned, body @ turned

    def _damped_for(self, windows: Windows) -> NormalModes:
        """The same modes with the damping time that lowers the squared error on these windows most.

        |y − d u|² = |y|² − 2 d y·u + d² |u|² with d = e^{−t/τ}: two numbers per window and time are all it takes.
        """
        rigid, vibration = self._undamped(windows.positions, windows.velocities, windows.times_fs)
        overlap = np.einsum("wtad,wtad->wt", windows.targets - rigid, vibration)
        power = np.einsum("wtad,wtad->wt", vibration, vibration)

        def loss(log_damping: float) -> float:
            kept = np.exp(-windows.times_fs / np.exp(log_damping))
            return float((kept**2 * power - 2 * kept * overlap).sum())

        return replace(self, damping_fs=float(np.exp(fminbound(loss, *np.log(DAMPING_RANGE_FS)))))
