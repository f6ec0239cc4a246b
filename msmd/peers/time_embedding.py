"""The sinusoidal embedding of a time, by which a direct network tells one time from another."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from msmd.errors import MsmdError

PERIOD_RANGE = 10_000.0
"""Ratio of the longest to the shortest wavelength (Vaswani et al. 2017, section 3.5)."""


def sinusoidal_embedding(times: Float[Tensor, "..."], width: int) -> Float[Tensor, "... {width}"]:
    """sin(t ω_k) and cos(t ω_k) for ω_k = PERIOD_RANGE^{−k/(K−1)}, k = 0…K−1, K = width/2.

    Args:
        times: dimensionless; neighbouring times differ clearly when they are about 1 apart.
        width: even, at least 4.

    Reference: Vaswani et al., Attention is all you need, NeurIPS 2017; as EGNO and GF-NODE use it.

    >>> sinusoidal_embedding(torch.tensor([0.0]), 4)
    tensor([[0., 0., 1., 1.]])
    """
    n_frequencies = width // 2
    exponents = torch.arange(n_frequencies, dtype=times.dtype, device=times.device) / (n_frequencies - 1)
    phases = times[..., None] * torch.exp(-math.log(PERIOD_RANGE) * exponents)
    return torch.cat([phases.sin(), phases.cos()], dim=-1)


def check_embedding_width(setting: str, width: int) -> None:
    """Refuses a width that holds no sines and cosines in pairs, two frequencies at least.

    Raises:
        MsmdError: naming the setting.
    """
    if width < 4 or width % 2:
        raise MsmdError(f"{setting} is {width}; expected an even number from 4 on.")
