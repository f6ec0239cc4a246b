"""Scenes: what the player is given to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.forecasting import Forecast
from msmd.frame import without_drift_and_spin
from msmd.molecule import Molecule
from msmd.spectrum import filter_displacements, graph_spectrum
from msmd.trajectory import Trajectory
from msmd.views.ghosts import SPREAD_LABEL, spread_series
from msmd.views.scenes import (
    ARROWS,
    COLORS,
    VELOCITY_ARROW_FS,
    Band,
    forecast_scene,
    in_order,
    mode_amplitude,
    mode_scene,
    reference_scene,
    rmsd,
)

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
REST = np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])


def band(first: int = 0, last: int = 2) -> Band:
    return Band(spectrum=graph_spectrum(WATER), structure=REST, first=first, last=last)


@pytest.fixture
def predicted(random) -> Forecast:
    times = np.array([0.0, 4.0, 8.0, 12.0])
    reference = REST + 0.05 * random.normal(size=(4, 3, 3))
    return Forecast(
        forecaster="persistence",
        molecule=WATER,
        start=0,
        start_time_fs=0.0,
        times_fs=times,
        predicted=reference + 0.1 * random.normal(size=reference.shape),
        reference=reference,
    )


def test_the_whole_band_shows_the_motion_as_it_is(predicted):
    scene = forecast_scene(predicted, band=band())
    assert [track.name for track in scene.tracks] == ["reference", "persistence"]
    assert [track.role for track in scene.tracks] == ["reference", "prediction"]
    assert np.array_equal(scene.tracks[0].positions, predicted.reference)
    assert np.array_equal(scene.tracks[1].positions, predicted.predicted)


def test_the_strip_chart_is_the_rmsd_of_what_is_shown(predicted):
    (curve,) = forecast_scene(predicted, band=band()).series
    by_hand = [np.sqrt(((p - r) ** 2).sum() / 3) for p, r in zip(predicted.predicted, predicted.reference, strict=True)]
    assert curve.label == "persistence RMSD"
    assert curve.unit == "Å"
    assert np.allclose(curve.values, by_hand)


def test_rivals_have_their_own_curves(predicted):
    rival = replace(predicted, forecaster="blend", predicted=np.add(predicted.reference, [3.0, 0, 0]))
    own, other = forecast_scene(predicted, band=band(), rivals=[rival]).series
    assert other.label == "blend RMSD"
    assert np.allclose(other.values, 3.0)
    assert not np.allclose(own.values, other.values)


def test_a_band_filters_the_deformation_and_carries_a_rigid_body_whole(predicted):
    turned = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    rigid = np.stack([REST, REST @ turned.T + 1.0, np.add(REST, [2.0, 0, 0]), REST])
    scene = forecast_scene(replace(predicted, reference=rigid), band=band(0, 1))
    reference, prediction = scene.tracks
    assert np.allclose(reference.positions, rigid)
    expected = filter_displacements(
        predicted.predicted, REST, WATER.masses, graph_spectrum(WATER), np.array([True, True, False])
    )
    assert np.allclose(prediction.positions, expected)
    assert not np.allclose(prediction.positions, predicted.predicted)


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("arrows", ARROWS)
def test_every_colour_and_arrow_is_finite(predicted, color, arrows):
    scene = forecast_scene(predicted, band=band(), color=color, arrows=arrows, mode=1)
    reference, prediction = scene.tracks
    assert (prediction.scalars is None) == (color == "none")
    assert (prediction.arrows is None) == (arrows == "none")
    assert (reference.scalars is None) == (color != "mode")
    assert (reference.arrows is None) == (arrows != "velocity")


def test_the_error_colours_and_arrows_are_the_distance_to_the_reference(predicted):
    track = forecast_scene(predicted, band=band(), color="error", arrows="error").tracks[1]
    assert np.allclose(track.scalars, np.linalg.norm(predicted.predicted - predicted.reference, axis=-1))
    assert np.allclose(track.positions + track.arrows, predicted.reference)


def test_times_out_of_order_are_played_in_order_and_unknown_ones_are_left_out(predicted):
    shuffled = replace(
        predicted,
        times_fs=np.array([8.0, 0.0, 4.0, 4.0]),
        reference=np.where(np.arange(4)[:, None, None] == 1, np.nan, predicted.reference),
    )
    assert in_order(shuffled).tolist() == [2, 0]
    assert forecast_scene(shuffled, band=band()).times_fs.tolist() == [4.0, 8.0]


def test_without_a_reference_the_prediction_plays_alone(predicted):
    scene = forecast_scene(replace(predicted, reference=None), band=band(), color="error", arrows="error")
    assert [track.name for track in scene.tracks] == ["persistence"]
    assert scene.series == ()
    assert scene.tracks[0].scalars is None


def test_velocity_arrows_of_the_reference_are_its_velocities():
    velocities = np.full((3, 3, 3), 0.01)
    moving = Trajectory(
        molecule=WATER,
        times_fs=np.array([0.0, 1.0, 2.0]),
        positions=REST + velocities * np.arange(3)[:, None, None],
        velocities=velocities,
    )
    assert np.allclose(reference_scene(moving, show_velocities=True).tracks[0].arrows, 0.01 * VELOCITY_ARROW_FS)
    assert reference_scene(moving).tracks[0].arrows is None
    assert reference_scene(moving).series[0].unit == "K"
    assert reference_scene(replace(moving, velocities=None), show_velocities=True).series == ()


def vibrating(mode: int, amplitude: np.ndarray) -> Trajectory:
    """Water whose atoms move by one pattern, without drift and spin."""
    pattern = graph_spectrum(WATER).eigenvectors[:, mode]
    motion = without_drift_and_spin(REST, pattern[:, None] * np.array([1.0, 0.3, 0.0]), WATER.masses)
    positions = REST + amplitude[:, None, None] * motion
    return Trajectory(molecule=WATER, times_fs=np.arange(len(amplitude), dtype=float), positions=positions)


def test_a_mode_s_amplitude_follows_the_motion_and_colours_the_atoms():
    amplitude = 0.05 * np.sin(np.linspace(0, 6, 30))
    scene = mode_scene(vibrating(2, amplitude), band(2, 2), mode=2, color="amplitude")
    (track,), (curve,) = scene.tracks, scene.series
    assert abs(np.corrcoef(curve.values, amplitude)[0, 1]) > 0.999
    pattern = graph_spectrum(WATER).eigenvectors[:, 2]
    assert np.allclose(track.scalars, curve.values[:, None] * pattern)


def test_a_mode_moves_every_atom_along_one_line_in_proportion_to_its_pattern():
    (track,) = mode_scene(vibrating(2, np.linspace(-0.05, 0.05, 9)), band(2, 2), mode=2).tracks
    pattern = graph_spectrum(WATER).eigenvectors[:, 2]
    moved = track.positions[-1] - track.positions[0]
    assert np.allclose(moved, np.outer(pattern, pattern @ moved))
    assert np.abs(moved).max() > 0.01


def test_tracks_are_named_by_what_moves():
    still = vibrating(1, np.zeros(3))
    assert mode_scene(still, band(2, 2), mode=2).tracks[0].name == "mode 2"
    assert mode_scene(still, band(0, 1), mode=2).tracks[0].name == "modes 0–1"


def test_the_pattern_does_not_change_with_time():
    scene = mode_scene(vibrating(1, np.linspace(-0.05, 0.05, 10)), band(1, 1), mode=1, color="pattern")
    assert np.ptp(scene.tracks[0].scalars, axis=0).max() == 0


def test_the_amplitude_of_a_molecule_at_rest_is_zero():
    still = np.tile(REST, (5, 1, 1))
    assert np.allclose(mode_amplitude(still, WATER, REST, graph_spectrum(WATER).eigenvectors[:, 1]), 0)


def test_members_are_ghosts_after_the_prediction_in_the_same_band_and_order(predicted):
    samples = np.asarray(predicted.predicted) + 0.2 * np.random.default_rng(1).normal(size=(3, 4, 3, 3))
    shuffled = replace(
        predicted,
        times_fs=predicted.times_fs[::-1],
        predicted=predicted.predicted[::-1],
        reference=predicted.reference[::-1],
        samples=samples[:, ::-1],
    )
    scene = forecast_scene(shuffled, band=band(0, 1))
    assert [track.name for track in scene.tracks] == ["reference", "persistence", "member 1", "member 2", "member 3"]
    assert [track.role for track in scene.tracks[2:]] == ["ghost"] * 3
    assert np.allclose(scene.tracks[3].positions, band(0, 1).shown(samples[1], WATER))


def test_members_that_are_equal_but_for_rounding_have_no_spread(predicted):
    tiny = 1e-16 * np.arange(3)[:, None, None, None]
    (series,) = spread_series(np.asarray(predicted.predicted) + tiny)
    assert not series.values.any()


def test_the_spread_of_members_is_drawn_on_the_scale_of_the_rmsd(predicted):
    """Two members 2a apart in every coordinate: variance 2a², times (K+1)/K = 3/2, summed over x, y, z."""
    apart = np.array([-0.1, 0.1])[:, None, None, None] + np.asarray(predicted.predicted)
    curves = forecast_scene(replace(predicted, samples=apart), band=band()).series
    assert [curve.label for curve in curves] == ["persistence RMSD", SPREAD_LABEL]
    assert np.allclose(curves[1].values, np.sqrt(3 * 1.5 * 0.02))
    lone = forecast_scene(replace(predicted, samples=apart[:1]), band=band())
    assert len(lone.series) == 1
    assert len(lone.tracks) == 3


def test_rmsd_does_not_align():
    assert rmsd(REST[None] + [1.0, 0, 0], REST[None]) == pytest.approx([1.0])
