"""The player as one HTML file, and in a notebook."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape
from string import Template

from msmd.views.player.assets import (
    HERE,
    THREE_DMOL_CDN,
    THREE_DMOL_INTEGRITY,
    find_three_dmol,
    script,
    stylesheet,
)
from msmd.views.player.options import PlayerOptions, envelope
from msmd.views.player.packing import pack
from msmd.views.player.scene import Scene

AUTOPLAY = PlayerOptions(autoplay=True)
BAR_HEIGHT = 260  # px that the controls and the strip chart take under the molecule on a narrow page


def standalone_html(scene: Scene, *, inline: bool = True, options: PlayerOptions = AUTOPLAY) -> str:
    """One HTML file that plays the scene in any browser, without a server.

    Args:
        scene: what to show.
        inline: put 3Dmol.js into the file (0.5 MB), so that it works offline; where 3Dmol.js is not installed,
            or with ``inline=False``, the file loads it from a CDN under an integrity hash.
        options: how it starts.
    """
    page = Template((HERE / "standalone.html").read_text(encoding="utf-8"))
    payload = envelope(pack(scene), options, key="standalone", height=None)
    return page.substitute(
        title=escape(scene.title or "msmd player"),
        style=stylesheet(),
        three_dmol=three_dmol_tag(inline=inline),
        payload=base64.b64encode(payload).decode("ascii"),
        script=script(),
        start=(HERE / "js" / "standalone.js").read_text(encoding="utf-8"),
    )


@dataclass(frozen=True, kw_only=True)
class NotebookPlayer:
    """A player that a notebook shows as the result of a cell; it needs no IPython to be made."""

    html: str = field(repr=False)
    height: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" title="molecule player" allow="fullscreen" '
            f'style="width:100%;height:{self.height + BAR_HEIGHT}px;border:0"></iframe>'
        )


def notebook_player(
    scene: Scene, *, height: int = 360, inline: bool = True, options: PlayerOptions = AUTOPLAY
) -> NotebookPlayer:
    """The scene as the result of a notebook cell.

    Args:
        scene: what to show.
        height: px of the molecule's stage.
        inline: carry 3Dmol.js in the notebook (0.7 MB per player), so that it plays offline.
        options: how it starts.
    """
    return NotebookPlayer(html=standalone_html(scene, inline=inline, options=options), height=height)


def three_dmol_tag(*, inline: bool) -> str:
    """The script element with 3Dmol.js in it, or one that asks the CDN for it where it is not installed."""
    path = find_three_dmol() if inline else None
    if path is None:
        return f'<script src="{THREE_DMOL_CDN}" integrity="{THREE_DMOL_INTEGRITY}" crossorigin="anonymous"></script>'
    source = path.read_text(encoding="utf-8").replace("</script", "<\\/script")  # would end the tag
    return f"<script>{source}</script>"
