"""``msmd evaluate``, ``forecast`` and ``bench`` as a user types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
import pytest

from msmd.data import load_trajectory
from msmd.forecasting import FORECASTERS


def test_evaluate_prints_one_json_record(msmd):
    code, out, _ = msmd("evaluate", "--forecaster", "persistence", "ethanol", "--windows", 40, "--json")
    record = json.loads(out)
    assert code == 0
    assert (record["molecule"], record["source"], record["forecaster"]) == ("ethanol", "gfn2", "persistence")
    assert (record["split"], record["sampling"], record["n_windows"]) == ("blocked", "even", 40)
    assert 0 < record["a_mse"]["heavy"] < record["a_mse"]["all"] < 1


def test_evaluate_takes_a_shipped_checkpoint(msmd):
    shipped = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
    words = ["ethanol", "--windows", 2, "--horizon-fs", 30, "--json"]
    record = json.loads(msmd("evaluate", shipped, *words)[1])
    rival = json.loads(msmd("evaluate", "--forecaster", "persistence", *words)[1])
    assert record["forecaster"] == "spectral-ode"
    assert record["a_mse"]["all"] < rival["a_mse"]["all"]


def test_a_trained_forecaster_can_be_named(msmd):
    words = ["evaluate", "--forecaster", "spectral-ode", "ethanol", "--windows", 1, "--horizon-fs", 10, "--json"]
    assert json.loads(msmd(*words)[1])["forecaster"] == "spectral-ode"


def test_a_run_on_random_starts_is_tested_on_those_it_left_out(msmd, tmp_path):
    """Whatever --windows, --sampling and --seed it was trained with."""
    run = tmp_path / "run"
    words = ("--split", "paper", "--windows", "all", "--sampling", "irregular", "--seed", 3)
    settings = ("--set", "n_steps=2", "--set", "batch=5", "--device", "cpu", "--run", run)
    assert msmd("train", "ethanol", "--forecaster", "spectral-oscillator", *words, *settings)[0] == 0
    asked = ("evaluate", run, "ethanol", "--windows", 5, "--json")
    code, out, err = msmd(*asked, "--split", "paper")
    assert (code, err.strip()) == (0, "")
    assert json.loads(out)["sampling"] == "irregular"
    for other in (("--train-windows", 500), ("--seed", 4), ("--sampling", "even")):
        assert "test windows may be windows that it was trained on" in msmd(*asked, "--split", "paper", *other)[2]
    assert "test windows may be" in msmd(*asked)[2]


def test_the_table_has_the_untrained_baselines_beside_it(msmd):
    code, out, _ = msmd("evaluate", "--forecaster", "blend", "ethanol", "--windows", 10, "--train-windows", 20)
    assert code == 0
    squeezed = out.replace(" ", "")
    for word in ("blend", "persistence", "structure", "body", "modes", "A-MSE", "F-MSE", "800–1500fs"):
        assert word in squeezed
    assert "10 test windows, blocked, even times up to 1500 fs" in " ".join(out.split())


def test_evaluate_takes_the_simulation(msmd):
    words = ["evaluate", "--forecaster", "gfn2", "ethanol", "--windows", 2, "--horizon-fs", 30, "--json"]
    record = json.loads(msmd(*words)[1])
    assert record["forecaster"] == "gfn2"
    assert record["a_mse"]["all"] < 1e-5


def test_rotation_leaves_an_equivariant_forecaster_alone(msmd):
    words = ["evaluate", "--forecaster", "template", "ethanol", "--windows", 30, "--train-windows", 50, "--json"]
    plain, turned = (json.loads(msmd(*words, *more)[1]) for more in ((), ("--rotate",)))
    assert turned["a_mse"]["all"] == pytest.approx(plain["a_mse"]["all"], rel=1e-6)


def test_long_sampling_reports_the_bands_beyond_the_horizon(msmd):
    words = ["evaluate", "--forecaster", "persistence", "ethanol", "--windows", 20, "--sampling", "long", "--json"]
    bands = json.loads(msmd(*words)[1])["bands"]
    assert (bands[-1]["from_fs"], bands[-1]["to_fs"]) == (3000, 6000)
    assert bands[-1]["heavy"] > 0


@pytest.mark.real_data
def test_evaluate_reads_a_real_file(msmd, real_data):
    words = ["--data", real_data / "rmd17_naphthalene.npz", "--split", "paper", "--sampling", "irregular", "--json"]
    record = json.loads(msmd("evaluate", "--forecaster", "persistence", *words)[1])
    assert (record["molecule"], record["source"]) == ("naphthalene", "rmd17")
    assert 100 * record["a_mse"]["heavy"] == pytest.approx(0.88, rel=0.1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["evaluate", "ethanol"],
            r"Found 1 name(s) (ethanol); expected a checkpoint or run folder (or --forecaster NAME)",
        ),
        (["evaluate", "--forecaster", "persistence"], "Found 0 name(s) (none); expected a molecule (or --data FILE)."),
        (["evaluate", "--forecaster", "persistense", "ethanol"], "did you mean 'persistence'?"),
        (["evaluate", "--forecaster", "persistence", "etanol"], "did you mean 'ethanol'?"),
        (["evaluate", "--forecaster", "persistence", "ethanol", "--split", "random"], "Unknown split 'random'"),
        (["evaluate", "checkpoints/none/here", "ethanol"], "There is no folder checkpoints/none/here"),
        (["evaluate", "--forecaster", "ndcn", "uracil"], "'ndcn' needs training and no checkpoint is shipped"),
        (["bench", "--forecaster", "nothing"], "Unknown forecaster 'nothing'"),
    ],
)
def test_bad_input_ends_with_one_sentence(msmd, words, sentence):
    code, out, err = msmd(*words)
    assert code == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


@pytest.fixture
def forecast(msmd, tmp_path) -> Callable[[str], Path]:
    """Writes the same window under a name."""

    def write(name: str) -> Path:
        out = tmp_path / "made" / name
        words = ["--start", 1000, "--times-fs", "250,5", "--times-fs", "10.5", "--out", out]
        assert msmd("forecast", "--forecaster", "constant-velocity", "ethanol", *words)[:2] == (0, f"{out}\n")
        return out

    return write


def test_forecast_writes_npz_as_asked(forecast):
    arrays = np.load(forecast("window.npz"))
    ethanol = load_trajectory("ethanol")
    np.testing.assert_array_equal(arrays["times_fs"], [250.0, 5.0, 10.5])
    np.testing.assert_array_equal(arrays["z"], ethanol.molecule.numbers)
    expected = ethanol.positions[1000] + np.array([250.0, 5.0, 10.5])[:, None, None] * ethanol.velocities[1000]
    np.testing.assert_allclose(arrays["predicted"], expected, atol=1e-9)
    np.testing.assert_allclose(arrays["reference"], ethanol.positions_at(4000.0 + arrays["times_fs"]), atol=1e-6)


def test_forecast_writes_xyz_in_order_of_time(forecast):
    frames = ase.io.read(forecast("window.xyz"), index=":")
    assert [frame.info["time_fs"] for frame in frames] == [5.0, 10.5, 250.0]
    np.testing.assert_array_equal(frames[0].numbers, load_trajectory("ethanol").molecule.numbers)


def test_forecast_writes_a_page_that_plays_it(forecast):
    page = forecast("window.html").read_text(encoding="utf-8")
    assert "ethanol: constant-velocity from frame 1000" in page


def test_forecast_writes_members_beside_the_forecast(msmd, tmp_path):
    words = ["forecast", "--forecaster", "spectral-ode", "ethanol", "--start", 3, "--times-fs", "8,4", "--samples", 2]
    assert msmd(*words, "--out", tmp_path / "window.npz")[0] == 0
    with np.load(tmp_path / "window.npz") as arrays:
        assert arrays["samples"].shape == (2, 2, 9, 3)
        assert 0 < np.abs(arrays["samples"][0] - arrays["samples"][1]).max() < 0.1
    code, out, _ = msmd(*words, "--out", tmp_path / "window.xyz")
    assert code == 0
    names = [Path(line).name for line in out.splitlines()]
    assert names == ["window.xyz", "window.member-1.xyz", "window.member-2.xyz"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--start", "1", "--times-fs", "1", "--out", "x.npz", "--samples", "4"], "'persistence' makes one forecast"),
        (["--start", "9999", "--times-fs", "1", "--out", "x.npz"], "start is 9999; expected a frame of the trajectory"),
        (["--start", "1", "--times-fs", "soon", "--out", "x.npz"], "--times-fs is 'soon'; expected numbers"),
        (["--start", "1", "--times-fs", "-5", "--out", "x.npz"], "times_fs holds -5; expected finite times"),
        (["--start", "1", "--times-fs", "1", "--out", "x.pdf"], "msmd forecast writes .xyz, .extxyz, .npz, .html"),
        (["--start", "1", "--times-fs", "1", "--out", "x.npz", "--segment", "10"], "the data have segments 0 to 9"),
    ],
)  # fmt: skip
def test_forecasts_that_cannot_be_made_are_refused(msmd, words, sentence):
    code, _, err = msmd("forecast", "--forecaster", "persistence", "ethanol", *words)
    assert code == 2
    assert sentence in err


def test_another_molecule_than_the_checkpoint_s_is_refused(msmd):
    shipped = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
    code, _, err = msmd("forecast", shipped, "toluene", "--start", 0, "--times-fs", 1, "--out", "x.npz")
    assert code == 2
    assert "made for 'ethanol' (C2H6O, atoms [6, 6, 8, 1," in err
    assert "'toluene' (C7H8, atoms" in " ".join(err.split())


def test_bench_compares_speed_and_memory(msmd):
    words = ["bench", "ethanol", "--windows", 20, "--repeats", 1, "--json"]
    rows = json.loads(msmd(*words, "--forecaster", "persistence", "--forecaster", "normal-modes")[1])
    assert [row["forecaster"] for row in rows] == ["persistence", "normal-modes"]
    assert rows[0]["times_normal-modes"] < rows[1]["times_normal-modes"] == 1.0
    assert all(row["seconds_per_window"] > 0 and row["peak_bytes"] > 5e7 for row in rows)
    assert all(row["gfn2_over_path"] is None for row in rows)


def test_bench_measures_every_forecaster_unless_told_otherwise(msmd, monkeypatch):
    """Every card becomes a task; what nobody has trained is named and left out."""
    from msmd.errors import CheckpointError
    from msmd.metrics import cost

    asked = []

    def quick(task: cost.CostTask) -> cost.Cost:
        asked.append(task.forecaster)
        if task.forecaster == "ndcn":
            raise CheckpointError("no checkpoint is shipped")
        seconds, member = (8.0, None) if task.forecaster == "gfn2" else (0.02, 0.004)
        return cost.Cost(
            task=task, seconds_per_window=seconds, fit_seconds=1.0, peak_bytes=10**6, n_parameters=0,
            seconds_per_member=member,
        )  # fmt: skip

    monkeypatch.setattr(cost, "measure_cost", quick)
    code, out, err = msmd("bench", "toluene")
    assert code == 0
    assert asked == [card.name for card in FORECASTERS]
    assert "left out: no checkpoint is shipped" in err
    assert "ndcn" not in out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["persistence"] == ["20", "4", "1", "2,000", "1", "1", "0"]
    assert rows["gfn2"] == ["8,000", "–", "400", "1", "1", "1", "0"]
    assert max(map(len, out.splitlines())) <= 80


def test_a_checkpoint_on_windows_it_may_have_seen_says_so(msmd):
    shipped = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-oscillator"
    words = ["evaluate", shipped, "ethanol", "--windows", 2, "--json"]
    assert "trained with" not in msmd(*words)[2]
    assert "trained with split 'blocked' and is tested with 'paper'" in msmd(*words, "--split", "paper")[2]


@pytest.mark.real_data
def test_a_checkpoint_on_data_of_another_potential_says_so(msmd, real_data, tmp_path):
    shipped = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-oscillator"
    words = ["--data", real_data / "rmd17_ethanol.npz", "--start", 25, "--times-fs", 5]
    code, _, said = msmd("forecast", shipped, *words, "--out", tmp_path / "a.npz")
    assert code == 0, said
    assert "learned the motion of 'gfn2' data" in said


@pytest.mark.real_data
def test_a_checkpoint_on_other_frames_of_its_own_trajectory_says_so(msmd, real_data):
    """rMD17's frames are MD17's, so that nobody can tell which of these it has seen."""
    shipped = Path(__file__).parents[2] / "checkpoints" / "rmd17" / "ethanol" / "spectral-ode"
    code, _, said = msmd("evaluate", shipped, "--data", real_data / "md17_ethanol.npz", "--windows", 2, "--json")
    assert code == 0, said
    assert "was trained on 'rmd17' data, which are frames of the same trajectory as these 'md17' data" in said


def test_a_place_that_cannot_be_written_to_is_one_sentence(msmd, tmp_path):
    (tmp_path / "file").write_text("")
    words = ["--start", 1, "--times-fs", 5, "--out", tmp_path / "file" / "a.xyz"]
    code, _, said = msmd("forecast", "--forecaster", "persistence", "ethanol", *words)
    assert (code, said.count("\n")) == (2, 1)
    assert str(tmp_path / "file") in said


def test_one_frame_is_no_trajectory(msmd, tmp_path):
    (tmp_path / "one.xyz").write_text("3\n\nO 0 0 0\nH .96 0 0\nH -.24 .93 0\n")
    code, _, said = msmd("evaluate", "--forecaster", "persistence", "--data", tmp_path / "one.xyz")
    assert code == 2
    assert "no trajectory" in said
