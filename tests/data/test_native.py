"""The compact format: exact starts, small errors, motion that can be computed again, and damage that is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from msmd.data.dynamics import start_state, velocity_verlet
from msmd.data.gfn2 import GFN2
from msmd.data.load import BUNDLED, load_dataset
from msmd.data.native import (
    HEAVY_VELOCITY_QUANTUM,
    HYDROGEN_VELOCITY_QUANTUM,
    POSITION_QUANTUM,
    Recipe,
    Recording,
    read_native,
    write_native,
)
from msmd.data.npz import read_npz, write_npz
from msmd.data.registry import MOLECULES, molecule_card
from msmd.errors import DataError
from msmd.frame import angular_momentum, centre_of_mass, without_drift_and_spin

SHIPPED = [card.name for card in MOLECULES if (BUNDLED / f"{card.name}.npz").exists()]


@pytest.fixture(scope="module")
def ethanol() -> Recording:
    return read_native(BUNDLED / "ethanol.npz")


@pytest.fixture
def recording(random) -> Recording:
    """Two short segments of a made-up motion of ethanol, at rest as a whole."""
    molecule = molecule_card("ethanol").molecule
    start = load_dataset("ethanol").segments[0].positions[0]
    times = 4.0 * np.arange(60)
    frequencies = random.uniform(0.02, 0.2, (2, 1, 9, 3))
    phases = random.uniform(0, 6, (2, 1, 9, 3))
    angles = frequencies * times[None, :, None, None] + phases
    positions = start + 0.05 * np.sin(angles)
    positions -= centre_of_mass(positions, molecule.masses)[..., None, :]
    velocities = without_drift_and_spin(positions, 0.05 * frequencies * np.cos(angles), molecule.masses)
    return Recording(
        molecule=molecule,
        recipe=Recipe(source="made up", dt_fs=0.5, temperature_kelvin=300.0, at_rest=True, settings={"seed": 1}),
        frame_dt_fs=4.0,
        label_every=5,
        positions=positions,
        velocities=velocities,
        energies=-1000.0 + random.normal(size=(2, 12)),
        forces=random.normal(size=(2, 12, 9, 3)) * 30,
        start_positions=positions[:, 0],
        start_velocities=velocities[:, 0],
    )


def test_round_trip_keeps_everything_to_its_quantum(recording, tmp_path):
    write_native(recording, tmp_path / "a.npz")
    found = read_native(tmp_path / "a.npz")
    heavy = recording.molecule.is_heavy
    assert (
        np.abs(found.positions - recording.positions).max() < POSITION_QUANTUM
    )  # half a quantum, and the centre moved back
    errors = np.abs(found.velocities - recording.velocities)
    assert errors[:, :, heavy].max() < 1.1 * HEAVY_VELOCITY_QUANTUM
    assert errors[:, :, ~heavy].max() < 0.7 * HYDROGEN_VELOCITY_QUANTUM
    assert np.abs(found.forces - recording.forces).max() <= 0.51 * np.abs(recording.forces).max() / 32767
    np.testing.assert_allclose(found.energies, recording.energies, atol=1e-6)
    np.testing.assert_array_equal(found.start_positions, recording.start_positions)
    np.testing.assert_array_equal(found.start_velocities, recording.start_velocities)
    for name in ("molecule", "recipe", "frame_dt_fs", "label_every"):
        assert getattr(found, name) == getattr(recording, name)


def test_rounding_leaves_neither_drift_nor_spin(recording, tmp_path):
    write_native(recording, tmp_path / "a.npz")
    found = read_native(tmp_path / "a.npz")
    masses = found.molecule.masses
    assert np.abs(centre_of_mass(found.positions, masses)).max() < 1e-12
    assert np.abs(centre_of_mass(found.velocities, masses)).max() < 1e-14
    assert np.abs(angular_momentum(found.positions, found.velocities, masses)).max() < 1e-11


def test_a_molecule_that_drifts_keeps_its_drift(recording, tmp_path):
    drift = np.array([1e-3, 0, 0])
    moving = replace(
        recording,
        recipe=replace(recording.recipe, at_rest=False),
        positions=recording.positions + drift * 4.0 * np.arange(60)[:, None, None],
        velocities=recording.velocities + drift,
    )
    write_native(moving, tmp_path / "a.npz")
    found = read_native(tmp_path / "a.npz")
    np.testing.assert_allclose(found.velocities.mean(axis=(0, 1, 2))[0], 1e-3, atol=2e-4)
    assert np.abs(found.positions - moving.positions).max() < 0.51 * POSITION_QUANTUM


def test_equal_recordings_make_equal_files(recording, tmp_path):
    write_native(recording, tmp_path / "a.npz")
    write_native(recording, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_frames_without_labels_hold_nan(ethanol):
    segment = ethanol.dataset().segments[3]
    np.testing.assert_array_equal(segment.labelled_frames, np.arange(0, 2500, 5))
    assert np.isnan(segment.forces[1]).all()
    assert np.isnan(segment.energies[4])
    assert segment.dt_fs == 4.0
    assert len(segment.start_frames) == 2500


def test_positions_beyond_16_bits_are_refused(recording, tmp_path):
    far = replace(recording, positions=recording.positions + 17.0)
    with pytest.raises(DataError, match=r"Positions of ethanol reach .* does not fit 16 bits"):
        write_native(far, tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


def test_changed_content_is_noticed(recording, tmp_path):
    path = tmp_path / "a.npz"
    write_native(recording, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["start_positions"] = arrays["start_positions"] + 1e-12
    write_npz(path, arrays)
    with pytest.raises(DataError, match="does not have the hash that its header states"):
        read_native(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [("{", "header of a.npz cannot be read"), ("{}", "cannot be read"), ('{"format": "x", "version": 9}', "expected")],
)
def test_strange_headers_are_refused(recording, tmp_path, header, message):
    path = tmp_path / "a.npz"
    write_native(recording, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    write_npz(path, {**arrays, "header": np.array(header)})
    with pytest.raises(DataError, match=message):
        read_native(path)


def test_a_newer_version_is_refused(recording, tmp_path):
    path = tmp_path / "a.npz"
    write_native(recording, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = {**json.loads(str(arrays["header"])), "version": 2}
    write_npz(path, {**arrays, "header": np.array(json.dumps(header))})
    with pytest.raises(DataError, match=r"holds format and version \('msmd-native', 2\); expected"):
        read_native(path)


def test_the_shipped_start_leads_to_the_shipped_frames(ethanol):
    """200 steps of GFN2 from the exact start of a segment pass through the frames that are stored."""
    settings = ethanol.recipe.settings
    steps_per_frame = settings["stride"]
    force_field = GFN2(ethanol.molecule.numbers)
    for segment in (0, 7):
        state = start_state(force_field, ethanol.start_positions[segment], ethanol.start_velocities[segment])
        motion = velocity_verlet(force_field, state, ethanol.molecule.masses, settings["dt_fs"])
        states = [state, *islice(motion, 200)][::steps_per_frame]
        positions = np.array([s.positions for s in states])
        velocities = np.array([s.velocities for s in states])
        assert len(positions) == 26
        assert np.abs(positions - ethanol.positions[segment, :26]).max() < 1.2 * POSITION_QUANTUM
        assert np.abs(velocities - ethanol.velocities[segment, :26]).max() < 1.2 * HYDROGEN_VELOCITY_QUANTUM
        forces = np.array([s.forces for s in states[::5]])
        quantum = np.abs(ethanol.forces).max() / 32767
        assert np.abs(forces - ethanol.forces[segment, :6]).max() < quantum
        energies = np.array([s.energy for s in states[::5]])
        np.testing.assert_allclose(energies, ethanol.energies[segment, :6], atol=1e-4)


def test_ethanol_is_shipped():
    assert "ethanol" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_data_are_what_they_claim(name):
    recording = read_native(BUNDLED / f"{name}.npz")
    dataset = recording.dataset()
    masses = recording.molecule.masses
    assert recording.molecule == molecule_card(name).molecule
    assert (recording.recipe.source, recording.recipe.dt_fs, recording.frame_dt_fs) == ("gfn2", 0.5, 4.0)
    assert recording.positions.shape[:2] == (10, 2500)
    assert set(recording.recipe.versions) == {"tblite", "numpy", "rdkit"}
    momenta = angular_momentum(recording.positions, recording.velocities, masses)
    assert np.abs(momenta).max() < 1e-9
    assert np.abs(angular_momentum(recording.start_positions, recording.start_velocities, masses)).max() < 1e-9
    # 500 K over 3N − 6; ten constant-energy segments spread by 1/√(10 (3N − 6)) around it
    n = recording.molecule.n_atoms
    mean = np.mean([s.kinetic_temperature().mean() for s in dataset.segments]) * n / (n - 2)
    assert abs(mean / 500 - 1) < 4 / np.sqrt(10 * (3 * n - 6))
    bonds = recording.molecule.bond_array
    lengths = np.linalg.norm(recording.positions[:, :, bonds[:, 0]] - recording.positions[:, :, bonds[:, 1]], axis=-1)
    assert lengths.min() > 0.75
    assert lengths.max() < 2.0
    assert (BUNDLED / f"{name}.npz").stat().st_size < 5e6


@pytest.mark.parametrize("name", SHIPPED)
def test_energy_is_conserved_along_each_segment(name):
    """Potential plus kinetic energy at the labelled frames: no drift beyond what 0.5 fs steps make."""
    recording = read_native(BUNDLED / f"{name}.npz")
    kinetic = (
        0.5
        / 4.184e-4
        * np.einsum("a,sfad->sf", recording.molecule.masses, recording.velocities[:, :: recording.label_every] ** 2)
    )
    total = recording.energies + kinetic
    first, last = total[:, :100].mean(axis=1), total[:, -100:].mean(axis=1)
    # 1 meV per atom over the 8 ps between the two means
    assert np.abs(last - first).max() < 0.023 * recording.molecule.n_atoms


def test_velocities_are_the_derivative_of_positions(ethanol):
    """Simpson's rule for x(t + h) − x(t − h), on the heavy atoms, which are slow enough for steps of 4 fs."""
    heavy = ethanol.molecule.is_heavy
    x, v = ethanol.positions[:, :, heavy], ethanol.velocities[:, :, heavy]
    moved = x[:, 2:] - x[:, :-2]
    integral = 4.0 / 3.0 * (v[:, 2:] + 4.0 * v[:, 1:-1] + v[:, :-2])
    assert np.sqrt(((moved - integral) ** 2).mean() / (moved**2).mean()) < 0.05


def test_members_can_be_read_without_msmd(recording, tmp_path):
    write_native(recording, tmp_path / "a.npz")
    arrays = read_npz(tmp_path / "a.npz", required=("header", "residuals"))
    assert arrays["residuals"].dtype == np.uint8
