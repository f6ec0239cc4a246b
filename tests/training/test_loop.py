"""Training goes on exactly where it stopped, shares a wall time out, stops early, and refuses what is not finite."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from torch import nn

from msmd.data.windows import Split
from msmd.errors import MsmdError, ProtocolError
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.spectral_oscillator import SpectralOscillator, SpectralOscillatorConfig
from msmd.stage import Stage
from msmd.training.config import FitConfig
from msmd.training.loop import Fit, FitState
from msmd.training.step_cost import step_seconds

CONFIG = FitConfig(epochs=4, validate_every=2, n_validation=2, accelerator="cpu", ema_decay=0.5)


def _fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def _fit(split: Split, config: SpectralODEConfig, fit: FitConfig = CONFIG, state: FitState | None = None) -> Fit:
    forecaster = SpectralODE.create(split.training, config)
    return Fit(forecaster, split.training, split.validation, fit, _fabric(), state)


def _weights(fit: Fit) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in fit.forecaster.state_dict().items()}


def test_reports_tell_the_story(split: Split, tiny: SpectralODEConfig) -> None:
    reports = list(_fit(split, tiny))
    assert [r.stage for r in reports] == ["force-matching"] * 4 + ["fast-part"] * 4
    assert [r.step for r in reports] == [6, 12, 18, 24, 2, 4, 6, 8]
    assert [r.progress for r in reports] == [0.25, 0.5, 0.75, 1.0] * 2
    assert [r.validation is not None for r in reports] == [False, True] * 4
    assert reports[3].loss < reports[0].loss
    seconds = [r.seconds for r in reports]
    assert seconds == sorted(seconds)


def test_the_learning_rate_follows_the_schedule(split: Split, tiny: SpectralODEConfig) -> None:
    reports = list(_fit(split, tiny))
    base = tiny.plan.force_rate
    assert reports[0].learning_rate == pytest.approx(
        base * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * 5 / 24)).item())
    )


@pytest.mark.parametrize("stop_after", [1, 3, 4, 6])
def test_resuming_gives_the_same_weights(split: Split, tiny: SpectralODEConfig, stop_after: int) -> None:
    whole = _fit(split, tiny)
    losses = [report.loss for report in whole]
    first = _fit(split, tiny)
    seen = [report.loss for report in islice(first, stop_after)]
    second = _fit(split, tiny, state=replace(first.state))
    seen += [report.loss for report in second]
    assert seen == losses
    for name, tensor in _weights(whole).items():
        assert torch.equal(tensor, second.forecaster.state_dict()[name]), name


def test_what_is_frozen_stays_as_it_is(split: Split) -> None:
    """It has no gradient and no running mean; the stages after it go on all the same."""
    frozen = SpectralOscillator.create(split.training, SpectralOscillatorConfig(shifts=False, n_steps=2))
    reports = list(Fit(frozen, split.training, split.validation, replace(CONFIG, epochs=1), _fabric()))
    assert reports[-1].progress == 1.0
    assert not frozen.anharmonicity.any()


def test_seeds_decide(split: Split, tiny: SpectralODEConfig) -> None:
    losses = [[r.loss for r in _fit(split, tiny, replace(CONFIG, seed=seed))] for seed in (0, 0, 1)]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_several_batches_per_step_are_averaged(split: Split, tiny: SpectralODEConfig) -> None:
    one, two = (_fit(split, tiny, replace(CONFIG, batches_per_step=n)) for n in (1, 2))
    assert [len(list(fit)) for fit in (one, two)] == [8, 8]
    assert any(not torch.equal(a, b) for a, b in zip(_weights(one).values(), _weights(two).values(), strict=True))


def test_the_gradient_of_a_step_is_the_mean_over_its_batches(split: Split) -> None:
    bowl, slopes = Bowl(split), []

    def loss(generator: torch.Generator) -> torch.Tensor:
        slopes.append(float(torch.rand((), generator=generator)))
        return slopes[-1] * bowl.shift

    bowl.stages = lambda training: (Stage(name="slope", n_steps=1, learning_rate=0.1, batch_loss=loss),)
    reports = list(Fit(bowl, split.training, split.validation, replace(CONFIG, batches_per_step=3), _fabric()))
    assert len(slopes) == 3
    assert float(bowl.shift.grad) == pytest.approx(np.mean(slopes))
    assert reports[-1].loss == pytest.approx(np.mean(slopes))


def test_sharing_out_a_wall_time_moves_nothing(split: Split, tiny: SpectralODEConfig) -> None:
    """Though steps are taken, because the optimiser's own part of them counts: of SOAP's it is almost half."""
    timed, untimed = (_fit(split, tiny, replace(CONFIG, max_minutes=minutes)) for minutes in (1.0, None))
    assert len(timed.state.shares) == len(timed.stages)
    torch.testing.assert_close(timed.forecaster.state_dict(), untimed.forecaster.state_dict(), rtol=0.0, atol=0.0)
    assert all(parameter.grad is None for parameter in timed.forecaster.parameters())


def test_what_the_optimiser_takes_counts() -> None:
    """Every second of its steps takes 40 ms; one in two is what counts, not the quickest."""

    class Slow(torch.optim.SGD):
        n_taken = 0

        def step(self, closure: object = None) -> None:
            self.n_taken += 1
            time.sleep(0.04 * (self.n_taken % 2))

    weight = torch.nn.Parameter(torch.ones(()))
    stage = Stage(name="slow", n_steps=1, learning_rate=0.1, batch_loss=lambda _: weight**2, optimiser=Slow)
    assert step_seconds(stage, {"weight": weight}, seed=0, clock=time.perf_counter) == pytest.approx(0.02, rel=0.3)


def test_a_wall_time_is_shared_out_and_kept(split: Split, tiny: SpectralODEConfig) -> None:
    fit = _fit(split, tiny, replace(CONFIG, max_minutes=0.02))
    reports = list(fit)
    assert sum(fit.state.shares) == pytest.approx(1.2)
    assert 1.1 < reports[-1].seconds < 5.0
    assert {r.stage for r in reports} == {"force-matching", "fast-part"}


class Bowl(nn.Module):
    """One number that training pulls to zero; predicts the start moved by it."""

    name = "bowl"

    def __init__(self, split: Split, factor: float = 1.0) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.ones(()))
        self.molecule, self.factor = split.training.molecule, factor

    def stages(self, training: object) -> tuple[Stage, ...]:
        """One stage of forty steps."""
        return (Stage(name="bowl", n_steps=40, learning_rate=0.1, batch_loss=lambda _: self.factor * self.shift**2),)

    def predict(self, positions: torch.Tensor, velocities: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        """Worse the smaller the shift: validation rises while the loss falls."""
        return positions[:, None].expand(-1, times.shape[1], -1, -1) + 10.0 / (0.1 + self.shift.abs())


def test_early_stopping(split: Split) -> None:
    config = replace(CONFIG, epochs=20, validate_every=1, patience=2, ema_decay=0.0)
    reports = list(Fit(Bowl(split), split.training, split.validation, config, _fabric()))
    assert len(reports) == 3
    assert reports[0].validation["a_mse"] < reports[-1].validation["a_mse"]


def test_patience_ends_a_stage_and_not_the_stages_after_it(split: Split) -> None:
    bowl = Bowl(split)
    (only,) = bowl.stages(split.training)
    bowl.stages = lambda training: tuple(
        replace(only, name=name, learning_rate=0.01) for name in ("first", "second", "third")
    )
    config = replace(CONFIG, epochs=20, validate_every=1, patience=2, ema_decay=0.0)
    fit = Fit(bowl, split.training, split.validation, config, _fabric())
    reports = list(fit)
    assert [report.stage for report in reports] == 3 * ["first"] + 2 * ["second"] + 2 * ["third"]
    assert fit.state.best == reports[4].validation["a_mse"], "the third stage is measured against where it began"


def test_looking_takes_its_share_of_a_wall_time_at_most(split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes .2 s and is due every .06 s: after the first, .6 s of training have to pass."""
    bowl = Bowl(split)
    monkeypatch.setattr(bowl, "predict", lambda *rows: time.sleep(0.2) or Bowl.predict(bowl, *rows))
    config = replace(CONFIG, epochs=20, validate_every=1, max_minutes=0.02)
    reports = list(Fit(bowl, split.training, split.validation, config, _fabric()))
    looked = [report.seconds for report in reports if report.validation is not None]
    assert looked[-1] == reports[-1].seconds
    assert all(later - earlier >= 0.6 for earlier, later in pairwise(looked[:-1]))
    assert len(looked) <= 4


def test_a_long_run_is_looked_at_early_and_every_epoch_where_that_costs_little(
    split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("msmd.training.loop.FIRST_LOOK_S", 0.1)
    monkeypatch.setattr("msmd.training.loop.TRAINING_PER_CHEAP_LOOK", 1e-3)
    config = replace(CONFIG, epochs=20, validate_every=10, max_minutes=0.02)
    looked = [r.validation is not None for r in Fit(Bowl(split), split.training, split.validation, config, _fabric())]
    first = looked.index(True)
    assert 0 < first < 9
    assert all(looked[first:])


class Spoilt(Bowl):
    """A second stage undoes what the first has learned."""

    factors = (-1.0, 1.0)
    spoils_at = 1.5

    def stages(self, training: object) -> tuple[Stage, ...]:
        """Up the bowl, where the forecast is better, and down again."""
        return tuple(
            Stage(
                name=name,
                n_steps=40,
                learning_rate=0.1,
                batch_loss=lambda _, factor=factor: factor * self.shift**2,
                spoils_at=self.spoils_at,
            )
            for name, factor in zip(("better", "worse"), self.factors, strict=True)
        )


@pytest.mark.parametrize("factor", [1.0, float("nan")])
def test_a_stage_that_spoils_the_model_is_taken_back(split: Split, factor: float) -> None:
    model = Spoilt(split)
    model.factors = (-1.0, factor)
    reports = list(Fit(model, split.training, split.validation, CONFIG, _fabric()))
    assert model.shift > 3.0
    ends = {report.stage: report for report in reports}
    assert not ends["better"].is_taken_back
    assert ends["worse"].is_taken_back
    assert ends["worse"].validation == ends["better"].validation


def test_what_may_spoil_the_model_does(split: Split) -> None:
    model = Spoilt(split)
    model.spoils_at = float("inf")
    reports = list(Fit(model, split.training, split.validation, CONFIG, _fabric()))
    assert model.shift < 3.0
    assert not any(report.is_taken_back for report in reports)


def test_the_state_goes_on_to_take_a_stage_back(split: Split) -> None:
    whole, first = Spoilt(split), Spoilt(split)
    reports = list(Fit(whole, split.training, split.validation, CONFIG, _fabric()))
    stopped = Fit(first, split.training, split.validation, CONFIG, _fabric())
    for report in stopped:
        if report.stage == "worse":
            break
    second = Spoilt(split)
    later = list(Fit(second, split.training, split.validation, CONFIG, _fabric(), deepcopy(stopped.state)))
    assert later[-1].is_taken_back == reports[-1].is_taken_back is True
    assert second.shift == whole.shift


def test_what_is_learned_in_no_time_keeps_its_steps_under_a_wall_time(split: Split) -> None:
    """Twenty seconds for the long stage and one for the short, and six for both."""

    class Unequal(Bowl):
        least_share = 0.0

        def stages(self, training: object) -> tuple[Stage, ...]:
            def slow(_: object) -> torch.Tensor:
                time.sleep(0.02)
                return self.shift**2

            long = Stage(name="long", n_steps=1000, learning_rate=0.1, batch_loss=slow)
            return long, replace(long, name="short", n_steps=50, least_share=self.least_share)

    def shares(least: float) -> tuple[float, ...]:
        model = Unequal(split)
        model.least_share = least
        return Fit(model, split.training, split.validation, replace(CONFIG, max_minutes=0.1), _fabric()).state.shares

    assert shares(0.0) == pytest.approx((6 * 20 / 21, 6 / 21), rel=0.1)
    assert shares(0.1) == pytest.approx((5.3, 0.7), rel=0.1)
    assert sum(shares(0.9)) == pytest.approx(6.0)
    assert shares(0.9)[1] == pytest.approx(1.0, rel=0.1), "no more than its steps take"


def test_gradients_are_clipped(split: Split) -> None:
    fit = Fit(Bowl(split, factor=1e6), split.training, split.validation, CONFIG, _fabric())
    list(fit)
    assert fit.forecaster.shift.grad.abs() <= CONFIG.clip_norm * (1 + 1e-5)


def test_a_loss_that_is_not_finite_is_refused(split: Split) -> None:
    fit = Fit(Bowl(split, factor=float("nan")), split.training, split.validation, CONFIG, _fabric())
    with pytest.raises(MsmdError, match="loss of stage 'bowl' is nan"):
        list(fit)


@pytest.mark.parametrize(("name", "value"), [("epochs", 0), ("max_minutes", -1.0), ("ema_decay", 1.0)])
def test_nonsense_settings_are_refused(name: str, value: float) -> None:
    with pytest.raises(ProtocolError, match=f"{name} is"):
        FitConfig(**{name: value})
