"""What force matching learns from: the forces that came with the data, or those of every training frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from msmd.data.relabel import check_can_be_relabelled, relabelled
from msmd.data.windows import TrainingData

LABELS = ("stored", "computed")
"""The forces that came with the data; or GFN2-xTB's at every training frame, computed again where it is stored."""


class LabelledFrames(NamedTuple):
    """Frames whose forces are known.

    Attributes:
        positions, forces: Å and kcal/mol/Å.
        energies: kcal/mol, NaN where unknown, mean taken out.
    """

    positions: Float[Tensor, "frames atoms 3"]
    forces: Float[Tensor, "frames atoms 3"]
    energies: Float[Tensor, " frames"]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The labelled frames of training data, computed when the first batch asks for them.

    Attributes:
        training: what may be seen.
        kind: one of ``LABELS``.

    Raises:
        ProtocolError: for forces that cannot be computed again: those of another source.
    """

    training: TrainingData
    kind: str

    def __post_init__(self) -> None:
        if self.kind == "computed":
            check_can_be_relabelled(self.training.segments)

    @cached_property
    def frames(self) -> LabelledFrames:
        """In single precision.

        Raises:
            MissingPackageError: where tblite is not installed and forces have to be computed.
        """
        training = self.training
        if self.kind == "computed":
            training = replace(training, segments=relabelled(training.segments))
        positions, forces = training.labelled()
        energies = _energies(training)
        return LabelledFrames(
            positions=torch.from_numpy(positions).float(),
            forces=torch.from_numpy(forces).float(),
            energies=torch.from_numpy(energies - np.nanmean(energies)).float(),
        )


def _energies(training: TrainingData) -> Float[np.ndarray, " labelled"]:
    """Energies of the frames that ``TrainingData.labelled`` returns, kcal/mol; NaN where unknown."""
    parts = [
        np.full(len(s.labelled_frames), np.nan) if s.energies is None else s.energies[s.labelled_frames]
        for s in training.segments
        if s.forces is not None
    ]
    return np.concatenate(parts)
