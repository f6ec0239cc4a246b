"""Which tasks a sweep has, and that all of them are tested on the same windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from msmd.data import load_dataset
from msmd.data.windows import split_dataset
from msmd.sweeps.spec_file import read_spec
from msmd.sweeps.task import Task, tasks_of
from tests.sweeps.specs import HEAD, OSCILLATOR, UNTRAINED, write_spec

ODE = """
[[forecasters]]
names = ["spectral-ode"]
checkpoint = "{where}"
[[forecasters.variants]]
name = "one-member"
set = ["n_members=1"]
reuse = true
[[forecasters.variants]]
name = "irregular-training"
sampling = "irregular"
"""


def _tasks(folder: Path, *parts: str) -> tuple[Task, ...]:
    return tasks_of(read_spec(write_spec(folder, *parts)))


def test_molecules_forecasters_budgets_and_seeds_are_multiplied(tmp_path: Path) -> None:
    head = "seeds = [0, 1]\n" + HEAD.replace('["ethanol"]', '["ethanol", "toluene"]').replace("[20]", '[20, "all"]')
    tasks = _tasks(tmp_path, head, UNTRAINED, OSCILLATOR)
    # persistence needs no data, so that the two budgets are one
    assert len(tasks) == 2 * 2 * (1 + 2 + 2)
    assert {task.budget for task in tasks if task.forecaster == "persistence"} == {"none"}
    assert {task.budget for task in tasks if task.forecaster == "spectral-oscillator"} == {"windows", "frames"}


def test_weights_are_learned_before_they_are_taken_over(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, HEAD, ODE.replace("{where}", ""))
    assert [task.variant for task in tasks] == ["full", "irregular-training", "one-member"]
    assert tasks[-1].base == tasks[0].name
    assert tasks[-1].needs == "weights"
    assert tasks[1].training_protocol().sampling == "irregular"


def test_one_checkpoint_is_tested_once_whatever_the_seeds(tmp_path: Path) -> None:
    seeds = "seeds = [0, 1, 2]\n" + HEAD
    one = _tasks(tmp_path, seeds, ODE.replace("{where}", "checkpoints/{source}/{molecule}"))
    assert [(task.variant, task.seed) for task in one] == [
        ("full", 0), ("irregular-training", 0), ("irregular-training", 1), ("irregular-training", 2),
        ("one-member", 0),
    ]  # fmt: skip
    assert one[0].checkpoint == one[-1].checkpoint == "checkpoints/gfn2/ethanol"
    several = _tasks(tmp_path, seeds, ODE.replace("{where}", "a/{seed}"))
    assert [task.checkpoint for task in several if task.variant == "full"] == ["a/0", "a/1", "a/2"]


def test_every_forecaster_gets_the_same_test_windows_whatever_its_budget(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, HEAD.replace("[20]", '[20, "all"]'), UNTRAINED, OSCILLATOR)
    dataset = load_dataset("ethanol")
    tests = [split_dataset(dataset, task.test_protocol("irregular")).test for task in tasks]
    for other in tests[1:]:
        np.testing.assert_array_equal(tests[0].times_fs, other.times_fs)
        np.testing.assert_array_equal(tests[0].start_frames, other.start_frames)


def test_under_the_papers_split_they_are_the_same_for_one_budget(tmp_path: Path) -> None:
    tasks = _tasks(tmp_path, HEAD + 'splits = ["paper"]\n', UNTRAINED, OSCILLATOR)
    dataset = load_dataset("ethanol")
    tests = [split_dataset(dataset, task.test_protocol("even")).test for task in tasks]
    assert {task.budget for task in tasks} == {"none", "windows"}
    for other in tests[1:]:
        np.testing.assert_array_equal(tests[0].start_frames, other.start_frames)


def test_under_the_papers_split_no_training_start_is_tested(tmp_path: Path) -> None:
    (task, *_) = _tasks(tmp_path, HEAD + 'splits = ["paper"]\n', OSCILLATOR)
    dataset = load_dataset("ethanol")
    trained = split_dataset(dataset, task.training_protocol()).training.windows
    tested = split_dataset(dataset, task.test_protocol("even")).test
    starts = [set(zip(part.segments, part.start_frames, strict=True)) for part in (trained, tested)]
    assert len(starts[0]) == 20
    assert not starts[0] & starts[1]


def test_a_variant_can_be_trained_on_fewer_seeds_than_the_rest(tmp_path: Path) -> None:
    separable = '[[forecasters.variants]]\nname = "separable"\nset = ["field=separable"]\n'
    head, ode = "seeds = [0, 1, 2]\n" + HEAD, ODE.format(where="checkpoints/any")
    every = _tasks(tmp_path, head, ode, separable)
    one = _tasks(tmp_path, head, ode, separable, "seeds = [1]\n")
    assert [task.seed for task in every if task.variant == "separable"] == [0, 1, 2]
    assert [task.seed for task in one if task.variant == "separable"] == [1]
    assert {task.needs for task in one if task.variant == "separable"} == {"training"}


def test_seeds_beside_a_checkpoint_are_trained(tmp_path: Path) -> None:
    """The shipped seed as it is, the others anew: all of one table."""
    head, checkpoint = "seeds = [0, 1, 2]\n" + HEAD, ODE.format(where="checkpoints/any")
    trained = '[[forecasters]]\nnames = ["spectral-ode"]\nseeds = [1, 2]\n'
    full = [task for task in _tasks(tmp_path, head, checkpoint, trained) if task.variant == "full"]
    assert [(task.seed, task.needs) for task in full] == [(0, "checkpoint"), (1, "training"), (2, "training")]
