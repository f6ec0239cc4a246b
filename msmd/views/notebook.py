"""How a notebook shows things: figures with the sentence that says how to read them, and small still molecules.

Everything works without a network.  Figures go out as plotly's own MIME type, which JupyterLab, Notebook 7 and VS Code
draw with the extension that plotly installs, instead of as HTML with plotly.js in it (5 MB per notebook).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from msmd.errors import DataError
from msmd.molecule import Molecule
from msmd.views.player.assets import THREE_DMOL_CDN
from msmd.views.player.html import three_dmol_tag
from msmd.views.theme import how_to_read

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY_MIME = "application/vnd.plotly.v1+json"
NEGATIVE, NEUTRAL, POSITIVE = (33, 102, 172), (190, 190, 190), (178, 24, 43)
"""Blue, grey, red: the ends and the middle of the scale for signed patterns, as in the player."""

# torch imports tqdm, which warns in every kernel that has no ipywidgets; no notebook here draws such a bar.
warnings.filterwarnings("ignore", message="IProgress not found")

CLOSER = 1.5
"""3Dmol leaves so much room around a small molecule that it fills a quarter of the view."""


def show(figure: go.Figure) -> None:
    """Draws a figure made by ``msmd.views`` under a notebook cell, and how to read it under the figure."""
    from IPython.display import Markdown, display

    display({PLOTLY_MIME: json.loads(figure.to_json())}, raw=True)
    display(Markdown(f"**How to read it.** {how_to_read(figure)}"))


@dataclass(frozen=True, kw_only=True)
class StillView:
    """A molecule that can be turned but does not move, as the result of a notebook cell."""

    html: str = field(repr=False)
    width: int
    height: int

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html, quote=True)}" title="molecule" '
            f'style="width:{self.width + 4}px;height:{self.height + 4}px;border:0"></iframe>'
        )


def still_view(
    molecule: Molecule,
    positions: Float[np.ndarray, "atoms 3"],
    *,
    pattern: Float[np.ndarray, " atoms"] | Sequence[float] | None = None,
    numbered: bool = True,
    width: int = 420,
    height: int = 260,
) -> StillView:
    """One structure drawn by py3Dmol, bonds as the molecule has them.

    Args:
        molecule: atoms and bonds.
        positions: Å.
        pattern: a signed number per atom, such as an eigenvector, shown from blue over grey to red; element colours
            without it.
        numbered: writes each atom's number beside it.
        width, height: px.

    Raises:
        DataError: when the pattern has another length than the molecule.
    """
    import py3Dmol

    positions = _face_on(positions)
    view = py3Dmol.view(width=width, height=height, js=THREE_DMOL_CDN)
    view.addModel(_sdf(molecule, positions), "sdf")
    view.setStyle({"stick": {"radius": 0.12}, "sphere": {"scale": 0.27}})
    if pattern is not None:
        _color(view, molecule, np.asarray(pattern, dtype=float))
    if numbered:
        for atom, (symbol, at) in enumerate(zip(molecule.symbols, positions, strict=True)):
            place = dict(zip("xyz", map(float, at), strict=True))
            view.addLabel(f"{symbol}{atom}", {"position": place, "fontSize": 11, "backgroundOpacity": 0.55})
    view.zoomTo()
    view.zoom(CLOSER)
    return StillView(html=_page(view.write_html()), width=width, height=height)


def _face_on(positions: np.ndarray) -> np.ndarray:
    """Turned so that the widest plane of the molecule faces the viewer, its long axis level."""
    centred = np.asarray(positions, dtype=float) - np.mean(positions, axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    axes[2] = np.cross(axes[0], axes[1])
    return centred @ axes.T


def _color(view: object, molecule: Molecule, pattern: np.ndarray) -> None:
    if pattern.shape != (molecule.n_atoms,):
        raise DataError(
            f"The pattern has shape {pattern.shape}; expected one number for each of {molecule.n_atoms} atoms."
        )
    largest = np.abs(pattern).max() or 1.0
    for atom, value in enumerate(pattern / largest):
        color = _mixed(value)
        view.setStyle(
            {"index": atom}, {"stick": {"radius": 0.12, "color": color}, "sphere": {"scale": 0.27, "color": color}}
        )


def _mixed(value: float) -> str:
    """The colour of a value between −1 and 1."""
    end = POSITIVE if value > 0 else NEGATIVE
    mixed = (round(n + abs(value) * (e - n)) for n, e in zip(NEUTRAL, end, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _sdf(molecule: Molecule, positions: np.ndarray) -> str:
    """An MDL molfile, the one simple format in which 3Dmol takes bonds as given."""
    atoms = [
        f"{x:10.4f}{y:10.4f}{z:10.4f} {symbol:<3} 0  0  0  0  0  0  0  0  0  0  0  0"
        for symbol, (x, y, z) in zip(molecule.symbols, positions, strict=True)
    ]
    bonds = [f"{i + 1:3d}{j + 1:3d}  1  0  0  0  0" for i, j in molecule.bonds]
    counts = f"{molecule.n_atoms:3d}{len(bonds):3d}  0  0  0  0  0  0  0  0999 V2000"
    return "\n".join([molecule.name, "", "", counts, *atoms, *bonds, "M  END", "$$$$"]) + "\n"


def _page(view_html: str) -> str:
    """py3Dmol's HTML in a page of its own that holds 3Dmol.js."""
    # py3Dmol loads the library itself only where this promise does not exist yet.
    ready = "<script>var $3Dmolpromise = Promise.resolve();</script>"
    return f"<body style='margin:0'>{three_dmol_tag(inline=True)}{ready}{view_html}</body>"
