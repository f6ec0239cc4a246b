"""What a forecaster remembers of its training windows where no forces teach it: a kernel response as a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from msmd.baselines.kernel_response import Kernel, KernelResponse
from msmd.baselines.time_knots import TimeKnots
from msmd.frame import centre_of_mass
from msmd.models.modal_field import Axis
from msmd.molecule import Molecule

SAME_START = 0.9999
"""Nearness from which on two starts are one, but for rounding."""


class Memory(nn.Module):
    """``KernelResponse``, its arrays kept as buffers so that a checkpoint holds them.

    Args:
        molecule: atoms and bonds.
        n_windows: training windows that are remembered.
        n_times: times after the start at which they are.
    """

    axes: ClassVar[Mapping[str, Axis]] = {
        "structure": ("atoms", 0),
        "starts": ("atoms", 2),
        "mean": ("atoms", 1),
        "coefficients": ("atoms", 2),
    }

    def __init__(self, molecule: Molecule, n_windows: int, n_times: int) -> None:
        super().__init__()
        self.molecule = molecule
        shapes = {
            "structure": (molecule.n_atoms, 3),
            "starts": (n_windows, 2, molecule.n_atoms, 3),
            "mean": (n_times, molecule.n_atoms, 3),
            "coefficients": (n_windows, n_times, molecule.n_atoms, 3),
            "times_fs": (n_times,),
            "kernel": (2,),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=torch.float64))

    def remember(self, known: KernelResponse) -> None:
        """Takes over what was fitted."""
        kernel = np.array([known.kernel.length, known.kernel.inverse_rate_fs])
        for name in ("structure", "starts", "mean", "coefficients"):
            getattr(self, name).copy_(torch.from_numpy(getattr(known, name)))
        self.times_fs.copy_(torch.from_numpy(known.knots.knots_fs[1:]))
        self.kernel.copy_(torch.from_numpy(kernel))

    def forward(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Where the atoms would be if this start went on like those remembered, in Å; the drift is left out."""
        start, speed, at = (part.detach().cpu().double().numpy() for part in (positions, velocities, times_fs))
        speed = speed - centre_of_mass(speed, self.molecule.masses)[:, None]
        return torch.from_numpy(self._response().move(start, speed, at)).to(positions)

    def knows(
        self, positions: Float[Tensor, "windows atoms 3"], velocities: Float[Tensor, "windows atoms 3"]
    ) -> Bool[Tensor, " windows"]:
        """Which of these starts are among those that it remembers."""
        near = self._response().nearness(positions.cpu().double().numpy(), velocities.cpu().double().numpy())
        return torch.from_numpy(near.max(axis=1) > SAME_START)

    def _response(self) -> KernelResponse:
        """What it remembers, as the baseline."""
        length, inverse_rate = self.kernel.tolist()
        return KernelResponse(
            molecule=self.molecule,
            knots=TimeKnots(knots_fs=np.append(0.0, self.times_fs.cpu().numpy())),
            kernel=Kernel(length=length, inverse_rate_fs=inverse_rate),
            **{name: getattr(self, name).cpu().numpy() for name in self.axes},
        )
