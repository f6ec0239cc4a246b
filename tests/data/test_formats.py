"""Readers: what real files hold, what written files give back, and a clear sentence for everything else."""

from __future__ import annotations

import io
import warnings
import zipfile

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from msmd.data.export import write_extxyz
from msmd.data.formats import read_file
from msmd.data.load import load_dataset
from msmd.data.md17 import content_md5
from msmd.data.registry import molecule_card
from msmd.errors import DataError, MsmdWarning
from msmd.units import ASE_FS
from tests.conftest import REAL_MOLECULES


@pytest.fixture(scope="module")
def motion():
    """Forty frames of shipped ethanol, 4 fs apart."""
    return load_dataset("ethanol").segments[0].between(0, 40)


def md17_arrays(motion, **changes):
    arrays = {"R": motion.positions, "z": np.array(motion.molecule.numbers, dtype=np.uint8)}
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


def rmd17_arrays(motion, **changes):
    n = motion.n_frames
    arrays = {
        "coords": motion.positions,
        "nuclear_charges": np.array(motion.molecule.numbers),
        "old_indices": np.arange(n) * 8,
        "old_energies": np.arange(n) * 1.0,
        "old_forces": np.ones(motion.positions.shape),
        "energies": np.arange(n) * 2.0,
        "forces": np.zeros(motion.positions.shape),
    }
    return {name: array for name, array in {**arrays, **changes}.items() if array is not None}


# --- real files ---------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("card", map(molecule_card, REAL_MOLECULES), ids=lambda card: card.name)
def test_real_rmd17(real_data, card):
    dataset = load_dataset(real_data / f"rmd17_{card.name}.npz")
    segment = dataset.segments[0]
    assert (dataset.source, dataset.thermostat, dataset.dt_fs) == ("rmd17", True, card.rmd17.dt_fs)
    assert dataset.molecule == card.molecule
    assert segment.n_frames == 9633
    with np.load(real_data / f"rmd17_{card.name}.npz") as raw:
        np.testing.assert_allclose(segment.times_fs, raw["old_indices"] * card.rmd17.dt_fs)
        np.testing.assert_array_equal(segment.forces, raw["old_forces"].astype(float))
        np.testing.assert_array_equal(segment.energies, raw["old_energies"])
    temperature = segment.kinetic_temperature()[segment.start_frames].mean()
    assert abs(temperature - dataset.temperature_kelvin) < 12.0
    assert len(segment.start_frames) > 800
    gaps = np.diff(segment.times_fs)
    assert len(segment.start_frames) >= np.sum(gaps <= 2.5)


@pytest.mark.real_data
def test_real_md17(real_data):
    dataset = load_dataset(real_data / "md17_ethanol.npz")
    segment = dataset.segments[0]
    assert (dataset.source, dataset.dt_fs, dataset.temperature_kelvin, dataset.thermostat) == ("md17", 0.5, 500.0, True)
    assert (segment.n_frames, segment.dt_fs, len(segment.start_frames)) == (2000, 0.5, 2000)
    assert 497 < segment.kinetic_temperature().mean() < 511
    with np.load(real_data / "md17_ethanol.npz") as raw:
        np.testing.assert_array_equal(segment.positions, raw["R"])
        np.testing.assert_array_equal(segment.energies, raw["E"][:, 0])


@pytest.mark.real_data
def test_frames_between_frames_are_right_on_real_md17(real_data):
    """Every eighth frame and its velocity give the seven between back, 4 fs being the spacing of the shipped data."""
    from dataclasses import replace

    full = load_dataset(real_data / "md17_ethanol.npz").segments[0]
    coarse = replace(
        full,
        times_fs=full.times_fs[::8],
        positions=full.positions[::8],
        velocities=full.velocities[::8],
        forces=None,
        energies=None,
    )
    inside = full.times_fs <= coarse.times_fs[-1]
    error = coarse.positions_at(full.times_fs[inside]) - full.positions[inside]
    assert np.sqrt((error**2).mean()) < 1.5e-3


# --- files that we write ------------------------------------------------------------------------------------------


def test_md17_round_trip(motion, tmp_path):
    energies, forces = np.arange(40.0)[:, None], np.zeros(motion.positions.shape)
    path = tmp_path / "some.npz"
    np.savez(path, **md17_arrays(motion, E=energies, F=forces, dt_fs=np.array(4.0)))
    dataset = read_file(path)
    assert dataset.dt_fs == 4.0
    assert dataset.molecule == motion.molecule
    np.testing.assert_array_equal(dataset.segments[0].positions, motion.positions)
    np.testing.assert_array_equal(dataset.segments[0].times_fs, motion.times_fs)
    np.testing.assert_array_equal(dataset.segments[0].energies, energies[:, 0])


def test_float32_and_flat_energies_are_taken(motion, tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, **md17_arrays(motion, R=motion.positions.astype(np.float32), E=np.arange(40, dtype=np.float32)))
    segment = read_file(path).segments[0]
    assert segment.positions.dtype == np.float64
    assert segment.energies[-1] == 39.0


@pytest.mark.parametrize(
    ("r_unit", "e_unit", "length", "energy"),
    [("Ang", "eV", 1.0, 23.0605), ("bohr", "Hartree", 0.529177, 627.509), (b"Angstrom", b"kcal/mol", 1.0, 1.0)],
)
def test_units_that_a_file_names_are_converted(motion, tmp_path, r_unit, e_unit, length, energy):
    path = tmp_path / "some.npz"
    n, scaled = motion.n_frames, motion.positions / length
    arrays = md17_arrays(motion, R=scaled, E=np.arange(n) / energy, F=np.full(scaled.shape, length / energy))
    np.savez(path, **arrays, dt_fs=np.full(n, 4.0), r_unit=r_unit, e_unit=e_unit)
    segment = read_file(path).segments[0]
    np.testing.assert_allclose(segment.positions, motion.positions, rtol=1e-5)
    np.testing.assert_allclose(segment.energies, np.arange(n), rtol=1e-5)
    np.testing.assert_allclose(segment.forces, 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "is_md17"),
    [
        ({}, True),
        ({"theory": "PBE+vdW-TS"}, True),
        ({"theory": b"unknown"}, True),
        ({"dt_fs": 0.5}, True),
        ({"theory": "CCSD(T)"}, False),
        ({"theory": "PBE0/def2-TZVP"}, False),
        ({"theory": "DFTB3"}, False),
        ({"theory": "MACE-OFF23, NVE, 300 K"}, False),
        ({"dt_fs": 4.0}, False),
    ],
)
def test_what_is_not_md17_is_not_taken_for_it(motion, tmp_path, changes, is_md17):
    """Its thermostat and its temperature belong to its own simulation."""
    path = tmp_path / "some.npz"
    np.savez(path, **md17_arrays(motion), **changes)
    dataset = read_file(path, dt_fs=4.0)
    assert (dataset.source, dataset.thermostat) == (("md17", True) if is_md17 else ("some.npz", False))
    assert dataset.temperature_kelvin == (500.0 if is_md17 else None)


def test_rmd17_is_sorted_in_time(motion, tmp_path, random):
    order = random.permutation(40)
    arrays = rmd17_arrays(motion)
    per_frame = ("coords", "old_indices", "old_energies", "old_forces", "energies", "forces")
    path = tmp_path / "some.npz"
    np.savez(path, **{k: (a[order] if k in per_frame else a) for k, a in arrays.items()})
    segment = read_file(path).segments[0]
    np.testing.assert_array_equal(segment.times_fs, np.arange(40) * 4.0)
    np.testing.assert_array_equal(segment.positions, motion.positions)
    np.testing.assert_array_equal(segment.energies, np.arange(40.0))
    assert np.all(segment.forces == 1.0)


def test_rmd17_without_old_forces_uses_the_new_ones(motion, tmp_path):
    path = tmp_path / "some.npz"
    np.savez(path, **rmd17_arrays(motion, old_forces=None, old_energies=None))
    segment = read_file(path).segments[0]
    assert np.all(segment.forces == 0.0)
    np.testing.assert_array_equal(segment.energies, 2.0 * np.arange(40))


@pytest.mark.parametrize("suffix", [".extxyz", ".xyz", ".XYZ"])
def test_extxyz_round_trip(tmp_path, suffix):
    dataset = load_dataset("ethanol")
    parts = tuple(segment.between(0, 12) for segment in dataset.segments[:2])
    from dataclasses import replace

    path = tmp_path / f"some{suffix}"
    write_extxyz(replace(dataset, segments=parts), path)
    found = read_file(path)
    assert len(found.segments) == 2
    assert found.molecule == dataset.molecule
    assert found.source == path.name
    for before, after in zip(parts, found.segments, strict=True):
        np.testing.assert_allclose(after.times_fs, before.times_fs)
        np.testing.assert_allclose(after.positions, before.positions, atol=1e-7)
        np.testing.assert_allclose(after.velocities, before.velocities, atol=1e-7)
        np.testing.assert_array_equal(after.labelled_frames, before.labelled_frames)
        labelled = before.labelled_frames
        np.testing.assert_allclose(after.forces[labelled], before.forces[labelled], atol=1e-5)
        np.testing.assert_allclose(after.energies[labelled], before.energies[labelled], rtol=1e-9)


def test_plain_xyz_needs_to_be_told_the_time(motion, tmp_path):
    path = tmp_path / "some.xyz"
    write(path, [Atoms(motion.molecule.symbols, x) for x in motion.positions], format="xyz")
    with pytest.raises(DataError, match=r"some.xyz does not say the time between its frames.*--dt-fs"):
        read_file(path)
    segment = read_file(path, dt_fs=4.0).segments[0]
    np.testing.assert_allclose(segment.times_fs, motion.times_fs)
    # frames 4 fs apart tell little of the C–H bonds
    relative = ((segment.velocities - motion.velocities) ** 2).mean() / (motion.velocities**2).mean()
    assert np.sqrt(relative) < 0.4


def test_ase_trajectory(motion, tmp_path):
    path = tmp_path / "some.traj"
    write(path, [Atoms(motion.molecule.symbols, x, info={"time_fs": 4.0 * i}) for i, x in enumerate(motion.positions)])
    dataset = read_file(path, dt_fs=4.0)
    assert dataset.molecule.name == "ethanol"
    np.testing.assert_allclose(dataset.segments[0].positions, motion.positions)


@pytest.mark.parametrize("cell", [[7.0, 7.0, 7.0], [[7.0, 0, 0], [2.0, 7.0, 0], [1.0, 2.0, 7.0]]])
def test_a_molecule_that_its_periodic_box_cuts_is_made_whole(motion, tmp_path, cell):
    path = tmp_path / "some.traj"
    drifting = motion.positions + np.linspace(0, 15, motion.n_frames)[:, None, None]
    frames = [Atoms(motion.molecule.symbols, x, cell=cell, pbc=True) for x in drifting]
    for frame in frames:
        frame.wrap()
    write(path, frames)
    found = read_file(path, dt_fs=4.0)
    assert found.molecule == motion.molecule
    shift = found.segments[0].positions - drifting
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-9)


def test_a_molecule_that_lies_whole_in_its_box_stays_as_it_is(motion, tmp_path):
    path = tmp_path / "some.traj"
    write(path, [Atoms(motion.molecule.symbols, x, cell=[30, 30, 30], pbc=True) for x in motion.positions])
    np.testing.assert_array_equal(read_file(path, dt_fs=4.0).segments[0].positions, motion.positions)


def test_a_thin_direction_without_images_does_not_matter(motion, tmp_path):
    path = tmp_path / "some.traj"
    drifting = motion.positions + np.array([1.0, 1.0, 0.0]) * np.linspace(0, 15, motion.n_frames)[:, None, None]
    frames = [Atoms(motion.molecule.symbols, x, cell=[7, 7, 1], pbc=[True, True, False]) for x in drifting]
    for frame in frames:
        frame.wrap()
    write(path, frames)
    shift = read_file(path, dt_fs=4.0).segments[0].positions - drifting
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-9)


def test_a_cell_that_cannot_hold_the_molecule_is_no_box(motion, tmp_path):
    """Some programs write one where there was none."""
    path = tmp_path / "some.traj"
    write(path, [Atoms(motion.molecule.symbols, x, cell=[1.5, 1.5, 1.5], pbc=True) for x in motion.positions])
    with pytest.warns(MsmdWarning, match=r"has a periodic cell 1\.5 Å wide, which cannot hold its molecule"):
        found = read_file(path, dt_fs=4.0)
    np.testing.assert_array_equal(found.segments[0].positions, motion.positions)


def test_frames_without_momenta_leave_those_of_the_others(motion, tmp_path):
    frames = [Atoms(motion.molecule.symbols, x) for x in motion.positions]
    for frame, velocities in zip(frames[1:], motion.velocities[1:], strict=True):
        frame.set_velocities(velocities / ASE_FS)
    write(tmp_path / "some.traj", frames)
    found = read_file(tmp_path / "some.traj", dt_fs=4.0).segments[0]
    assert found.start_frames.tolist() == list(range(1, motion.n_frames))
    np.testing.assert_allclose(found.velocities[1:], motion.velocities[1:])


@pytest.mark.parametrize("times", [[0.0, np.nan, 1.0], [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]])
def test_times_that_are_no_number_name_their_frame(tmp_path, times):
    write(tmp_path / "a.extxyz", [Atoms("OH", [[0, 0, 0], [1, 0, 0]], info={"time_fs": t}) for t in times])
    with pytest.raises(DataError, match=r"'time_fs' of frame [01] in a\.extxyz is .*expected one finite number"):
        read_file(tmp_path / "a.extxyz")


def test_a_segment_that_is_no_label_names_its_frame(tmp_path):
    frames = [Atoms("OH", [[0, 0, 0], [1, 0, 0]], info={"segment": s}) for s in (0, [1, 2])]
    write(tmp_path / "a.extxyz", frames)
    with pytest.raises(DataError, match="'segment' of frame 1"):
        read_file(tmp_path / "a.extxyz", dt_fs=1.0)


def test_an_energy_that_is_no_number_is_left_out(tmp_path):
    lines = ["2", 'Properties=species:S:1:pos:R:3 energy="-17.1 Ha"', "O 0 0 0", "H 1 0 0", ""] * 3
    (tmp_path / "a.extxyz").write_text("\n".join(line for line in lines if line) + "\n")
    with pytest.warns(MsmdWarning, match=r"energies such as '-17\.1 Ha' are no numbers"):
        assert read_file(tmp_path / "a.extxyz", dt_fs=0.5).segments[0].energies is None


def test_the_time_step_is_that_of_a_segment_that_has_one(motion, tmp_path):
    """A first segment of one frame tells none."""
    frames = [Atoms(motion.molecule.symbols, motion.positions[0], info={"time_fs": 0.0, "segment": 0})]
    frames += [
        Atoms(motion.molecule.symbols, x, info={"time_fs": 0.25 * k, "segment": 1})
        for k, x in enumerate(motion.positions)
    ]
    write(tmp_path / "a.extxyz", frames)
    assert read_file(tmp_path / "a.extxyz").dt_fs == pytest.approx(0.25)


@pytest.mark.parametrize("wrong", [0.5, np.nan])
def test_numbers_of_frames_are_whole(motion, tmp_path, wrong):
    arrays = {"coords": motion.positions, "nuclear_charges": np.array(motion.molecule.numbers)}
    np.savez(tmp_path / "a.npz", **arrays, old_indices=np.arange(motion.n_frames) + wrong)
    with pytest.raises(DataError, match="expected whole numbers of frames"):
        read_file(tmp_path / "a.npz")


def test_a_file_in_rmd17_s_format_with_another_time_step_is_not_rmd17(motion, tmp_path):
    arrays = {"coords": motion.positions, "nuclear_charges": np.array(motion.molecule.numbers), "dt_fs": 4.0}
    np.savez(tmp_path / "a.npz", **arrays, old_indices=np.arange(motion.n_frames))
    found = read_file(tmp_path / "a.npz")
    assert (found.source, found.thermostat) == ("a.npz", False)


def test_times_in_print_are_regular(motion, tmp_path):
    """A hundredth of an atomic unit of time, with three decimals."""
    path = tmp_path / "some.extxyz"
    times = [round(0.2419 * k, 3) for k in range(motion.n_frames)]
    frames = zip(motion.positions, times, strict=True)
    write(path, [Atoms(motion.molecule.symbols, x, info={"time_fs": t}) for x, t in frames])
    segment = read_file(path).segments[0]
    assert segment.dt_fs == pytest.approx(0.2419, abs=1e-5)
    assert segment.velocities_are_exact


def test_times_that_are_no_numbers(motion, tmp_path):
    path = tmp_path / "some.extxyz"
    write(path, [Atoms(motion.molecule.symbols, x, info={"time": "0.5 fs"}) for x in motion.positions[:3]])
    with pytest.raises(DataError, match=r"'time' in some\.extxyz must be one number per frame, in fs"):
        read_file(path)


def test_columns_of_other_names_are_told(motion, tmp_path):
    path = tmp_path / "some.extxyz"
    frames = [Atoms(motion.molecule.symbols, x) for x in motion.positions]
    for frame in frames:
        frame.arrays |= {"velocities": np.zeros((9, 3)), "REF_forces": np.zeros((9, 3)), "tags": np.zeros((9, 3))[:, 0]}
    write(path, frames)
    with pytest.warns(MsmdWarning, match="velocities, REF_forces are not read; msmd takes momenta and forces"):
        read_file(path, dt_fs=4.0)


def test_isotopes_are_refused(tmp_path):
    heavy_water = Atoms("OH2", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], masses=[15.999, 2.014, 2.014])
    path = tmp_path / "heavy.extxyz"
    write(path, [heavy_water] * 3, columns=["symbols", "positions", "masses"])
    with pytest.raises(DataError, match=r"Atom 1 of heavy.extxyz \(H\) has a mass of 2.014 u; msmd knows standard"):
        read_file(path, dt_fs=0.5)
    heavy_water.set_masses([16.0, 1.0, 1.0])
    write(path, [heavy_water] * 3, columns=["symbols", "positions", "masses"])
    assert read_file(path, dt_fs=0.5).molecule.formula == "H2O"


def test_a_molecule_of_ones_own(tmp_path):
    atoms = Atoms("OH2", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    path = tmp_path / "water.xyz"
    write(path, [atoms] * 3, format="xyz")
    dataset = read_file(path, dt_fs=0.5)
    assert dataset.molecule.name == "water"
    assert dataset.molecule.bonds == ((0, 1), (0, 2))
    assert (dataset.source, dataset.thermostat, dataset.temperature_kelvin) == ("water.xyz", False, None)


def test_an_isomer_is_not_taken_for_a_registered_molecule(tmp_path):
    """Dimethyl ether with its atoms listed as ethanol's: C2H6O, but other bonds."""
    ethanol = load_dataset("ethanol").segments[0].positions[0]
    apart = np.array(ethanol)
    apart[8] = apart[0] + 1.0
    path = tmp_path / "odd.npz"
    np.savez(path, R=np.repeat(apart[None], 3, axis=0), z=molecule_card("ethanol").molecule.numbers, dt_fs=1.0)
    assert read_file(path).molecule.name == "odd"


def test_the_time_step_of_an_unknown_molecule_comes_from_its_forces(real_data, tmp_path):
    with np.load(real_data / "md17_ethanol.npz") as raw:
        order = np.arange(9)[::-1]
        path = tmp_path / "reversed.npz"
        np.savez(path, R=raw["R"][:300, order], z=raw["z"][order], F=raw["F"][:300, order])
    with pytest.warns(MsmdWarning, match=r"reversed.npz does not say .* forces say 0.5 fs"):
        dataset = read_file(path)
    assert dataset.molecule.name == "reversed"
    assert dataset.dt_fs == pytest.approx(0.5, abs=1e-4)


def test_a_wrong_time_step_is_warned_of(real_data):
    with pytest.warns(MsmdWarning, match=r"taken as 1 fs, but the forces say 0.5 fs"):
        read_file(real_data / "md17_ethanol.npz", dt_fs=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", MsmdWarning)
        read_file(real_data / "md17_ethanol.npz")


def test_content_md5_follows_the_published_recipe():
    import hashlib

    arrays = {
        "z": np.array([1, 6], dtype=np.uint8),
        "R": np.ones((1, 2, 3)),
        "E": np.zeros((1, 1)),
        "F": np.ones((1, 2, 3)),
    }
    parts = b"".join(hashlib.md5(arrays[k].tobytes()).digest() for k in "zREF")
    assert content_md5(arrays) == hashlib.md5(parts).hexdigest()


# --- refusals -----------------------------------------------------------------------------------------------------


def test_missing_empty_and_unknown_files(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_file(tmp_path / "none.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(DataError, match=r"empty.npz is empty"):
        read_file(tmp_path / "empty.npz")
    (tmp_path / "some.pdb").write_text("ATOM")
    with pytest.raises(DataError, match=r"suffix '.pdb'; msmd reads .extxyz, .npz, .traj, .xyz"):
        read_file(tmp_path / "some.pdb")


def test_other_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", weights=np.ones(3))
    with pytest.raises(DataError, match=r"holds the arrays weights; expected R and z \(MD17\)"):
        read_file(tmp_path / "a.npz")


@pytest.mark.parametrize("cut", [20, 3000])
def test_a_truncated_zip(motion, tmp_path, cut):
    whole = io.BytesIO()
    np.savez(whole, **md17_arrays(motion))
    (tmp_path / "a.npz").write_bytes(whole.getvalue()[:cut])
    with pytest.raises(DataError, match="is no npz file"):
        read_file(tmp_path / "a.npz")


def test_a_flipped_byte(motion, tmp_path):
    whole = io.BytesIO()
    np.savez_compressed(whole, **md17_arrays(motion))
    damaged = bytearray(whole.getvalue())
    damaged[2000] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(damaged)
    with pytest.raises(DataError, match="is damaged in 'R'"):
        read_file(tmp_path / "a.npz")


def test_pickles_are_never_opened(motion, tmp_path):
    np.savez(tmp_path / "a.npz", **md17_arrays(motion, z=np.array([object()] * 9)))
    with pytest.raises(DataError, match="cannot be read without unpickling, which is refused"):
        read_file(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"z": None}, r"has no z; expected R, z, found R"),
        ({"R": np.zeros((4, 9))}, r"R in a.npz has shape \(4, 9\); expected \(frames, atoms, 3\)"),
        ({"R": np.zeros((4, 9, 2))}, r"R in a.npz has shape \(4, 9, 2\)"),
        ({"R": np.zeros((0, 9, 3))}, "a.npz holds no frames"),
        ({"R": np.full((4, 9, 3), "x")}, "R in a.npz is of type .* expected real numbers"),
        ({"z": np.ones(8)}, r"z in a.npz has shape \(8,\); expected one per atom, \(9,\)"),
        ({"z": np.full(9, 0.5)}, "must hold atomic numbers"),
        ({"z": np.full(9, 200)}, "name no element"),
        ({"F": np.ones((39, 9, 3))}, r"F in a.npz has shape \(39, 9, 3\); expected \(40, 9, 3\)"),
        ({"E": np.ones(39)}, r"E in a.npz has shape \(39,\); expected one per frame, \(40,\)"),
        ({"r_unit": "furlong"}, "r_unit in a.npz is 'furlong'; msmd knows ang, "),
        ({"dt_fs": np.array([0.5, 1.0])}, r"dt_fs in a.npz must be one positive time in fs; found \[0.5, 1.0\]"),
        ({"dt_fs": np.array("0.5 fs")}, "dt_fs in a.npz is of type"),
    ],
)
def test_md17_refusals(motion, tmp_path, changes, message):
    np.savez(tmp_path / "a.npz", **md17_arrays(motion, **changes))
    with pytest.raises(DataError, match=message):
        read_file(tmp_path / "a.npz")


def test_positions_that_are_no_numbers(motion, tmp_path):
    positions = np.array(motion.positions)
    positions[7] = np.nan
    np.savez(tmp_path / "a.npz", **md17_arrays(motion, R=positions))
    with pytest.raises(DataError, match=r"positions in a.npz must be finite numbers"):
        read_file(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"old_indices": None}, "has no old_indices"),
        ({"old_indices": np.arange(39)}, r"old_indices in a.npz has shape \(39,\)"),
        ({"old_indices": np.repeat(np.arange(20), 2)}, "names frame 0 more than once"),
        ({"nuclear_charges": np.ones(3)}, "nuclear_charges in a.npz has shape"),
        ({"old_forces": np.ones((2, 9, 3))}, "old_forces in a.npz has shape"),
    ],
)
def test_rmd17_refusals(motion, tmp_path, changes, message):
    np.savez(tmp_path / "a.npz", **rmd17_arrays(motion, **changes))
    with pytest.raises(DataError, match=message):
        read_file(tmp_path / "a.npz")


def test_too_many_atoms(tmp_path):
    np.savez(tmp_path / "a.npz", R=np.zeros((1, 501, 3)), z=np.ones(501))
    with pytest.raises(DataError, match="a has 501 atoms; msmd takes molecules of up to 500"):
        read_file(tmp_path / "a.npz")
    write(tmp_path / "a.xyz", Atoms("H501", np.arange(1503).reshape(501, 3)))
    with pytest.raises(DataError, match=r"a.xyz has 501 atoms"):
        read_file(tmp_path / "a.xyz")


def test_atoms_that_change(tmp_path):
    frames = [Atoms("OH", [[0, 0, 0], [1, 0, 0]]), Atoms("HO", [[0, 0, 0], [1, 0, 0]])]
    write(tmp_path / "a.extxyz", frames)
    with pytest.raises(DataError, match=r"Frame 1 of a.extxyz has other atoms \(HO\) than frame 0"):
        read_file(tmp_path / "a.extxyz")


@pytest.mark.parametrize("text", ["2\nnothing\nH 0 0 0\n", "garbage\n", "2\n\nH 0 0\nH 1 1 1\n", "1\n\nQq 0 0 0\n"])
def test_text_that_is_no_xyz(tmp_path, text):
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(DataError, match=r"a.xyz cannot be read as .xyz"):
        read_file(tmp_path / "a.xyz")


def test_bytes_that_are_no_trajectory(tmp_path):
    (tmp_path / "a.traj").write_bytes(b"not an ulm file at all")
    with pytest.raises(DataError, match=r"a.traj cannot be read as .traj"):
        read_file(tmp_path / "a.traj")


def test_times_that_run_backwards(tmp_path):
    frames = [Atoms("OH", [[0, 0, 0], [1, 0, 0]], info={"time_fs": t}) for t in (0.0, 2.0, 1.0)]
    write(tmp_path / "a.extxyz", frames)
    with pytest.raises(DataError, match="times_fs must increase strictly; frame 2"):
        read_file(tmp_path / "a.extxyz")


def test_times_that_stop(tmp_path):
    frames = [Atoms("OH", [[0, 0, 0], [1, 0, 0]], info={"time_fs": 0.0}), Atoms("OH", [[0, 0, 0], [1, 0, 0]])]
    write(tmp_path / "a.extxyz", frames)
    with pytest.raises(DataError, match=r"Frame 1 of a.extxyz has no 'time_fs', which frame 0 has"):
        read_file(tmp_path / "a.extxyz")


@pytest.mark.parametrize("dt_fs", [0.0, -1.0, float("nan"), float("inf")])
def test_senseless_time_steps(motion, tmp_path, dt_fs):
    np.savez(tmp_path / "a.npz", **md17_arrays(motion))
    with pytest.raises(DataError, match="expected a positive time between frames"):
        read_file(tmp_path / "a.npz", dt_fs=dt_fs)


def test_native_files_say_their_own_time_step(tmp_path):
    from msmd.data.load import BUNDLED

    with pytest.raises(DataError, match="says its own time step"):
        read_file(BUNDLED / "ethanol.npz", dt_fs=1.0)


def test_a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("R.npy", b"no array")
        archive.writestr("z.npy", b"no array")
    with pytest.raises(DataError, match=r"'R' in a.npz cannot be read"):
        read_file(tmp_path / "a.npz")


# --- what no molecule does ------------------------------------------------------------------------------------------


def test_frames_out_of_order_are_told_by_their_heat(tmp_path, motion):
    order = np.random.default_rng(0).permutation(motion.n_frames)
    path = tmp_path / "shuffled.npz"
    np.savez(path, **md17_arrays(motion, R=motion.positions[order]))
    with pytest.warns(MsmdWarning, match=r"velocities are those of [\d,]+ K"):
        read_file(path)


def test_positions_in_nanometres_are_refused(tmp_path, motion):
    path = tmp_path / "nanometres.npz"
    np.savez(path, **md17_arrays(motion, R=motion.positions / 10))
    with pytest.raises(DataError, match="are the positions in Å"):
        read_file(path)


def test_atoms_out_of_reach_of_one_another_are_told(tmp_path, motion):
    path = tmp_path / "bohr.npz"
    np.savez(path, **md17_arrays(motion, R=motion.positions / 0.529), dt_fs=np.array(4.0))
    with pytest.warns(MsmdWarning, match="near enough for a bond"):
        read_file(path)
