"""Several forecasts of one window in one scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.errors import DataError
from msmd.forecasting import Forecast
from msmd.molecule import Molecule
from msmd.views.comparison_scene import comparison_scene

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))


def forecast(shift: float, **changes: object) -> Forecast:
    reference = np.zeros((3, 3, 3))
    made = Forecast(
        forecaster="spectral-ode",
        molecule=WATER,
        start=0,
        start_time_fs=0.0,
        times_fs=np.array([0.0, 4.0, 8.0]),
        predicted=reference + shift,
        reference=reference,
    )
    return replace(made, **changes)


def test_the_reference_and_every_forecast_are_tracks_with_a_curve_each():
    scene = comparison_scene({"full model": forecast(1.0), "one member": forecast(2.0)}, title="water")
    assert [(track.name, track.role) for track in scene.tracks] == [
        ("reference", "reference"),
        ("full model", "prediction"),
        ("one member", "prediction"),
    ]
    assert [curve.label for curve in scene.series] == ["full model RMSD", "one member RMSD"]
    np.testing.assert_allclose(scene.series[1].values, 2 * 3**0.5)


def test_without_a_reference_the_forecasts_play_alone():
    scene = comparison_scene({"full model": forecast(1.0, reference=None)})
    assert [track.name for track in scene.tracks] == ["full model"]
    assert scene.series == ()


def test_forecasts_of_different_windows_are_refused():
    with pytest.raises(DataError, match="'late' starts at frame 5"):
        comparison_scene({"full model": forecast(1.0), "late": forecast(1.0, start=5)})
    with pytest.raises(DataError, match="expected at least one"):
        comparison_scene({})
