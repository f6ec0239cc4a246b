"""The app in a real browser: what a visitor sees move, and what the choices do to it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from msmd import load_trajectory
from msmd.views.player.assets import find_three_dmol

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_three_dmol() is None, reason="3Dmol.js is not installed: `npm ci && npm run static`"),
]

APP = Path(__file__).parents[2] / "app.py"
SLOW = 240_000
"""ms; the first forecast waits for torch, on a machine that may run much else.  What is ready is not waited for."""


@pytest.fixture(scope="module")
def app_url(launch_app, tmp_path_factory) -> str:
    return launch_app(tmp_path_factory.mktemp("app"), APP)


@pytest.fixture
def page(open_page):
    """A page that cannot leave this machine, and is patient."""
    page = open_page()
    page.set_default_timeout(SLOW)
    return page


def wait_forecast(page) -> None:
    """Until prediction and reference are both on the stage."""
    # The player lives in a shadow root: selectors reach it, document.querySelector does not.
    page.wait_for_selector('.msmd-player[data-status="ready"][data-tracks^="reference "]')


def data(page, name: str) -> str:
    return page.locator(".msmd-player").get_attribute(f"data-{name}")


def pause_at_start(page) -> None:
    """Stops on the first frame, so that pictures can be compared."""
    if data(page, "playing") == "true":
        page.get_by_role("button", name="Pause").click()
    page.locator(".stage").focus()
    page.keyboard.press("Home")
    page.mouse.move(5, 5)
    page.wait_for_timeout(300)


def frames(page, canvas_pixels, n: int = 4, stride: int = 12) -> list[np.ndarray]:
    """Pictures of some frames after the first."""
    pause_at_start(page)
    pictures = []
    for _ in range(n):
        for _ in range(stride):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(150)
        pictures.append(canvas_pixels(page).astype(int))
    return pictures


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).mean())


def teal(pixels: np.ndarray) -> int:
    """How many pixels have the prediction's hue (no element of ethanol is green)."""
    red, green, blue = np.moveaxis(pixels.astype(int), -1, 0)
    return int(np.sum((green > red + 40) & (blue > red + 25)))


def move_handle(page, name: str, index: int, key: str, times: int) -> None:
    """Moves a handle of a slider by keys and waits until the server has answered."""
    handle = page.get_by_test_id("stSlider").filter(has_text=name).get_by_role("slider").nth(index)
    handle.focus()
    for _ in range(times):
        page.keyboard.press(key)


def test_a_visitor_lands_on_ethanol_moving_with_its_forecast(page, app_url, canvas_pixels):
    page.goto(app_url)
    wait_forecast(page)
    assert data(page, "tracks") == "reference spectral-ode"
    assert data(page, "playing") == "true"
    assert teal(canvas_pixels(page)) > 200
    first = canvas_pixels(page).astype(int)
    page.wait_for_timeout(700)
    assert difference(first, canvas_pixels(page).astype(int)) > 0.05
    assert page.get_by_text("Aligned mean structure").first.is_visible()
    assert page.errors == []


def test_pause_stops_every_pixel(page, app_url, canvas_pixels):
    page.goto(app_url)
    wait_forecast(page)
    pause_at_start(page)
    page.wait_for_timeout(500)  # the button's own colours fade
    still = canvas_pixels(page)
    page.wait_for_timeout(700)
    assert np.array_equal(canvas_pixels(page), still)


def test_the_band_slider_changes_what_moves(page, app_url, canvas_pixels):
    page.goto(f"{app_url}/?forecaster=persistence&horizon_fs=400")
    wait_forecast(page)
    whole = frames(page, canvas_pixels)
    move_handle(page, "Spatial band", 1, "ArrowLeft", 6)
    page.wait_for_url(re.compile("band=0-2"))
    page.wait_for_timeout(1500)
    smooth = frames(page, canvas_pixels)
    assert max(difference(a, b) for a, b in zip(whole, smooth, strict=True)) > 0.1
    assert data(page, "tracks") == "reference persistence"


def test_nothing_is_fetched_from_outside(page, app_url):
    for path in ("", "/molecule", "/modes", "/about"):
        page.goto(app_url + path)
        page.wait_for_selector("h1")
        if path != "/about":
            page.wait_for_selector('.msmd-player[data-status="ready"]')
        page.wait_for_timeout(500)
    assert page.left_the_machine == []


def test_a_page_switch_keeps_choices_and_camera(page, app_url, canvas_pixels):
    page.goto(f"{app_url}/molecule?molecule=toluene")
    page.wait_for_selector('.msmd-player[data-status="ready"]')
    pause_at_start(page)
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 210, steps=5)
    page.mouse.up()
    pause_at_start(page)
    turned = canvas_pixels(page).astype(int)
    page.get_by_role("link", name="About", exact=True).click()
    page.wait_for_selector("text=What a forecast is not")
    page.get_by_role("link", name="Molecule", exact=True).click()
    page.wait_for_selector('.msmd-player[data-status="ready"]')
    page.wait_for_url(re.compile("molecule=toluene"))
    pause_at_start(page)
    assert difference(turned, canvas_pixels(page).astype(int)) < 0.05


def test_a_click_on_an_eigenvalue_selects_its_mode(page, app_url):
    page.goto(f"{app_url}/modes?mode=2")
    page.wait_for_selector('.msmd-player[data-tracks="mode 2"]')
    point = page.locator(".js-plotly-plot").first.locator(".scatterlayer .points path").nth(7)
    point.wait_for()
    point.click(force=True)
    page.wait_for_url(re.compile("mode=7"))
    page.wait_for_selector('.msmd-player[data-tracks="mode 7"]')


def test_a_phone_sees_the_molecule_without_scrolling_sideways(open_page, app_url):
    page = open_page(viewport={"width": 420, "height": 900}, color_scheme="dark")
    page.set_default_timeout(SLOW)
    page.goto(app_url)
    wait_forecast(page)
    assert data(page, "theme") == "dark"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = page.locator(".stage").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 420


def test_the_link_of_the_landing_page_works_by_name_too(page, app_url):
    page.goto(f"{app_url}/forecast?molecule=toluene")
    wait_forecast(page)
    assert page.get_by_role("dialog").count() == 0
    assert page.get_by_role("combobox", name=re.compile("Molecule")).input_value() == "Toluene · C7H8"


def test_the_back_button_takes_a_choice_back(page, app_url):
    page.goto(f"{app_url}/modes?mode=2")
    page.wait_for_selector('.msmd-player[data-tracks="mode 2"]')
    move_handle(page, "Mode", 0, "ArrowRight", 1)
    page.wait_for_selector('.msmd-player[data-tracks="mode 3"]')
    page.go_back()
    page.wait_for_selector('.msmd-player[data-tracks="mode 2"]')


def test_a_file_opened_while_the_forecast_is_made_replaces_it(page, app_url, tmp_path):
    """The page is asking for its forecast when the file arrives; the molecule's list is drawn anew at that moment."""
    segment = load_trajectory("toluene").between(0, 300)
    path = tmp_path / "mine.npz"
    numbers = np.array(segment.molecule.numbers)
    np.savez(path, R=segment.positions, z=numbers, dt_fs=segment.dt_fs)
    page.goto(app_url)
    page.get_by_test_id("stPopoverButton").click()
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="mine.npz").or_(page.get_by_text("mine.npz")).first.wait_for()
    page.wait_for_url("**/*molecule=file*")
    page.wait_for_selector('.msmd-player[data-status="ready"]')
    assert page.get_by_text("This app has encountered an error").count() == 0
    assert page.errors == []
