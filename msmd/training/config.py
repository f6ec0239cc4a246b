"""What can be chosen about a training run, whatever is trained."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.errors import ProtocolError


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Settings of the loop.

    Attributes:
        seed: feeds every batch.
        max_minutes: wall time, shared out among the stages by the cost of their steps; None for the stages' own steps.
        steps_factor: multiplies the stages' steps where there is no wall time.
        batches_per_step: batches whose gradients are averaged before a step; several processes share them.
        clip_norm: largest norm of a gradient.
        ema_decay: of the running mean of the weights that a stage ends with; 0 for the last weights themselves.
        epochs: reports per stage.
        validate_every: epochs between validations.
        n_validation: windows of each validation.
        patience: validations without improvement after which a stage ends; the last one then gives its best weights.
            None to train to the end.
        accelerator: ``"auto"``, ``"cpu"`` or ``"gpu"``, as Lightning Fabric calls them.
    """

    seed: int = 0
    max_minutes: float | None = None
    steps_factor: float = 1.0
    batches_per_step: int = 1
    clip_norm: float = 10.0
    ema_decay: float = 0.998
    epochs: int = 40
    validate_every: int = 10
    n_validation: int = 48
    patience: int | None = None
    accelerator: str = "auto"

    def __post_init__(self) -> None:
        for name in ("steps_factor", "batches_per_step", "clip_norm", "epochs", "validate_every", "n_validation"):
            if not getattr(self, name) > 0:
                raise ProtocolError(f"{name} is {getattr(self, name)}; expected a positive number.")
        if self.max_minutes is not None and not self.max_minutes > 0:
            raise ProtocolError(f"max_minutes is {self.max_minutes}; expected a positive time.")
        if self.patience is not None and self.patience < 1:
            raise ProtocolError(f"patience is {self.patience}; expected at least 1, or None.")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ProtocolError(f"ema_decay is {self.ema_decay}; expected a number from 0 to below 1.")
