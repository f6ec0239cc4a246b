"""How a SpectralODE is trained: which losses, on which data, for how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

from torch.optim import Adam, Optimizer

from msmd.data.windows import TrainingData
from msmd.errors import ProtocolError, unknown_name
from msmd.models.fast_part import FastPart
from msmd.models.flights import flights_of, shortest_lag_fs
from msmd.models.force_matching import ForceMatching
from msmd.models.labels import LABELS, Labels
from msmd.models.modal_field import ForceField
from msmd.models.motion import ConstantEnergy, Thermostat
from msmd.models.refinement import Refinement
from msmd.models.score_matching import ScoreMatching
from msmd.models.solvers import Solver, VelocityVerlet
from msmd.models.trajectory_matching import TrajectoryMatching
from msmd.soap import SOAP
from msmd.stage import Stage, cosine, warmed_cosine

FAST_SHARE = 0.15
"""Of a short wall time, for the fast part: after too few steps, long time steps fly apart, and the refinement too."""

OPTIMISERS: dict[str, type[Optimizer]] = {"soap": SOAP, "adam": Adam}
"""Of force matching.  In the same time SOAP leaves less than two thirds of Adam's error (docs/experiments.md)."""

FLIGHT_OPTIMISERS: dict[str, Callable[..., Optimizer]] = {
    "soap": partial(SOAP, gather_every=1, turn_every=10),
    "adam": Adam,
}
"""Of the flights, whose steps take so long that a basis which follows every gradient costs nothing.  In the same number
of steps SOAP leaves two thirds of Adam's error on aspirin (docs/experiments.md)."""

SPOILT = 4.0
"""How much worse a later stage may leave the validation error; the fast part costs a little."""


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """Steps, rates and batches of each stage.

    Attributes:
        force_steps, force_rate, force_batch: force matching, where forces are known.
        force_optimiser: ``"soap"`` or ``"adam"``.
        labels: ``"stored"``, the forces that came with the data; or ``"computed"``, GFN2-xTB's at every training frame.
        score_steps, score_rate, score_batch: score matching, where they are not; few steps, because it overfits soon.
        flight_lags_fs, flight_steps, flight_rates: rounds of trajectory matching after it: longest lag, steps, rate.
        flight_optimiser: ``"soap"`` or ``"adam"``, of every round.
        flight_batch: flights per step.
        flight_step_fs: time step of the solver that is trained through.
        fast_steps, fast_rate, fast_batch: the fast part, matched to the full one.
        refine_lag_fs, refine_steps, refine_rate, refine_batch: longest lag, steps, rate and flights per step of the
            refinement, where stored forces are learned from and no thermostat hides its friction; 0 steps leave it
            out.
    """

    force_steps: int = 40_000
    force_rate: float = 3e-3
    force_batch: int = 128
    force_optimiser: str = "soap"
    labels: str = "stored"
    score_steps: int = 100
    score_rate: float = 1e-3
    score_batch: int = 64
    flight_lags_fs: tuple[float, ...] = (12.0, 25.0, 60.0)
    flight_steps: tuple[int, ...] = (1500, 800, 300)
    flight_rates: tuple[float, ...] = (3e-3, 2e-3, 1e-3)
    flight_optimiser: str = "soap"
    flight_batch: int = 64
    flight_step_fs: float = 0.5
    fast_steps: int = 6_000
    fast_rate: float = 5e-3
    fast_batch: int = 64
    refine_lag_fs: float = 28.0
    refine_steps: int = 1500
    refine_rate: float = 1e-3
    refine_batch: int = 128

    def __post_init__(self) -> None:
        names = {"force_optimiser": OPTIMISERS, "flight_optimiser": FLIGHT_OPTIMISERS, "labels": LABELS}
        for name, choices in names.items():
            if getattr(self, name) not in choices:
                raise unknown_name(f"plan.{name}", getattr(self, name), choices)
        rounds = {len(self.flight_lags_fs), len(self.flight_steps), len(self.flight_rates)}
        if len(rounds) > 1:
            raise ProtocolError(
                f"flight_lags_fs, flight_steps and flight_rates have {len(self.flight_lags_fs)}, "
                f"{len(self.flight_steps)} and {len(self.flight_rates)} entries; expected one each for every round."
            )
        for field in fields(self):
            values = getattr(self, field.name)
            if isinstance(values, str):
                continue
            least = 0 if field.name.endswith("steps") else None
            for value in values if isinstance(values, tuple) else (values,):
                if value < 0 or (least is None and value == 0):
                    raise ProtocolError(f"plan.{field.name} is {values}; expected numbers above zero.")


@dataclass(frozen=True, kw_only=True)
class Learner:
    """What is trained.

    Attributes:
        field: the full potential.
        fast: the part of it that has the short time step.
        thermostat: as the data had it.
        solver: of the finished forecaster, which the refinement goes through.
    """

    field: ForceField
    fast: ForceField
    thermostat: Thermostat
    solver: Solver


def plan(learner: Learner, training: TrainingData, config: PlanConfig) -> tuple[Stage, ...]:
    """The stages for these data: force matching where forces are known, else score and trajectory matching; the fast
    part; and the refinement through both, where it is possible.

    Raises:
        ProtocolError: when the data hold nothing that a potential can be learned from.
    """
    fast_part = Stage(
        name="fast-part",
        n_steps=config.fast_steps,
        learning_rate=config.fast_rate,
        batch_loss=FastPart.of(learner.field, learner.fast, training, batch=config.fast_batch),
        schedule=cosine,
        least_share=FAST_SHARE,
        spoils_at=SPOILT,
    )
    labels = _labels(training, config)
    if labels is None:
        return (*_from_windows(learner, training, config), fast_part)
    return (_from_forces(learner, labels, config), fast_part, *_refinement(learner, labels, config))


def _labels(training: TrainingData, config: PlanConfig) -> Labels | None:
    """The forces to learn from; None where there are none.

    Raises:
        ProtocolError: where they are to be computed, and there are no frames or those of another level of theory.
    """
    if config.labels == "computed" and not training.segments:
        raise ProtocolError(
            "plan.labels is 'computed', and a number of windows is a budget without forces: leave it out, or train on "
            "every frame (--windows all)."
        )
    is_known = config.labels == "computed" or len(training.labelled()[0]) > 0
    return Labels(training=training, kind=config.labels) if is_known else None


def _from_forces(learner: Learner, labels: Labels, config: PlanConfig) -> Stage:
    return Stage(
        name="force-matching",
        n_steps=config.force_steps,
        learning_rate=config.force_rate,
        batch_loss=ForceMatching.of(learner.field, labels, batch=config.force_batch),
        schedule=warmed_cosine,
        optimiser=OPTIMISERS[config.force_optimiser],
    )


def _refinement(learner: Learner, labels: Labels, config: PlanConfig) -> tuple[Stage, ...]:
    """None under a thermostat, where the friction along a flight is not known, and none beside computed forces, which
    hold nothing of the noise that it averages out."""
    is_free = isinstance(learner.thermostat, ConstantEnergy)
    if config.refine_steps == 0 or not is_free or config.labels == "computed":
        return ()
    loss = Refinement.of(
        learner.field,
        learner.fast,
        learner.solver,
        labels,
        longest_fs=config.refine_lag_fs,
        batch=config.refine_batch,
    )
    if loss is None:
        return ()
    stage = Stage(
        name="refinement",
        n_steps=config.refine_steps,
        learning_rate=config.refine_rate,
        batch_loss=loss,
        schedule=cosine,
        spoils_at=SPOILT,
    )
    return (stage,)


def _from_windows(learner: Learner, training: TrainingData, config: PlanConfig) -> tuple[Stage, ...]:
    """Score matching, then flights of growing length."""
    score = Stage(
        name="score-matching",
        n_steps=config.score_steps,
        learning_rate=config.score_rate,
        batch_loss=ScoreMatching.of(learner.field, training, batch=config.score_batch),
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
    solver = VelocityVerlet(field=learner.field, thermostat=learner.thermostat, step_fs=config.flight_step_fs)
    rounds = zip(config.flight_lags_fs, config.flight_steps, config.flight_rates, strict=True)
    flights = tuple(
        Stage(
            name=f"flights-{lag:.0f}",
            n_steps=n_steps,
            learning_rate=rate,
            batch_loss=TrajectoryMatching.of(
                learner.field, solver, flights_of(training.windows, lag), training.molecule, batch=config.flight_batch
            ),
            schedule=cosine if config.flight_optimiser == "adam" else warmed_cosine,
            spoils_at=SPOILT,
            optimiser=FLIGHT_OPTIMISERS[config.flight_optimiser],
        )
        for lag, n_steps, rate in rounds
        if lag >= shortest
    )
    return (score, *flights)
