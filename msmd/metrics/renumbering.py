"""The same forecaster for the same molecule with its atoms in another order, for every kind of forecaster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from msmd.data.windows import TrainingData, Windows
from msmd.forecasting import Forecaster, fit_forecaster, forecaster_card
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory


def renumbered_forecaster(forecaster: Forecaster, training: TrainingData, order: Sequence[int]) -> Forecaster:
    """The forecaster for the molecule whose atom k is atom ``order[k]`` of the one it was made for.

    What is fitted in closed form is fitted again, on renumbered data; what was trained keeps its weights, each in its
    new place where it belongs to an atom or a pair.

    Args:
        forecaster: any.
        training: what it was fitted on, if it was; not looked at otherwise.
        order: a permutation of the atoms.
    """
    made: Any = forecaster
    if hasattr(made, "renumbered"):
        return made.renumbered(list(order))
    card = forecaster_card(forecaster.name)
    if card.needs != "training":
        return fit_forecaster(card, renumbered_training(training, order))
    other = type(made).from_parts(made.molecule.renumbered(order), made.config)
    other.load_state_dict(made.state_dict())
    return other.eval()


def renumbered_training(training: TrainingData, order: Sequence[int]) -> TrainingData:
    """Training data of the renumbered molecule."""
    molecule = training.molecule.renumbered(order)
    return replace(
        training,
        molecule=molecule,
        segments=tuple(_renumbered_trajectory(segment, molecule, order) for segment in training.segments),
        windows=_renumbered_windows(training.windows, molecule, order),
    )


def _renumbered_trajectory(trajectory: Trajectory, molecule: Molecule, order: Sequence[int]) -> Trajectory:
    atoms = np.asarray(order)
    arrays = {name: getattr(trajectory, name) for name in ("positions", "velocities", "forces")}
    moved = {name: None if array is None else array[:, atoms] for name, array in arrays.items()}
    return replace(trajectory, molecule=molecule, **moved)


def _renumbered_windows(windows: Windows, molecule: Molecule, order: Sequence[int]) -> Windows:
    atoms = np.asarray(order)
    return replace(
        windows,
        molecule=molecule,
        positions=windows.positions[:, atoms],
        velocities=windows.velocities[:, atoms],
        targets=windows.targets[:, :, atoms],
    )
