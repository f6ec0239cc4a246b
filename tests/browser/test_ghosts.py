"""Members in a real browser: they can be seen beside the prediction, and one button takes them all away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from player_scene import vibrating_ethanol

from msmd.views.ghosts import ghost_tracks
from msmd.views.player import PlayerOptions, Scene, standalone_html
from msmd.views.player.assets import find_three_dmol

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_three_dmol() is None, reason="3Dmol.js is not installed: `npm ci && npm run static`"),
]


def with_ghosts(n_members: int = 4) -> Scene:
    """Members that fan out from the prediction by up to 0.6 Å."""
    scene = vibrating_ethanol(error=0.0)
    fan = (
        np.random.default_rng(1).normal(size=(n_members, 1, 9, 3))
        * np.linspace(0.3, 0.6, scene.n_frames)[:, None, None]
    )
    return replace(scene, tracks=scene.tracks + ghost_tracks(scene.tracks[1].positions + fan))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ghosts_are_drawn_faintly_and_hidden_by_one_button(open_page, canvas_pixels, tmp_path, scheme):
    path = tmp_path / "ghosts.html"
    path.write_text(standalone_html(with_ghosts(), options=PlayerOptions(autoplay=False)), encoding="utf-8")
    page = open_page(color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_selector('.msmd-player[data-status="ready"]')
    page.wait_for_timeout(300)
    shown = canvas_pixels(page).astype(int)
    page.get_by_role("button", name="4 members").click()
    page.wait_for_selector('.msmd-player[data-tracks="reference spectral-ode"]')
    page.wait_for_timeout(300)
    hidden = canvas_pixels(page).astype(int)
    background = hidden[3, 3]
    touched = np.abs(shown - hidden).max(axis=-1) > 24
    alone = touched & (np.abs(hidden - background).max(axis=-1) <= 24)  # a ghost with nothing but the page behind it
    assert alone.sum() > 2000
    ghost = np.abs(shown[alone] - background).mean()
    solid = np.abs(hidden - background).max(axis=-1) > 24
    assert 25 < ghost < np.abs(hidden[solid] - background).mean()
    assert page.errors == []
