"""What a notebook is given to show: small, offline, with the sentence under each figure."""

from __future__ import annotations

import re

import numpy as np
import pytest

from msmd.errors import DataError
from msmd.molecule import Molecule
from msmd.views.notebook import PLOTLY_MIME, show, still_view
from msmd.views.theme import new_figure

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
STRUCTURE = np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])


def test_a_figure_comes_with_its_sentence(monkeypatch) -> None:
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing))
    figure = new_figure(x_title="time / fs", y_title="RMSD / Å", how_to_read="Lower is better.")
    show(figure.add_scatter(x=[0, 1], y=[2, 3]))
    drawn, sentence = shown
    assert drawn[PLOTLY_MIME]["layout"]["xaxis"]["title"]["text"] == "time / fs"
    assert set(drawn) == {PLOTLY_MIME}  # no HTML with five megabytes of plotly.js in it
    assert sentence.data.endswith("Lower is better.")


def test_a_still_holds_atoms_bonds_and_numbers() -> None:
    html = still_view(WATER, STRUCTURE).html
    atoms = np.array(re.findall(r"(-?\d\.\d{4}) +(-?\d\.\d{4}) +(-?\d\.\d{4}) [OH]", html), dtype=float)
    assert np.linalg.norm(atoms[0] - atoms[1]) == pytest.approx(0.96, abs=1e-3)
    assert np.allclose(atoms[:, 2], 0.0)  # a flat molecule is seen face on
    assert r"  1  3  1  0" in html
    assert '"H2"' in html
    assert '"H2"' not in still_view(WATER, STRUCTURE, numbered=False).html


def test_a_pattern_is_blue_grey_and_red() -> None:
    html = still_view(WATER, STRUCTURE, pattern=[0.0, -2.0, 2.0]).html
    assert [color in html for color in ("#bebebe", "#2166ac", "#b2182b")] == [True] * 3


def test_a_still_brings_its_viewer_where_there_is_one(monkeypatch, tmp_path) -> None:
    (library := tmp_path / "3Dmol-min.js").write_text("var installed = '</script>';")
    monkeypatch.setattr("msmd.views.player.html.find_three_dmol", lambda: library)
    html = still_view(WATER, STRUCTURE).html
    assert r"var installed = '<\/script>';" in html
    assert html.index("var installed") < html.index("$3Dmolpromise = Promise.resolve()") < html.index("createViewer")
    assert 'srcdoc="' in still_view(WATER, STRUCTURE)._repr_html_()


def test_refuses_a_pattern_of_another_molecule() -> None:
    with pytest.raises(DataError, match=r"shape \(2,\); expected one number for each of 3 atoms"):
        still_view(WATER, STRUCTURE, pattern=[1.0, 2.0])
