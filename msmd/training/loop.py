"""The one training loop: stages in, reports out, and a state from which it goes on exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from msmd.data.windows import TrainingData, Windows
from msmd.errors import DivergedError
from msmd.stage import Stage
from msmd.training.averaging import averaged_weights, blend_into, warmed_up
from msmd.training.config import FitConfig
from msmd.training.folder import EpochReport
from msmd.training.step_cost import step_seconds
from msmd.training.validation import a_mse_by_band

if TYPE_CHECKING:
    from lightning.fabric import Fabric

TRAINING_PER_LOOK = 3.0
"""Under a wall time, training takes at least this many times as long as the validations that watch it, but for the one
at the end of a stage: a rollout of many windows may take as long as thousands of steps."""

TRAINING_PER_CHEAP_LOOK = 20.0
"""Where validations take so little, there is one every epoch: whoever watches a long run sees it improve."""

FIRST_LOOK_S = 30.0
"""Training after which the first validation of a long run comes, whatever it takes."""

NEGLIGIBLE = 1e-6
"""Å², a thousandth of an ångström: no stage spoils what stays below a few times this."""


@dataclass(kw_only=True)
class FitState:
    """Everything that training needs to go on as if nothing had happened.

    Attributes:
        stage, step: where it stands.
        seconds: of training so far; ``stage_seconds`` of them in this stage.
        model, averages, optimiser: tensors, empty before the first epoch.
        best: lowest validation A-MSE since this stage was entered; ``waited`` validations ago.
        looked_at: seconds of training at the last validation.
        shares: seconds of each stage under a wall time.
        entered, entered_with: tensors at the end of the stage before, and their validation error; empty in the first.
    """

    stage: int = 0
    step: int = 0
    seconds: float = 0.0
    stage_seconds: float = 0.0
    model: dict[str, Tensor] = field(default_factory=dict)
    averages: dict[str, Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    best: float = float("inf")
    waited: int = 0
    looked_at: float = 0.0
    shares: tuple[float, ...] = ()
    entered: dict[str, Tensor] = field(default_factory=dict)
    entered_with: dict[str, float] = field(default_factory=dict)


class Fit:
    """Training of one forecaster; iterate to train.

    Args:
        forecaster: with ``stages(training)``.
        training: what it may see.
        validation: windows that tell how it does.
        config: settings.
        fabric: carries device and processes; launched.
        state: to go on from; a fresh start when None.

    Each step draws its batches from generators seeded by (seed, stage, step, batch), so that nothing about randomness
    has to be stored, and several processes can share the batches of a step.
    """

    def __init__(
        self,
        forecaster: nn.Module,
        training: TrainingData,
        validation: Windows,
        config: FitConfig,
        fabric: Fabric,
        state: FitState | None = None,
    ) -> None:
        self.forecaster = forecaster.to(fabric.device)
        self.validation = validation.take(slice(config.n_validation))
        self.config = config
        self.fabric = fabric
        self.stages: tuple[Stage, ...] = forecaster.stages(training)
        self.state = state or FitState()
        self._look_s = 0.0
        if self.state.model:
            forecaster.load_state_dict(self.state.model)
        if config.max_minutes is not None and not self.state.shares:
            self.state.shares = self._shares(60.0 * config.max_minutes)

    def __iter__(self) -> Iterator[EpochReport]:
        """Trains; one report per epoch, with ``state`` up to date at each.

        Raises:
            DivergedError: when the loss is not finite, and the stage cannot be taken back.
        """
        while self.state.stage < len(self.stages):
            yield from self._train_stage()

    def validated_weights(self) -> AbstractContextManager[None]:
        """Inside, the forecaster has the running means that the last report was validated with."""
        averages = {name: average.to(self.fabric.device) for name, average in self.state.averages.items()}
        return averaged_weights(self.forecaster, averages)

    def _train_stage(self) -> Iterator[EpochReport]:
        state, stage = self.state, self.stages[self.state.stage]
        parameters = {n: p for n, p in self.forecaster.named_parameters() if p.requires_grad}
        optimiser = stage.make_optimiser(parameters.values())
        if state.optimiser:
            optimiser.load_state_dict(state.optimiser)
        averages = {n: t.to(self.fabric.device) for n, t in state.averages.items()}
        averages = averages or {n: p.detach().clone() for n, p in parameters.items()}
        ends = False
        while not ends:
            epoch = int(self._progress(stage) * self.config.epochs) + 1
            loss, rate = self._epoch(stage, optimiser, parameters, averages, epoch / self.config.epochs)
            is_lost = not math.isfinite(loss)
            if is_lost and not self._can_be_taken_back(stage):
                raise DivergedError(
                    f"The loss of stage {stage.name!r} is {loss} by step {state.step}; lower the learning rate "
                    f"(now {stage.learning_rate:g}) or look at the data."
                )
            progress = self._progress(stage)
            ends = progress >= 1.0 or is_lost
            state.model = _detached(self.forecaster.state_dict())
            state.averages, state.optimiser = _detached(averages), optimiser.state_dict()
            report = self._report(stage, progress, loss, rate)
            due = ends or self._is_look_due(epoch)
            found = self._validate(averages) if due and not is_lost else None
            ends = ends or self._is_out_of_patience()
            if ends:
                self._end_stage(averages)
            yield self._entered_next(stage, report, found) if ends else replace(report, validation=found)

    def _epoch(
        self,
        stage: Stage,
        optimiser: torch.optim.Optimizer,
        parameters: dict[str, nn.Parameter],
        averages: dict[str, Tensor],
        until: float,
    ) -> tuple[float, float]:
        """Steps until the stage's progress reaches ``until``; returns the mean loss and the last rate."""
        began, losses = self._clock(), []
        base_seconds, base_stage_seconds = self.state.seconds, self.state.stage_seconds
        rate = stage.learning_rate
        while (progress := self._progress(stage)) < min(until, 1.0) or not losses:
            rate = stage.learning_rate * stage.schedule(progress)
            for group in optimiser.param_groups:
                group["lr"] = rate
            losses.append(self._step(stage, optimiser, parameters))
            blend_into(averages, parameters, warmed_up(self.config.ema_decay, self.state.step))
            self.state.step += 1
            spent = self._clock(wait=False) - began
            self.state.seconds, self.state.stage_seconds = base_seconds + spent, base_stage_seconds + spent
        loss = float(torch.stack(losses).mean())
        spent = self._clock() - began
        self.state.seconds, self.state.stage_seconds = base_seconds + spent, base_stage_seconds + spent
        return loss, rate

    def _step(self, stage: Stage, optimiser: torch.optim.Optimizer, parameters: dict[str, nn.Parameter]) -> Tensor:
        """One optimiser step on the mean gradient of the step's batches, shared among the processes."""
        optimiser.zero_grad(set_to_none=True)
        mine = self._my_batches()
        total = torch.zeros((), device=self.fabric.device)
        for batch in mine:
            loss = stage.batch_loss(self._generator(batch)) / len(mine)
            loss.backward()
            total = total + loss.detach()
        if self.fabric.world_size > 1:
            total = self._average(parameters, total)
        used = [p for p in parameters.values() if p.grad is not None]
        nn.utils.clip_grad_norm_(used, self.config.clip_norm)
        optimiser.step()
        return total

    def _clock(self, *, wait: bool = True) -> float:
        """Seconds; ``wait`` lets a GPU finish first what it was given."""
        if wait and self.fabric.device.type == "cuda":
            torch.cuda.synchronize(self.fabric.device)
        return time.perf_counter()

    def _my_batches(self) -> range | list[int]:
        """Batches of this process; where they cannot be shared out evenly, each process takes all."""
        n_batches, n_processes = self.config.batches_per_step, self.fabric.world_size
        if n_batches % n_processes == 0:
            return range(self.fabric.global_rank, n_batches, n_processes)
        return range(n_batches)

    def _average(self, parameters: dict[str, nn.Parameter], loss: Tensor) -> Tensor:
        """Replaces gradients by their mean over processes, in one message; returns the mean loss."""
        used = [p for p in parameters.values() if p.grad is not None]
        flat = torch.cat([loss.reshape(1), *(p.grad.reshape(-1) for p in used)])
        flat = self.fabric.all_reduce(flat, reduce_op="mean")
        first = 1
        for parameter in used:
            last = first + parameter.numel()
            parameter.grad.copy_(flat[first:last].reshape(parameter.shape))
            first = last
        return flat[0]

    def _is_look_due(self, epoch: int) -> bool:
        """Every few epochs; under a wall time as often as that leaves most of the time to training."""
        is_turn = epoch % self.config.validate_every == 0
        if not self.state.shares:
            return is_turn
        trained = self.state.seconds - self.state.looked_at
        if self._look_s == 0.0:
            due = is_turn or trained >= FIRST_LOOK_S
        else:
            due = trained >= (TRAINING_PER_LOOK if is_turn else TRAINING_PER_CHEAP_LOOK) * self._look_s
        return self.fabric.broadcast(due) if self.fabric.world_size > 1 else due

    def _generator(self, batch: int) -> torch.Generator:
        """The generator of one batch of the present step."""
        key = (self.config.seed, self.state.stage, self.state.step, batch)
        mixed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))
        return torch.Generator().manual_seed(mixed)

    def _progress(self, stage: Stage) -> float:
        """Fraction of the stage that is done, by time under a wall time, else by steps."""
        if self.state.shares:
            spent = self.state.stage_seconds / self.state.shares[self.state.stage]
            return self.fabric.broadcast(spent) if self.fabric.world_size > 1 else spent
        return self.state.step / max(1, round(stage.n_steps * self.config.steps_factor))

    def _shares(self, seconds: float) -> tuple[float, ...]:
        """Seconds of each stage: its steps times the cost of one, scaled to the whole but for its least share."""
        parameters = {n: p for n, p in self.forecaster.named_parameters() if p.requires_grad}
        before = {n: p.detach().clone() for n, p in parameters.items()}
        costs = [
            stage.n_steps * step_seconds(stage, parameters, seed=self.config.seed, clock=self._clock)
            for stage in self.stages
        ]
        blend_into(parameters, before, 0.0)
        self.forecaster.zero_grad(set_to_none=True)
        least = [min(cost, stage.least_share * seconds) for stage, cost in zip(self.stages, costs, strict=True)]
        scale = (seconds - sum(least)) / (sum(costs) - sum(least))
        return tuple(first + scale * (cost - first) for first, cost in zip(least, costs, strict=True))

    def _end_stage(self, averages: dict[str, Tensor]) -> None:
        """Takes the averaged weights and moves to the next stage."""
        own = dict(self.forecaster.named_parameters())
        blend_into({name: own[name] for name in averages}, averages, 0.0)  # frozen parameters have no average
        state = self.state
        state.model, state.averages, state.optimiser = _detached(self.forecaster.state_dict()), {}, {}
        state.stage, state.step, state.stage_seconds = state.stage + 1, 0, 0.0

    def _can_be_taken_back(self, stage: Stage) -> bool:
        return math.isfinite(stage.spoils_at) and bool(self.state.entered)

    def _entered_next(self, stage: Stage, report: EpochReport, found: dict[str, float] | None) -> EpochReport:
        """The report of a stage's end; where the stage has spoilt the model, the weights before it are taken again."""
        state = self.state
        spoilt = self._can_be_taken_back(stage) and (
            found is None or not found["a_mse"] < stage.spoils_at * max(state.entered_with["a_mse"], NEGLIGIBLE)
        )
        if spoilt:
            found = state.entered_with
            self.forecaster.load_state_dict(state.entered)
            state.model = _detached(self.forecaster.state_dict())
        state.entered, state.entered_with = state.model, found
        if state.stage < len(self.stages):
            state.best, state.waited = found["a_mse"], 0
        return replace(report, validation=found, is_taken_back=spoilt)

    def _report(self, stage: Stage, progress: float, loss: float, rate: float) -> EpochReport:
        return EpochReport(
            stage=stage.name,
            stage_index=self.state.stage,
            n_stages=len(self.stages),
            step=self.state.step,
            progress=min(progress, 1.0),
            loss=loss,
            learning_rate=rate,
            seconds=self.state.seconds,
        )

    def _validate(self, averages: dict[str, Tensor]) -> dict[str, float]:
        """Errors on validation windows with the averaged weights; keeps count for early stopping."""
        began = self._clock()
        with averaged_weights(self.forecaster, averages):
            found = a_mse_by_band(self.forecaster, self.validation)
        if self.fabric.world_size > 1:
            # Rollouts are chaotic and processes differ by rounding: all of them have to decide alike.
            found = self.fabric.broadcast(found)
        self._look_s, self.state.looked_at = self._clock() - began, self.state.seconds
        state, improved = self.state, found["a_mse"] < self.state.best
        state.best, state.waited = min(state.best, found["a_mse"]), 0 if improved else state.waited + 1
        return found

    def _is_out_of_patience(self) -> bool:
        return self.config.patience is not None and self.state.waited >= self.config.patience


def _detached(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU, for the state."""
    return {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}


__all__ = ["EpochReport", "Fit", "FitState"]
