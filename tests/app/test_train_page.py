"""The Train page: what it starts, what it shows of runs in every state, and what other pages make of them."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from msmd.app import train_choice, train_player, train_table, train_watch
from msmd.data import load_dataset
from msmd.data.dealing import BLOCK_ORDER
from msmd.errors import MsmdError
from msmd.training.folder import EpochReport, RunStatus, write_status
from msmd.training.job_folder import JobSpec, read_job, runs_folder
from tests.app.conftest import ROOT, first_card, link, said, settle
from tests.app.test_opening import opened

SHIPPED = ROOT / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
SPEC = JobSpec(forecaster="spectral-ode", data="ethanol", minutes=2.0)


@pytest.fixture
def make_run(runs: Path) -> Callable[..., Path]:
    """``make_run(name, finished=True, spec=SPEC)``: a run folder as a job leaves it."""

    def make(name: str, *, finished: bool = True, spec: JobSpec = SPEC) -> Path:
        (folder := runs / name).mkdir(parents=True)
        entry = {"title": f"run {name}", "spec": asdict(spec), "created": time.time(), "stopped": False}
        (folder / "job.json").write_text(json.dumps(entry))
        write_status(folder, RunStatus(state="training", stage="windows", n_stages=1, progress=0.5, seconds=60.0))
        (folder / "metrics.jsonl").write_text("".join(json.dumps(asdict(r)) + "\n" for r in reports()))
        levels = {"a_mse": 0.2, "0-50 fs": 0.1, "50-150 fs": 0.3}
        (folder / "baselines.json").write_text(json.dumps({"persistence": levels}))
        if finished:
            for file in SHIPPED.iterdir():
                shutil.copy(file, folder)
        return folder

    return make


def reports() -> list[EpochReport]:
    validation = {"a_mse": 0.05, "0-50 fs": 0.01, "50-150 fs": 0.09}
    common = {"stage": "windows", "stage_index": 0, "n_stages": 1, "learning_rate": 1e-3}
    return [
        EpochReport(**common, step=10, progress=0.25, loss=2.0, seconds=30.0),
        EpochReport(**common, step=20, progress=0.5, loss=1.0, seconds=60.0, validation=validation),
    ]


def ethanol_npz() -> bytes:
    """A hundred frames of shipped ethanol as a file in MD17's format."""
    motion = load_dataset("ethanol").segments[0].between(0, 100)
    buffer = io.BytesIO()
    np.savez(buffer, R=motion.positions, z=np.array(motion.molecule.numbers), dt_fs=4.0, theory="GFN2-xTB")
    return buffer.getvalue()


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click().run()


def test_start_asks_for_what_the_form_says(open_app, runs, monkeypatch):
    asked = []
    monkeypatch.setattr(train_choice, "start_job", lambda *args, **kwargs: asked.append((args, kwargs)) or runs / "x")
    app = open_app(
        "train", molecule="toluene", trainee="egnn", windows="500", minutes="3", seed="7", set="n_layers=2 width=8"
    )
    assert said(app.title) == ["Train"]
    press(app, "Start training")
    (root, spec, title), _ = asked[0]
    assert (root, title) == (runs, "Toluene · EGNN")
    expected = JobSpec(
        forecaster="egnn", data="toluene", windows="500", minutes=3.0, seed=7, options=("n_layers=2", "width=8")
    )
    assert spec == expected
    assert not app.exception


@pytest.mark.parametrize(
    ("choice", "options"),
    [
        ({"forces": "computed", "set": "n_members=3"}, ("plan.labels=computed", "n_members=3")),
        ({"forces": "stored"}, ()),
        ({"forces": "computed", "windows": "500"}, ()),
        ({"forces": "computed", "trainee": "egnn"}, ()),
    ],
)
def test_forces_at_every_frame_are_a_setting_of_what_learns_from_forces(open_app, runs, monkeypatch, choice, options):
    asked = []
    monkeypatch.setattr(train_choice, "start_job", lambda *args, **kwargs: asked.append(args) or runs / "x")
    monkeypatch.setattr(train_choice, "show_estimate", lambda *_: True)
    press(open_app("train", **choice), "Start training")
    assert asked[0][1].options == options


def test_the_time_is_estimated_before_the_start(open_app):
    app = settle(open_app("train", trainee="egnn", set="n_layers=1 width=4 batch_size=2"))
    assert any("**About " in text and "steps) and" in text for text in said(app.markdown))


def test_what_cannot_run_is_said_before_the_start(open_app):
    app = settle(open_app("train", trainee="egnn", set="depth=3"))
    assert any("Unknown config entry 'depth'" in text for text in said(app.warning))
    assert next(button for button in app.button if button.label == "Start training").disabled


def test_a_finished_run_is_shown_and_plays_on_the_forecast_page(open_app, make_run):
    make_run("done")
    app = settle(open_app("train", run="done"))
    assert said(app.subheader)[0] == "run done"
    assert any("is finished" in text for text in said(app.markdown))
    press(app, "Play it on the Forecast page")
    assert said(app.title) == ["Forecast"]
    app.switch_page("msmd/app/screens/forecast.py").run()  # AppTest stays where it was told to be last
    settle(app)
    assert link(app)["forecaster"] == "run:done"
    assert first_card(app) == "run done"
    assert not app.exception


def test_a_run_on_a_file_plays_on_that_file(open_app, make_run):
    """Whichever molecule is chosen in the row above."""
    make_run("own", spec=replace(SPEC, data="ethanol.npz"))
    app = opened(open_app("train"), "ethanol.npz", ethanol_npz())
    settle(app.selectbox(key="molecule").set_value("toluene").run())
    app.query_params["run"] = "own"
    press(settle(app.run()), "Play it on the Forecast page")
    app.switch_page("msmd/app/screens/forecast.py").run()
    settle(app)
    assert (link(app)["molecule"], link(app)["forecaster"]) == ("file", "run:own")
    assert first_card(app) == "run own"


def test_a_stage_that_was_taken_back_is_said(open_app, make_run):
    folder = make_run("short")
    last = replace(reports()[-1], stage="refinement", is_taken_back=True)
    with (folder / "metrics.jsonl").open("a") as log:
        log.write(json.dumps(asdict(last)) + "\n")
    app = open_app("train", run="short")
    assert "The stage *refinement* spoilt the forecast and was taken back: give the next run more minutes." in said(
        app.caption
    )


def test_a_run_that_died_says_why_and_shows_its_log(open_app, make_run):
    folder = make_run("dead", finished=False)
    (folder / "log.txt").write_text("--- started now: msmd train\nfirst line\nsecond line\n")
    app = open_app("train", run="dead")
    assert any("ended without a word" in text for text in said(app.error))
    assert "second line" in said(app.code)[0]
    assert {"Resume", "Delete this run"} <= {button.label for button in app.button}
    assert not app.exception


def test_rename_and_delete(open_app, make_run):
    folder = make_run("old")
    app = open_app("train", run="old")
    app.text_input(key="title:old").set_value("better").run()
    press(app, "Rename")
    assert read_job(folder).title == "better"
    press(app, "Delete this run")
    assert not folder.exists()
    assert not app.exception


@pytest.mark.parametrize(("split", "seen"), [("blocked", "has not seen"), ("paper", "may have seen")])
def test_the_player_says_whether_training_has_seen_what_it_plays(open_app, make_run, split, seen):
    make_run("done", spec=replace(SPEC, split=split))
    app = settle(open_app("train", run="done"))
    assert any(f"a stretch that training {seen}" in text for text in said(app.caption))


@pytest.mark.parametrize("duration_fs", [400.0, 9_000.0])
def test_of_a_lone_trajectory_a_test_block_is_played(duration_fs):
    """However short it is: a tenth of it, less a gap."""
    motion = load_dataset("ethanol").segments[0].between(0, int(duration_fs / 4.0) + 1)
    alone = replace(load_dataset("ethanol"), segments=(motion,))
    stretch = train_player._longest_stretch(alone, "blocked")
    if stretch.is_unseen:
        block = motion.duration_fs / 10
        first = motion.times_fs[stretch.start] / block
        last = (motion.times_fs[stretch.start] + stretch.horizon_fs) / block
        assert int(first) == int(last - 1e-9)
        assert BLOCK_ORDER[int(first)] == "E"
    assert stretch.is_unseen is (duration_fs > 1000.0)


def test_a_run_that_is_watched_may_be_deleted_elsewhere(open_app, make_run, monkeypatch):
    """Between the list of runs and the look at one of them."""
    make_run("old")
    looks = iter([True, False])

    def read(folder):
        if next(looks, True):
            return read_job(folder)
        raise MsmdError("holds no run")

    monkeypatch.setattr(train_watch, "read_job", read)
    app = settle(open_app("train", run="old"))
    assert not app.exception
    assert "run" not in link(app)


def test_a_run_on_other_data_says_so_on_the_forecast_page(open_app, make_run):
    """As the command line does; of shipped checkpoints the page always has."""
    make_run("own", spec=replace(SPEC, data="ethanol.npz"))
    app = settle(opened(open_app(forecaster="run:own"), "ethanol.npz", ethanol_npz()))
    assert any(
        "This run learned the motion of 'gfn2' data; these are 'ethanol.npz' data" in t for t in said(app.caption)
    )


def test_a_run_on_random_starts_is_not_measured_on_blocks(open_app, make_run):
    """Neither its errors nor its spread: some of its training windows lie there."""
    make_run("own", spec=replace(SPEC, split="paper"))
    app = settle(open_app(forecaster="run:own"))
    assert any("it may have seen this window" in text for text in said(app.caption))
    told = [text for text in said(app.caption) if "Test it on its own split" in text]
    assert [command in text for text, command in zip(told, ("evaluate", "calibration"), strict=True)] == [True, True]
    assert not [button for button in app.button if button.label in ("Score now", "Measure now")]


def test_a_link_to_a_run_that_is_gone_says_so(open_app, make_run):
    make_run("here")
    app = open_app("train", run="gone")
    assert any("Run 'gone' is not available" in text for text in said(app.info))
    app = open_app(forecaster="run:../../etc")
    assert any("is not available here" in text for text in said(app.info))
    assert not app.exception


def test_the_table_filters(open_app, make_run):
    make_run("a")
    make_run("b", finished=False, spec=JobSpec(forecaster="egnn", data="toluene", seed=3))
    app = open_app("train")
    assert len(app.dataframe[0].value) == 2
    app.text_input(key="runs_filter").set_value("toluene egnn").run()
    table = app.dataframe[0].value
    assert list(table["title"]) == ["run b"]
    assert table["A-MSE"][0] == pytest.approx(5.0)
    jobs = [read_job(runs_folder() / name) for name in "ab"]
    assert train_table.csv_of(jobs).splitlines()[0].startswith("title,state,A-MSE,best baseline")
    app.text_input(key="runs_filter").set_value("nowhere").run()
    assert any("None of the 2 runs" in text for text in said(app.info))


def test_an_export_asks_before_it_replaces_another_checkpoint(open_app, make_run, tmp_path, monkeypatch):
    folder = make_run("mine")
    monkeypatch.setattr(train_watch, "CHECKPOINTS", tmp_path / "checkpoints")
    target = tmp_path / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"
    shutil.copytree(SHIPPED, target)
    other = json.loads((target / "card.json").read_text()) | {"weights_sha256": "0" * 64, "data_sha256": "1" * 64}
    (target / "card.json").write_text(json.dumps(other))
    app = open_app("train", run="mine")
    assert any("made from other training data" in text for text in said(app.warning))
    assert next(button for button in app.button if button.label == "Export now").disabled
    app.checkbox(key="replace:mine").check().run()
    press(app, "Export now")
    assert (target / "card.json").read_text() == (folder / "card.json").read_text()
    assert not app.exception
