"""How a forecaster does on validation windows, in the numbers that training watches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from msmd.data.windows import Windows
from msmd.forecasters import Forecaster
from msmd.horizon import BAND_EDGES_FS, in_band


def a_mse_by_band(forecaster: Forecaster, windows: Windows) -> dict[str, float]:
    """Mean squared error of heavy atoms in Å²: ``a_mse`` over everything, and one entry per band that has samples."""
    parameters = forecaster.parameters() if isinstance(forecaster, nn.Module) else iter(())
    device = next((p.device for p in parameters), torch.device("cpu"))
    rows = (torch.tensor(a).to(device) for a in (windows.positions, windows.velocities, windows.times_fs))
    with torch.no_grad():
        predicted = forecaster.predict(*rows).cpu().numpy()
    squares = np.square(predicted - windows.targets)[:, :, windows.molecule.is_heavy].mean(axis=(2, 3))
    found = {"a_mse": float(squares.mean())}
    for low, high in pairwise(BAND_EDGES_FS):
        inside = squares[in_band(windows.times_fs, low, high)]
        if inside.size:
            found[f"{low:.0f}-{high:.0f} fs"] = float(inside.mean())
    return found
