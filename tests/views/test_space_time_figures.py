"""Eigenvalue against time scale on several sides: each with its own marks and its own correlation."""

from __future__ import annotations

import numpy as np

from msmd.metrics.space_time import SpaceTime
from msmd.spectrum import ModeTimeScales, RankCorrelation
from msmd.views.space_time_figures import say_correlation, space_time_comparison
from msmd.views.theme import how_to_read

RHO = RankCorrelation(value=-0.5, low=-1.0, high=0.25, n_points=5)


def side(factor: float, *, is_still: bool = False) -> SpaceTime:
    scales = ModeTimeScales(
        eigenvalues=np.array([0.0, 1.0, 2.0]),
        correlation_times_fs=factor * np.array([100.0, 50.0, 10.0]),
        correlation_errors_fs=np.ones(3),
        is_resolved=np.array([False, True, True]),
        centroids=np.ones(3),
        centroid_errors=np.ones(3),
        mass_weighted=True,
    )
    return SpaceTime(scales=scales, correlation=None if is_still else RHO, is_still=is_still)


def test_every_side_is_drawn_with_its_correlation_and_lower_bounds_are_triangles():
    figure = space_time_comparison({"reference": side(1.0), "full model": side(1.1), "one member": side(1.2)})
    assert [trace.name.partition(" (")[0] for trace in figure.data] == ["reference", "full model", "one member"]
    assert figure.data[1].name == "full model (ρ = −0.50, −1.00 to 0.25)"
    assert list(figure.data[0].marker.symbol) == ["triangle-up-open", "circle-open", "circle-open"]
    assert list(figure.data[2].marker.symbol) == ["triangle-up", "diamond", "diamond"]
    np.testing.assert_allclose(figure.data[1].y, [110.0, 55.0, 11.0])
    assert figure.layout.xaxis.title.text == "eigenvalue λ (no unit)"
    assert figure.layout.yaxis.title.text == "correlation time / fs"
    assert how_to_read(figure).endswith(".")


def test_what_stands_still_has_no_time_scales():
    figure = space_time_comparison({"reference": side(1.0), "full model": side(9.0, is_still=True)})
    assert [trace.name.partition(" (")[0] for trace in figure.data] == ["reference"]
    assert say_correlation(None) == "–"
