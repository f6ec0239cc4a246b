"""From the run folder of a generator to a recording that can be stored."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from msmd.data.generate import GenerateConfig
from msmd.data.native import Recipe, Recording
from msmd.data.npz import read_npz
from msmd.data.registry import molecule_card
from msmd.errors import DataError


def recording_of_run(name: str, config: GenerateConfig, folder: Path) -> Recording:
    """Gathers the finished segments of a ``generate`` run.

    Args:
        name: a molecule of the registry.
        config: the settings that the run was made with.
        folder: its run folder.

    Raises:
        DataError: when a segment is missing or has another shape than the settings say.
    """
    molecule = molecule_card(name).molecule
    indices = range(config.n_segments)
    missing = [i for i in indices if not (folder / f"segment_{i:03d}.npz").exists()]
    if missing:
        raise DataError(
            f"{folder} lacks segments {missing} of {config.n_segments}; run `msmd generate` on it again, "
            "it goes on where it was."
        )
    names = ("positions", "velocities", "energies", "forces")
    segments = [read_npz(folder / f"segment_{i:03d}.npz", required=names) for i in indices]
    starts = [read_npz(folder / f"start_{i:03d}.npz", required=("positions", "velocities")) for i in indices]
    expected = (config.frames_per_segment, molecule.n_atoms, 3)
    for index, segment in enumerate(segments):
        if segment["positions"].shape != expected:
            raise DataError(
                f"Segment {index} in {folder} has positions of shape {segment['positions'].shape}, "
                f"expected {expected}: the run was made with other settings."
            )
    return Recording(
        molecule=molecule,
        recipe=Recipe(
            source="gfn2",
            dt_fs=config.dt_fs,
            temperature_kelvin=config.temperature_kelvin,
            at_rest=True,
            settings=asdict(config),
            versions={package: version(package) for package in ("tblite", "numpy", "rdkit")},
        ),
        frame_dt_fs=config.dt_fs * config.stride,
        label_every=config.forces_every,
        **{field: np.array([segment[field] for segment in segments]) for field in names},
        start_positions=np.array([start["positions"] for start in starts]),
        start_velocities=np.array([start["velocities"] for start in starts]),
    )
