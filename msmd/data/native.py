"""The compact native format: one npz per molecule, with every segment of a generated data set.

Positions are kept to 5e-4 Å and velocities to 2e-5 Å/fs (hydrogen 1e-4 Å/fs) as 16-bit integers, coded along time
(``coding``); energies and forces at every ``label_every``-th frame; and the start of each segment in float64, so that
the motion can be computed again.  Ten molecules take some 24 MB where plain float64 takes 220.

Members of the npz: ``header`` (JSON), ``residuals``, ``coefficients``, ``coupling``, ``forces``, ``energies``,
``start_positions``, ``start_velocities``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int16

from msmd.data.coding import Innovations, from_planes, predict_away, predict_back, to_planes
from msmd.data.npz import read_npz, write_npz
from msmd.errors import DataError
from msmd.frame import without_drift_and_spin
from msmd.molecule import Molecule
from msmd.trajectory import Dataset, Trajectory

FORMAT = "msmd-native"
VERSION = 1

POSITION_QUANTUM = 5e-4
"""Å; the rounding error of 1.4e-4 Å rms is 300 times smaller than the swing of a C–H bond at 500 K."""

HEAVY_VELOCITY_QUANTUM = 2e-5
HYDROGEN_VELOCITY_QUANTUM = 1e-4
"""Å/fs; rounding adds about .15 % of the thermal velocity to either, and a forecast starts from these velocities."""

FORCE_LEVELS = 32767
"""The largest force component of the molecule is this many quanta."""

MEMBERS = (
    "residuals", "coefficients", "coupling", "forces", "energies", "start_positions", "start_velocities",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Where generated data come from and how.

    Attributes:
        source: name of the source, ``"gfn2"``.
        dt_fs: integration step, the unit of the horizon.
        temperature_kelvin: of the canonical starts.
        at_rest: True where total linear and angular momentum are zero throughout.
        settings: of the generator.
        versions: of the programs that computed the data.
    """

    source: str
    dt_fs: float
    temperature_kelvin: float | None
    at_rest: bool
    settings: dict[str, float | int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What a native file holds: equally long segments in float64, before or after rounding.

    Attributes:
        molecule: atoms and bonds.
        recipe: where the data come from.
        frame_dt_fs: time between stored frames.
        label_every: stored frames per frame with energy and forces.
        positions, velocities: Å and Å/fs.
        energies, forces: of the labelled frames, kcal/mol and kcal/mol/Å.
        start_positions, start_velocities: first frame of each segment, exact.
        sha256: of the content of the file it was read from; empty before it is written.
    """

    molecule: Molecule
    recipe: Recipe
    frame_dt_fs: float
    label_every: int
    positions: Float[np.ndarray, "segments frames atoms 3"]
    velocities: Float[np.ndarray, "segments frames atoms 3"]
    energies: Float[np.ndarray, "segments labelled"]
    forces: Float[np.ndarray, "segments labelled atoms 3"]
    start_positions: Float[np.ndarray, "segments atoms 3"]
    start_velocities: Float[np.ndarray, "segments atoms 3"]
    sha256: str = ""

    def dataset(self) -> Dataset:
        """The segments as trajectories; frames without energy and forces hold NaN."""
        return Dataset(
            segments=tuple(self._segment(index) for index in range(len(self.positions))),
            source=self.recipe.source,
            dt_fs=self.recipe.dt_fs,
            temperature_kelvin=self.recipe.temperature_kelvin,
            thermostat=False,
        )

    def _segment(self, index: int) -> Trajectory:
        n_frames = self.positions.shape[1]
        forces = np.full(self.positions.shape[1:], np.nan)
        energies = np.full(n_frames, np.nan)
        forces[:: self.label_every] = self.forces[index]
        energies[:: self.label_every] = self.energies[index]
        return Trajectory(
            molecule=self.molecule,
            times_fs=self.frame_dt_fs * np.arange(n_frames),
            positions=self.positions[index],
            velocities=self.velocities[index],
            forces=forces,
            energies=energies,
            source=self.recipe.source,
        )


def write_native(recording: Recording, path: Path) -> None:
    """Stores a recording, whole or not at all.

    Raises:
        DataError: when positions or velocities leave the range of 16 bits (16 Å; .65 Å/fs for heavy atoms).
    """
    quanta = _velocity_quanta(recording.molecule)
    positions = _to_integers(recording.positions, POSITION_QUANTUM, "Positions", recording.molecule)
    velocities = _to_integers(recording.velocities, quanta, "Velocities", recording.molecule)
    innovations = predict_away(_as_series(positions, velocities))
    force_quantum = float(np.abs(recording.forces).max(initial=0.0)) / FORCE_LEVELS or 1.0
    forces = _to_integers(recording.forces, force_quantum, "Forces", recording.molecule)
    energy_origin = float(recording.energies.mean()) if recording.energies.size else 0.0
    arrays = {
        "residuals": to_planes(innovations.residuals),
        "coefficients": innovations.coefficients,
        "coupling": innovations.coupling,
        "forces": to_planes(forces.transpose(2, 3, 0, 1)),
        "energies": (recording.energies - energy_origin).astype(np.float32),
        "start_positions": recording.start_positions,
        "start_velocities": recording.start_velocities,
    }
    header = {
        "format": FORMAT,
        "version": VERSION,
        "molecule": asdict(recording.molecule),
        "recipe": asdict(recording.recipe),
        "frame_dt_fs": recording.frame_dt_fs,
        "label_every": recording.label_every,
        "position_quantum": POSITION_QUANTUM,
        "velocity_quanta": quanta[:, 0].tolist(),
        "force_quantum": force_quantum,
        "energy_origin": energy_origin,
        "sha256": _digest(arrays),
    }
    write_npz(path, {"header": np.array(json.dumps(header, ensure_ascii=False)), **arrays})


def read_native(path: Path) -> Recording:
    """Reads a native file; takes out the drift and spin that rounding has added where the data have none.

    Raises:
        DataError: for a damaged file, a missing member, another format or version, or content whose hash differs.
    """
    arrays = read_npz(path, required=("header", *MEMBERS))
    header = parse_header(arrays, path)
    content = {name: arrays[name] for name in MEMBERS}
    if _digest(content) != header["sha256"]:
        raise DataError(
            f"The content of {path.name} does not have the hash that its header states: the file is damaged."
        )
    molecule = Molecule(
        name=header["molecule"]["name"],
        numbers=tuple(header["molecule"]["numbers"]),
        bonds=tuple((i, j) for i, j in header["molecule"]["bonds"]),
    )
    recipe = Recipe(**header["recipe"])
    positions, velocities = _from_series(predict_back(_innovations(content)), header)
    if recipe.at_rest:
        masses = molecule.masses
        positions = positions - (masses @ positions / masses.sum())[..., None, :]
        velocities = without_drift_and_spin(positions, velocities, masses)
    return Recording(
        molecule=molecule,
        recipe=recipe,
        frame_dt_fs=header["frame_dt_fs"],
        label_every=header["label_every"],
        positions=positions,
        velocities=velocities,
        energies=content["energies"].astype(float) + header["energy_origin"],
        forces=from_planes(content["forces"]).transpose(2, 3, 0, 1) * header["force_quantum"],
        start_positions=content["start_positions"],
        start_velocities=content["start_velocities"],
        sha256=header["sha256"],
    )


def parse_header(arrays: dict[str, np.ndarray], path: Path) -> dict:
    """The header of a native file.

    Raises:
        DataError: for text that is not a header of this format and version.
    """
    try:
        header = json.loads(str(arrays["header"]))
        found = header["format"], header["version"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise DataError(f"The header of {path.name} cannot be read: {error!r}.") from error
    if found != (FORMAT, VERSION):
        raise DataError(f"{path.name} holds format and version {found}; expected {(FORMAT, VERSION)}.")
    return header


def _velocity_quanta(molecule: Molecule) -> Float[np.ndarray, "atoms 1"]:
    return np.where(molecule.is_heavy, HEAVY_VELOCITY_QUANTUM, HYDROGEN_VELOCITY_QUANTUM)[:, None]


def _to_integers(
    values: Float[np.ndarray, "segments frames atoms 3"], quantum: float | np.ndarray, what: str, molecule: Molecule
) -> Int16[np.ndarray, "segments frames atoms 3"]:
    integers = np.rint(values / quantum)
    if not np.abs(integers).max(initial=0.0) <= np.iinfo(np.int16).max:
        raise DataError(
            f"{what} of {molecule.name} reach {np.abs(values).max():.3g}, which does not fit 16 bits; "
            "write extxyz or MD17's npz instead."
        )
    return integers.astype(np.int16)


def _as_series(positions: np.ndarray, velocities: np.ndarray) -> Int16[np.ndarray, "atoms 2 series frames"]:
    """(segments, frames, atoms, 3) each to atoms first and time last, which is how they compress best."""
    stacked = np.stack([positions, velocities]).transpose(3, 0, 1, 4, 2)
    return stacked.reshape(*stacked.shape[:2], -1, stacked.shape[-1])


def _from_series(motion: Int16[np.ndarray, "atoms 2 series frames"], header: dict) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities (segments, frames, atoms, 3) in Å and Å/fs."""
    n_atoms, _, n_series, n_frames = motion.shape
    unfolded = motion.reshape(n_atoms, 2, n_series // 3, 3, n_frames).transpose(1, 2, 4, 0, 3)
    quanta = np.array(header["velocity_quanta"])[:, None]
    return unfolded[0] * header["position_quantum"], unfolded[1] * quanta


def _innovations(content: dict[str, np.ndarray]) -> Innovations:
    return Innovations(
        residuals=from_planes(content["residuals"]),
        coefficients=content["coefficients"],
        coupling=content["coupling"],
    )


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 over names, types, shapes and bytes of all members but the header."""
    digest = hashlib.sha256()
    for name in MEMBERS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
