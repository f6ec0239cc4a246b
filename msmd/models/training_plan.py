"""How a SpectralODE is trained: which losses, on which data, for how long."""

from __future__ import annotations

from dataclasses import dataclass

from msmd.data.windows import TrainingData
from msmd.errors import ProtocolError
from msmd.models.fast_part import FastPart
from msmd.models.flights import shortest_lag_fs
from msmd.models.force_matching import ForceMatching
from msmd.models.modal_field import ForceField
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
        flight_lags_fs, flight_steps, flight_rates: rounds of trajectory matching after it: longest lag, steps, rate.
        flight_batch: flights per step.
        flight_step_fs: time step of the solver that is trained through.
        fast_steps, fast_rate, fast_batch: the fast part, matched to the full one.
    """

    force_steps: int = 60_000
    force_rate: float = 3e-3
    force_batch: int = 64
    score_steps: int = 100
    score_rate: float = 1e-3
    score_batch: int = 64
    flight_lags_fs: tuple[float, ...] = (12.0, 25.0, 60.0)
    flight_steps: tuple[int, ...] = (1500, 800, 300)
    flight_rates: tuple[float, ...] = (3e-3, 2e-3, 1e-3)
    flight_batch: int = 64
    flight_step_fs: float = 0.5
    fast_steps: int = 6_000
    fast_rate: float = 5e-3
    fast_batch: int = 64


def plan(
    field: ForceField, fast: ForceField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
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
    field: ForceField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
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
    field: ForceField, thermostat: Thermostat, training: TrainingData, config: PlanConfig
) -> tuple[Stage, ...]:
    """Score matching, then flights of growing length."""
    score = Stage(
        name="score-matching",
        n_steps=config.score_steps,
        learning_rate=config.score_rate,
        batch_loss=ScoreMatching.of(field, training, batch=config.score_batch),
        schedule=cosine,
    )
    shortest = shortest_lag_fs(training.windows)
    longest = max(config.flight_lags_fs)
    if shortest > longest:
        raise ProtocolError(
            f"The frames of the training windows lie {shortest:g} fs apart or more, too far to learn forces from "
            f"(at most {longest:g} fs): train on more windows, with --sampling irregular, or with --windows all where "
            "forces are known."
        )
    rounds = zip(config.flight_lags_fs, config.flight_steps, config.flight_rates, strict=True)
    flights = tuple(
        Stage(
            name=f"flights-{lag:.0f}",
            n_steps=n_steps,
            learning_rate=rate,
            batch_loss=TrajectoryMatching.of(
                field, thermostat, training, longest_fs=lag, batch=config.flight_batch, step_fs=config.flight_step_fs
            ),
            schedule=cosine,
        )
        for lag, n_steps, rate in rounds
        if lag >= shortest
    )
    return (score, *flights)
