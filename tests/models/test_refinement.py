"""Refinement starts at every stored frame whose velocity is known, and weighs motion and forces together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from msmd.data.windows import Split, TrainingData
from msmd.models.flights import MAX_TIMES, flights_along
from msmd.models.labels import Labels
from msmd.models.refinement import FORCE_WEIGHT, Refinement
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.molecule import Molecule
from msmd.trajectory import Trajectory
from tests.models.conftest import train

DIMER = Molecule(name="N2", numbers=(7, 7), bonds=((0, 1),))
PLAN = PlanConfig(
    force_steps=300,
    force_batch=64,
    force_optimiser="adam",
    fast_steps=100,
    refine_steps=100,
    refine_batch=16,
    refine_rate=3e-3,
    refine_lag_fs=12.0,
)


def _stretching(times: list[float], *, known: list[int] | None = None) -> Trajectory:
    """A dimer whose bond has the length 1 + t/1000; velocities of the frames ``known``, or of all."""
    clock = np.array(times)
    positions, velocities = np.zeros((len(clock), 2, 3)), np.full((len(clock), 2, 3), np.nan)
    positions[:, 1, 1] = 1.0 + clock / 1000.0
    some = slice(None) if known is None else known
    velocities[some] = 0.0
    velocities[some, 1, 1] = 0.001
    return Trajectory(molecule=DIMER, times_fs=clock, positions=positions, velocities=velocities)


def test_starts_are_the_frames_of_known_velocity_and_targets_all() -> None:
    flights = flights_along([_stretching([0.0, 4.0, 9.0], known=[1])], 6.0, max_starts=10)
    assert flights is not None
    assert flights.times_fs.tolist() == [[5.0], [4.0]]
    bonds = (flights.targets[:, 0, 1] - flights.targets[:, 0, 0]).norm(dim=-1)
    assert bonds.tolist() == pytest.approx([1.009, 1.0])
    assert flights.velocities[:, 1, 1].tolist() == pytest.approx([0.0005, -0.0005])


def test_segments_do_not_meet() -> None:
    flights = flights_along([_stretching([0.0, 4.0]), _stretching([1.0, 5.0])], 6.0, max_starts=10)
    assert flights is not None
    assert flights.times_fs[flights.is_known].tolist() == [4.0] * 4


def test_starts_are_evenly_chosen_and_frames_are_few() -> None:
    flights = flights_along([_stretching([float(t) for t in range(200)])], 50.0, max_starts=3)
    assert flights is not None
    lengths = (flights.positions[:, 1] - flights.positions[:, 0]).norm(dim=-1)
    assert sorted(set(lengths.numpy().round(3).tolist())) == [1.0, 1.099, 1.199]
    assert int(flights.is_known.sum(1).max()) == MAX_TIMES


@pytest.mark.parametrize("frames", [_stretching([0.0, 100.0]), _stretching([0.0, 4.0], known=[])])
def test_there_is_none_where_no_start_has_a_neighbour(frames: Trajectory) -> None:
    assert flights_along([frames], 60.0, max_starts=10) is None


def _names(training: TrainingData, config: PlanConfig, kelvin: float | None = None) -> list[str]:
    model = SpectralODE.create(
        training, SpectralODEConfig(widths=(8,), fast_widths=(4,), plan=config, temperature_kelvin=kelvin)
    )
    return [stage.name for stage in model.stages(training)]


def test_the_plan_refines_where_the_motion_is_free(split: Split) -> None:
    plain = ["force-matching", "fast-part"]
    assert _names(split.training, PLAN) == [*plain, "refinement"]
    assert _names(split.training, replace(PLAN, refine_steps=0)) == plain
    assert _names(split.training, replace(PLAN, refine_lag_fs=3.0)) == plain
    assert _names(split.training, PLAN, kelvin=500.0) == plain


def test_velocities_that_were_guessed_teach_nothing(split: Split) -> None:
    guessed = tuple(replace(segment, velocities_are_exact=False) for segment in split.training.segments)
    assert _names(replace(split.training, segments=guessed), PLAN) == ["force-matching", "fast-part"]


def _refinement(model: SpectralODE, training: TrainingData, *, batch: int) -> Refinement:
    solver = model.solver(is_trained=True)
    labels = Labels(training=training, kind="stored")
    made = Refinement.of(model.field, model.fast_field, solver, labels, longest_fs=12.0, batch=batch)
    assert made is not None
    return made


def test_the_loss_is_of_motion_and_forces_together(split: Split) -> None:
    model = SpectralODE.create(split.training, SpectralODEConfig(widths=(8,), fast_widths=(4,)))
    both = _refinement(model, split.training, batch=8)
    total = both(torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    motion, forces = both.flights(generator), both.forces(generator)
    assert total.item() == pytest.approx((motion + FORCE_WEIGHT * forces).item())


def test_the_full_potential_learns_and_the_fast_part_stays(split: Split) -> None:
    model = SpectralODE.create(split.training, SpectralODEConfig(widths=(8,), fast_widths=(4,)))
    _refinement(model, split.training, batch=8)(torch.Generator().manual_seed(3)).backward()
    full, fast = (dict(part.network.named_parameters()) for part in (model.field, model.fast_field))
    assert all(weight.grad.abs().max() > 0 for weight in full.values() if weight.requires_grad)
    assert all(weight.grad is None for weight in fast.values())
    assert all(weight.requires_grad == full[name].requires_grad for name, weight in fast.items())


def test_refining_follows_unseen_motion_better_and_keeps_the_forces(split: Split) -> None:
    """Held out: the flights of a segment that trained nothing, and its labelled forces."""
    training = split.training
    model = SpectralODE.create(training, SpectralODEConfig(widths=(32, 32), fast_widths=(8,), plan=PLAN))
    unseen = replace(training, segments=training.segments[-1:])
    seen = replace(training, segments=training.segments[:-1])
    force, fast, refine = model.stages(seen)
    held_out = _refinement(model, unseen, batch=200)

    def score() -> tuple[float, float]:
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            return held_out.flights(generator).item(), held_out.forces(generator).item()

    train(model, force)
    train(model, fast)
    motion, forces = score()
    train(model, refine)
    refined_motion, refined_forces = score()
    assert refined_motion < 0.8 * motion
    assert refined_forces < 1.2 * forces
