"""Every atom flies on."""

from __future__ import annotations

from typing import ClassVar

from msmd.baselines.base import Baseline
from msmd.shapes import Array, Float


class ConstantVelocity(Baseline):
    """x(t) = x(0) + v(0) t: exact for free flight, and for a molecule as long as no bond has vibrated, a few fs.

    >>> import torch
    >>> ConstantVelocity().predict(torch.zeros(1, 1, 3), torch.ones(1, 1, 3), torch.tensor([[2.0]]))
    tensor([[[[2., 2., 2.]]]])
    """

    name: ClassVar[str] = "constant-velocity"
    molecule = None

    def move(
        self,
        positions: Float[Array, "windows atoms 3"],
        velocities: Float[Array, "windows atoms 3"],
        times_fs: Float[Array, "windows times"],
    ) -> Float[Array, "windows times atoms 3"]:
        """A straight line per atom."""
        return positions[:, None] + velocities[:, None] * times_fs[..., None, None]
