"""The simulation on the Forecast page: chosen like any forecaster, and never scored on a hundred windows."""

from __future__ import annotations

import pytest

from tests.app.conftest import final_distances, first_card, said, scores, settle


def test_the_simulation_is_a_forecaster_of_the_menu(open_app):
    pytest.importorskip("tblite", reason="GFN2-xTB needs tblite")
    app = settle(open_app(forecaster="gfn2", horizon_fs="50", start="0"))
    assert not app.exception
    assert not app.error
    assert first_card(app) == "GFN2-xTB"
    assert final_distances(app)["GFN2-xTB"] < 0.01
    assert scores(app)["GFN2-xTB"] == 48.0
    captions = said(app.caption)
    assert any("The quantum-chemical simulation itself" in text for text in captions)
    assert any("msmd evaluate --forecaster gfn2 ethanol" in text for text in captions)
    assert "Score now" not in {button.label for button in app.button}


def test_without_tblite_the_page_says_what_to_install(open_app, monkeypatch):
    monkeypatch.setattr("msmd.data.gfn2.find_spec", lambda name: None)
    app = settle(open_app(forecaster="gfn2", molecule="toluene", horizon_fs="50", start="0"))
    assert not app.exception
    assert any("needs the package 'tblite'" in text for text in said(app.error))
