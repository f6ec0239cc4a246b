"""The player in a real browser: as a component of a small app, and as an HTML file without a network."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from player_scene import vibrating_ethanol

from msmd.views.player import PlayerOptions, Scene, standalone_html
from msmd.views.player.assets import find_three_dmol

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_three_dmol() is None, reason="3Dmol.js is not installed: `npm ci && npm run static`"),
]

APP = """
from dataclasses import replace

import streamlit as st
from msmd.app.player import player
from msmd.views.player import PlayerOptions
from player_scene import vibrating_ethanol

def show():
    st.button("rerun")
    error = st.radio("error", [1.0, 0.2])
    scene = vibrating_ethanol(error)
    if st.checkbox("reference alone"):
        scene = replace(scene, tracks=scene.tracks[:1], series=())
    state = player(scene, key="p", options=PlayerOptions(autoplay=False), report=True)
    st.write(f"paused at {state.frame}")

def other():
    st.write("the other page")

st.navigation([st.Page(show, title="Play", default=True), st.Page(other, title="Other", url_path="other")]).run()
"""


@pytest.fixture(scope="module")
def app_url(launch_app, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("player-app")
    shutil.copy(Path(__file__).with_name("player_scene.py"), folder)
    return launch_app(folder, APP)


@pytest.fixture
def html_file(tmp_path):
    def write(options: PlayerOptions, scene: Scene | None = None) -> str:
        path = tmp_path / "player.html"
        path.write_text(standalone_html(scene or vibrating_ethanol(), options=options), encoding="utf-8")
        return path.as_uri()

    return write


def wait_ready(page) -> None:
    page.wait_for_selector('.msmd-player[data-status="ready"]')


def data(page, name: str) -> str:
    return page.locator(".msmd-player").get_attribute(f"data-{name}")


def wait_data(page, name: str, value: str) -> None:
    page.wait_for_selector(f'.msmd-player[data-{name}="{value}"]')


def drawn(pixels: np.ndarray) -> np.ndarray:
    """True where a pixel differs from the corner, which is background."""
    return np.abs(pixels.astype(int) - pixels[3, 3].astype(int)).max(axis=-1) > 24


def overlap(pixels: np.ndarray, others: np.ndarray) -> float:
    """Drawn pixels in common over drawn pixels in either picture; antialiasing may differ, so 1 is not asked for."""
    return float(np.sum(drawn(pixels) & drawn(others)) / np.sum(drawn(pixels) | drawn(others)))


def teal(pixels: np.ndarray) -> int:
    """How many pixels have the prediction's hue (no element of ethanol is green)."""
    red, green, blue = np.moveaxis(pixels.astype(int), -1, 0)
    return int(np.sum((green > red + 40) & (blue > red + 25)))


def test_shows_a_molecule_and_both_tracks(page, html_file, canvas_pixels) -> None:
    page.goto(html_file(PlayerOptions(show_colors=False)))
    wait_ready(page)
    assert data(page, "tracks") == "reference spectral-ode"
    both = canvas_pixels(page)
    assert 0.01 < drawn(both).mean() < 0.6
    assert teal(both) > 300
    page.get_by_role("button", name="spectral-ode").click()
    wait_data(page, "tracks", "reference")
    alone = canvas_pixels(page)
    assert teal(alone) < 20
    assert drawn(alone).mean() > 0.01
    assert page.errors == []


def test_moves_while_playing_and_stands_when_paused(page, html_file, canvas_pixels) -> None:
    page.goto(html_file(PlayerOptions(autoplay=True)))
    wait_ready(page)
    assert data(page, "playing") == "true"
    page.wait_for_function("document.querySelector('.msmd-player').dataset.frame > 3")
    first = canvas_pixels(page)
    page.wait_for_timeout(600)
    assert np.mean(np.abs(canvas_pixels(page).astype(int) - first)) > 0.05
    page.get_by_role("button", name="Pause").click()
    wait_data(page, "playing", "false")
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)
    still, frame = canvas_pixels(page), data(page, "frame")
    page.wait_for_timeout(500)
    assert np.array_equal(canvas_pixels(page), still)
    assert data(page, "frame") == frame
    assert float(data(page, "fps")) > 0


def test_keys_step_and_play(page, html_file) -> None:
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    page.locator(".stage").focus()
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 119), ("Home", 0)):
        page.keyboard.press(key)
        assert data(page, "frame") == str(frame), key
    page.keyboard.press("ArrowLeft")  # loops
    assert (data(page, "frame"), data(page, "time-fs")) == ("119", "59.5")
    page.keyboard.press(" ")
    wait_data(page, "playing", "true")
    page.keyboard.press(" ")
    wait_data(page, "playing", "false")
    page.locator(".scrub").focus()
    page.keyboard.press(" ")
    wait_data(page, "playing", "true")


def test_a_track_button_keeps_the_focus_when_it_is_pressed(page, html_file) -> None:
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    button = page.get_by_role("button", name="spectral-ode", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    wait_data(page, "tracks", "reference")
    page.keyboard.press("Enter")
    wait_data(page, "tracks", "reference spectral-ode")


def test_click_and_drag_in_the_chart_seek(page, html_file) -> None:
    page.goto(html_file(PlayerOptions(autoplay=True)))
    wait_ready(page)
    box = page.locator(".chart canvas").bounding_box()
    left, width = box["x"] + 58, box["width"] - 68
    page.mouse.click(left + width / 2, box["y"] + 20)
    assert data(page, "playing") == "false"
    assert abs(float(data(page, "time-fs")) - 29.75) <= 0.5
    page.mouse.move(left + width / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(left + width * 2, box["y"] + 30, steps=4)
    assert data(page, "frame") == "119"
    page.locator(".chart canvas").dispatch_event("pointercancel")  # a finger that scrolls the page: it says no place
    assert data(page, "frame") == "119"
    page.mouse.up()


def test_scalars_color_the_prediction_and_can_be_turned_off(page, html_file, canvas_pixels) -> None:
    page.goto(html_file(PlayerOptions(error_threshold=9.0)))  # no dashed lines, which have the prediction's hue
    wait_ready(page)
    page.locator(".stage").focus()
    page.keyboard.press("End")
    page.locator(".stage").blur()  # so has the focus ring
    assert page.locator(".legend-label").inner_text() == "error / Å"
    assert teal(canvas_pixels(page)) < 20
    page.get_by_role("button", name="Colour").click()
    assert page.locator(".legend").is_hidden()
    assert teal(canvas_pixels(page)) > 300


def test_arrows_show_above_the_threshold(page, html_file, canvas_pixels) -> None:
    page.goto(html_file(PlayerOptions(show_arrows=False, arrow_threshold=0.4), vibrating_ethanol(3.0)))
    wait_ready(page)
    page.locator(".stage").focus()
    page.keyboard.press("End")
    without = canvas_pixels(page)
    page.get_by_role("button", name="Arrows").click()
    assert np.sum(np.abs(canvas_pixels(page).astype(int) - without).max(axis=-1) > 24) > 200
    page.locator(".stage").focus()
    page.keyboard.press("Home")  # no error yet, so no arrow
    start = canvas_pixels(page)
    page.get_by_role("button", name="Arrows").click()
    assert np.array_equal(canvas_pixels(page), start)


def test_side_by_side_has_two_panes_that_turn_together(page, html_file, canvas_pixels) -> None:
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    page.get_by_role("button", name="Side by side").click()
    wait_data(page, "layout", "side")
    assert page.locator(".pane").count() == 2
    before = canvas_pixels(page, ".pane:nth-child(2)")
    assert drawn(before).mean() > 0.01
    box = page.locator(".pane").first.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 150, steps=5)
    page.mouse.up()
    after = canvas_pixels(page, ".pane:nth-child(2)")
    assert np.sum(np.abs(after.astype(int) - before).max(axis=-1) > 24) > 200


def test_dark_and_light_follow_the_system_live(open_page, html_file, canvas_pixels) -> None:
    page = open_page(color_scheme="light")
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    assert canvas_pixels(page)[3, 3].min() > 240
    page.emulate_media(color_scheme="dark")
    wait_data(page, "theme", "dark")
    dark = canvas_pixels(page)
    assert dark[3, 3].max() < 40
    assert drawn(dark).mean() > 0.01


def test_reduced_motion_stands_still(open_page, html_file) -> None:
    page = open_page(reduced_motion="reduce")
    page.goto(html_file(PlayerOptions(autoplay=True)))
    wait_ready(page)
    assert data(page, "playing") == "false"


def test_narrow_screen_fits_and_has_targets_for_fingers(open_page, html_file) -> None:
    page = open_page(viewport={"width": 420, "height": 800}, has_touch=True)
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    heights = page.evaluate("[...document.querySelectorAll('.bar button')].map(b => b.offsetHeight).filter(Boolean)")
    assert min(heights) >= 40
    page.get_by_role("button", name="Play").tap()
    wait_data(page, "playing", "true")


def test_picture_downloads(page, html_file) -> None:
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save a picture").click()
    assert download.value.suggested_filename == "ethanol-0fs.png"
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


def test_html_file_needs_no_network(page, html_file) -> None:
    page.goto(html_file(PlayerOptions()))
    wait_ready(page)
    assert page.left_the_machine == []
    assert page.errors == []


def test_without_webgl_it_says_so(page, html_file) -> None:
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return /webgl/.test(kind) ? null : get.call(this, kind, ...rest); };"
    )
    page.goto(html_file(PlayerOptions()))
    wait_data(page, "status", "no-webgl")
    assert "no WebGL" in page.locator(".message").inner_text()
    page.locator(".forward").click()
    assert data(page, "frame") == "1"  # clock and curves work all the same


def test_without_three_dmol_it_says_so(page, tmp_path) -> None:
    path = tmp_path / "player.html"
    path.write_text(standalone_html(vibrating_ethanol(), inline=False), encoding="utf-8")
    page.goto(path.as_uri())
    wait_data(page, "status", "no-3dmol")
    assert "could not be loaded" in page.locator(".message").inner_text()
    assert page.left_the_machine  # it did ask the CDN, which this test does not let it reach


def drag_stage(page) -> None:
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 60, steps=6)
    page.mouse.up()
    page.mouse.move(2, 2)


def test_component_keeps_camera_and_frame_over_reruns_data_and_pages(page, app_url, canvas_pixels) -> None:
    page.goto(app_url)
    wait_ready(page)
    fitted = canvas_pixels(page)
    drag_stage(page)
    page.locator(".forward").click()
    page.get_by_text("paused at 1").wait_for()
    turned = canvas_pixels(page)
    assert overlap(turned, fitted) < 0.9

    page.get_by_role("button", name="rerun").click()
    page.wait_for_timeout(800)
    assert data(page, "frame") == "1"
    assert overlap(canvas_pixels(page), turned) > 0.97

    page.get_by_text("0.2", exact=True).click()  # other data of the same molecule
    page.wait_for_timeout(800)
    assert data(page, "frame") == "1"
    changed = canvas_pixels(page)
    assert overlap(changed, turned) > 0.9

    page.get_by_role("link", name="Other").click()
    page.get_by_text("the other page").wait_for()
    page.get_by_role("link", name="Play").click()
    wait_ready(page)
    page.wait_for_timeout(300)
    assert data(page, "frame") == "1"
    assert overlap(canvas_pixels(page), changed) > 0.9
    assert page.left_the_machine == []
    assert page.errors == []


def test_what_was_hidden_shows_when_it_is_all_there_is(page, app_url) -> None:
    """As while a forecast is being made: a lone track has no button to be shown again with."""
    page.goto(app_url)
    wait_ready(page)
    page.get_by_role("button", name="reference", exact=True).click()
    wait_data(page, "tracks", "spectral-ode")
    page.get_by_text("reference alone").click()
    wait_data(page, "tracks", "reference")
    page.get_by_text("reference alone").click()
    wait_data(page, "tracks", "spectral-ode")


def test_component_reports_only_on_pause(page, app_url) -> None:
    page.goto(app_url)
    wait_ready(page)
    page.get_by_text("paused at None").wait_for()
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    assert page.get_by_text("paused at None").is_visible()
    page.get_by_role("button", name="Pause").click()
    frame = data(page, "frame")
    page.get_by_text(f"paused at {frame}").wait_for()


def test_component_follows_streamlits_dark_theme(open_page, app_url, canvas_pixels) -> None:
    page = open_page(color_scheme="dark")
    page.goto(app_url)
    wait_ready(page)
    wait_data(page, "theme", "dark")
    assert canvas_pixels(page)[3, 3].max() < 60
    page.emulate_media(color_scheme="light")
    wait_data(page, "theme", "light")
    assert canvas_pixels(page)[3, 3].min() > 230
