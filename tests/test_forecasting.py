"""Loading forecasters and asking them for one window: what they say, and what they refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import msmd
from msmd.data import load_dataset, load_trajectory
from msmd.data.windows import Protocol, split_dataset
from msmd.errors import CheckpointError, DataError, ProtocolError, UnknownNameError
from msmd.forecasting import (
    CHECKPOINTS,
    FORECASTERS,
    ForecasterCard,
    SamplingForecaster,
    UnfittedForecaster,
    fit_forecaster,
    forecast,
    forecaster_card,
    load_forecaster,
    sample,
    shipped_checkpoint,
)
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory

TIMES = [250.0, 5.0, 10.5]


@pytest.fixture(scope="module")
def ethanol() -> Trajectory:
    return load_trajectory("ethanol")


@pytest.fixture
def flight() -> Trajectory:
    """Two atoms in free flight, 1 fs apart, the velocity of frame 3 not known."""
    molecule = Molecule(name="pair", numbers=(1, 1), bonds=((0, 1),))
    times = np.arange(10.0)
    speed = np.array([[0.01, 0.0, 0.0], [0.0, 0.02, 0.0]])
    velocities = np.tile(speed, (10, 1, 1))
    velocities[3] = np.nan
    positions = np.array([[0.0, 0, 0], [0.7, 0, 0]]) + times[:, None, None] * speed
    return Trajectory(molecule=molecule, times_fs=times, positions=positions, velocities=velocities)


def test_the_three_lines_of_the_readme(ethanol):
    forecaster = msmd.load_forecaster("persistence")
    made = msmd.forecast(forecaster, ethanol, start=1000, times_fs=TIMES)
    assert made.predicted.shape == (3, 9, 3)
    np.testing.assert_allclose(made.predicted, np.broadcast_to(ethanol.positions[1000], (3, 9, 3)), atol=1e-6)
    np.testing.assert_allclose(
        made.reference, ethanol.positions_at(ethanol.times_fs[1000] + np.array(TIMES)), atol=1e-6
    )
    assert (made.forecaster, made.start, made.start_time_fs) == ("persistence", 1000, 4000.0)


def test_free_flight_is_forecast_exactly_and_beside_its_reference(flight):
    made = forecast(load_forecaster("constant-velocity"), flight, 2, [0.0, 4.0])
    np.testing.assert_allclose(made.predicted, made.reference, atol=1e-12)


def test_where_the_trajectory_has_no_frame_the_reference_is_not_known(flight):
    made = forecast(load_forecaster("persistence"), flight, 2, [1.0, 1.5, 7.0, 8.0])
    np.testing.assert_array_equal(made.has_reference, [True, False, True, False])
    assert made.reference_trajectory().n_frames == 2
    beyond = forecast(load_forecaster("persistence"), flight, 2, [100.0])
    assert beyond.reference is None
    assert beyond.reference_trajectory() is None
    assert not beyond.has_reference.any()


def test_between_frames_far_apart_nothing_is_known(ethanol):
    sparse = Trajectory(
        molecule=ethanol.molecule,
        times_fs=ethanol.times_fs[::3],
        positions=ethanol.positions[::3],
        velocities=ethanol.velocities[::3],
    )
    made = forecast(load_forecaster("persistence"), sparse, 2, [6.0, 12.0, 30.0])
    np.testing.assert_array_equal(made.has_reference, [False, True, False])
    np.testing.assert_array_equal(made.reference[1], sparse.positions[3])


def test_exported_trajectories_are_in_order_of_time(ethanol):
    made = forecast(load_forecaster("constant-velocity"), ethanol, 0, [*TIMES, 5.0])
    exported = made.predicted_trajectory()
    np.testing.assert_array_equal(exported.times_fs, [5.0, 10.5, 250.0])
    np.testing.assert_array_equal(exported.positions, made.predicted[[1, 2, 0]])
    assert exported.source == "constant-velocity"


def test_an_unfitted_baseline_is_fitted_on_the_data_the_trajectory_comes_from(ethanol):
    unfitted = load_forecaster("mean-structure")
    assert isinstance(unfitted, UnfittedForecaster)
    made = forecast(unfitted, ethanol, 100, [50.0])
    fitted = forecast(load_forecaster("mean-structure", load_dataset("ethanol")), ethanol, 100, [50.0])
    np.testing.assert_array_equal(made.predicted, fitted.predicted)


def test_an_unfitted_baseline_is_fitted_on_the_trajectory_itself_when_nothing_else_is_known(ethanol):
    own = replace(ethanol.between(0, 1000), molecule=replace(ethanol.molecule, name="mine"), source="mine.xyz")
    made = forecast(load_forecaster("mean-structure"), own, 10, [50.0])
    assert made.predicted.shape == (1, 9, 3)
    elsewhere = forecast(load_forecaster("mean-structure"), ethanol, 10, [50.0])
    # The hydrogens of a quarter of one segment are not the mean of five, its skeleton nearly is.
    apart = np.abs(made.predicted - elsewhere.predicted)[:, own.molecule.is_heavy].max()
    assert 0 < apart < 0.1


def test_an_unfitted_baseline_does_not_predict():
    import torch

    zeros = torch.zeros(1, 9, 3)
    with pytest.raises(ProtocolError, match="'blend' has to be fitted before it can predict"):
        load_forecaster("blend").predict(zeros, zeros, torch.ones(1, 1))


@pytest.mark.parametrize(
    ("start", "times_fs", "message"),
    [
        (10, [1.0], r"start is 10; expected a frame of the trajectory, from 0 to 9"),
        (-1, [1.0], r"start is -1; expected a frame"),
        (3, [1.0], r"Frame 3 has no known velocity to start from; the nearest that has one is 2"),
        (0, [1.0, -2.0], r"times_fs holds -2; expected finite times of 0 fs or later"),
        (0, [np.inf], r"times_fs holds inf; expected finite times"),
        (0, [np.nan], r"times_fs holds nan; expected finite times"),
        (0, [], r"times_fs has shape \(0,\); expected a list of at least one time"),
    ],
)
def test_what_cannot_be_forecast_is_refused(flight, start, times_fs, message):
    with pytest.raises(ProtocolError, match=message):
        forecast(load_forecaster("persistence"), flight, start, times_fs)


def test_a_trajectory_without_velocities_is_refused(flight):
    with pytest.raises(ProtocolError, match="starts from a known velocity, and this trajectory has none"):
        forecast(load_forecaster("persistence"), replace(flight, velocities=None), 0, [1.0])


def test_another_molecule_is_refused(flight):
    fitted = load_forecaster("mean-structure", load_dataset("ethanol"))
    with pytest.raises(DataError, match=r"made for 'ethanol' \(C2H6O, .*'pair' \(H2, .*another molecule"):
        forecast(fitted, flight, 0, [1.0])


def test_an_isomer_is_refused(ethanol):
    """The oxygen bonded to another hydrogen: the same atoms in the same order."""
    fitted = load_forecaster("mean-structure", load_dataset("ethanol"))
    bonds = tuple((2, 7) if bond == (2, 8) else bond for bond in ethanol.molecule.bonds)
    isomer = replace(ethanol, molecule=Molecule(name="odd", numbers=ethanol.molecule.numbers, bonds=bonds))
    with pytest.raises(DataError, match=r"same atoms but other bonds, \[\(2, 7\)\] instead of \[\(2, 8\)"):
        forecast(fitted, isomer, 0, [1.0])


def test_unknown_names_get_the_nearest_one():
    with pytest.raises(UnknownNameError, match="Unknown forecaster 'persistance'; did you mean 'persistence'"):
        load_forecaster("persistance")


@pytest.mark.parametrize("times", [["5", "a"], [1.0, [2.0, 3.0]]])
def test_times_that_are_no_numbers_are_told(times):
    # where the tests check types, that check comes first
    with pytest.raises((ProtocolError, TypeCheckError), match=r"times_fs must be a list of numbers|Type-check error"):
        forecast(load_forecaster("persistence"), load_dataset("ethanol").segments[0], 0, times)


def test_trajectories_are_equal_to_themselves_alone():
    """Comparing arrays element by element is no answer to whether two are the same."""
    one, other = (load_dataset("ethanol").segments[k] for k in (0, 1))
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2


def test_a_missing_folder_is_not_taken_for_a_name():
    with pytest.raises(CheckpointError, match="There is no folder checkpoints/gfn2/nowhere"):
        load_forecaster("checkpoints/gfn2/nowhere")


def test_a_trained_forecaster_without_checkpoint_says_how_to_get_one():
    with pytest.raises(CheckpointError, match="'ndcn' is trained for one molecule: say whose"):
        load_forecaster("ndcn")
    elsewhere = replace(load_dataset("ethanol"), source="nowhere")
    with pytest.raises(CheckpointError, match="no checkpoint is shipped for 'ethanol' from 'nowhere'"):
        load_forecaster("ndcn", elsewhere)


def test_what_learned_rmd17_serves_md17_too_and_the_embedded_data_have_their_own():
    learned = shipped_checkpoint("spectral-ode", "naphthalene", "rmd17")
    assert learned == CHECKPOINTS / "rmd17" / "naphthalene" / "spectral-ode"
    assert shipped_checkpoint("spectral-ode", "naphthalene", "md17") == learned
    assert shipped_checkpoint("spectral-ode", "ethanol", "gfn2") == CHECKPOINTS / "gfn2" / "ethanol" / "spectral-ode"
    assert shipped_checkpoint("spectral-ode", "ethanol", "nowhere") is None


def test_closed_form_is_refused_to_what_needs_training():
    training = split_dataset(load_dataset("ethanol"), Protocol(n_train=5, n_validation=1, n_test=1)).training
    with pytest.raises(ProtocolError, match="'egnn' cannot be had in closed form: make a checkpoint"):
        fit_forecaster(forecaster_card("egnn"), training)


def test_names_are_unique_and_classes_carry_them():
    names = [card.name for card in FORECASTERS]
    assert len(set(names)) == len(names)
    for card in FORECASTERS:
        assert card.load_class().name == card.name


def test_every_baseline_of_the_design_is_there():
    baselines = {card.name for card in FORECASTERS if card.family == "baseline"}
    assert baselines == {
        "persistence", "constant-velocity", "mean-structure", "rigid-body", "normal-modes", "template",
        "linear-response", "kernel-response", "blend", "nearest-window",
    }  # fmt: skip


def test_a_card_imports_its_class():
    card = ForecasterCard(
        name="x", title="", family="baseline", needs="nothing", location="msmd.molecule:Molecule", note=""
    )
    assert card.load_class() is Molecule


class Drawn:
    """Members around free flight, told apart by a constant shift along z."""

    name = "drawn"
    molecule = None

    def predict(self, positions, velocities, times_fs):
        return positions[:, None] + velocities[:, None] * times_fs[..., None, None]

    def samples(self, positions, velocities, times_fs, *, n_samples=None):
        import torch

        shifts = torch.arange(n_samples or 2, dtype=positions.dtype)[:, None, None, None, None] * torch.eye(3)[2]
        return self.predict(positions, velocities, times_fs) + shifts


def test_members_come_beside_the_forecast_when_asked_for(flight):
    made = forecast(Drawn(), flight, 2, [4.0, 0.0], samples=3)
    assert made.samples.shape == (3, 2, 2, 3)
    np.testing.assert_allclose(made.samples[2] - made.predicted, np.broadcast_to([0.0, 0.0, 2.0], (2, 2, 3)))
    np.testing.assert_array_equal(sample(Drawn(), flight, 2, [4.0, 0.0], 3), made.samples)
    assert forecast(Drawn(), flight, 2, [4.0]).samples is None


def test_member_trajectories_are_in_order_of_time_and_named(flight):
    first, second = forecast(Drawn(), flight, 2, [4.0, 0.0], samples=2).member_trajectories()
    assert first.times_fs.tolist() == [0.0, 4.0]
    assert (first.source, second.source) == ("drawn, member 1", "drawn, member 2")
    np.testing.assert_allclose(second.positions - first.positions, np.broadcast_to([0.0, 0.0, 1.0], (2, 2, 3)))
    assert forecast(Drawn(), flight, 2, [4.0]).member_trajectories() == ()


def test_members_of_a_forecaster_without_any_are_refused(flight):
    with pytest.raises(ProtocolError, match=r"'persistence' makes one forecast per start.*spectral-ode"):
        forecast(load_forecaster("persistence"), flight, 0, [1.0], samples=4)
    with pytest.raises(ProtocolError, match=r"'mean-structure' makes one forecast per start"):
        sample(load_forecaster("mean-structure"), flight, 0, [1.0], 4)


@pytest.mark.parametrize("samples", [0, -3])
def test_numbers_of_members_that_cannot_be_are_refused(flight, samples):
    with pytest.raises(ProtocolError, match=f"{samples} samples were asked for; expected 1 or more"):
        forecast(Drawn(), flight, 0, [1.0], samples=samples)


def test_the_cards_say_which_forecasters_have_members():
    for card in FORECASTERS:
        assert hasattr(card.load_class(), "samples") == card.has_members, card.name
    assert isinstance(Drawn(), SamplingForecaster)
    assert not isinstance(load_forecaster("persistence"), SamplingForecaster)


def test_listing_forecasters_does_not_import_torch():
    code = "import sys, msmd.forecasting; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("own", "expected"),
    [({}, "PASSIVE 1"), ({"OMP_WAIT_POLICY": "ACTIVE", "OPENBLAS_NUM_THREADS": "4"}, "ACTIVE 4")],
)
def test_threads_that_wait_leave_the_core_to_others(own: dict[str, str], expected: str) -> None:
    """Set before torch and numpy are loaded, unless somebody has set it."""
    names = ("OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")
    code = "import os, sys, msmd; assert not {'numpy', 'torch'} & set(sys.modules); "
    code += f"print(*map(os.environ.get, {names}))"
    environment = {name: value for name, value in os.environ.items() if name not in names} | own
    found = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == expected
