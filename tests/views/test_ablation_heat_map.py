"""The heat map says what was measured, how well it is known, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest

from msmd.views.ablation_heat_map import MEASURES, heat_map
from msmd.views.ablation_scores import ablation_grid
from msmd.views.theme import how_to_read
from tests.views.ablation_records import MODEL, record, seeds

VARIANTS = ("full", "one-member", "nodal")
TITLES = {"full": "full model", "one-member": "one member"}
RECORDS = [*seeds(0.01, 0.02), *seeds(0.02, 0.06, variant="one-member"), record("persistence", error=0.1)]


def drawn(against: str, records=RECORDS, **options):
    grid = ablation_grid(records, MODEL, molecules=("ethanol", "toluene"), variants=VARIANTS)
    return heat_map(grid, MEASURES[against], titles=TITLES, **options)


@pytest.mark.parametrize(
    ("against", "values", "text"),
    [("full", (1.0, 2.5), "2.50<br>±0.71"), ("baseline", (0.15, 0.4), "0.40<br>±0.28"), ("error", (1.5, 4.0), "4.00")],
)
def test_the_cells_hold_the_logarithm_of_what_is_compared(against, values, text):
    cells = drawn(against).data[0]
    np.testing.assert_allclose(10 ** np.array([cells.z[0][0], cells.z[1][0]]), values)
    assert written(drawn(against))[1, 0][1].startswith(text)
    assert np.isnan(cells.z[2]).all()
    assert np.isnan(np.array(cells.z)[:, 1]).all()


def written(figure) -> dict[tuple[int, int], tuple[str, str]]:
    """Ink and text of every cell, by row and column."""
    return {
        (row, column): (trace.textfont.color, trace.text[row][column])
        for trace in figure.data[2:4]
        for row, column in np.argwhere(np.array(trace.text) != "").tolist()
    }


def test_dark_cells_have_light_ink_and_light_cells_dark():
    assert written(drawn("error")) == {(0, 0): ("#ffffff", "1.50<br>±0.71"), (1, 0): ("#111111", "4.00<br>±2.83")}


def test_the_full_model_shows_its_error_where_a_ratio_would_be_one():
    assert written(drawn("full"))[0, 0][1] == "1.50<br>±0.71"


def test_a_single_seed_says_so():
    assert written(drawn("error", [record()]))[0, 0][1] == "1.00<br>1 seed"


def test_every_cell_can_be_clicked_and_what_is_missing_shows_a_plus():
    points = drawn("full").data[1]
    assert [list(cell) for cell in points.customdata] == [
        [molecule, variant] for variant in VARIANTS for molecule in ("ethanol", "toluene")
    ]
    assert list(points.marker.symbol) == ["square", *["cross-thin"], "square", *["cross-thin"] * 3]
    assert "not run yet: click to run it" in points.text[5]
    assert "4 · 10⁻² Å² over 2 seeds" in points.text[2]
    assert "2.5 × the full model" in points.text[2]
    assert "0.4 × Persistence" in points.text[2]


def test_what_was_not_trained_in_full_says_so():
    assert "not trained in full" in drawn("full", [record(is_complete=False)]).data[1].text[0]


def test_ratios_are_coloured_about_one():
    cells = drawn("full").data[0]
    assert cells.zmin == -cells.zmax
    assert cells.zmax == pytest.approx(np.log10(2.5))
    assert cells.colorbar.title.text == "error over the full model's"


def test_the_chosen_cell_is_framed():
    figure = drawn("full", selected=("toluene", "nodal"))
    (frame,) = figure.layout.shapes
    assert (frame.x0 + frame.x1, frame.y0 + frame.y1) == (2.0, 4.0)
    assert not drawn("full", selected=("water", "full")).layout.shapes


@pytest.mark.parametrize("against", MEASURES)
def test_axes_and_rows_are_named_and_it_is_said_how_to_read(against):
    figure = drawn(against)
    assert figure.layout.xaxis.title.text == "molecule"
    assert figure.layout.yaxis.title.text == "variant"
    assert list(figure.layout.yaxis.ticktext) == ["full model", "one member", "nodal"]
    assert how_to_read(figure).endswith(".")


def test_an_empty_grid_can_be_drawn():
    assert np.isnan(np.array(drawn("full", []).data[0].z)).all()
