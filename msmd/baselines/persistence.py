"""Nothing moves."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from msmd.baselines.base import Baseline
from msmd.shapes import Array, Float


class Persistence(Baseline):
    """x(t) = x(0): the error that every forecaster has to lower.

    >>> import torch
    >>> start = torch.ones(1, 2, 3)
    >>> Persistence().predict(start, start, torch.tensor([[5.0, 9.0]])).shape
    torch.Size([1, 2, 2, 3])
    """

    name: ClassVar[str] = "persistence"
    molecule = None

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """The start, once per time."""
        return np.repeat(positions[:, None], times_fs.shape[1], axis=1)
