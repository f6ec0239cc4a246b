"""``msmd train`` and ``msmd export``: from one command to a checkpoint, in one process or two, and refusals."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from msmd.checkpoint import load_checkpoint, read_card
from msmd.cli import app
from msmd.errors import CheckpointError, DataError, MsmdError, ProtocolError, UnknownNameError
from msmd.models.spectral_ode import SpectralODEConfig
from msmd.training import preparation
from msmd.training.folder import data_of, read_metrics, read_plan
from msmd.training.options import config_with

SMALL = [
    "--set", "widths=[8]", "--set", "fast_widths=[4]", "--set", "n_members=1", "--set", "momentum_spread=0.01",
    "--set", "plan.force_steps=16", "--set", "plan.refine_steps=0", "--set", "plan.fast_steps=8", "--device", "cpu",
]  # fmt: skip


@pytest.fixture(autouse=True)
def few_calibration_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibration is tested with the model; here it only has to happen."""
    monkeypatch.setattr(preparation, "N_CALIBRATION", 2)
    monkeypatch.setattr(preparation, "N_LONG", 1)


def _msmd(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_train_and_export(tmp_path: Path) -> None:
    run = tmp_path / "run"
    output = _msmd("train", "ethanol", "--run", str(run), *SMALL)
    assert "holds the result" in output
    card = read_card(run)
    assert (card["source"], card["budget"], card["protocol"]["split"]) == ("gfn2", "frames", "blocked")
    target = Path(_msmd("export", str(run), str(tmp_path / "checkpoints")).strip())
    assert target == tmp_path / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
    assert load_checkpoint(target).molecule.name == "ethanol"


def test_the_folder_is_enough_to_go_on(tmp_path: Path) -> None:
    run = tmp_path / "run"
    _msmd("train", "ethanol", "--run", str(run), "--forecaster", "spectral-oscillator", "--windows", "30",
          "--set", "n_steps=40", "--set", "batch=10", "--device", "cpu")  # fmt: skip
    assert read_plan(run).budget == "windows"
    curve = read_metrics(run)
    (run / "card.json").unlink()
    _msmd("train", "--run", str(run))
    assert read_metrics(run) == curve
    assert read_card(run)["forecaster"] == "spectral-oscillator"


@pytest.mark.slow
@pytest.mark.parametrize("n_machines", [1, 2])
def test_two_processes_give_what_one_gives(tmp_path: Path, n_machines: int) -> None:
    """The same command under torchrun; processes share the two batches of a step and sum them in another order.

    Two machines are two launches that meet at one address.  The ``--`` keeps torchrun from taking ``--run`` for an
    abbreviation of an option of its own.
    """
    command = ["train", "ethanol", "--forecaster", "spectral-oscillator", "--windows", "40", "--device", "cpu",
               "--batches-per-step", "2", "--set", "n_steps=30", "--set", "batch=20"]  # fmt: skip
    _msmd(*command, "--run", str(tmp_path / "one"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    meeting = ["--rdzv-backend", "c10d", "--rdzv-id", "msmd", "--rdzv-endpoint", f"127.0.0.1:{port}"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", str(n_machines), *meeting]
    torchrun += ["--nproc-per-node", str(2 // n_machines), "-m", "--", "msmd"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    launches = [
        subprocess.Popen([*torchrun, *command, "--run", str(tmp_path / "two")], env=environment, stderr=subprocess.PIPE)
        for _ in range(n_machines)
    ]
    with ThreadPoolExecutor(n_machines) as readers:
        said = list(readers.map(lambda launch: launch.communicate(timeout=500)[1].decode(), launches))
    assert [launch.returncode for launch in launches] == [0] * n_machines, "\n\n".join(said)
    one, two = ([report.loss for report in read_metrics(tmp_path / name)] for name in ("one", "two"))
    assert one == pytest.approx(two, rel=1e-6)
    detunings = [load_checkpoint(tmp_path / name).detuning for name in ("one", "two")]
    assert detunings[0].abs().max() > 0.02
    torch.testing.assert_close(detunings[0], detunings[1], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([], ProtocolError, "Name a molecule or give --data FILE"),
        (["ethanol", "--data", "x.npz"], ProtocolError, "give one of them"),
        (["--data", "nowhere.npz"], ProtocolError, "There is no file"),
        (["ethanol", "--windows", "some"], ProtocolError, "expected a whole number of at least 1, or 'all'"),
        (["ethanol", "--forecaster", "persistence"], ProtocolError, "needs no training"),
        (["ethanol", "--forecaster", "spectral-oed"], UnknownNameError, "did you mean 'spectral-ode'"),
        (["etanol"], UnknownNameError, "did you mean 'ethanol'"),
        (["ethanol", "--split", "odd"], UnknownNameError, "Unknown split 'odd'"),
    ],
)
def test_bad_input_is_refused(tmp_path: Path, arguments: list[str], error: type[MsmdError], message: str) -> None:
    result = CliRunner().invoke(app, ["train", *arguments, "--run", str(tmp_path)])
    assert isinstance(result.exception, error)
    assert message in str(result.exception)


def test_an_unfinished_run_is_not_exported(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(tmp_path), str(tmp_path)])
    assert "has no result yet" in str(result.exception)


def test_config_entries() -> None:
    config = config_with(SpectralODEConfig(), ["basis=fourier", "n_modes=4", "widths=[8, 6]", "plan.force_steps=7"])
    assert (config.basis, config.n_modes, config.widths, config.plan.force_steps) == ("fourier", 4, (8, 6), 7)


@pytest.mark.parametrize(
    ("text", "message"), [("basis", "not of the form name=value"), ("bases=graph", "did you mean 'basis'")]
)
def test_bad_config_entries_are_refused(text: str, message: str) -> None:
    with pytest.raises(MsmdError, match=message):
        config_with(SpectralODEConfig(), [text])


def test_a_file_without_times_is_trained_on_and_evaluated_with_its_time_step(tmp_path: Path) -> None:
    water = tmp_path / "water.xyz"
    frames = []
    for stretch in 1 + 0.02 * np.sin(0.3 * np.arange(600)):
        frames.append(f"3\n\nO 0 0 0\nH {0.96 * stretch:.6f} 0 0\nH {-0.24 * stretch:.6f} {0.93 * stretch:.6f} 0\n")
    water.write_text("".join(frames))
    run = tmp_path / "run"
    words = ["--data", str(water), "--dt-fs", "0.5", "--forecaster", "egnn", "--device", "cpu"]
    small = ["--set", "n_layers=1", "--set", "width=4", "--max-minutes", "0.02"]
    with pytest.raises(DataError, match="--dt-fs"):
        _msmd("train", "--run", str(run), "--data", str(water), "--forecaster", "egnn", *small)
    _msmd("train", "--run", str(run), *words, *small)
    assert read_plan(run).dt_fs == 0.5
    _msmd("train", "--run", str(run))
    windows = ["--horizon-fs", "10", "--windows", "3", "--json"]
    found = _msmd("evaluate", str(run), "--data", str(water), "--dt-fs", "0.5", *windows)
    assert json.loads(found)["n_windows"] == 3
    water.unlink()
    assert "holds the result" in _msmd("train", "--run", str(run)), "a finished run needs no data"


def test_a_file_is_found_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it lay when the run began; one beside the command comes first."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "run.json").write_text(json.dumps({"data_path": str(tmp_path / "water.xyz")}))
    (tmp_path / "water.xyz").write_text("")
    monkeypatch.chdir(tmp_path)
    assert data_of(Path("there"), "water.xyz") == "water.xyz"
    monkeypatch.chdir(tmp_path / "there")
    assert data_of(Path(), "water.xyz") == str(tmp_path / "water.xyz")
    (tmp_path / "water.xyz").unlink()
    assert data_of(Path(), "water.xyz") == "water.xyz"


def test_a_run_without_weights_says_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    found = CliRunner().invoke(app, ["evaluate", str(tmp_path), "ethanol", "--windows", "2"])
    assert f"The run {tmp_path} has no weights yet: the first are kept at its first validation" in str(found.exception)


def test_a_refused_training_leaves_no_folder(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ProtocolError, match="needs no training"):
        _msmd("train", "ethanol", "--run", str(run), "--forecaster", "persistence")
    assert not run.exists()


def test_a_checkpoint_s_folder_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("{}")
    found = CliRunner().invoke(app, ["train", "ethanol", "--run", str(tmp_path)])
    assert isinstance(found.exception, CheckpointError)
    assert "holds a checkpoint" in str(found.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_what_a_run_is_cannot_be_changed_on_the_way(tmp_path: Path) -> None:
    words = ["train", "ethanol", "--forecaster", "spectral-oscillator", "--windows", "30", "--set", "batch=10",
             "--device", "cpu", "--run", str(tmp_path / "run")]  # fmt: skip
    _msmd(*words, "--set", "n_steps=4")
    other = CliRunner().invoke(app, [*words, "--set", "n_steps=5"])
    assert "holds another run: n_steps is 4, asked for 5." in str(other.exception)
    fewer = CliRunner().invoke(app, [*words, "--set", "n_steps=4", "--windows", "20"])
    assert "holds another run: n_train is 30, asked for 20." in str(fewer.exception)
    assert "holds the result" in _msmd(*words, "--set", "n_steps=4")


def test_settings_beside_a_folder_alone_are_refused(tmp_path: Path) -> None:
    _msmd("train", "ethanol", "--forecaster", "spectral-oscillator", "--windows", "30", "--set", "n_steps=4",
          "--device", "cpu", "--run", str(tmp_path / "run"))  # fmt: skip
    result = CliRunner().invoke(
        app, ["train", "--run", str(tmp_path / "run"), "--max-minutes", "3", "--set", "batch=9"]
    )
    assert "--max-minutes, --set cannot be changed while a run goes on" in str(result.exception)
