"""A trajectory: one molecule over time; and a dataset: several of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from msmd.errors import DataError, ProtocolError
from msmd.molecule import Molecule
from msmd.units import BOLTZMANN_KCAL_PER_MOL_PER_KELVIN, KCAL_PER_MOL_PER_ANGSTROM_PER_U

ROUNDED_TIME_FS, ROUNDED_PART = 1e-3, 1e-2
"""So far from an even grid, in fs and in steps, times may lie for having been printed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """One molecule at strictly increasing times, regular or not.

    Attributes:
        molecule: atoms and bonds.
        times_fs: times in fs, strictly increasing.
        positions: Å.
        velocities: Å/fs, or None; frames whose velocity is not known hold NaN.
        forces: kcal/mol/Å, or None; frames without forces hold NaN.
        energies: kcal/mol, or None; frames without an energy hold NaN.
        source: where it comes from: ``"gfn2"``, ``"md17"``, ``"rmd17"`` or a file name.
        velocities_are_exact: whether the velocities are the source's own, or derived from frames that lie close enough
            together; False where they are good for a start, but not for learning from (``msmd.data.velocities``).

    Raises:
        DataError: for shapes that do not belong together, times that do not increase, or positions that are not finite.
    """

    molecule: Molecule
    times_fs: Float[np.ndarray, " frames"]
    positions: Float[np.ndarray, "frames atoms 3"]
    velocities: Float[np.ndarray, "frames atoms 3"] | None = None
    forces: Float[np.ndarray, "frames atoms 3"] | None = None
    energies: Float[np.ndarray, " frames"] | None = None
    source: str = ""
    velocities_are_exact: bool = True

    def __post_init__(self) -> None:
        n_frames, n_atoms = len(self.times_fs), self.molecule.n_atoms
        expected = (n_frames, n_atoms, 3)
        if n_frames == 0:
            raise DataError(f"The trajectory of {self.molecule.name!r} has no frames; expected at least one.")
        for name in ("positions", "velocities", "forces"):
            array = getattr(self, name)
            if array is not None and array.shape != expected:
                raise DataError(f"{name} has shape {array.shape}; expected (frames, atoms, 3) = {expected}.")
        if self.energies is not None and self.energies.shape != (n_frames,):
            raise DataError(f"energies has shape {self.energies.shape}; expected one per frame, ({n_frames},).")
        steps = np.diff(self.times_fs)
        if np.any(steps <= 0):
            first = int(np.argmax(steps <= 0))
            raise DataError(
                f"times_fs must increase strictly; frame {first + 1} at {self.times_fs[first + 1]} fs does not come "
                f"after frame {first} at {self.times_fs[first]} fs."
            )
        if not (np.isfinite(self.positions).all() and np.isfinite(self.times_fs).all()):
            raise DataError("positions and times_fs must be finite numbers; found NaN or infinity.")
        for name in ("times_fs", "positions", "velocities", "forces", "energies"):
            array = getattr(self, name)
            if array is not None:
                view = array.view()
                view.flags.writeable = False
                object.__setattr__(self, name, view)

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.times_fs)

    @cached_property
    def dt_fs(self) -> float | None:
        """The time step where times are regular, but for their printed rounding, else None."""
        return regular_step(self.times_fs)

    @property
    def duration_fs(self) -> float:
        """Time from the first to the last frame."""
        return float(self.times_fs[-1] - self.times_fs[0])

    @cached_property
    def labelled_frames(self) -> Int[np.ndarray, " labelled"]:
        """Indices of the frames whose forces are known."""
        if self.forces is None:
            return np.array([], dtype=int)
        return np.flatnonzero(np.isfinite(self.forces).all(axis=(1, 2)))

    @cached_property
    def start_frames(self) -> Int[np.ndarray, " starts"]:
        """Indices of the frames whose velocities are known: where a forecast can start."""
        if self.velocities is None:
            return np.array([], dtype=int)
        return np.flatnonzero(np.isfinite(self.velocities).all(axis=(1, 2)))

    def between(self, first: int, last: int) -> Trajectory:
        """The frames ``first`` to ``last`` (exclusive), their times kept.

        Raises:
            DataError: when no frame lies in the range.
        """

        def cut(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array[first:last]

        return replace(
            self,
            times_fs=self.times_fs[first:last],
            positions=self.positions[first:last],
            velocities=cut(self.velocities),
            forces=cut(self.forces),
            energies=cut(self.energies),
        )

    def kinetic_temperature(self) -> Float[np.ndarray, " frames"]:
        """The kinetic temperature of every frame in K; see the function of this name.

        Raises:
            DataError: when velocities are not known.
        """
        if self.velocities is None:
            raise DataError("The temperature needs velocities, and this trajectory has none.")
        return kinetic_temperature(self.velocities, self.molecule.masses)

    def positions_at(self, times_fs: Float[np.ndarray, "*times"]) -> Float[np.ndarray, "*times atoms 3"]:
        """Positions at any times inside the trajectory, by cubic Hermite interpolation of positions and velocities.

        On frames 4 fs apart this gives the motion in between back to 1e-3 Å.  Where velocities are not known, only
        times of stored frames (to .001 fs) can be asked for.

        Raises:
            ProtocolError: for times outside the trajectory, or between frames where there are no velocities.
        """
        times_fs = np.asarray(times_fs, dtype=float)
        slack = ROUNDED_TIME_FS
        if times_fs.size and (times_fs.min() < self.times_fs[0] - slack or times_fs.max() > self.times_fs[-1] + slack):
            raise ProtocolError(
                f"Times from {times_fs.min():g} to {times_fs.max():g} fs were asked for; the trajectory runs from "
                f"{self.times_fs[0]:g} to {self.times_fs[-1]:g} fs."
            )
        nearest = nearest_frames(self.times_fs, times_fs)
        if np.all(np.abs(self.times_fs[nearest] - times_fs) <= slack):
            return self.positions[nearest]
        if len(self.start_frames) < self.n_frames:
            raise ProtocolError("Times between frames need velocities at every frame, and this trajectory has none.")
        return self._interpolated(times_fs)

    def _interpolated(self, times_fs: np.ndarray) -> np.ndarray:
        """Cubic Hermite polynomials of the two frames around each time, evaluated there alone."""
        before = np.clip(np.searchsorted(self.times_fs, times_fs, side="right") - 1, 0, self.n_frames - 2)
        step = (self.times_fs[before + 1] - self.times_fs[before])[..., None, None]
        s = (times_fs - self.times_fs[before])[..., None, None] / step
        from_before = self.positions[before] * (1 + 2 * s) + self.velocities[before] * step * s
        from_after = self.positions[before + 1] * (3 - 2 * s) - self.velocities[before + 1] * step * (1 - s)
        return (1 - s) ** 2 * from_before + s**2 * from_after


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """One or more trajectories (segments) of one molecule, from one source.

    Attributes:
        segments: the trajectories, all of the same molecule.
        source: ``"gfn2"``, ``"md17"``, ``"rmd17"`` or a file name.
        dt_fs: time between consecutive frame *indices* of the source (0.5 for MD17), the unit of its horizon.
        temperature_kelvin: the temperature of the ensemble, or None when unknown.
        thermostat: True where velocities were driven by a Nosé–Hoover thermostat (MD17), False for constant energy.

    Raises:
        DataError: without segments, or when they are of different molecules.
    """

    segments: tuple[Trajectory, ...]
    source: str
    dt_fs: float
    temperature_kelvin: float | None = None
    thermostat: bool = False

    def __post_init__(self) -> None:
        if not self.segments:
            raise DataError("A dataset needs at least one trajectory.")
        if any(s.molecule.numbers != self.molecule.numbers for s in self.segments):
            raise DataError("All trajectories of a dataset must be of one molecule, atoms in the same order.")

    @property
    def molecule(self) -> Molecule:
        """The molecule of every segment."""
        return self.segments[0].molecule

    @property
    def n_frames(self) -> int:
        """Frames over all segments."""
        return sum(segment.n_frames for segment in self.segments)


def kinetic_temperature(
    velocities: Float[np.ndarray, "*batch atoms 3"], masses: Float[np.ndarray, " atoms"]
) -> Float[np.ndarray, "*batch"]:
    """T = Σ m v² / (3N k_B) in K, over all 3N degrees of freedom, as MD17 counts them.

    Args:
        velocities: Å/fs.
        masses: u.
    """
    doubled = np.einsum("a,...ad,...ad->...", masses, velocities, velocities) / KCAL_PER_MOL_PER_ANGSTROM_PER_U
    return doubled / (3 * len(masses) * BOLTZMANN_KCAL_PER_MOL_PER_KELVIN)


def regular_step(times_fs: Float[np.ndarray, " times"]) -> float | None:
    """The step of times that lie on an even grid, to .001 fs (and to a hundredth of the step); None of others.

    >>> round(regular_step(np.array([0.0, 0.242, 0.484, 0.726, 0.968, 1.209])), 6)
    0.2418
    >>> regular_step(np.array([0.0, 0.5, 1.5])) is None
    True
    """
    if len(times_fs) < 2:
        return None
    step = float(times_fs[-1] - times_fs[0]) / (len(times_fs) - 1)
    off = np.abs(times_fs - times_fs[0] - step * np.arange(len(times_fs))).max()
    return step if off <= min(ROUNDED_TIME_FS, ROUNDED_PART * step) else None


def nearest_frames(
    frame_times_fs: Float[np.ndarray, " frames"], times_fs: Float[np.ndarray, "..."]
) -> Int[np.ndarray, "..."]:
    """For each time the index of the frame nearest to it.

    >>> nearest_frames(np.array([0.0, 1.0, 2.0]), np.array([0.4, 1.6]))
    array([0, 2])
    """
    after = np.clip(np.searchsorted(frame_times_fs, times_fs), 1, max(len(frame_times_fs) - 1, 1))
    after = np.minimum(after, len(frame_times_fs) - 1)
    before = np.maximum(after - 1, 0)
    closer = np.abs(times_fs - frame_times_fs[before]) <= np.abs(frame_times_fs[after] - times_fs)
    return np.where(closer, before, after)
