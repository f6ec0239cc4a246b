"""From what a file holds to a dataset: which molecule, which times, which velocities."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from msmd.data.identify import identify
from msmd.data.registry import MoleculeCard, RemoteFile
from msmd.data.summary import disagreement, implausible_temperature
from msmd.data.timestep import dt_from_forces
from msmd.data.velocities import COARSE_FS, derived_velocities, tells_velocities
from msmd.errors import DataError, MsmdWarning, UnknownTimeStepError
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory, regular_step
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U


@dataclass(frozen=True, kw_only=True)
class RawFrames:
    """One trajectory as a file has it, in the project's units.

    Attributes:
        numbers: atomic numbers.
        positions: Å.
        steps: number of each frame in the simulation it comes from, strictly increasing; 0, 1, 2, … where the file
            does not say.
        dt_fs: time between consecutive steps where the file says it.
        times_fs: times where the file says them; they go before ``steps``.
        velocities, forces, energies: where the file has them.
    """

    numbers: Int[np.ndarray, " atoms"]
    positions: Float[np.ndarray, "frames atoms 3"]
    steps: Int[np.ndarray, " frames"]
    dt_fs: float | None = None
    times_fs: Float[np.ndarray, " frames"] | None = None
    velocities: Float[np.ndarray, "frames atoms 3"] | None = None
    forces: Float[np.ndarray, "frames atoms 3"] | None = None
    energies: Float[np.ndarray, " frames"] | None = None


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a format says about a file beyond its frames.

    Attributes:
        path: the file.
        source: the source's name where the molecule is one of the registry, such as ``"md17"``; None for other formats.
        published: picks the published file from a molecule's card, if this is one; None for formats that nothing is
            published in.
    """

    path: Path
    source: str | None = None
    published: Callable[[MoleculeCard], RemoteFile | None] | None = None


def dataset_from_raw(segments: Sequence[RawFrames], origin: Origin, *, dt_fs: float | None = None) -> Dataset:
    """Completes the frames of a file to a dataset.

    Args:
        segments: the trajectories in the file, all of the same atoms.
        origin: where they come from.
        dt_fs: time between consecutive steps; goes before what the file and the registry say.

    Raises:
        DataError: for frames that cannot be a trajectory.
        UnknownTimeStepError: when nothing tells the time between them.
    """
    first = segments[0]
    if len(first.positions) == 0:
        raise DataError(f"{origin.path.name} holds no frames; expected at least one.")
    if not np.isfinite(first.positions).all():
        raise DataError(f"The positions in {origin.path.name} must be finite numbers; found NaN or infinity.")
    if dt_fs is not None and not 0 < dt_fs < math.inf:
        raise DataError(f"dt_fs is {dt_fs}; expected a positive time between frames, in fs and finite.")
    molecule, card = identify(first.numbers, first.positions, origin.path.stem)
    published = origin.published(card) if card is not None and origin.published is not None else None
    source = origin.source if published is not None and origin.source is not None else origin.path.name
    telling = next((raw for raw in segments if len(raw.positions) > 1), first)
    stated = dt_fs or first.dt_fs or (published and published.dt_fs)
    step = stated or _spacing(telling) or _dt_of_unknown(telling, molecule, origin.path)
    dataset = Dataset(
        segments=tuple(_trajectory(raw, molecule, step, source, rescale=dt_fs is not None) for raw in segments),
        source=source,
        dt_fs=step,
        temperature_kelvin=published.temperature_kelvin if published else None,
        thermostat=published is not None,
    )
    _warn_of_disagreement(dataset, origin.path)
    return dataset


def _spacing(raw: RawFrames) -> float | None:
    """The usual time between frames where the file has times."""
    if raw.times_fs is None or len(raw.times_fs) < 2:
        return None
    spacing = regular_step(raw.times_fs) or float(np.median(np.diff(raw.times_fs)))
    return spacing if spacing > 0 else None


def _dt_of_unknown(raw: RawFrames, molecule: Molecule, path: Path) -> float:
    """The time step of a file that does not say it, from its forces."""
    if len(raw.positions) == 1:
        return 1.0
    fit = None
    if raw.forces is not None:
        unit = Trajectory(
            molecule=molecule, times_fs=raw.steps.astype(float), positions=raw.positions, forces=raw.forces
        )
        fit = dt_from_forces(unit, 1.0)
    if fit is None:
        raise UnknownTimeStepError(
            f"{path.name} does not say the time between its frames, and it cannot be told from forces; give it in fs "
            "(--dt-fs on the command line, dt_fs= in Python)."
        )
    warnings.warn(
        f"{path.name} does not say the time between its frames; its forces say {fit.dt_fs:.4g} fs, which is used.",
        MsmdWarning,
        stacklevel=4,
    )
    return fit.dt_fs


def _trajectory(raw: RawFrames, molecule: Molecule, step: float, source: str, *, rescale: bool) -> Trajectory:
    times = raw.steps * step if raw.times_fs is None or rescale else raw.times_fs
    velocities = raw.velocities
    if velocities is None and len(times) > 1 and np.all(np.diff(times) > 0):
        accelerations = None
        if raw.forces is not None and np.isfinite(raw.forces).all():
            accelerations = KCAL_PER_MOL_PER_ANGSTROM_PER_U * raw.forces / molecule.masses[:, None]
        velocities = derived_velocities(times, raw.positions, accelerations)
    return Trajectory(
        molecule=molecule,
        times_fs=np.asarray(times, dtype=float),
        positions=raw.positions,
        velocities=velocities,
        forces=raw.forces,
        energies=raw.energies,
        source=source,
        velocities_are_exact=raw.velocities is not None or tells_velocities(times),
    )


def _coarse(dataset: Dataset) -> str:
    """A sentence where velocities had to be guessed from frames too far apart."""
    first = dataset.segments[0]
    if first.velocities_are_exact or first.dt_fs is None or first.dt_fs <= COARSE_FS:
        return ""
    return (
        f"its frames lie {first.dt_fs:g} fs apart and hold no velocities; what can be told of them from positions is "
        "wrong by half and more, and forecasts from it too. Store velocities, or frames at most 2 fs apart."
    )


def _warn_of_disagreement(dataset: Dataset, path: Path) -> None:
    step = disagreement(dataset, dt_from_forces(dataset.segments[0], dataset.dt_fs))
    for warning in (step, _coarse(dataset), implausible_temperature(dataset)):
        if warning:
            warnings.warn(f"{path.name}: {warning}", MsmdWarning, stacklevel=4)
