"""Generating: a tiny run, resumed after a kill, written in every format and read back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from msmd.data.export import write_recording, writer_of
from msmd.data.formats import read_file
from msmd.data.generate import GenerateConfig, generate
from msmd.data.native import read_native
from msmd.data.recording import recording_of_run
from msmd.errors import DataError, UnknownNameError
from msmd.frame import angular_momentum, centre_of_mass

TINY = GenerateConfig(
    n_segments=3, frames_per_segment=12, stride=2, forces_every=3, equilibration_fs=20.0, decorrelation_fs=10.0, seed=5
)


ROUNDING = {"rtol": 1e-6, "atol": 1e-5}
"""Linear algebra rounds by how memory is aligned, so that two processes agree to 1e-9 Å in a start, not to the bit."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    steps = list(generate("ethanol", TINY, path, n_processes=1))
    assert steps[-1] == (3, 3)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    return path


def test_a_run_holds_what_was_asked_for(folder):
    recording = recording_of_run("ethanol", TINY, folder)
    assert recording.positions.shape == (3, 12, 9, 3)
    assert recording.forces.shape == (3, 4, 9, 3)
    masses = recording.molecule.masses
    momenta = angular_momentum(recording.start_positions, recording.start_velocities, masses)
    assert np.abs(momenta).max() < 1e-10
    assert np.abs(centre_of_mass(recording.velocities, masses)).max() < 1e-8
    np.testing.assert_array_equal(recording.positions[:, 0], recording.start_positions)
    dataset = recording.dataset()
    assert (dataset.segments[0].dt_fs, dataset.dt_fs) == (1.0, 0.5)


def test_the_same_seed_makes_the_same_files_and_another_does_not(folder, tmp_path):
    list(generate("ethanol", TINY, tmp_path, n_processes=2))
    for name in ("start_000.npz", "start_002.npz", "segment_001.npz"):
        with np.load(folder / name) as one, np.load(tmp_path / name) as other:
            for key in one.files:
                np.testing.assert_allclose(one[key], other[key], **ROUNDING)
    from dataclasses import replace

    list(generate("ethanol", replace(TINY, seed=6, n_segments=1), tmp_path / "b", n_processes=1))
    with np.load(folder / "start_000.npz") as one, np.load(tmp_path / "b" / "start_000.npz") as other:
        assert np.abs(one["positions"] - other["positions"]).max() > 0.01


def test_a_killed_run_goes_on_to_the_same_files(folder, tmp_path):
    """SIGKILL to the whole process group as soon as a start lies there; the second run completes what is missing."""
    code = (
        "from pathlib import Path; import sys\n"
        "from msmd.data.generate import GenerateConfig, generate\n"
        "if __name__ == '__main__':\n"
        f"    list(generate('ethanol', {TINY!r}, Path(sys.argv[1]), n_processes=1))\n"
    )
    script = tmp_path / "go.py"
    script.write_text(code)
    run = tmp_path / "run"
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen([sys.executable, str(script), str(run)], env=environment, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (run / "start_001.npz").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (run / "start_001.npz").exists()
    assert len(list(run.glob("segment_*.npz"))) < 3
    list(generate("ethanol", TINY, run, n_processes=1))
    for index in range(3):
        for kind in ("start", "segment"):
            name = f"{kind}_{index:03d}.npz"
            with np.load(folder / name) as one, np.load(run / name) as other:
                for key in one.files:
                    np.testing.assert_allclose(one[key], other[key], err_msg=f"{name} {key}", **ROUNDING)


def test_other_settings_are_refused(folder):
    from dataclasses import replace

    with pytest.raises(DataError, match=r"holds a run with other settings: seed 5 \(now 9\)"):
        next(generate("ethanol", replace(TINY, seed=9), folder))
    with pytest.raises(DataError, match=r"molecule ethanol \(now toluene\)"):
        next(generate("toluene", TINY, folder))


def test_an_unknown_molecule_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'ethanol'"):
        next(generate("etanol", TINY, tmp_path))


@pytest.mark.parametrize("field", ["n_segments", "frames_per_segment", "stride", "forces_every"])
def test_senseless_counts_are_refused(field):
    with pytest.raises(DataError, match=f"{field} is 0; expected"):
        GenerateConfig(**{field: 0})


def test_a_senseless_step_is_refused():
    with pytest.raises(DataError, match="expected a positive time step"):
        GenerateConfig(dt_fs=0.0)


def test_missing_segments_are_named(folder):
    from dataclasses import replace

    with pytest.raises(DataError, match=r"lacks segments \[3, 4\] of 5"):
        recording_of_run("ethanol", replace(TINY, n_segments=5), folder)
    with pytest.raises(DataError, match="the run was made with other settings"):
        recording_of_run("ethanol", replace(TINY, frames_per_segment=13), folder)


def test_native_file_of_a_run(folder, tmp_path):
    recording = recording_of_run("ethanol", TINY, folder)
    write_recording(recording, tmp_path / "a.npz")
    found = read_native(tmp_path / "a.npz")
    assert found.recipe.settings["seed"] == 5
    assert np.abs(found.positions - recording.positions).max() < 5e-4
    assert read_file(tmp_path / "a.npz").n_frames == 36


def test_md17_file_of_a_run(tmp_path):
    config = GenerateConfig(
        n_segments=1, frames_per_segment=20, stride=1, forces_every=1, equilibration_fs=10.0, seed=5
    )
    list(generate("ethanol", config, tmp_path / "run", n_processes=1))
    recording = recording_of_run("ethanol", config, tmp_path / "run")
    write_recording(recording, tmp_path / "a.md17.npz")
    dataset = read_file(tmp_path / "a.md17.npz")
    assert dataset.dt_fs == 0.5
    assert (dataset.source, dataset.thermostat, dataset.temperature_kelvin) == ("a.md17.npz", False, None)
    np.testing.assert_array_equal(dataset.segments[0].positions, recording.positions[0])
    truth = recording.velocities[0]
    inside = dataset.segments[0].velocities[3:-3] - truth[3:-3]
    assert np.sqrt((inside**2).mean() / (truth**2).mean()) < 0.02


def test_md17_format_cannot_hold_segments(folder, tmp_path):
    with pytest.raises(DataError, match="found 3 segments with forces at every 3"):
        write_recording(recording_of_run("ethanol", TINY, folder), tmp_path / "a.md17.npz")


def test_extxyz_of_a_run(folder, tmp_path):
    recording = recording_of_run("ethanol", TINY, folder)
    write_recording(recording, tmp_path / "a.extxyz")
    dataset = read_file(tmp_path / "a.extxyz")
    assert [segment.n_frames for segment in dataset.segments] == [12, 12, 12]
    np.testing.assert_allclose(dataset.segments[2].velocities, recording.velocities[2], atol=1e-7)


def test_unknown_suffixes_are_refused_before_any_work(tmp_path):
    with pytest.raises(DataError, match=r"suffix '.pdb'; msmd writes .md17.npz, .npz, .extxyz, .xyz"):
        writer_of(tmp_path / "a.pdb")
