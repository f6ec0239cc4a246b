"""How a player starts, and the envelope in which options travel with a packed scene."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass
from typing import Literal

from msmd.errors import DataError
from msmd.views.player.packing import ALIGNMENT

MAGIC = b"MSPO"
Layout = Literal["overlay", "side"]
Style = Literal["ball", "sphere", "line"]


@dataclass(frozen=True, kw_only=True)
class PlayerOptions:
    """How a player starts; what the viewer then changes by hand wins until the page is reloaded.

    Attributes:
        autoplay: moves at once, unless the viewer's system asks for reduced motion.
        loop: starts again after the last frame.
        layout: tracks over each other, or one pane each with linked cameras.
        style: ball and stick, spheres, or thin lines.
        fs_per_second: speed; by default some 30 frames per second, but never under 4 s or over 2 min in all.
        show_colors: atoms coloured by the tracks' scalars, where they have them.
        show_arrows: arrows drawn, where tracks have them.
        arrow_threshold: Å; shorter arrows are not drawn.
        error_threshold: Å; a prediction's atom farther than this from the reference's is tied to it by a dashed line.
        follow: keeps the first track's centre in the middle; by default only where it wanders by more than 3 Å.
        seek_fs: shows the frame at this time once; a new value seeks again.
    """

    autoplay: bool = False
    loop: bool = True
    layout: Layout = "overlay"
    style: Style = "ball"
    fs_per_second: float | None = None
    show_colors: bool = True
    show_arrows: bool = True
    arrow_threshold: float = 0.05
    error_threshold: float = 0.3
    follow: bool | None = None
    seek_fs: float | None = None

    def __post_init__(self) -> None:
        if self.fs_per_second is not None and not self.fs_per_second > 0:
            raise DataError(f"fs_per_second is {self.fs_per_second}; expected a speed above zero.")
        for name in ("arrow_threshold", "error_threshold"):
            if not getattr(self, name) >= 0:
                raise DataError(f"{name} is {getattr(self, name)}; expected a length in Å, zero or more.")

    def as_header(self) -> dict[str, object]:
        """The options under the names that the JavaScript reads."""
        return {
            "autoplay": self.autoplay,
            "loop": self.loop,
            "layout": self.layout,
            "style": self.style,
            "fsPerSecond": self.fs_per_second,
            "showColors": self.show_colors,
            "showArrows": self.show_arrows,
            "arrowThreshold": self.arrow_threshold,
            "errorThreshold": self.error_threshold,
            "follow": self.follow,
            "seekFs": self.seek_fs,
        }


def envelope(packed: bytes, options: PlayerOptions, **settings: str | int | float | bool | None) -> bytes:
    """A packed scene with what the browser must know around it: the options and settings such as key and height.

    Streamlit passes a component either bytes or JSON, so the options travel in front of the scene, in the same
    format.  The digest lets the browser keep what it has drawn when a rerun brings the same scene.
    """
    digest = hashlib.blake2b(packed, digest_size=12).hexdigest()
    text = json.dumps({**options.as_header(), **settings, "digest": digest}, allow_nan=False).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return MAGIC + struct.pack("<I", len(text)) + text + packed
