"""The time step from forces: exact for velocity Verlet, and right on every real file."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from msmd.data.dynamics import start_state, velocity_verlet
from msmd.data.load import load_dataset
from msmd.data.registry import molecule_card
from msmd.data.timestep import dt_from_forces
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory
from tests.conftest import REAL_MOLECULES


class Springs:
    """Each coordinate on a spring of its own."""

    def __init__(self, constants):
        self.constants = constants

    def energy_and_forces(self, positions):
        return float(0.5 * np.sum(self.constants * positions**2)), -self.constants * positions


@pytest.fixture
def oscillating(random) -> Trajectory:
    """Water's atoms on springs, by velocity Verlet at 0.4 fs."""
    molecule = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))
    force_field = Springs(random.uniform(100, 900, (3, 3)))
    start = start_state(force_field, random.normal(size=(3, 3)) * 0.1, random.normal(size=(3, 3)) * 0.01)
    states = [start, *islice(velocity_verlet(force_field, start, molecule.masses, 0.4), 299)]
    return Trajectory(
        molecule=molecule,
        times_fs=0.4 * np.arange(300),
        positions=np.array([s.positions for s in states]),
        velocities=np.array([s.velocities for s in states]),
        forces=np.array([s.forces for s in states]),
    )


def _kept(trajectory: Trajectory, frames: np.ndarray) -> Trajectory:
    names = ("times_fs", "positions", "velocities", "forces")
    return replace(trajectory, **{name: getattr(trajectory, name)[frames] for name in names})


def test_contiguous_verlet_is_exact(oscillating):
    fit = dt_from_forces(oscillating, 0.4)
    assert fit.dt_fs == pytest.approx(0.4, rel=1e-9)
    assert fit.explained == pytest.approx(1.0, abs=1e-9)


def test_a_wrong_card_is_found_out(oscillating):
    wrong = replace(oscillating, times_fs=1.0 * np.arange(300))
    assert dt_from_forces(wrong, 1.0).dt_fs == pytest.approx(0.4, rel=1e-9)


def test_times_may_begin_anywhere(oscillating):
    late = replace(oscillating, times_fs=oscillating.times_fs + 0.15)
    assert dt_from_forces(late, 0.4).dt_fs == pytest.approx(0.4, rel=1e-9)


def test_scattered_frames_do_nearly_as_well(oscillating, random):
    frames = np.flatnonzero(random.random(300) < 0.5)
    fit = dt_from_forces(_kept(oscillating, frames), 0.4)
    assert fit.dt_fs == pytest.approx(0.4, rel=1e-3)


def test_frames_that_never_follow_each_other(oscillating):
    """Gaps of 2 and 3 steps: the motion between them is summed up as velocity Verlet makes it."""
    frames = np.cumsum(np.tile([2, 3], 59))
    fit = dt_from_forces(_kept(oscillating, frames), 0.4)
    assert fit.dt_fs == pytest.approx(0.4, rel=5e-4)


def test_frames_with_rare_forces_use_velocities(oscillating):
    frames = np.arange(0, 300, 4)
    sparse = _kept(oscillating, frames)
    forces = np.array(sparse.forces)
    forces[np.arange(len(frames)) % 4 != 0] = np.nan
    fit = dt_from_forces(replace(sparse, forces=forces), 0.4)
    assert fit.dt_fs == pytest.approx(0.4, rel=5e-3)


@pytest.mark.parametrize("case", ["no forces", "no force", "no motion", "two frames", "odd times", "unrelated forces"])
def test_it_says_so_when_it_cannot_tell(oscillating, case, random):
    if case == "no forces":
        silent = replace(oscillating, forces=None)
    elif case == "no force":
        silent = replace(oscillating, forces=np.zeros(oscillating.forces.shape))
    elif case == "no motion":
        silent = replace(oscillating, positions=np.repeat(oscillating.positions[:1], 300, axis=0))
    elif case == "two frames":
        silent = _kept(oscillating, np.arange(2))
    elif case == "odd times":
        silent = replace(oscillating, times_fs=np.sort(random.uniform(0, 100, 300)))
    else:
        silent = replace(oscillating, forces=random.normal(size=oscillating.forces.shape))
    assert dt_from_forces(silent, 0.4) is None


@pytest.mark.real_data
@pytest.mark.parametrize("card", map(molecule_card, REAL_MOLECULES), ids=lambda card: card.name)
def test_cards_agree_with_the_forces_of_real_files(real_data, card):
    dataset = load_dataset(real_data / f"rmd17_{card.name}.npz")
    fit = dt_from_forces(dataset.segments[0], dataset.dt_fs)
    assert fit.dt_fs == pytest.approx(card.rmd17.dt_fs, rel=0.005)
    assert fit.explained > 0.98


@pytest.mark.real_data
def test_md17_ethanol_is_half_a_femtosecond_to_four_digits(real_data):
    dataset = load_dataset(real_data / "md17_ethanol.npz")
    assert dt_from_forces(dataset.segments[0], dataset.dt_fs).dt_fs == pytest.approx(0.5, abs=5e-5)


def test_shipped_ethanol():
    dataset = load_dataset("ethanol")
    fit = dt_from_forces(dataset.segments[0], dataset.dt_fs)
    assert fit.dt_fs == pytest.approx(0.5, rel=0.01)
