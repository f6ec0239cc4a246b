"""What a molecule does apart from drifting and turning: displacements and velocities in its Eckart frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from msmd.errors import ProtocolError
from msmd.frame import eckart_frame, mean_structure
from msmd.molecule import Molecule
from msmd.spectrum.basis import GraphSpectrum
from msmd.trajectory import Trajectory
from msmd.units import WAVENUMBER_PER_INVERSE_FS

HIGHEST_WAVENUMBER = 3800.0
"""Stretches of O–H, the fastest motion of a molecule with hydrogens, lie below this (cm⁻¹); frames must resolve it."""

DIFFERENCING_LIMIT_FS = 1.0
"""Central differences 1 fs apart take 15 % off the power of an O–H stretch, 0.5 fs apart 4 %."""

REFERENCE_FRAMES = 5000
"""The mean structure is taken over at most this many frames, evenly spread; more change it by less than 1e-3 Å."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InternalMotion:
    """One trajectory in its Eckart frame, frames evenly spaced.

    Attributes:
        molecule: atoms and bonds.
        dt_fs: time between frames.
        displacements: y − r, Å: how far each atom is from where the reference has it.
        velocities: ẏ, Å/fs.
    """

    molecule: Molecule
    dt_fs: float
    displacements: Float[np.ndarray, "frames atoms 3"]
    velocities: Float[np.ndarray, "frames atoms 3"]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.displacements)

    def between(self, first: int, last: int) -> InternalMotion:
        """The frames ``first`` to ``last`` (exclusive)."""
        return InternalMotion(
            molecule=self.molecule,
            dt_fs=self.dt_fs,
            displacements=self.displacements[first:last],
            velocities=self.velocities[first:last],
        )


def internal_motions(
    segments: Sequence[Trajectory], *, reference: Float[np.ndarray, "atoms 3"] | None = None
) -> tuple[InternalMotion, ...]:
    """Each trajectory's motion in the Eckart frame of one common reference.

    A turning molecule's atoms move slowly in space without any slow vibration; in this frame that does not count.
    Velocities are those of the trajectory where it has them at every frame, else central differences.

    Args:
        segments: trajectories of one molecule with evenly spaced frames.
        reference: Å; the mean structure of all segments when None.

    Raises:
        ProtocolError: without trajectories; when frames are not evenly spaced, as in rMD17; when they are too far apart
            for the molecule's fastest vibrations, or too far apart to difference and without velocities.
    """
    if not segments:
        raise ProtocolError("Time scales of no trajectories were asked for; expected at least one.")
    for segment in segments:
        _require_even_frames(segment)
    if reference is None:
        reference = reference_structure(segments)
    return tuple(_internal_motion(segment, reference) for segment in segments)


def reference_structure(segments: Sequence[Trajectory]) -> Float[np.ndarray, "atoms 3"]:
    """The mean structure over all trajectories, in Å, its centre of mass at the origin; frames may be irregular."""
    total = sum(segment.n_frames for segment in segments)
    stride = -(-total // REFERENCE_FRAMES)
    positions = np.concatenate([segment.positions[::stride] for segment in segments])
    return mean_structure(positions, segments[0].molecule.masses)


def modal_amplitudes(
    motion: InternalMotion, spectrum: GraphSpectrum, *, mass_weighted: bool = True
) -> Float[np.ndarray, "frames modes 3"]:
    """Graph Fourier transform of √m·(y − r), in √u·Å, or of y − r itself, in Å."""
    return spectrum.to_modal(_weights(motion.molecule, mass_weighted) * motion.displacements)


def modal_velocities(
    motion: InternalMotion, spectrum: GraphSpectrum, *, mass_weighted: bool = True
) -> Float[np.ndarray, "frames modes 3"]:
    """Graph Fourier transform of √m·ẏ, in √u·Å/fs, or of ẏ itself, in Å/fs.

    Weighted by mass, half the sum of squares over the modes is the kinetic energy of the deformation (Parseval).
    """
    return spectrum.to_modal(_weights(motion.molecule, mass_weighted) * motion.velocities)


def _weights(molecule: Molecule, mass_weighted: bool) -> Float[np.ndarray, "atoms 1"]:
    return np.sqrt(molecule.masses)[:, None] if mass_weighted else np.ones((molecule.n_atoms, 1))


def _internal_motion(trajectory: Trajectory, reference: Float[np.ndarray, "atoms 3"]) -> InternalMotion:
    dt_fs = _require_even_frames(trajectory)
    frame = eckart_frame(trajectory.positions, reference, trajectory.molecule.masses)
    body = frame.to_body(trajectory.positions)
    if trajectory.velocities is not None and len(trajectory.start_frames) == trajectory.n_frames:
        velocities = frame.body_velocities(trajectory.positions, trajectory.velocities)
    elif dt_fs <= DIFFERENCING_LIMIT_FS:
        velocities = np.gradient(body, dt_fs, axis=0)
    else:
        raise ProtocolError(
            f"Frames are {dt_fs:g} fs apart and their velocities are not known; time scales and spectra need "
            f"velocities, or frames at most {DIFFERENCING_LIMIT_FS:g} fs apart."
        )
    return InternalMotion(
        molecule=trajectory.molecule, dt_fs=dt_fs, displacements=body - frame.reference, velocities=velocities
    )


def _require_even_frames(trajectory: Trajectory) -> float:
    """The time step of the trajectory, where it can resolve the motion."""
    if trajectory.n_frames < 8:
        raise ProtocolError(
            f"The trajectory has {trajectory.n_frames} frames; time scales and spectra need at least 8."
        )
    dt_fs = trajectory.dt_fs
    if dt_fs is None:
        steps = np.diff(trajectory.times_fs)
        raise ProtocolError(
            f"Frames are {steps.min():g} to {steps.max():g} fs apart; time scales and spectra need evenly spaced "
            "frames. rMD17 holds frames drawn at random: take the full MD17 file or the embedded data."
        )
    nyquist = WAVENUMBER_PER_INVERSE_FS / (2 * dt_fs)
    if nyquist < HIGHEST_WAVENUMBER:
        raise ProtocolError(
            f"Frames {dt_fs:g} fs apart resolve vibrations up to {nyquist:.0f} cm⁻¹ only; time scales and spectra need "
            f"frames at most {WAVENUMBER_PER_INVERSE_FS / (2 * HIGHEST_WAVENUMBER):.1f} fs apart."
        )
    return dt_fs
