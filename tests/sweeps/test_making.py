"""Forecasters of tasks: taken over, loaded, tuned; and never tested on what they were trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from msmd.checkpoint import CARD, Provenance, load_checkpoint, read_card, save_checkpoint
from msmd.data import load_dataset
from msmd.errors import DivergedError, MsmdError
from msmd.sweeps.making import make
from msmd.sweeps.outcome import read_outcome
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.task import Task, tasks_of
from msmd.sweeps.tuning import _end_with_best, train_tuned
from msmd.sweeps.work import Work, do, finished_records, is_finished
from msmd.training import preparation
from tests.sweeps.specs import HEAD, write_spec

ODE = """
[[forecasters]]
names = ["spectral-ode"]
set = [
    "widths=[8]", "fast_widths=[4]", "n_members=2", "momentum_spread=0.01", "step_fs=20.0",
    "plan.force_steps=8", "plan.refine_steps=0", "plan.fast_steps=4",
]
[[forecasters.variants]]
name = "one-member"
set = ["n_members=1"]
reuse = true
"""

TUNED = """
[[forecasters]]
names = ["egnn"]
set = ["n_steps=20", "width=4", "n_layers=1", "batch_size=10"]
learning_rates = [1e-9, 0.01]
"""


@pytest.fixture(autouse=True)
def few_calibration_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibration is tested with the model; here it only has to happen."""
    monkeypatch.setattr(preparation, "N_CALIBRATION", 2)
    monkeypatch.setattr(preparation, "N_LONG", 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Task, ...]]:
    """A small spectral ODE, trained by its task, and the tasks of its sweep."""
    folder = tmp_path_factory.mktemp("ode")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "N_CALIBRATION", 2)
        patch.setattr(preparation, "N_LONG", 1)
        head = HEAD.replace("[20]", '["all"]').replace("windows = 6", "windows = 2")
        tasks = tasks_of(read_spec(write_spec(folder, head, ODE)))
        assert do(Work(task=tasks[0], root=folder / "root", environment={})) == ""
    return folder / "root", tasks


def _variant(trained: tuple[Path, tuple[Task, ...]], tmp_path: Path, **changes: object) -> Work:
    """The variant's task, in a root of its own, with the trained model as its checkpoint."""
    root, (full, variant) = trained
    own = replace(variant, base="", checkpoint=str(root / full.name), **changes)
    return Work(task=own, root=tmp_path, environment={})


def test_a_variant_keeps_the_weights_and_changes_the_config(trained: tuple, tmp_path: Path) -> None:
    root, (full, variant) = trained
    assert do(Work(task=variant, root=root, environment={})) == ""
    original, changed = load_checkpoint(root / full.name), load_checkpoint(root / variant.name)
    assert (original.config.n_members, changed.config.n_members) == (2, 1)
    assert changed.config.momentum_spread == float(changed.momentum_spread) == float(original.momentum_spread)
    torch.testing.assert_close(dict(changed.field.state_dict()), dict(original.field.state_dict()))
    record = finished_records(root, [variant])[0]
    assert (record.variant, record.budget) == ("one-member", "frames")
    assert record.settings.endswith("n_members=1")
    assert record.train_seconds == read_card(root / full.name)["seconds"]


def test_new_weights_make_a_variant_anew(trained: tuple, tmp_path: Path) -> None:
    root, (full, _) = trained
    work = _variant(trained, tmp_path)
    do(work)
    assert is_finished(work)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (CARD, "model.safetensors"):
        (copy / name).write_bytes((root / full.name / name).read_bytes())
    model = load_checkpoint(copy)
    with torch.no_grad():
        for weight in model.field.parameters():
            weight.mul_(1.01)
    card = read_card(copy)
    kept = {name: card[name] for name in ("source", "data_sha256", "protocol", "budget", "seed", "seconds", "device")}
    save_checkpoint(model, copy, Provenance(**kept, command="msmd train"))
    newer = replace(work, task=replace(work.task, checkpoint=str(copy)))
    # the path is part of what was asked for; what counts here is that the hash of the weights is too
    assert read_outcome(work.folder).weights != read_card(copy)["weights_sha256"]
    assert not is_finished(newer)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"protocol": {"split": "paper"}}, "was trained with split 'paper'; the sweep tests it with 'blocked'"),
        ({"source": "md17"}, "was trained on data from 'md17'; the sweep tests 'gfn2'"),
    ],
)
def test_a_checkpoint_is_not_tested_on_what_trained_it(
    trained: tuple, tmp_path: Path, entry: dict, sentence: str
) -> None:
    root, (full, _) = trained
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (CARD, "model.safetensors"):
        (copy / name).write_bytes((root / full.name / name).read_bytes())
    (copy / CARD).write_text(json.dumps(read_card(copy) | entry), encoding="utf-8")
    task = replace(full, checkpoint=str(copy), options=())
    with pytest.raises(MsmdError, match=sentence):
        make(task, tmp_path / "task", load_dataset("ethanol"), "even")


def test_a_checkpoint_of_another_forecaster_is_refused(trained: tuple, tmp_path: Path) -> None:
    root, (full, _) = trained
    task = replace(full, forecaster="egnn", checkpoint=str(root / full.name))
    with pytest.raises(MsmdError, match="holds 'spectral-ode'; the sweep names 'egnn'"):
        make(task, tmp_path / "task", load_dataset("ethanol"), "even")


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_learning_rate_of_least_validation_error_wins(tmp_path: Path, share: float) -> None:
    head = HEAD.replace("[evaluation]", f"tuning_share = {share}\n[evaluation]")
    (task,) = tasks_of(read_spec(write_spec(tmp_path, head, TUNED)))
    folder = tmp_path / "task"
    run, options = train_tuned(task, folder)
    assert options[-1] == "learning_rate=0.01"
    assert run == (folder / "rate-0.01" if share == 1.0 else folder)
    errors = [read_card(folder / f"rate-{rate}")["metrics"]["a_mse"] for rate in ("1e-09", "0.01")]
    assert errors[1] < errors[0]
    if share < 1.0:
        plans = [json.loads((place / "run.json").read_text())["plan"]["fit"] for place in (folder / "rate-0.01", run)]
        assert [plan["steps_factor"] for plan in plans] == [0.5, 1.0]


def _training_that_diverges(monkeypatch: pytest.MonkeyPatch, is_bad: Callable[[Path, float], bool]) -> list[Path]:
    """Replaces training by one that writes a card, or diverges; returns the folders in which it was asked to train."""
    asked = []

    def train(task: Task, folder: Path, options: tuple[str, ...], share: float) -> Path:
        asked.append(folder)
        rate = float(options[-1].partition("=")[2])
        if is_bad(folder, rate):
            raise DivergedError("A neural ODE left the range of its numbers.")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CARD).write_text(json.dumps({"metrics": {"a_mse": 1.0 / rate}}), encoding="utf-8")
        return folder

    monkeypatch.setattr("msmd.sweeps.tuning._train", train)
    monkeypatch.setattr("msmd.sweeps.tuning.read_card", lambda folder: json.loads((folder / CARD).read_text()))
    return asked


def test_a_rate_that_diverges_later_gives_way_to_the_next_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = HEAD.replace("[evaluation]", "tuning_share = 0.5\n[evaluation]")
    (task,) = tasks_of(read_spec(write_spec(tmp_path, head, TUNED)))
    folder = tmp_path / "task"
    asked = _training_that_diverges(monkeypatch, lambda place, rate: place == folder)
    run, options = train_tuned(task, folder)
    assert (run, options[-1]) == (folder / "full-1e-09", "learning_rate=1e-09")
    assert asked == [folder / "rate-1e-09", folder / "rate-0.01", folder, folder / "full-1e-09"]


@pytest.mark.parametrize("error", [0.5, 2e9])
def test_what_diverges_counts_with_its_best_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: float
) -> None:
    """The next best rate ends at an error of 1e9."""
    head = HEAD.replace("[evaluation]", "tuning_share = 0.5\n[evaluation]")
    (task,) = tasks_of(read_spec(write_spec(tmp_path, head, TUNED)))
    folder = tmp_path / "task"
    (folder / "best").mkdir(parents=True)
    (folder / "best" / CARD).write_text(json.dumps({"metrics": {"a_mse": error}}), encoding="utf-8")
    ended: list[Path] = []
    monkeypatch.setattr("msmd.sweeps.tuning._end_with_best", ended.append)
    _training_that_diverges(monkeypatch, lambda place, rate: place == folder)
    run, options = train_tuned(task, folder)
    is_best = error < 1e9
    assert ended == ([folder] if is_best else [])
    assert run == (folder if is_best else folder / "full-1e-09")
    assert options[-1] == ("learning_rate=0.01" if is_best else "learning_rate=1e-09")


def test_the_best_weights_of_a_run_become_its_result(trained: tuple) -> None:
    root, (full, _) = trained
    run = root / "ended"
    shutil.copytree(root / full.name, run / "best")
    _end_with_best(run)
    assert read_card(run)["weights_sha256"] == read_card(run / "best")["weights_sha256"]
    assert read_card(run)["metrics"] == read_card(run / "best")["metrics"]


def test_a_rate_that_diverges_at_once_is_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = tasks_of(read_spec(write_spec(tmp_path, HEAD, TUNED)))
    _training_that_diverges(monkeypatch, lambda place, rate: rate > 1e-3)
    _, options = train_tuned(task, tmp_path / "task")
    assert options[-1] == "learning_rate=1e-09"


def test_a_forecaster_that_diverges_at_every_rate_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = tasks_of(read_spec(write_spec(tmp_path, HEAD, TUNED)))
    _training_that_diverges(monkeypatch, lambda place, rate: True)
    with pytest.raises(DivergedError, match=r"diverges at every learning rate: 1e-09, 0\.01\. Add a smaller"):
        train_tuned(task, tmp_path / "task")
