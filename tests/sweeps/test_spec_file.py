"""Sweep files: what they mean, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from msmd.data.registry import MOLECULES
from msmd.errors import MsmdError
from msmd.sweeps.selection import read_sweep
from msmd.sweeps.spec_file import PROJECT, read_spec, shown_path
from tests.sweeps.specs import HEAD, OSCILLATOR, UNTRAINED, write_spec

BENCHMARKS = sorted((PROJECT / "benchmarks").glob("*.toml"))


def test_defaults_are_one_seed_all_frames_blocked_even(tmp_path: Path) -> None:
    spec = read_spec(write_spec(tmp_path, 'molecules = ["all"]\n', UNTRAINED))
    assert spec.name == "tiny"
    assert spec.molecule_names == tuple(card.name for card in MOLECULES)
    assert (spec.seeds, spec.training.windows, spec.evaluation.splits) == ((0,), ("all",), ("blocked",))
    assert spec.evaluation.samplings == ("even",)


def test_whole_numbers_stand_for_times(tmp_path: Path) -> None:
    head = HEAD.replace("[evaluation]", "max_minutes = 2\n[evaluation]")
    assert read_spec(write_spec(tmp_path, head, UNTRAINED)).training.max_minutes == 2.0


def test_paths_inside_the_project_are_relative(tmp_path: Path) -> None:
    assert shown_path(PROJECT / "benchmarks" / "peers.toml") == "benchmarks/peers.toml"
    assert shown_path(tmp_path / "a.toml") == str((tmp_path / "a.toml").resolve())


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_shipped_sweeps_can_be_read_and_their_settings_exist(path: Path) -> None:
    spec, tasks = read_sweep(path)
    assert spec.title
    assert len({task.name for task in tasks}) == len(tasks)
    assert all(variant.note for variant in spec.variants)


ODE = '[[forecasters]]\nnames = ["spectral-ode"]\n[[forecasters.variants]]\nname = "one"\n'
VARIANT = """
[[forecasters.variants]]
name = "plain"
"""


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ((HEAD.replace("ethanol", "etanol"), UNTRAINED), "Unknown molecule 'etanol'; did you mean 'ethanol'"),
        ((HEAD, UNTRAINED.replace("persistence", "persistance")), "did you mean 'persistence'"),
        ((HEAD, UNTRAINED, "nmaes = []"), "Unknown entry of the sweep, forecasters 1 'nmaes'; did you mean 'names'"),
        ((HEAD, OSCILLATOR.replace("n_steps", "n_stpes")), "Unknown config entry 'n_stpes'; did you mean 'n_steps'"),
        ((HEAD, OSCILLATOR.replace("n_steps=4", "n_steps=-4")), "n_steps is -4; expected a positive number"),
        ((HEAD, OSCILLATOR.replace("=4", "=many")), "n_steps is 'many'; expected int"),
        ((UNTRAINED,), "the sweep has no 'molecules'; expected a list, each entry a text"),
        ((HEAD,), "the sweep has no 'forecasters'"),
        ((HEAD.replace("= 6", '= "six"'), UNTRAINED), "evaluation, windows is 'six'; expected a whole number"),
        ((HEAD.replace("= 6", "= true"), UNTRAINED), "windows is True; expected a whole number"),
        ((HEAD.replace("[20]", "[0]"), UNTRAINED), "holds 0; expected numbers from 1 on, or 'all'"),
        ((HEAD.replace("= 6", "= 0"), UNTRAINED), "evaluation.windows is 0; expected at least 1"),
        ((HEAD + 'samplings = ["od"]', UNTRAINED), "Unknown sampling 'od'"),
        ((HEAD + "samplings = []", UNTRAINED), "evaluation.samplings is empty"),
        ((HEAD + 'splits = ["paper"]\nsamplings = ["long"]', UNTRAINED), "training windows would be tested"),
        (('source = "qm9"', HEAD, UNTRAINED), "Unknown source 'qm9'"),
        (("seeds = []", HEAD, UNTRAINED), "names no seeds; expected at least one"),
        (('name = "mine"', HEAD, UNTRAINED), "'name' follows from the file's own name"),
        ((HEAD, UNTRAINED, 'set = ["a=1"]'), "'persistence' is made in closed form"),
        ((HEAD, OSCILLATOR, 'checkpoint = "a"'), "a checkpoint is tested as it is"),
        ((HEAD, OSCILLATOR, VARIANT, "reuse = true"), "only those of spectral-ode fit other settings"),
        ((HEAD, OSCILLATOR, VARIANT.replace("plain", "full")), "A variant is called 'full'"),
        ((HEAD, OSCILLATOR, VARIANT, "calibrate = false"), "is trained, which calibrates it"),
        ((HEAD, ODE, "reuse = true\nseeds = [0]"), "and with them their seeds; leave them out"),
        ((HEAD, ODE, 'set = ["tolerance=1.5"]'), "tolerance is 1.5; expected a number between 0 and 1"),
        ((HEAD, ODE, 'set = ["field=seperable"]'), "Unknown field 'seperable'; did you mean 'separable'"),
        ((HEAD, OSCILLATOR, VARIANT, VARIANT), "asks for .* 2 times"),
        ((HEAD, UNTRAINED, UNTRAINED), "asks for .* 2 times"),
        ((HEAD, '[[forecasters]]\nnames = ["egnn"]\ncheckpoint = "a/{mol}"'), "a placeholder that stands for nothing"),
        ((HEAD + "[resources]\ncpus_per_task = 0", UNTRAINED), "cpus_per_task is 0; expected at least 1"),
        (("molecules = [",), "is not TOML"),
    ],
)
def test_refusals_say_what_and_where(tmp_path: Path, parts: tuple[str, ...], sentence: str) -> None:
    path = write_spec(tmp_path, "\n".join(parts))
    with pytest.raises(MsmdError, match=sentence):
        read_sweep(path)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MsmdError, match="cannot be read"):
        read_spec(tmp_path / "nothing.toml")
