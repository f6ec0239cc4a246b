"""Doing one task: its numbers are those of ``evaluate``, it goes on where it stopped, and it says why it failed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msmd.data import load_dataset
from msmd.data.windows import split_dataset
from msmd.errors import DataError
from msmd.forecasting import load_forecaster
from msmd.metrics.evaluation import evaluate
from msmd.sweeps import work as work_module
from msmd.sweeps.outcome import is_same, read_outcome, write_outcome
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.task import tasks_of
from msmd.sweeps.work import Work, do, finished_records, is_finished
from msmd.training import preparation
from msmd.training.locks import open_claimed, sign
from tests.sweeps.specs import HEAD, OSCILLATOR, UNTRAINED, write_spec


@pytest.fixture(autouse=True)
def few_calibration_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibration is tested with the model; here it only has to happen."""
    monkeypatch.setattr(preparation, "N_CALIBRATION", 2)
    monkeypatch.setattr(preparation, "N_LONG", 1)


def _work(folder: Path, *parts: str, index: int = 0) -> Work:
    task = tasks_of(read_spec(write_spec(folder, *parts)))[index]
    return Work(task=task, root=folder / "root", environment={})


def test_records_say_what_evaluate_says(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD + "rotated = [false, true]\n", UNTRAINED)
    assert do(work) == ""
    records = finished_records(work.root, [work.task])
    dataset = load_dataset("ethanol")
    split = split_dataset(dataset, work.task.test_protocol("even"))
    expected = evaluate(load_forecaster("persistence"), split, source="gfn2")
    heavy = split.test.molecule.is_heavy
    whole = [record for record in records if record.is_whole]
    assert [record.is_rotated for record in whole] == [False, True]
    assert whole[0].heavy_mse == pytest.approx(expected.a_mse(heavy), rel=1e-12)
    assert whole[0].spread == pytest.approx(expected.a_mse_spread(heavy), rel=1e-12)
    assert (whole[0].to_fs, whole[0].n_windows, whole[0].budget) == (1500.0, 6, "none")
    bands = [record for record in records if not record.is_whole and not record.is_rotated]
    assert [(record.band, record.heavy_mse) for record in bands] == [
        (f"{band.from_fs:g}-{band.to_fs:g}", pytest.approx(band.heavy)) for band in expected.bands if band.heavy
    ]
    assert is_finished(work)


def test_long_times_reach_four_horizons(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD + 'samplings = ["long"]\n', UNTRAINED)
    do(work)
    assert finished_records(work.root, [work.task])[0].to_fs == 6000.0


def test_a_trained_task_says_how_it_was_trained(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD.replace("[eval", "epochs = 0.5\n[eval"), OSCILLATOR)
    assert do(work) == ""
    record = finished_records(work.root, [work.task])[0]
    assert (record.budget, record.n_train_windows, record.steps_factor) == ("windows", 20, 0.5)
    assert not record.is_complete
    assert record.settings == "n_steps=4 batch=10"
    assert record.checkpoint == str(work.folder.resolve())
    assert record.n_parameters > 0
    assert load_forecaster(work.folder).name == "spectral-oscillator"


def test_a_killed_task_goes_on_with_what_it_has_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = _work(tmp_path, HEAD + 'samplings = ["even", "irregular"]\n', UNTRAINED)
    do(work)
    outcome = read_outcome(work.folder)
    kept = tuple(record for record in outcome.records if record.sampling == "even")
    write_outcome(work.folder, replace(outcome, state="running", records=kept))
    assert not is_finished(work)
    tested = []

    def counted(forecaster: object, split: object, **options: object) -> object:
        tested.append(split.protocol.sampling)
        return evaluate(forecaster, split, **options)

    monkeypatch.setattr(work_module, "evaluate", counted)
    do(work)
    assert tested == ["irregular"]
    assert read_outcome(work.folder).records[: len(kept)] == kept


def test_a_failure_is_kept_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = _work(tmp_path, HEAD, '[[forecasters]]\nnames = ["spectral-ode"]\ncheckpoint = "checkpoints/none"')
    assert "There is no checkpoint checkpoints/none" in do(work)
    assert read_outcome(work.folder).state == "failed"

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("out of nothing")

    other = _work(tmp_path, HEAD, UNTRAINED)
    monkeypatch.setattr(work_module, "evaluate", broken)
    assert do(other) == "It met an error that nobody foresaw: ZeroDivisionError: out of nothing"


def test_what_was_finished_is_done_again_when_the_test_changes(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD, UNTRAINED)
    do(work)
    more = _work(tmp_path, HEAD.replace("= 6", "= 7"), UNTRAINED)
    assert not is_finished(more)
    assert finished_records(more.root, [more.task]) == ()
    do(more)
    assert finished_records(more.root, [more.task])[0].n_windows == 7


def test_what_was_measured_of_other_weights_is_not_collected(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD, UNTRAINED)
    do(work)
    write_outcome(work.folder, replace(read_outcome(work.folder), weights="of yesterday"))
    assert not is_finished(work)
    assert finished_records(work.root, [work.task]) == ()


def test_another_training_in_the_folder_is_refused(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD, OSCILLATOR)
    do(work)
    changed = replace(work, task=replace(work.task, options=("n_steps=6", "batch=10")))
    assert "holds a training with other settings (options differ)" in do(changed)


def test_a_task_of_another_process_is_left_alone(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD, UNTRAINED)
    work.folder.mkdir(parents=True)
    with open_claimed(work.folder) as lock:
        sign(lock, 12345)
        assert "Process 12345 trains in" in do(work)
    assert read_outcome(work.folder) is None


def test_outcomes_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    work = _work(tmp_path, HEAD, UNTRAINED)
    do(work)
    (work.folder / "outcome.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="remove it, and the sweep does this task again"):
        is_finished(work)


def test_closed_forms_with_other_settings_are_made_anew(tmp_path: Path) -> None:
    """They cost no training, so that nothing has to be refused."""
    work = _work(tmp_path, HEAD, UNTRAINED)
    do(work)
    changed = replace(work, task=replace(work.task, options=("a=1",)))
    assert not is_finished(changed)
    assert do(changed) == ""
    assert read_outcome(work.folder).task["options"] == ["a=1"]


def test_entries_that_a_later_version_adds_do_not_count() -> None:
    assert is_same({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2, "new": 3}, "newer": 4})
    assert not is_same({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
