"""The player's buffer: what goes in comes out, and what cannot be shown is refused with a sentence."""

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from msmd.errors import DataError
from msmd.views.player import PlayerOptions, Scene, Series, Track, envelope, pack, rms_displacement, unpack
from msmd.views.player.packing import COORDINATE_STEP, initial_rotation

FRAMES, ATOMS = 7, 4


def make_scene(spread: float = 2.0, **changes) -> Scene:
    rng = np.random.default_rng(5)
    positions = rng.uniform(-spread, spread, size=(FRAMES, ATOMS, 3))
    reference = Track(name="reference", positions=positions)
    prediction = Track(
        name="spectral-ode",
        positions=positions + 0.1,
        role="prediction",
        scalars=rng.normal(size=(FRAMES, ATOMS)),
        scalar_label="amplitude / Å",
        arrows=rng.normal(size=(FRAMES, ATOMS, 3)),
        arrow_label="velocity",
    )
    fields = {
        "numbers": (6, 8, 1, 1),
        "bonds": ((0, 1), (0, 2), (0, 3)),
        "times_fs": np.array([0.0, 0.5, 1.5, 2.25, 10.0, 500.0, 1500.0]),
        "tracks": (reference, prediction),
        "series": (Series(label="RMSD", unit="Å", values=rng.uniform(size=FRAMES)),),
        "title": "formaldehyde, ξ",
    }
    return Scene(**fields | changes)


def test_round_trip_keeps_positions_to_half_a_step() -> None:
    scene = make_scene()
    back = unpack(pack(scene))
    for before, after in zip(scene.tracks, back.tracks, strict=True):
        # The rounding itself, and as much again of floating-point noise as a double has there.
        assert np.max(np.abs(after.positions - before.positions)) <= 0.5 * COORDINATE_STEP * (1 + 1e-9)
        assert np.max(np.abs(after.positions - before.positions)) > 0.1 * COORDINATE_STEP
    assert back.times_fs.tolist() == scene.times_fs.tolist()
    assert (back.numbers, back.bonds, back.title) == (scene.numbers, scene.bonds, scene.title)
    np.testing.assert_allclose(back.series[0].values, scene.series[0].values, rtol=1e-6)
    assert (back.series[0].label, back.series[0].unit) == ("RMSD", "Å")


def test_round_trip_keeps_scalars_arrows_and_their_names() -> None:
    before, after = make_scene().tracks[1], unpack(pack(make_scene())).tracks[1]
    assert (after.role, after.scalar_label, after.arrow_label) == ("prediction", "amplitude / Å", "velocity")
    for name in ("scalars", "arrows"):
        expected = getattr(before, name)
        assert np.max(np.abs(getattr(after, name) - expected)) <= np.max(np.abs(expected)) / 32767
    assert after.scalar_range == before.color_range


def test_step_grows_with_the_span() -> None:
    scene = make_scene(spread=200.0)
    error = np.max(np.abs(unpack(pack(scene)).tracks[0].positions - scene.tracks[0].positions))
    assert COORDINATE_STEP < error <= 0.5 * 200.0 / 32767 * 1.01


def test_constant_track_and_gaps_in_a_series_survive() -> None:
    still = Track(name="still", positions=np.full((FRAMES, ATOMS, 3), 7.25), scalars=np.zeros((FRAMES, ATOMS)))
    gaps = Series(label="gap", unit="", values=np.array([np.nan, *range(FRAMES - 1)], dtype=float))
    back = unpack(pack(make_scene(tracks=(still,), series=(gaps,))))
    assert np.all(back.tracks[0].positions == 7.25)
    assert np.all(back.tracks[0].scalars == 0.0)
    assert np.isnan(back.series[0].values[0])


@pytest.mark.parametrize("title", ["", "a", "ab", "abc", "abcd", "é", "ab\N{GREEK SMALL LETTER XI}"])
def test_arrays_start_at_multiples_of_eight(title: str) -> None:
    packed = pack(make_scene(title=title))
    (length,) = struct.unpack_from("<I", packed, 4)
    header = json.loads(packed[8 : 8 + length])
    assert (8 + length) % 8 == 0
    assert all(entry["offset"] % 8 == 0 for entry in (header["times"], header["tracks"][1]["arrows"]))
    wrapped = envelope(packed, PlayerOptions(), key="k")
    assert (len(wrapped) - len(packed)) % 8 == 0
    assert wrapped.endswith(packed)


def test_envelope_tells_scenes_apart_and_carries_options() -> None:
    def header(scene: Scene) -> dict:
        wrapped = envelope(pack(scene), PlayerOptions(layout="side", seek_fs=2.0), key="k", height=300)
        return json.loads(wrapped[8 : 8 + struct.unpack_from("<I", wrapped, 4)[0]])

    first, second = header(make_scene()), header(make_scene(title="other"))
    assert first["digest"] != second["digest"]
    assert first["digest"] == header(make_scene())["digest"]
    assert (first["layout"], first["seekFs"], first["key"], first["height"]) == ("side", 2.0, "k", 300)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(-2.0, 1.0, (-2.0, 2.0)), (0.5, 3.0, (0.0, 3.0)), (-3.0, -1.0, (-3.0, 0.0))]
)
def test_color_range_is_symmetric_only_across_zero(low: float, high: float, expected: tuple[float, float]) -> None:
    scalars = np.linspace(low, high, FRAMES * ATOMS).reshape(FRAMES, ATOMS)
    track = replace(make_scene().tracks[0], scalars=scalars)
    assert track.color_range == expected
    assert replace(track, scalar_range=(0.0, 9.0)).color_range == (0.0, 9.0)


def test_rms_displacement_of_a_shift_is_the_shift() -> None:
    reference, prediction = make_scene().tracks
    np.testing.assert_allclose(rms_displacement(reference, prediction), np.sqrt(3) * 0.1)


def test_initial_rotation_shows_a_flat_molecule_face_on() -> None:
    angles = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    ring = np.stack([np.zeros(6), 2 * np.cos(angles), 1.2 * np.sin(angles)], axis=-1)  # in the y-z plane: edge on
    *vector, w = initial_rotation(ring)
    crossed = np.cross(vector, ring)
    turned = ring + 2 * (w * crossed + np.cross(vector, crossed))
    np.testing.assert_allclose(turned[:, 2], 0.0, atol=1e-12)
    assert np.ptp(turned[:, 0]) > np.ptp(turned[:, 1])


def refused(sentence: str):
    """A refusal in a sentence, or, where the suite checks types, by the type check that comes before it."""
    return pytest.raises((DataError, TypeCheckError), match=f"{sentence}|Type-check error")


def test_refuses_tracks_that_do_not_fit() -> None:
    track = make_scene().tracks[0]
    with refused("expected one of reference, prediction, ghost"):
        replace(track, role="hero")
    with refused(r"expected \(frames, atoms, 3\)"):
        replace(track, positions=np.zeros((3, 3)))
    with refused(r"Scalars of track 'reference' have shape \(2,\)"):
        replace(track, scalars=np.zeros(2))
    with pytest.raises(DataError, match="not finite"):
        replace(track, positions=np.full((FRAMES, ATOMS, 3), np.nan))
    with pytest.raises(DataError, match="does not ascend"):
        replace(track, scalar_range=(1.0, 1.0))


def test_refuses_scenes_whose_parts_do_not_fit_together() -> None:
    scene = make_scene()
    with pytest.raises(DataError, match="share a name"):
        replace(scene, tracks=(scene.tracks[0], scene.tracks[0]))
    with pytest.raises(DataError, match="at least one track"):
        replace(scene, tracks=())
    with pytest.raises(DataError, match=r"expected .* for 7 times and 2 atoms"):
        replace(scene, numbers=(1, 1), bonds=())
    with pytest.raises(DataError, match="strictly increasing"):
        replace(scene, times_fs=np.zeros(FRAMES))
    with pytest.raises(DataError, match="has 2 values; expected 7"):
        replace(scene, series=(Series(label="short", unit="", values=np.zeros(2)),))
    with pytest.raises(DataError, match=r"Bond \(0, 9\)"):
        replace(scene, bonds=((0, 9),))
    with refused("one value per frame"):
        Series(label="flat", unit="", values=np.zeros((2, 2)))


def test_refuses_foreign_and_short_buffers() -> None:
    with pytest.raises(DataError, match="starts with b'PK"):
        unpack(b"PK\x03\x04 something else")
    with pytest.raises(DataError, match="cut short"):
        unpack(pack(make_scene())[:-64])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"fs_per_second": 0.0}, "a speed above zero"), ({"arrow_threshold": -1.0}, "zero or more")],
)
def test_options_refuse_the_impossible(options: dict, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        PlayerOptions(**options)
