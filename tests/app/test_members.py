"""Members on the Forecast page: the control, its place in the link, and what is said of the spread."""

from __future__ import annotations

import pytest

from tests.app.conftest import link, said, settle
from tests.views.calibrations import CALIBRATION

SHORT = {"horizon_fs": "50", "step_fs": "16"}


def ghosts(app) -> list:
    return [slider for slider in app.slider if slider.label == "Members as ghosts"]


def test_members_are_none_at_first_and_shown_when_asked_for(open_app):
    app = settle(open_app(**SHORT))
    (slider,) = ghosts(app)
    assert (slider.value, slider.disabled) == (0, False)
    assert not any("ghost" in text for text in said(app.caption))
    slider.set_value(2).run()
    settle(app)
    assert link(app)["members"] == "2"
    assert any(text.startswith("The 2 thin ghosts are members") for text in said(app.caption))
    assert not app.exception


def test_a_link_asks_for_members_and_a_forecaster_without_any_says_so(open_app):
    app = settle(open_app(members="3", forecaster="persistence", **SHORT))
    (slider,) = ghosts(app)
    assert slider.disabled
    reason = "Persistence makes one forecast per start and has no members; the Spectral ODE has."
    assert reason in said(app.caption)
    assert slider.help == reason
    assert any("Persistence has no members whose spread" in text for text in said(app.caption))
    assert link(app)["members"] == "3"  # kept for the next forecaster
    assert not app.exception


def test_nonsense_in_the_link_is_told(open_app):
    app = open_app(members="99", forecaster="spectral-ode", **SHORT)
    assert any("Number of members '99' is not available here; showing 0" in text for text in said(app.info))


@pytest.fixture
def measured_at_once(monkeypatch):
    """The measurement takes long and is tested in tests/metrics."""
    from msmd.metrics import calibration

    monkeypatch.setattr(calibration, "calibrate", lambda *args, **more: CALIBRATION)


def test_the_spread_is_judged_when_asked_for(open_app, measured_at_once):
    app = settle(open_app(**SHORT))
    assert not any("**Spread.**" in text for text in said(app.markdown))
    next(button for button in app.button if button.label == "Measure now").click().run()
    settle(app)
    words = " ".join(said(app.markdown))
    assert "**too sure of themselves**" in words
    assert "**Score.**" in words
    assert "**Motion.**" in words
    assert not app.exception
