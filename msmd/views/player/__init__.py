"""The molecule player: one scene of moving copies, packed in Python and drawn by 3Dmol.js.

The same JavaScript drives the Streamlit component (:mod:`msmd.app.player`), the standalone HTML file and the
notebook view.
"""

from msmd.views.player.html import NotebookPlayer, notebook_player, standalone_html
from msmd.views.player.options import PlayerOptions, envelope
from msmd.views.player.packing import pack, unpack
from msmd.views.player.scene import Scene, Series, Track, rms_displacement

__all__ = [
    "NotebookPlayer",
    "PlayerOptions",
    "Scene",
    "Series",
    "Track",
    "envelope",
    "notebook_player",
    "pack",
    "rms_displacement",
    "standalone_html",
    "unpack",
]
