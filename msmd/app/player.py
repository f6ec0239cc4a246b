"""Mounts the molecule player in a Streamlit page.

The only place of the player that knows Streamlit; packing and JavaScript live in :mod:`msmd.views.player`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from msmd.views.player import PlayerOptions, Scene, envelope, pack
from msmd.views.player.assets import component_script, stylesheet

COMPONENT_NAME = "msmd_player"
DEFAULT_OPTIONS = PlayerOptions(autoplay=True)


@dataclass(frozen=True, kw_only=True)
class PlayerState:
    """Where the player last stood still.

    Attributes:
        frame: index of the frame, ``None`` before the first pause.
        time_fs: its time in fs.
    """

    frame: int | None = None
    time_fs: float | None = None


def player(
    scene: Scene | bytes,
    *,
    key: str,
    height: int = 400,
    options: PlayerOptions = DEFAULT_OPTIONS,
    report: bool = False,
) -> PlayerState:
    """Shows the scene; camera, frame and settings survive reruns, new data of the same molecule, and page switches.

    Args:
        scene: what to show, or the bytes that :func:`msmd.views.player.pack` made of it (worth caching).
        key: identity of this player on its page; keep it fixed.
        height: px of the molecule's stage; controls and strip chart come under it.
        options: how it starts.
        report: rerun the page (or the fragment around the player) when the viewer pauses or ends a scrub, so that
            the returned state is the frame on the screen.  Without it the player never causes a rerun.
    """
    packed = scene if isinstance(scene, bytes) else pack(scene)
    data = envelope(packed, options, key=key, height=height, report=report, static=_static_url())
    result = _component()(key=key, data=data, on_paused_change=_no_reaction)
    paused = result.get("paused") or {}
    return PlayerState(frame=paused.get("frame"), time_fs=paused.get("timeFs"))


@cache
def _component() -> Callable[..., Any]:
    """The registered component; Streamlit itself registers it again on another runtime of the same process."""
    return component(COMPONENT_NAME, js=component_script(), css=stylesheet())


def _static_url() -> str | None:
    """Where the server offers 3Dmol.js, relative to the app's root, if it serves static files."""
    return "app/static/3Dmol-min.js" if st.get_option("server.enableStaticServing") else None


def _no_reaction() -> None:
    """Streamlit keeps a state value only if it has a callback."""
