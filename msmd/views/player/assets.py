"""The player's JavaScript and CSS, and where 3Dmol.js comes from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

SCRIPTS = (
    "decoder.js",
    "colors.js",
    "loader.js",
    "memory.js",
    "clock.js",
    "looks.js",
    "pane.js",
    "camera.js",
    "stage.js",
    "chart.js",
    "icons.js",
    "controls.js",
    "player.js",
)
"""The modules in the order in which they are joined; each uses only names from those before it.  They are plain
scripts without imports, so that joining them is all the build there is."""

THREE_DMOL_VERSION = "2.5.5"
THREE_DMOL_CDN = f"https://cdn.jsdelivr.net/npm/3dmol@{THREE_DMOL_VERSION}/build/3Dmol-min.js"
THREE_DMOL_INTEGRITY = "sha384-OsczYbldvrHgslr9fFp/i4GiLSeuw9l+QIlv99ITw8soOwXcoGeflFMLg+CU/X1d"
"""Hash of ``build/3Dmol-min.js`` in the npm package 3dmol 2.5.5; the CDN serves that file unchanged.  Made with
``openssl dgst -sha384 -binary 3Dmol-min.js | base64``; renew it together with the version."""


@cache
def stylesheet() -> str:
    """The player's CSS."""
    return (HERE / "player.css").read_text(encoding="utf-8")


@cache
def script() -> str:
    """The player's JavaScript: all modules joined, without an entry point."""
    parts = [f"// {name}\n{(HERE / 'js' / name).read_text(encoding='utf-8')}" for name in SCRIPTS]
    constants = {"THREE_DMOL_CDN": THREE_DMOL_CDN, "THREE_DMOL_INTEGRITY": THREE_DMOL_INTEGRITY}
    declared = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in constants.items())
    return declared + "\n".join(parts)


@cache
def component_script() -> str:
    """The ES module that Streamlit mounts."""
    return script() + "\n" + (HERE / "js" / "component.js").read_text(encoding="utf-8")


def find_three_dmol() -> Path | None:
    """The installed 3Dmol-min.js: in ``static/`` or ``node_modules/`` of the working directory or of the checkout."""
    for root in (Path.cwd(), HERE.parents[2]):
        for place in ("static/3Dmol-min.js", "node_modules/3dmol/build/3Dmol-min.js"):
            if (root / place).is_file():
                return root / place
    return None
