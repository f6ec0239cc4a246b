"""What the player shows, from what the rest of the project computes: trajectories, modes and forecasts as scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from msmd.forecasting import Forecast
from msmd.frame import eckart_frame
from msmd.molecule import Molecule
from msmd.spectrum import GraphSpectrum, band_pass, filter_displacements, filter_nodal
from msmd.trajectory import Trajectory
from msmd.views.ghosts import ghost_tracks, spread_series
from msmd.views.player import Scene, Series, Track

VELOCITY_ARROW_FS = 20.0
"""Arrows of velocity show where an atom would be after this time; hydrogens at 500 K then have arrows of 0.7 Å."""

REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """Which spatial modes a scene shows.

    Attributes:
        spectrum: the modes.
        structure: the structure at rest, Å; deformations from it are filtered, drift and spin are kept.
        first, last: the band, both inclusive; modes that share an eigenvalue with one of them belong to it.
    """

    spectrum: GraphSpectrum
    structure: Float[np.ndarray, "atoms 3"]
    first: int
    last: int

    @property
    def keep(self) -> Bool[np.ndarray, " modes"]:
        """True for the modes of the band."""
        return band_pass(self.spectrum, self.first, self.last + 1)

    def shown(
        self, positions: Float[np.ndarray, "frames atoms 3"], molecule: Molecule
    ) -> Float[np.ndarray, "frames atoms 3"]:
        """The motion with the modes of the band alone, drift and spin left whole; see ``filter_displacements``."""
        positions = np.asarray(positions, dtype=float)
        if self.keep.all() and self.spectrum.is_complete:
            return positions
        return filter_displacements(positions, self.structure, molecule.masses, self.spectrum, self.keep)


def reference_scene(trajectory: Trajectory, *, show_velocities: bool = False, title: str = "") -> Scene:
    """A trajectory as it is, the temperature under it where velocities are known."""
    positions = np.asarray(trajectory.positions, dtype=float)
    known = trajectory.velocities is not None and np.isfinite(trajectory.velocities).all()
    series = ()
    if known and trajectory.n_frames > 1:
        series = (Series(label="temperature", unit="K", values=trajectory.kinetic_temperature()),)
    arrows = VELOCITY_ARROW_FS * np.asarray(trajectory.velocities) if known and show_velocities else None
    track = Track(
        name=REFERENCE,
        positions=positions,
        arrows=arrows,
        arrow_label="" if arrows is None else f"velocity × {VELOCITY_ARROW_FS:g} fs",
    )
    return _scene(trajectory.molecule, trajectory.times_fs, (track,), series, title)


def rmsd(
    predicted: Float[np.ndarray, "times atoms 3"], reference: Float[np.ndarray, "times atoms 3"]
) -> Float[np.ndarray, " times"]:
    """Root mean square over atoms of the distance, Å, without alignment; NaN where the reference is not known.

    >>> rmsd(np.ones((1, 2, 3)), np.zeros((1, 2, 3))).round(3)
    array([1.732])
    """
    return np.sqrt(np.square(predicted - reference).sum(axis=-1).mean(axis=-1))


def in_order(forecast: Forecast) -> Int[np.ndarray, " frames"]:
    """Indices of the times that a scene plays: ascending, each once, and with a reference where there is one at all."""
    _, first = np.unique(forecast.times_fs, return_index=True)
    return first if forecast.reference is None else first[forecast.has_reference[first]]


def forecast_scene(
    forecast: Forecast,
    *,
    band: Band,
    rivals: Sequence[Forecast] = (),
    color: str = "none",
    arrows: str = "none",
    mode: int = 1,
    title: str = "",
) -> Scene:
    """Prediction beside reference on one clock, members as ghosts, with their distance over time under them.

    Args:
        forecast: what is shown; its samples, where it has some, become ghosts.
        band: the modes that move.
        rivals: forecasts of the same window whose RMSD is drawn beside.
        color: a name in ``COLORS``.
        arrows: a name in ``ARROWS``.
        mode: the mode that ``"mode"`` colours by.
    """
    rows = in_order(forecast)
    molecule, times = forecast.molecule, forecast.times_fs[rows]
    predicted = band.shown(forecast.predicted[rows], molecule)
    motion = _Motion(
        molecule=molecule,
        times_fs=times,
        predicted=predicted,
        reference=None if forecast.reference is None else band.shown(forecast.reference[rows], molecule),
        band=band,
        mode=mode,
    )
    tracks = (_track(motion, REFERENCE, color, arrows), _track(motion, forecast.forecaster, color, arrows))
    series = ()
    if motion.reference is not None:
        curves = [(forecast.forecaster, predicted)]
        curves += [(r.forecaster, band.shown(r.predicted[rows], molecule)) for r in rivals]
        series = tuple(Series(label=f"{name} RMSD", unit="Å", values=rmsd(x, motion.reference)) for name, x in curves)
    tracks = tuple(track for track in tracks if track is not None)
    if forecast.samples is not None:
        samples = np.stack([band.shown(member[rows], molecule) for member in forecast.samples])
        tracks, series = tracks + ghost_tracks(samples), series + spread_series(samples)
    return _scene(molecule, times, tracks, series, title)


@dataclass(frozen=True, kw_only=True)
class _Motion:
    """What colours and arrows are made of."""

    molecule: Molecule
    times_fs: np.ndarray
    predicted: np.ndarray
    reference: np.ndarray | None
    band: Band
    mode: int

    def of(self, name: str) -> np.ndarray | None:
        return self.reference if name == REFERENCE else self.predicted


def _track(motion: _Motion, name: str, color: str, arrows: str) -> Track | None:
    positions = motion.of(name)
    if positions is None:
        return None
    scalars, scalar_label = COLORS[color](motion, name)
    vectors, arrow_label = ARROWS[arrows](motion, name)
    return Track(
        name=name,
        role="reference" if name == REFERENCE else "prediction",
        positions=positions,
        scalars=scalars,
        scalar_label=scalar_label,
        arrows=vectors,
        arrow_label=arrow_label,
    )


def _nothing(motion: _Motion, name: str) -> tuple[None, str]:
    return None, ""


def _error_color(motion: _Motion, name: str) -> tuple[np.ndarray | None, str]:
    if name == REFERENCE or motion.reference is None:
        return None, ""
    return np.linalg.norm(motion.predicted - motion.reference, axis=-1), "error / Å"


def _mode_color(motion: _Motion, name: str) -> tuple[np.ndarray | None, str]:
    """u_ak times the amplitude of mode k along its widest direction, in the body frame."""
    positions = motion.of(name)
    if positions is None:
        return None, ""
    pattern = motion.band.spectrum.eigenvectors[:, motion.mode]
    amplitude = mode_amplitude(positions, motion.molecule, motion.band.structure, pattern)
    return amplitude[:, None] * pattern, f"mode {motion.mode} / Å"


def _velocity_arrows(motion: _Motion, name: str) -> tuple[np.ndarray | None, str]:
    positions = motion.of(name)
    if positions is None or len(positions) < 2:
        return None, ""
    velocities = np.gradient(positions, motion.times_fs, axis=0)
    return VELOCITY_ARROW_FS * velocities, f"velocity × {VELOCITY_ARROW_FS:g} fs"


def _error_arrows(motion: _Motion, name: str) -> tuple[np.ndarray | None, str]:
    if name == REFERENCE or motion.reference is None:
        return None, ""
    return motion.reference - motion.predicted, "from prediction to reference"


COLORS = {"none": _nothing, "error": _error_color, "mode": _mode_color}
"""What a forecast's atoms can be coloured by."""

ARROWS = {"none": _nothing, "velocity": _velocity_arrows, "error": _error_arrows}
"""What a forecast's arrows can mean."""


def mode_amplitude(
    positions: Float[np.ndarray, "frames atoms 3"],
    molecule: Molecule,
    structure: Float[np.ndarray, "atoms 3"],
    pattern: Float[np.ndarray, " atoms"],
) -> Float[np.ndarray, " frames"]:
    """The signed amplitude of a spatial mode over time, Å: Σ_a u_a (y_a − r_a) along the way it moves most."""
    vectors, direction = _mode_motion(positions, molecule, structure, pattern)
    return vectors @ direction


def mode_scene(
    trajectory: Trajectory,
    band: Band,
    *,
    mode: int,
    color: str = "pattern",
    arrow_gain: float = 2.0,
    title: str = "",
) -> Scene:
    """The motion of some modes, seen from the molecule's own frame, coloured by one mode.

    Args:
        trajectory: the motion.
        band: the modes that move; the others are frozen.
        mode: the mode that colours the atoms and makes the arrows.
        color: ``"pattern"`` for the fixed signs and sizes of the eigenvector, ``"amplitude"`` for the mode's signed
            displacement at each time.
        arrow_gain: arrows are the mode's displacement times this, because one mode moves an atom by a tenth of an Å.
    """
    molecule = trajectory.molecule
    positions = np.asarray(trajectory.positions, dtype=float)
    frame = eckart_frame(positions, band.structure, molecule.masses)
    deformation = frame.to_body(positions) - frame.reference
    kept = filter_nodal(deformation, band.spectrum, band.keep)
    pattern = band.spectrum.eigenvectors[:, mode]
    vectors, direction = _mode_motion(positions, molecule, band.structure, pattern)
    amplitude = vectors @ direction
    moving = Track(
        name=f"mode {mode}" if band.first == band.last else f"modes {band.first}–{band.last}",
        positions=frame.reference + kept,
        **SCALARS[color](pattern, amplitude, mode),
        arrows=arrow_gain * vectors[:, None, :] * pattern[:, None],
        arrow_label=f"displacement in mode {mode}, × {arrow_gain:g}",
    )
    series = (Series(label=f"mode {mode} amplitude", unit="Å", values=amplitude),)
    return _scene(molecule, trajectory.times_fs, (moving,), series, title)


def _fixed_pattern(pattern: np.ndarray, amplitude: np.ndarray, mode: int) -> dict[str, object]:
    scalars = np.broadcast_to(pattern, (len(amplitude), len(pattern)))
    return {"scalars": scalars, "scalar_label": f"u of mode {mode}"}


def _moving_pattern(pattern: np.ndarray, amplitude: np.ndarray, mode: int) -> dict[str, object]:
    return {"scalars": amplitude[:, None] * pattern, "scalar_label": f"displacement in mode {mode} / Å"}


SCALARS = {"pattern": _fixed_pattern, "amplitude": _moving_pattern}
"""What the atoms of a mode can be coloured by."""


def _mode_motion(
    positions: np.ndarray, molecule: Molecule, structure: np.ndarray, pattern: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mode's vector amplitude (frames, 3) about its mean, and the unit vector it moves most along."""
    frame = eckart_frame(positions, structure, molecule.masses)
    vectors = np.einsum("a,fad->fd", pattern, frame.to_body(positions) - frame.reference)
    direction = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2][0]
    return vectors, direction


def _scene(
    molecule: Molecule,
    times_fs: np.ndarray,
    tracks: tuple[Track, ...],
    series: tuple[Series, ...],
    title: str,
) -> Scene:
    return Scene(
        numbers=molecule.numbers, bonds=molecule.bonds, times_fs=times_fs, tracks=tracks, series=series, title=title
    )
