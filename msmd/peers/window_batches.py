"""Training windows as tensors, and batches drawn from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from msmd.data.windows import Windows


@dataclass(frozen=True, kw_only=True)
class WindowBatch:
    """Windows of the modelled atoms, float32.

    Attributes:
        positions, velocities: of the start frames, Å and Å/fs.
        times_fs: target times after the start, fs.
        targets: positions at those times, Å.
    """

    positions: Float[Tensor, "windows modelled 3"]
    velocities: Float[Tensor, "windows modelled 3"]
    times_fs: Float[Tensor, "windows times"]
    targets: Float[Tensor, "windows times modelled 3"]

    @classmethod
    def of(cls, windows: Windows, atoms: Int[np.ndarray, " modelled"]) -> WindowBatch:
        """All windows, their chosen atoms only."""
        return cls(
            positions=torch.tensor(windows.positions[:, atoms], dtype=torch.float32),
            velocities=torch.tensor(windows.velocities[:, atoms], dtype=torch.float32),
            times_fs=torch.tensor(windows.times_fs, dtype=torch.float32),
            targets=torch.tensor(windows.targets[:, :, atoms], dtype=torch.float32),
        )

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self.positions)

    def draw(self, size: int, generator: torch.Generator, device: torch.device) -> WindowBatch:
        """``size`` windows without repetition (or all, where there are fewer), on a device."""
        order = torch.randperm(self.n_windows, generator=generator, device=generator.device)[:size].cpu()
        names = ("positions", "velocities", "times_fs", "targets")
        return WindowBatch(**{name: getattr(self, name)[order].to(device) for name in names})
