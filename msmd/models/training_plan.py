"""How a SpectralODE is trained: which losses, on which data, for how long."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.data.windows import TrainingData
from msmd.errors import ProtocolError
from msmd.models.fast_part import FastPart
from msmd.models.force_matching import ForceMatching
from msmd.models.modal_field import ModalField
from msmd.models.motion import Thermostat
from msmd.models.score_matching import ScoreMatching
from msmd.models.trajectory_matching import TrajectoryMatching
from msmd.stage import Stage, cosine


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """Steps, rates and batches of each stage.

    Attributes:
        force_steps, force_rate, force_batch: force matching, where forces are known.
        score_steps, score_rate, score_batch: score matching, where they are not; few steps, because it overfits soon.
        flight_steps, flight_rate, flight_batch: trajectory matching after it, for each entry of ``flight_lags_fs``.
        flight_lags_fs: longest lag of each round of trajectory matching.
        flight_step_fs: time step of the solver that is trained through.
        fast_steps, fast_rate, fast_batch: the fast part, matched to the full one.
    """

    force_steps: int = 60_000
    force_rate: float = 3e-3
    force_batch: int = 64
    score_steps: int = 400
    score_rate: float = 1e-3
    score_batch: int = 64
    flight_steps: int = 800
    flight_rate: float = 1e-3
    flight_batch: int = 32
    flight_lags_fs: tuple[float, ...] = (25.0, 60.0, 120.0)
    flight_step_fs: float = 1.0
    fast_steps: int = 6_000
    fast_rate: float = 5e-3
    fast_batch: int = 64


def plan(
    field: ModalField, fast: ModalField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
) -> tuple[Stage, ...]:
    """The stages for these data: force matching where forces are known, else score and trajectory matching; then the
    fast part.

    Raises:
        ProtocolError: when the data hold nothing that a potential can be learned from.
    """
    learning = _from_forces if len(training.labelled()[0]) else _from_windows
    fast_part = Stage(
        name="fast-part",
        n_steps=config.fast_steps,
        learning_rate=config.fast_rate,
        batch_loss=FastPart.of(field, fast, training, batch=config.fast_batch),
        schedule=cosine,
    )
    return (*learning(field, thermostat, training, config), fast_part)


def _from_forces(
    field: ModalField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
) -> tuple[Stage, ...]:
    stage = Stage(
        name="force-matching",
        n_steps=config.force_steps,
        learning_rate=config.force_rate,
        batch_loss=ForceMatching.of(field, training, batch=config.force_batch),
        schedule=cosine,
    )
    return (stage,)


def _from_windows(
    field: ModalField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
) -> tuple[Stage, ...]:
    """Score matching, then flights of growing length."""
    score = Stage(
        name="score-matching",
        n_steps=config.score_steps,
        learning_rate=config.score_rate,
        batch_loss=ScoreMatching.of(field, training, batch=config.score_batch),
        schedule=cosine,
    )
    shortest = float(training.windows.times_fs.min())
    lags = [lag for lag in config.flight_lags_fs if lag >= shortest]
    if not lags:
        raise ProtocolError(
            f"The shortest lag of the training windows is {shortest:g} fs, too long to learn forces from; train with "
            "--sampling irregular, or with --windows all where forces are known."
        )
    flights = tuple(
        Stage(
            name=f"flights-{lag:.0f}",
            n_steps=config.flight_steps,
            learning_rate=config.flight_rate,
            batch_loss=TrajectoryMatching.of(
                field, thermostat, training, longest_fs=lag, batch=config.flight_batch, step_fs=config.flight_step_fs
            ),
            schedule=cosine,
        )
        for lag in lags
    )
    return (score, *flights)
