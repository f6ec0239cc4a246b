"""What force matching learns from, and with which optimiser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from msmd.data.windows import Split, TrainingData
from msmd.errors import MsmdError, ProtocolError
from msmd.models.labels import Labels
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.soap import SOAP
from msmd.stage import Stage


@pytest.fixture
def short(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingData:
    """Eleven frames of two segments, and an empty cache."""
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    some = tuple(segment.between(0, 11) for segment in split.training.segments[:2])
    return replace(split.training, segments=some)


def _stages(training: TrainingData, **plan: object) -> dict[str, Stage]:
    config = SpectralODEConfig(widths=(8, 8), fast_widths=(4,), plan=PlanConfig(**plan))
    return {stage.name: stage for stage in SpectralODE.create(training, config).stages(training)}


def test_stored_forces_are_those_of_every_fifth_frame(short: TrainingData) -> None:
    frames = Labels(training=short, kind="stored").frames
    assert len(frames.positions) == 2 * 3
    assert float(frames.energies.mean()) == pytest.approx(0.0, abs=1e-3)


def test_computed_forces_are_those_of_every_frame(short: TrainingData) -> None:
    frames = Labels(training=short, kind="computed").frames
    positions = np.concatenate([segment.positions for segment in short.segments])
    torch.testing.assert_close(frames.positions, torch.from_numpy(positions).float())
    assert bool(frames.forces.isfinite().all())
    stored = Labels(training=short, kind="stored").frames
    off = (frames.forces[[0, 5, 10, 11, 16, 21]] - stored.forces).square().mean().sqrt()
    assert 0.02 < float(off) < 0.5


def test_nothing_is_computed_before_the_first_batch(
    short: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = _stages(short, labels="computed")["force-matching"]
    assert not list(tmp_path.rglob("*.npz"))
    stage.batch_loss(torch.Generator().manual_seed(0)).backward()
    assert len(list(tmp_path.rglob("*.npz"))) == len(short.segments)


def test_data_without_stored_forces_learn_from_computed_ones(short: TrainingData) -> None:
    bare = replace(short, segments=tuple(replace(s, forces=None, energies=None) for s in short.segments))
    assert "force-matching" in _stages(bare, labels="computed")
    assert "force-matching" not in _stages(bare)


def test_a_budget_without_forces_has_none_to_compute(short: TrainingData) -> None:
    with pytest.raises(ProtocolError, match="a number of windows is a budget without forces"):
        _stages(short.without_frames(), labels="computed")


def test_forces_of_another_theory_are_not_computed(short: TrainingData) -> None:
    other = replace(short, segments=tuple(replace(s, source="rmd17") for s in short.segments))
    with pytest.raises(ProtocolError, match="these come from rmd17"):
        _stages(other, labels="computed")


@pytest.mark.parametrize(
    ("entry", "value"), [("labels", "guessed"), ("force_optimiser", "sgd"), ("flight_optimiser", "lion")]
)
def test_unknown_names_are_refused(entry: str, value: str) -> None:
    with pytest.raises(MsmdError, match=f"plan.{entry}"):
        PlanConfig(**{entry: value})


@pytest.mark.parametrize(("name", "kind"), [("soap", SOAP), ("adam", torch.optim.Adam)])
def test_force_matching_has_the_optimiser_that_is_asked_for(short: TrainingData, name: str, kind: type) -> None:
    stages = _stages(short, force_optimiser=name)
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    assert type(stages["force-matching"].make_optimiser([weight])) is kind
    assert type(stages["fast-part"].make_optimiser([weight])) is torch.optim.Adam
