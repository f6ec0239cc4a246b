"""Choices live in the URL: they come back from it, survive a page switch, and nonsense is told, not fatal."""

from __future__ import annotations

from tests.app.conftest import link, said, settle


def test_what_is_picked_is_in_the_url_and_comes_back_from_it(open_app):
    app = open_app()
    app.selectbox(key="molecule").select("toluene").run()
    app.selectbox(key="forecaster").select("rigid-body").run()
    app.select_slider(key="horizon_fs").set_value(400.0).run()
    app.slider(key="band").set_value((0, 5)).run()
    assert link(app) == {"molecule": "toluene", "forecaster": "rigid-body", "horizon_fs": "400", "band": "0-5"}
    again = open_app(**link(app))
    assert again.selectbox(key="molecule").value == "toluene"
    assert again.selectbox(key="forecaster").value == "rigid-body"
    assert again.select_slider(key="horizon_fs").value == 400.0
    assert again.slider(key="band").value == (0, 5)
    assert not again.info


def test_choices_survive_a_page_switch(open_app):
    app = open_app(molecule="toluene", mode="3")
    app.switch_page("msmd/app/screens/modes.py").run()
    assert app.selectbox(key="molecule").value == "toluene"
    assert app.select_slider(key="mode").value == 3
    app.switch_page("msmd/app/screens/forecast.py").run()
    assert link(app)["molecule"] == "toluene"


def test_a_bad_link_falls_back_and_says_so(open_app):
    app = settle(
        open_app(molecule="etanol", band="9-1", forecaster="magic", horizon_fs="soon", colour="red", start="-3")
    )
    assert not app.exception
    assert app.selectbox(key="molecule").value == "ethanol"
    notes = said(app.info)
    for told in (
        "Molecule 'etanol'",
        "Band of modes '9-1'",
        "Forecaster 'magic'",
        "Horizon 'soon'",
        "Start frame '-3'",
    ):
        assert any(told in note for note in notes), told
    assert any("'colour'" in note for note in notes)
    assert "molecule" not in link(app)


def test_a_mode_that_another_molecule_lacks_falls_back(open_app):
    app = open_app("modes", molecule="toluene", mode="14")
    app.selectbox(key="molecule").select("ethanol").run()
    assert app.select_slider(key="mode").value == 1
    assert any("Mode '14' is not available here" in note for note in said(app.info))


def test_a_note_stays_until_the_next_click(open_app):
    app = open_app(molecule="etanol")
    assert app.info
    app.run()
    assert app.info, "a page that looks again for its forecast keeps the note"
    app.selectbox(key="molecule").select("toluene").run()
    assert not app.info


def test_a_link_to_a_file_that_is_not_open_says_so(open_app):
    app = open_app(molecule="file")
    assert app.selectbox(key="molecule").value == "ethanol"
    assert any("Molecule 'file' is not available here" in note for note in said(app.info))
