"""A run folder can be left at any point, says where it stands, and ends as a checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric

from msmd.checkpoint import load_checkpoint, read_card
from msmd.data.windows import Protocol, Split
from msmd.errors import CheckpointError, MsmdError
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.peers.ndcn import NDCN
from msmd.training import run
from msmd.training.config import FitConfig
from msmd.training.run import (
    RunPlan,
    check_is_result,
    read_metrics,
    read_plan,
    read_status,
    train_in_folder,
)

PLAN = RunPlan(
    forecaster="spectral-ode",
    data="ethanol",
    source="gfn2",
    budget="frames",
    protocol=Protocol(n_train=6),
    fit=FitConfig(epochs=4, validate_every=2, n_validation=2, accelerator="cpu"),
    command="msmd train ethanol",
)


def _train(folder: Path, split: Split, config: SpectralODEConfig, plan: RunPlan = PLAN) -> object:
    fabric = Fabric(accelerator="cpu", devices=1)
    return train_in_folder(folder, plan, SpectralODE, config, split, fabric)


def test_a_run_ends_as_a_checkpoint(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    reports = list(_train(tmp_path, split, tiny))
    assert read_metrics(tmp_path) == reports
    assert read_plan(tmp_path) == PLAN
    status = read_status(tmp_path)
    assert (status.state, status.progress) == ("finished", 1.0)
    card = read_card(tmp_path)
    assert card["command"] == "msmd train ethanol"
    assert card["metrics"]["a_mse"] > 0.0
    forecaster = load_checkpoint(tmp_path)
    rows = [torch.from_numpy(a) for a in (split.test.positions, split.test.velocities, split.test.times_fs)]
    assert forecaster.predict(*rows).isfinite().all()
    check_is_result(tmp_path)
    assert list(_train(tmp_path, split, tiny)) == []


def test_a_peer_ends_with_its_best_weights(tmp_path: Path, split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that climbs: the result is what validated best on the way, not what came last."""
    right = NDCN.loss
    monkeypatch.setattr(NDCN, "loss", lambda *rows: -right(*rows))
    plan = replace(PLAN, forecaster="ndcn", fit=replace(PLAN.fit, epochs=4, validate_every=1))
    fabric = Fabric(accelerator="cpu", devices=1)
    reports = list(train_in_folder(tmp_path, plan, NDCN, NDCN.Config(n_steps=40, learning_rate=0.01), split, fabric))
    errors = [report.validation["a_mse"] for report in reports if report.validation]
    assert errors[-1] > errors[0]
    assert read_card(tmp_path)["metrics"]["a_mse"] == pytest.approx(min(errors), rel=1e-5)


@pytest.mark.parametrize("stop_after", [1, 5])
def test_a_run_killed_in_between_goes_on_to_the_same_end(
    tmp_path: Path, split: Split, tiny: SpectralODEConfig, stop_after: int
) -> None:
    list(_train(tmp_path / "whole", split, tiny))
    broken = _train(tmp_path / "killed", split, tiny)
    for _ in range(stop_after):
        next(broken)
    broken.close()
    with (tmp_path / "killed" / "metrics.jsonl").open("a") as log:
        log.write('{"stage": "cut sho')
    assert load_checkpoint(tmp_path / "killed").name == "spectral-ode" if stop_after > 1 else True
    list(_train(tmp_path / "killed", split, tiny))
    whole, killed = (load_checkpoint(tmp_path / name).state_dict() for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    curves = [[(r.stage, r.step, r.loss) for r in read_metrics(tmp_path / name)] for name in ("whole", "killed")]
    assert curves[0] == curves[1]


@pytest.mark.parametrize("at", [1, 2])
def test_the_best_weights_outlive_a_kill_between_two_files(
    tmp_path: Path, split: Split, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The first epochs are the best here: killed before the state of one of them is written."""
    right, save = NDCN.loss, run._save_state
    monkeypatch.setattr(NDCN, "loss", lambda *rows: -right(*rows))
    plan = replace(PLAN, forecaster="ndcn", fit=replace(PLAN.fit, epochs=4, validate_every=1))

    def train(folder: Path) -> None:
        fabric, config = Fabric(accelerator="cpu", devices=1), NDCN.Config(n_steps=40, learning_rate=0.01)
        list(train_in_folder(folder, plan, NDCN, config, split, fabric))

    def killed(path: Path, state: object) -> None:
        saved.append(path)
        if len(saved) == at:
            raise KeyboardInterrupt
        save(path, state)

    saved: list[Path] = []
    train(tmp_path / "whole")
    with monkeypatch.context() as kill:
        kill.setattr(run, "_save_state", killed)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path / "killed")
    train(tmp_path / "killed")
    whole, resumed = (load_checkpoint(tmp_path / name).state_dict() for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    curves = [[(r.step, r.loss) for r in read_metrics(tmp_path / name)] for name in ("whole", "killed")]
    assert curves[0] == curves[1]


def test_another_run_in_the_folder_is_refused(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    next(_train(tmp_path, split, tiny))
    other = replace(PLAN, data="toluene", command="something else")
    with pytest.raises(CheckpointError, match="holds another run: data is 'ethanol', asked for 'toluene'"):
        next(_train(tmp_path, split, tiny, other))


def test_other_data_under_the_same_name_are_refused(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    """A file that has grown since: its windows may have changed sides."""
    plan = replace(PLAN, data="some.xyz")
    next(_train(tmp_path, split, tiny, plan))
    longer = replace(split, training=replace(split.training, windows=split.training.windows.take(slice(1, None))))
    with pytest.raises(CheckpointError, match=r"it began with other data under the name 'some\.xyz'"):
        next(_train(tmp_path, longer, tiny, plan))
    assert list(_train(tmp_path, split, tiny, replace(plan, data="elsewhere/some.xyz")))


def test_an_unfinished_run_has_no_result(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    next(_train(tmp_path, split, tiny))
    with pytest.raises(MsmdError, match="no result yet: it is training"):
        check_is_result(tmp_path)


def test_a_failure_is_written_down(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    config = replace(tiny, plan=replace(tiny.plan, force_rate=1e30))
    with pytest.raises(MsmdError, match="lower the learning rate"):
        list(_train(tmp_path, split, config))
    status = read_status(tmp_path)
    assert status.state == "failed"
    assert "lower the learning rate" in status.message


def test_a_checkpoint_is_not_trained_over(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    """Its folder would look like a finished run that has nothing left to do."""
    (tmp_path / "card.json").write_text("{}")
    with pytest.raises(CheckpointError, match="holds a checkpoint"):
        next(_train(tmp_path, split, tiny))
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{]")
    with pytest.raises(CheckpointError, match="holds no run of msmd"):
        read_plan(tmp_path)


def test_the_status_is_readable_while_training(tmp_path: Path, split: Split, tiny: SpectralODEConfig) -> None:
    next(_train(tmp_path, split, tiny))
    status = json.loads((tmp_path / "status.json").read_text())
    assert status["stage"] == "force-matching"
    assert status["progress"] == 0.25
    assert status["seconds_left"] > 0.0
