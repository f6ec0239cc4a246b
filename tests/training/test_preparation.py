"""Windows that calibrate did not train, whatever the split."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from msmd.data import load_dataset
from msmd.data.windows import Protocol, Windows, split_dataset
from msmd.models.spectral_ode_config import SpectralODEConfig
from msmd.training.config import FitConfig
from msmd.training.folder import RunPlan
from msmd.training.preparation import calibration_windows, prepare
from msmd.trajectory import Dataset

PAPER = Protocol(split="paper", n_train=500, n_validation=60, n_test=20)


def _starts(windows: Windows) -> set[tuple[int, int]]:
    return set(zip(windows.segments.tolist(), windows.start_frames.tolist(), strict=True))


@pytest.mark.parametrize("sampling", ["even", "irregular"])
def test_random_starts_that_train_do_not_calibrate(sampling: str) -> None:
    dataset, protocol = load_dataset("ethanol"), replace(PAPER, sampling=sampling)
    split = split_dataset(dataset, protocol)
    some, other = calibration_windows(dataset, protocol)
    assert _starts(some) | _starts(other) == _starts(split.validation)
    assert not _starts(split.validation) & (_starts(split.training.windows) | _starts(split.test))
    assert (some.n_windows, other.n_windows) == (30, 30)


def test_neither_do_they_where_frames_are_sparse() -> None:
    """Not every start has frames at every kind of times."""
    frames = load_dataset("ethanol").segments[0]
    kept = np.sort(np.random.default_rng(0).permutation(frames.n_frames)[: frames.n_frames // 8])
    arrays = {
        name: getattr(frames, name)[kept] for name in ("times_fs", "positions", "velocities", "forces", "energies")
    }
    sparse = Dataset(segments=(replace(frames, **arrays),), source="file", dt_fs=0.5)
    protocol = Protocol(split="paper", n_train=40, n_validation=20, n_test=20)
    split = split_dataset(sparse, protocol)
    some, other = calibration_windows(sparse, protocol)
    assert _starts(some) | _starts(other) == _starts(split.validation)
    assert not _starts(split.validation) & (_starts(split.training.windows) | _starts(split.test))


@pytest.mark.parametrize("n_train", [None, 500])
def test_of_blocks_there_are_long_windows_too(n_train: int | None) -> None:
    dataset = load_dataset("ethanol")
    near, other, far = calibration_windows(dataset, Protocol(n_train=n_train))
    assert set(near.segments) == {0, 2, 4, 6, 8}
    assert set(other.segments) == set(far.segments) == {3, 7}
    assert far.times_fs.max() > 3000.0 > near.times_fs.max()


@pytest.mark.parametrize("named", [True, False])
def test_a_run_from_before_soap_goes_on_with_adam(tmp_path: Path, named: bool) -> None:
    config = json.loads(json.dumps(asdict(SpectralODEConfig())))
    if not named:
        del config["plan"]["force_optimiser"], config["plan"]["flight_optimiser"], config["plan"]["labels"]
    (tmp_path / "run.json").write_text(json.dumps({"config": config}))
    plan = RunPlan(
        forecaster="spectral-ode",
        data="ethanol",
        source="gfn2",
        budget="frames",
        protocol=Protocol(n_train=5, n_validation=5, n_test=1),
        fit=FitConfig(),
        command="",
    )
    found = prepare(tmp_path, plan, None).config.plan
    assert {found.force_optimiser, found.flight_optimiser} == {"soap" if named else "adam"}
    assert found.labels == "stored"
