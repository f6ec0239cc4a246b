"""What can be chosen about a DirectInTime beside what it shares with a SpectralODE."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.errors import ProtocolError


@dataclass(frozen=True, kw_only=True)
class DirectConfig:
    """The network of the time, and its training.

    Attributes:
        n_sinusoids: wave numbers that the network is told the time in, evenly spaced.
        highest_wavenumber: of them, cm⁻¹; above the fastest vibration, that of an O–H bond.
        steps, rate, batch: of window matching.
    """

    n_sinusoids: int = 96
    highest_wavenumber: float = 4000.0
    steps: int = 60_000
    rate: float = 1e-3
    batch: int = 128

    def __post_init__(self) -> None:
        for name in ("n_sinusoids", "highest_wavenumber", "steps", "rate", "batch"):
            if not getattr(self, name) > 0:
                raise ProtocolError(f"direct.{name} is {getattr(self, name)}; expected a positive number.")
