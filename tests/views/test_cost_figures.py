"""Cost against accuracy: every forecaster in its family's colour, and the front of those worth their time."""

from __future__ import annotations

import pytest

from msmd.views.ablation_scores import all_forecasters
from msmd.views.cost_figures import cost_figure
from msmd.views.theme import FAMILY_COLORS, HIGHLIGHT, how_to_read
from tests.views.ablation_records import MODEL, record

RECORDS = [
    record(error=0.01, seconds_per_window=0.1),
    record(variant="one-member", error=0.02, seconds_per_window=0.02),
    record(variant="nodal", error=0.03, seconds_per_window=0.2),
    record("egnn", budget="windows", error=0.05, seconds_per_window=0.3, hardware="another machine"),
    record("persistence", error=0.1, seconds_per_window=1e-5),
    record("gfn2", budget="none", error=0.012, seconds_per_window=4.0),
]
SCORES = all_forecasters(RECORDS, "ethanol", MODEL)


def families(**options):
    figure = cost_figure(SCORES, MODEL, titles={"one-member": "one member"}, **options)
    return figure, {trace.name: trace for trace in figure.data}


def test_every_forecaster_lies_at_its_cost_and_its_error():
    figure, drawn = families()
    assert (list(drawn["ours"].x), list(drawn["ours"].y)) == ([0.1], [1.0])
    assert drawn["baselines"].customdata[0][0] == "Persistence"
    assert sorted(drawn["variants"].y) == [2.0, 3.0]
    assert drawn["simulation"].customdata[0][0] == "GFN2-xTB"
    assert (list(drawn["simulation"].x), list(drawn["simulation"].y)) == ([4.0], [1.2])
    assert drawn["simulation"].marker.symbol == ("star",)
    assert drawn["ours"].hovertemplate.count("windows") == 1
    assert drawn["published models"].marker.color == (FAMILY_COLORS["peer"],)
    assert figure.layout.xaxis.title.text == "wall time of one forecast / s"
    assert figure.layout.yaxis.title.text == "mean squared error / 10⁻² Å²"
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert how_to_read(figure).endswith(".")


def test_the_front_holds_what_nothing_cheaper_beats():
    front = families()[1]["best at its price"]
    assert list(front.x) == [1e-5, 0.02, 0.1]
    assert list(front.y) == pytest.approx([10.0, 2.0, 1.0])


def test_the_chosen_variant_stands_out():
    drawn = families(selected="one-member")[1]["variants"]
    colors = dict(zip((name for name, *_ in drawn.customdata), drawn.marker.color, strict=True))
    assert colors == {"one member": HIGHLIGHT, "nodal": FAMILY_COLORS["ours"]}


def test_what_was_timed_elsewhere_is_hollow():
    drawn = families(hardware="this machine")[1]
    assert list(drawn["published models"].marker.symbol) == ["square-open"]
    assert list(drawn["ours"].marker.symbol) == ["circle"]


def test_nothing_timed_is_an_empty_figure():
    assert not cost_figure({}, MODEL, titles={}).data
