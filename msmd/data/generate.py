"""Reference trajectories under MD17's protocol with GFN2-xTB: constant-energy segments from canonical starts.

One Langevin chain at 500 K gives the starts, one per segment, at least 1 ps apart and without drift or spin; each
segment is then plain velocity Verlet, because a thermostat's noise, not chaos, would limit what can be forecast.
Everything lies in a run folder, one file per start and segment, so that a run killed at any point goes on where it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from msmd.data.dynamics import langevin_baoab, start_state, thermal_velocities, velocity_verlet
from msmd.data.gfn2 import GFN2
from msmd.data.registry import molecule_card
from msmd.data.structure import relax, structure_from_smiles
from msmd.errors import DataError
from msmd.frame import without_drift_and_spin
from msmd.molecule import Molecule
from msmd.whole_file import write_json, written_whole


@dataclass(frozen=True, kw_only=True)
class GenerateConfig:
    """Settings of a generated data set; the defaults are those of the shipped data.

    Attributes:
        n_segments: number of independent constant-energy segments.
        frames_per_segment: stored frames in each.
        stride: integration steps per stored frame.
        forces_every: stored frames per frame with energy and forces.
        dt_fs: integration step.
        temperature_kelvin, friction_per_fs: of the Langevin chain.
        equilibration_fs: Langevin time before the first start.
        decorrelation_fs: Langevin time between starts.
        seed: feeds every random draw.
    """

    n_segments: int = 10
    frames_per_segment: int = 2500
    stride: int = 8
    forces_every: int = 5
    dt_fs: float = 0.5
    temperature_kelvin: float = 500.0
    friction_per_fs: float = 0.01
    equilibration_fs: float = 2000.0
    decorrelation_fs: float = 1000.0
    seed: int = 0

    def __post_init__(self) -> None:
        counts = {
            "n_segments": self.n_segments,
            "frames_per_segment": self.frames_per_segment,
            "stride": self.stride,
            "forces_every": self.forces_every,
        }
        for name, value in counts.items():
            if value < 1:
                raise DataError(f"{name} is {value}; expected a whole number of at least 1.")
        if self.dt_fs <= 0.0:
            raise DataError(f"dt_fs is {self.dt_fs}; expected a positive time step in fs.")


def segment_starts(name: str, config: GenerateConfig, folder: Path) -> Iterator[Path]:
    """Draws the canonical starts one after the other; yields the file of each, drawn now or found.

    Each file holds ``positions`` (atoms, 3) in Å and ``velocities`` in Å/fs, float64, centred, without drift and
    spin, and the state of the Langevin chain to go on from.
    """
    card = molecule_card(name)
    masses = card.molecule.masses
    chain = None
    for index in range(config.n_segments):
        path = folder / f"start_{index:03d}.npz"
        random = np.random.default_rng([config.seed, index])
        if path.exists():
            chain = dict(np.load(path))
            yield path
            continue
        # A force field of its own for each start: one that remembers the last would not be there after a kill.
        force_field = GFN2(card.molecule.numbers)
        if chain is None:
            positions = relax(force_field, structure_from_smiles(card.molecule, card.smiles, seed=config.seed))
            velocities = thermal_velocities(masses, config.temperature_kelvin, random)
        else:
            positions, velocities = chain["chain_positions"], chain["chain_velocities"]
        duration = config.equilibration_fs if index == 0 else config.decorrelation_fs
        motion = langevin_baoab(
            force_field,
            start_state(force_field, positions, velocities),
            masses,
            config.dt_fs,
            temperature_kelvin=config.temperature_kelvin,
            friction_per_fs=config.friction_per_fs,
            random=random,
        )
        last = next(islice(motion, round(duration / config.dt_fs) - 1, None))
        _check_intact(card.molecule, last.positions, f"the Langevin chain before segment {index}")
        centred = last.positions - masses @ last.positions / masses.sum()
        chain = {
            "positions": centred,
            "velocities": without_drift_and_spin(centred, last.velocities, masses),
            "chain_positions": last.positions,
            "chain_velocities": last.velocities,
        }
        _save(path, chain)
        yield path


def run_segment(name: str, config: GenerateConfig, start: Path, out: Path) -> Path:
    """Integrates one segment from a start file and stores it; returns at once where the file exists.

    The file holds ``positions`` (frames, atoms, 3), ``velocities``, and every ``forces_every``-th frame ``energies``
    and ``forces``, in the project's units.
    """
    if out.exists():
        return out
    molecule = molecule_card(name).molecule
    force_field = GFN2(molecule.numbers)
    begin = np.load(start)
    state = start_state(force_field, begin["positions"], begin["velocities"])
    motion = velocity_verlet(force_field, state, molecule.masses, config.dt_fs)
    states = [state]
    for _ in range(config.frames_per_segment - 1):
        states.append(next(islice(motion, config.stride - 1, None)))
    _check_intact(molecule, states[-1].positions, out.name)
    labelled = states[:: config.forces_every]
    frames = {
        "positions": np.array([s.positions for s in states]),
        "velocities": np.array([s.velocities for s in states]),
        "energies": np.array([s.energy for s in labelled]),
        "forces": np.array([s.forces for s in labelled]),
    }
    _save(out, frames)
    return out


def generate(
    name: str, config: GenerateConfig, folder: Path, *, n_processes: int | None = None
) -> Iterator[tuple[int, int]]:
    """Generates every segment of a molecule in ``folder``; yields (segments done, segments wanted).

    Args:
        name: a molecule of the registry.
        config: the settings.
        folder: run folder; segments found there are kept, so that an interrupted run goes on.
        n_processes: worker processes; one per core by default, each on one thread.

    Raises:
        UnknownNameError: for an unknown molecule.
        DataError: when the folder holds a run with other settings, or the molecule falls apart on the way.
    """
    molecule_card(name)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, {"molecule": name, **asdict(config)})
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    done, pending = 0, set()
    with ProcessPoolExecutor(n_processes or os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        for index, start in enumerate(segment_starts(name, config, folder)):
            pending.add(pool.submit(run_segment, name, config, start, folder / f"segment_{index:03d}.npz"))
            finished = {future for future in pending if future.done()}
            pending -= finished
            done += _count(finished)
            yield done, config.n_segments
        while pending:
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            done += _count(finished)
            yield done, config.n_segments


def _count(finished: set[Future[Path]]) -> int:
    """How many are done; raises what one of them raised."""
    return len([future.result() for future in finished])


def _claim(folder: Path, settings: dict[str, str | float]) -> None:
    """Writes the settings into a new run folder, and refuses one that was made with others."""
    path = folder / "settings.json"
    if not path.exists():
        write_json(path, settings)
        return
    found = json.loads(path.read_text())
    other = [f"{key} {found.get(key)} (now {value})" for key, value in settings.items() if found.get(key) != value]
    if other:
        raise DataError(
            f"{folder} holds a run with other settings: {', '.join(other)}. Give the same settings, or another folder."
        )


def _check_intact(molecule: Molecule, positions: np.ndarray, where: str) -> None:
    """A molecule that has broken a bond (longer than 2.5 Å) is no MD17 molecule any more."""
    first, second = molecule.bond_array.T
    lengths = np.linalg.norm(positions[first] - positions[second], axis=1)
    if not np.all(lengths < 2.5):
        raise DataError(
            f"{molecule.name} fell apart in {where}: a bond is {lengths.max():.2f} Å long; use another seed."
        )


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes an npz whole or not at all."""
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)
