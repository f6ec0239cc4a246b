"""How a SpectralODE is trained: which losses, on which data, for how long."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.data.windows import TrainingData
from msmd.errors import ProtocolError
from msmd.models.fast_part import FastPart
from msmd.models.force_matching import ForceMatching, energy_scale
from msmd.models.modal_field import ModalField
from msmd.stage import Stage, cosine

__all__ = ["PlanConfig", "energy_scale", "plan"]


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """Steps, rates and batches of each stage.

    Attributes:
        force_steps, force_rate, force_batch: force matching of the full potential.
        fast_steps, fast_rate, fast_batch: the fast part, matched to the full one.
    """

    force_steps: int = 60_000
    force_rate: float = 3e-3
    force_batch: int = 64
    fast_steps: int = 6_000
    fast_rate: float = 5e-3
    fast_batch: int = 64


def plan(field: ModalField, fast: ModalField, training: TrainingData, config: PlanConfig) -> tuple[Stage, ...]:
    """The stages for these data.

    Raises:
        ProtocolError: when the data hold nothing that a potential can be learned from.
    """
    positions, _ = training.labelled()
    if len(positions) == 0:
        raise ProtocolError("No training frame has forces; a SpectralODE without them is not built yet.")
    return (
        Stage(
            name="force-matching",
            n_steps=config.force_steps,
            learning_rate=config.force_rate,
            batch_loss=ForceMatching.of(field, training, batch=config.force_batch),
            schedule=cosine,
        ),
        Stage(
            name="fast-part",
            n_steps=config.fast_steps,
            learning_rate=config.fast_rate,
            batch_loss=FastPart.of(field, fast, training, batch=config.fast_batch),
            schedule=cosine,
        ),
    )
