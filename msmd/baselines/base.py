"""What baselines share: tensors outside and numpy inside, x(0) at t = 0, and the structure that most stand on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from msmd.forecasters import check_starts
from msmd.molecule import Molecule
from msmd.shapes import Array, Float, Frame


class Baseline(ABC):
    """A closed-form forecaster.

    ``predict`` takes and returns tensors; the work is done by ``move`` in numpy and double precision, on the functions
    of ``msmd.frame`` that the rest of the project uses too.  At t = 0 the answer is x(0) itself: the mean structure and
    its kin describe what comes after the start, not the start, and jump away from it.
    """

    name: ClassVar[str]

    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Positions in Å at ``times_fs`` after the start; see ``msmd.forecasters.Forecaster``.

        Raises:
            DataError: when the number of atoms is not the molecule's, or something is not finite.
        """
        check_starts(self, positions, velocities, times_fs)
        rows = (row.detach().cpu().double().numpy() for row in (positions, velocities, times_fs))
        moved = torch.from_numpy(self.move(*rows)).to(positions)
        return torch.where((times_fs == 0)[..., None, None], positions[:, None], moved)

    @abstractmethod
    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """Positions in Å at positive times."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedBaseline(Baseline):
    """A baseline for one molecule, made by ``fit`` from training data.

    Attributes:
        molecule: atoms and bonds.
        structure: r, the iteratively aligned mean of all structures that training may see, Å.
    """

    molecule: Molecule
    structure: Frame
