"""The standalone page and the notebook view, without a browser."""

import base64
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from msmd.views.player import Scene, Track, notebook_player, standalone_html, unpack
from msmd.views.player.assets import SCRIPTS, THREE_DMOL_CDN, THREE_DMOL_INTEGRITY, find_three_dmol, script
from msmd.views.player.html import HERE


def make_scene(title: str = "he") -> Scene:
    track = Track(name="reference", positions=np.zeros((2, 1, 3)))
    return Scene(numbers=(2,), bonds=(), times_fs=np.array([0.0, 0.5]), tracks=(track,), title=title)


def test_page_carries_the_scene() -> None:
    page = standalone_html(make_scene(), inline=False)
    payload = base64.b64decode(re.search(r'id="scene">([^<]+)<', page)[1])
    assert unpack(payload[payload.index(b"MSP1") :]).title == "he"


def test_page_without_inlining_names_the_cdn_and_its_hash() -> None:
    page = standalone_html(make_scene(), inline=False)
    assert f'src="{THREE_DMOL_CDN}" integrity="{THREE_DMOL_INTEGRITY}"' in page


def test_inlined_page_loads_nothing() -> None:
    if find_three_dmol() is None:
        pytest.skip("3Dmol.js is not installed; `npm ci && npm run static` installs it")
    page = standalone_html(make_scene())
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=\"http", page)
    assert len(page) > 500_000


def test_installed_three_dmol_is_the_one_that_the_hash_names() -> None:
    path = find_three_dmol()
    if path is None:
        pytest.skip("3Dmol.js is not installed; `npm ci && npm run static` installs it")
    digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
    assert f"sha384-{digest}" == THREE_DMOL_INTEGRITY


def test_title_is_escaped() -> None:
    page = standalone_html(make_scene("<b>&"), inline=False)
    assert "<title>&lt;b&gt;&amp;</title>" in page


def test_notebook_player_is_a_frame_with_everything_in_it() -> None:
    shown = notebook_player(make_scene(), inline=False, height=300)._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert 'id="scene"' not in shown  # its quotes are escaped inside the attribute
    assert "id=&quot;scene&quot;" in shown


def test_every_script_is_joined_and_short() -> None:
    joined = script()
    entry_points = {"component.js", "standalone.js"}
    on_disk = {path.name for path in Path(HERE, "js").glob("*.js")}
    assert on_disk == set(SCRIPTS) | entry_points
    for name in SCRIPTS:
        source = Path(HERE, "js", name).read_text(encoding="utf-8")
        assert source in joined
        assert source.count("\n") <= 300
