"""The Ablations page: what it shows of the tables, what a choice plays, and how a missing cell is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from msmd.app import ablation_panels, ablation_run
from msmd.sweeps.cell_run import CellRun, SweepCell
from msmd.sweeps.record import Record
from msmd.sweeps.table import TABLES, read_table, sweeps_folder, write_table
from tests.app.conftest import link, said, settle
from tests.views.ablation_records import record, seeds

SPEC = """
title = "For the tests"
molecules = ["ethanol", "toluene"]
[evaluation]
samplings = ["irregular"]
windows = 20
[[forecasters]]
names = ["spectral-ode"]
checkpoint = "checkpoints/gfn2/{molecule}/spectral-ode"
[[forecasters.variants]]
name = "one-member"
note = "One start instead of the ensemble."
set = ["n_members=1"]
reuse = true
[[forecasters.variants]]
name = "nodal"
note = "Every atom a mode of its own."
set = ["basis=nodal"]
reuse = true
[[forecasters.variants]]
name = "tiny-network"
note = "A potential of eight hidden units."
set = ["widths=[8]"]
"""


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tables and specifications of the test's own in place of the shipped ones."""
    (folder := tmp_path / "benchmarks").mkdir()
    (folder / "ablations.toml").write_text(SPEC)
    write_table(folder / "tables" / "ablations.csv", records())
    monkeypatch.setattr("msmd.app.ablation_tables.TABLES", folder / "tables")
    monkeypatch.setattr("msmd.app.ablation_variants.SPECIFICATIONS", folder)
    return folder


def records() -> list[Record]:
    whole = [*seeds(0.01, 0.02), *seeds(0.02, 0.06, variant="one-member"), record("mean-structure", error=0.1)]
    bands = [record(band="0-50", error=0.001), record(variant="one-member", band="0-50", error=0.002)]
    return [*whole, *bands, record(molecule="toluene", error=0.003)]


def option(app: AppTest, key: str, title: str) -> AppTest:
    return app.selectbox(key=key).select(title).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def text(app: AppTest) -> str:
    return " ".join([*said(app.markdown), *said(app.caption), *said(app.info)])


def test_the_page_shows_every_molecule_and_variant_with_its_sentence(open_app, shipped):
    app = open_app("ablations", variant="one-member")
    assert not app.exception
    assert {"Ethanol", "Toluene"} <= set(app.selectbox(key="molecule").options)
    assert app.selectbox(key="variant").options == ["full model", "one member", "nodal", "tiny network"]
    assert "**One member.** One start instead of the ensemble." in text(app)
    assert "**2.5** ± 0.7 times the full model's" in text(app)
    assert "**0.4** ± 0.3 times that of aligned mean structure" in text(app)


def test_the_cell_plays_beside_the_full_model(open_app, shipped):
    app = settle(open_app("ablations", variant="one-member", molecule="ethanol"))
    assert not app.exception
    assert "green tubes the full model, purple tubes the one member" in text(app)


def test_a_click_on_the_heat_map_chooses_the_cell(open_app, shipped, monkeypatch):
    chosen = {}
    point = {"customdata": ["toluene", "nodal"]}
    monkeypatch.setattr(ablation_panels.state, "clicked_point", lambda plot: point)
    monkeypatch.setattr(ablation_panels.state, "choose", lambda choice, value: chosen.update({choice.name: value}))
    ablation_panels.take_click()
    assert chosen == {"molecule": "toluene", "variant": "nodal"}


def test_the_link_says_what_is_shown_and_shows_it_again(open_app, shipped):
    app = open_app("ablations")
    option(app, "variant", "nodal")
    option(app, "horizon_band", "0-50")
    app.segmented_control(key="against").set_value("baseline").run()
    app.segmented_control(key="figure").set_value("cost").run()
    assert link(app) == {"variant": "nodal", "horizon_band": "0-50", "against": "baseline", "figure": "cost"}
    again = open_app("ablations", **link(app))
    assert again.selectbox(key="variant").value == "nodal"
    assert again.segmented_control(key="figure").value == "cost"
    assert not again.info or "is not available" not in text(again)


def test_a_band_has_its_own_numbers_and_one_seed_is_marked(open_app, shipped):
    app = open_app("ablations", variant="one-member", horizon_band="0-50")
    assert "**2** times the full model's" in text(app)
    assert "One seed, so that nobody knows its spread" in text(app)


def test_one_seed_is_told_how_much_the_full_models_seeds_differ(open_app, shipped):
    fulls = [record(band="0-50", seed=seed, error=error) for seed, error in enumerate((0.1, 0.2, 0.3))]
    write_table(shipped / "tables" / "ablations.csv", [*fulls, record(variant="one-member", band="0-50", error=0.002)])
    app = open_app("ablations", variant="one-member", horizon_band="0-50")
    assert "One seed; the full model's error changes by ± 50% between 3 seeds" in text(app)


@pytest.mark.parametrize("figure", ["horizon", "space-time", "cost", "table"])
def test_every_figure_of_a_molecule_is_drawn(open_app, shipped, figure):
    app = settle(open_app("ablations", variant="one-member", figure=figure))
    assert not app.exception
    assert len(app.dataframe) == (figure == "table")
    sentences = [caption for caption in said(app.caption) if caption.startswith("**How to read it.**")]
    assert len(sentences) == (1 if figure == "table" else 2)


def test_a_missing_cell_is_run_by_a_button(open_app, shipped, monkeypatch):
    asked: list[SweepCell] = []
    monkeypatch.setattr(ablation_run, "start_cell", asked.append)
    app = open_app("ablations", variant="nodal", molecule="toluene")
    assert "It needs no training" in text(app)
    press(app, "Run this cell")
    (cell,) = asked
    assert (cell.molecule, cell.forecaster, cell.variant, cell.beside) == ("toluene", "spectral-ode", "nodal", ())
    assert cell.spec.name == "ablations"


def test_what_has_to_be_trained_says_so(open_app, shipped):
    assert "It has to be trained, with 1 seed and in full" in text(open_app("ablations", variant="tiny-network"))


def test_a_running_cell_is_watched_and_can_be_stopped(open_app, shipped, monkeypatch):
    stopped: list[SweepCell] = []
    monkeypatch.setattr(ablation_run, "stop_cell", stopped.append)
    monkeypatch.setattr(ablation_run, "read_cell_run", lambda cell: CellRun(cell=cell, state="queued"))
    app = open_app("ablations", variant="nodal", molecule="toluene")
    assert "Waits for its turn" in text(app)
    press(app, "Stop")
    assert stopped[0].variant == "nodal"


@pytest.mark.parametrize("variant", ["direct", "body-frame", "separable"])
def test_a_shipped_variant_that_needs_a_training_says_so_and_is_offered(open_app, monkeypatch, variant):
    asked: list[SweepCell] = []
    monkeypatch.setattr(ablation_run, "start_cell", asked.append)
    app = open_app("ablations", variant=variant, molecule="uracil")
    assert "It has to be trained, with 3 seeds" in text(app)
    press(app, "Run this cell")
    assert (asked[0].molecule, asked[0].variant) == ("uracil", variant)


def test_a_failed_cell_says_why_and_can_be_run_again(open_app, shipped, monkeypatch):
    failed = "It met an error that nobody foresaw."
    monkeypatch.setattr(ablation_run, "read_cell_run", lambda cell: CellRun(cell=cell, state="failed", reason=failed))
    app = open_app("ablations", variant="nodal", molecule="toluene")
    assert said(app.error) == [failed]
    assert "Run this cell" in [button.label for button in app.button]


def test_a_molecule_without_its_full_model_is_trained_first(open_app, shipped):
    (shipped / "ablations.toml").write_text(SPEC.replace("checkpoints/gfn2", "checkpoints/nowhere"))
    app = open_app("ablations", variant="nodal", molecule="azobenzene")
    assert "The full model of azobenzene is not at hand" in text(app)
    press(app, "Train it")
    assert said(app.title) == ["Train"]
    assert link(app)["molecule"] == "azobenzene"


def test_own_runs_join_the_shipped_tables(open_app, shipped, runs):
    own = record(variant="nodal", error=0.05)
    write_table(sweeps_folder() / "ablations" / "table.csv", [own])
    assert "**5** times the full model's" in text(open_app("ablations", variant="nodal"))


def test_a_broken_table_does_not_hide_the_others(open_app, shipped, runs):
    (folder := sweeps_folder() / "mine").mkdir(parents=True)
    (folder / "table.csv").write_text("a,b\n1,2\n")
    app = open_app("ablations", variant="one-member")
    assert "is no table of a sweep of this version" in said(app.warning)[0]
    assert "times the full model's" in text(app)


def test_without_any_table_the_page_says_what_could_be_run(open_app, shipped):
    shutil.rmtree(shipped / "tables")
    app = settle(open_app("ablations", variant="one-member"))
    assert not app.exception
    assert "Run this cell" in [button.label for button in app.button]


@pytest.mark.skipif(not any(TABLES.glob("*.csv")), reason="no tables are shipped yet")
def test_the_shipped_tables_fill_the_page(open_app):
    measured = [r for path in TABLES.glob("*.csv") for r in read_table(path) if r.variant != "full"]
    app = open_app("ablations")
    assert not app.exception
    assert bool(measured) == ("times the full model's" in text(app))
