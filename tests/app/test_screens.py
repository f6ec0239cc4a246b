"""Every page is drawn, and shows what was chosen."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.app.navigation import PAGES
from msmd.data.registry import MOLECULES
from tests.app.conftest import final_distances, first_card, link, said, scores, settle


@pytest.mark.parametrize("card", PAGES, ids=lambda card: card.name)
def test_every_page_is_drawn(open_app, card):
    app = open_app(card.name)
    assert not app.exception
    assert said(app.title) == [card.title]


def test_the_landing_page_forecasts_ethanol_with_its_baselines_beside(open_app):
    app = settle(open_app())
    assert app.selectbox(key="molecule").value == "ethanol"
    cards = scores(app)
    assert first_card(app) == "Spectral ODE"
    assert {"Persistence", "Aligned mean structure", "Damped normal modes"} <= set(cards)
    assert cards["Spectral ODE"] > 5 * max(time for label, time in cards.items() if label != "Spectral ODE")
    assert not app.exception


@pytest.mark.parametrize("page", ["molecule", "modes", "forecast"])
@pytest.mark.parametrize("name", [card.name for card in MOLECULES])
def test_every_molecule_is_shown_or_the_page_says_how_to_get_it(open_app, page, name):
    app = open_app(page, molecule=name)
    assert not app.exception
    assert app.selectbox(key="molecule").value == name
    assert not app.error or "msmd generate" in app.error[0].value


def test_another_forecaster_changes_the_scores(open_app):
    app = settle(open_app())
    ours = scores(app)
    app.selectbox(key="forecaster").select("persistence").run()
    theirs = scores(settle(app))
    assert first_card(app) == "Persistence"
    assert "Spectral ODE" not in theirs
    assert theirs["Persistence"] == ours["Persistence"]


def test_persistence_at_the_horizon_is_the_distance_the_molecule_went(open_app):
    import msmd

    app = settle(open_app(forecaster="persistence", horizon_fs="400", segment="5", start="10"))
    segment = msmd.load_dataset("ethanol").segments[5]
    moved = segment.positions[110] - segment.positions[10]
    assert final_distances(app)["Persistence"] == pytest.approx(np.sqrt((moved**2).sum(axis=-1).mean()), abs=0.006)


def test_a_shorter_horizon_is_forecast_better(open_app):
    near = final_distances(settle(open_app(forecaster="persistence", horizon_fs="50", start="0")))
    far = final_distances(settle(open_app(forecaster="persistence", horizon_fs="1500", start="0")))
    assert near["Persistence"] < far["Persistence"]


def test_custom_times_are_taken_and_nonsense_is_told(open_app):
    app = settle(open_app(times="custom"))
    app.text_input(key="at_fs_text").set_value("5, 10.5, 250").run()
    settle(app)
    assert link(app)["at_fs"] == "5,10.5,250"
    assert any("after 250 fs" in text for text in said(app.markdown))
    app.text_input(key="at_fs_text").set_value("soon").run()
    assert any("'soon' is not a list of numbers" in text for text in said(app.warning))
    assert not app.exception


def test_custom_times_follow_the_horizon_until_somebody_writes_some(open_app):
    app = settle(open_app(times="custom", horizon_fs="1500"))
    assert app.text_input(key="at_fs_text").value.endswith(",1500")
    settle(app.select_slider(key="horizon_fs").set_value(400.0).run())
    assert app.text_input(key="at_fs_text").value == "50,100,150,200,250,300,350,400"
    assert "at_fs" not in link(app)
    assert not said(app.warning)


def test_looks_of_one_page_are_left_alone_by_another(open_app):
    app = settle(open_app(color="error", arrows="error"))
    for page in ("modes", "molecule"):
        settle(app.switch_page(f"msmd/app/screens/{page}.py").run())
        assert not any("not available" in text for text in said(app.info))
    settle(app.switch_page("msmd/app/screens/forecast.py").run())
    assert (app.segmented_control(key="color").value, app.segmented_control(key="arrows").value) == ("error", "error")


def test_every_colour_and_arrow_can_be_shown_in_a_band(open_app):
    app = settle(open_app(band="0-3", color="mode", mode="2", arrows="velocity"))
    assert not app.exception
    app.segmented_control(key="color").set_value("error").run()
    app.segmented_control(key="arrows").set_value("error").run()
    assert not app.exception


def test_the_modes_page_measures_and_follows_the_mode(open_app):
    app = settle(open_app("modes", mode="4"))
    assert app.select_slider(key="mode").value == 4
    assert any("interval of ρ" in text for text in said(app.markdown))
    app.select_slider(key="mode").set_value(6).run()
    assert link(app)["mode"] == "6"
    assert not app.exception


def test_another_laplacian_has_other_modes(open_app):
    app = settle(open_app("modes", laplacian="normalized"))
    assert app.segmented_control(key="laplacian").value == "normalized"
    assert not app.exception


@pytest.mark.parametrize("motion", ["mode", "band", "all"])
def test_every_choice_of_what_moves_is_drawn(open_app, motion):
    app = open_app("modes", motion=motion, band="0-2")
    assert not app.exception
    assert bool([s for s in app.slider if s.key == "band"]) == (motion == "band")


def test_the_molecule_page_says_where_the_data_come_from(open_app):
    app = open_app("molecule", molecule="toluene")
    facts = " ".join(said(app.markdown))
    assert "GFN2-xTB" in facts
    assert "Bannwarth" in facts
    assert any("msmd fetch toluene --source md17" in block for block in said(app.code))
    assert scores(app)["Atoms"] == 15
    assert scores(app)["Time step from forces"] == pytest.approx(0.5, rel=0.05)


def test_the_score_over_test_windows_has_a_row_per_forecaster(open_app):
    app = settle(open_app(forecaster="mean-structure"))
    next(button for button in app.button if button.label == "Score now").click().run()
    settle(app)
    table = next(text for text in said(app.markdown) if text.startswith("| forecaster"))
    assert "| mean-structure |" in table
    assert "| persistence |" in table
    assert "800–1500" in table
