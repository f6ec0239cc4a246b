"""Score matching and trajectory matching find the stiffness of a spring that nobody told them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from msmd.data.windows import Split, Windows
from msmd.errors import ProtocolError
from msmd.models.basis import BASES
from msmd.models.flights import MAX_TIMES, flights_of, shortest_lag_fs
from msmd.models.modal_field import ModalField, ModalGeometry
from msmd.models.motion import ConstantEnergy
from msmd.models.pair_network import PairNetwork
from msmd.models.score_matching import ScoreMatching, thermal_energy
from msmd.models.solvers import VelocityVerlet
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig
from msmd.models.trajectory_matching import TrajectoryMatching, error_scale
from msmd.molecule import Molecule
from msmd.soap import SOAP
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U

DIMER = Molecule(name="N2", numbers=(7, 7), bonds=((0, 1),))


class Spring(PairNetwork):
    """E = ½ k (d − 1.1)² in the place of a network, k to be learned."""

    def __init__(self, stiffness: float) -> None:
        super().__init__(1, (1,))
        self.stiffness = torch.nn.Parameter(torch.tensor(stiffness))

    def forward(self, inverse: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Energy and its derivative by 1/d."""
        distance = 1.0 / inverse
        energy = 0.5 * self.stiffness * (distance - 1.1).square()
        return energy[0], -self.stiffness * (distance - 1.1) * distance**2


def _field(stiffness: float) -> ModalField:
    return ModalField(ModalGeometry(DIMER, BASES["graph"](DIMER)), Spring(stiffness))


def _learned(field: ModalField, loss: object, rate: float, n_steps: int) -> float:
    optimiser = torch.optim.Adam([field.network.stiffness], lr=rate)
    generator = torch.Generator().manual_seed(0)
    for step in range(n_steps):
        optimiser.param_groups[0]["lr"] = rate * (1 - step / n_steps)
        optimiser.zero_grad()
        loss(generator).backward()
        optimiser.step()
    return float(field.network.stiffness.detach())


def test_score_matching_finds_the_stiffness(random: np.random.Generator) -> None:
    """A thermal sample has ⟨(d − d₀)²⟩ = k_B T / k, up to the small term of the shell, 2 k_B T/d."""
    thermal, stiffness = 1.0, 400.0
    distances = 1.1 + np.sqrt(thermal / stiffness) * random.standard_normal(4000)
    positions = np.zeros((4000, 2, 3))
    positions[:, 1, 0] = distances
    field = _field(150.0)
    loss = ScoreMatching(
        field=field,
        positions=torch.tensor(positions).float(),
        thermal_energy=thermal,
        symmetries=torch.tensor([[0, 1]]),
        batch=500,
    )
    assert _learned(field, loss, 5.0, 300) == pytest.approx(stiffness, rel=0.1)


def _dimer_windows(stiffness: float, random: np.random.Generator) -> Windows:
    """Exact motion of the dimer along x, drifting, at random times."""
    n = 60
    omega = np.sqrt(2 * stiffness * KCAL_PER_MOL_PER_ANGSTROM_PER_U / DIMER.masses[0])
    stretch, speed = 0.05 * random.standard_normal(n), 0.01 * random.standard_normal(n)
    times = np.sort(30.0 * random.random((n, 3)), axis=1)
    later = stretch[:, None] * np.cos(omega * times) + speed[:, None] / omega * np.sin(omega * times)

    def place(s: np.ndarray, centre: np.ndarray | float) -> np.ndarray:
        x = np.zeros((*s.shape, 2, 3))
        x[..., 0, 0], x[..., 1, 0] = centre - 0.5 * (1.1 + s), centre + 0.5 * (1.1 + s)
        return x

    velocities = np.zeros((n, 2, 3))
    velocities[:, 0, 0], velocities[:, 1, 0] = 0.003 - 0.5 * speed, 0.003 + 0.5 * speed
    index = np.arange(n)
    return Windows(
        molecule=DIMER,
        positions=place(stretch, 0.0),
        velocities=velocities,
        times_fs=times,
        targets=place(later, 0.003 * times),
        segments=index,
        start_frames=index,
        start_times_fs=np.zeros(n),
    )


def test_trajectory_matching_finds_the_stiffness(random: np.random.Generator) -> None:
    field = _field(900.0)
    loss = TrajectoryMatching(
        field=field,
        solver=VelocityVerlet(field=field, thermostat=ConstantEnergy(), step_fs=0.5),
        flights=flights_of(_dimer_windows(1200.0, random), 30.0),
        symmetries=torch.tensor([[0, 1], [1, 0]]),
        batch=40,
    )
    assert _learned(field, loss, 20.0, 120) == pytest.approx(1200.0, rel=0.02)


def _clock_windows(starts: list[float], times: list[list[float]], segments: list[int]) -> Windows:
    """A dimer whose bond has the length 1 + t/1000 at time t of its segment, drifting along x."""

    def place(clock: np.ndarray) -> np.ndarray:
        x = np.zeros((*clock.shape, 2, 3))
        x[..., :, 0] = 0.002 * clock[..., None]
        x[..., 1, 1] = 1.0 + clock / 1000.0
        return x

    begin, after = np.array(starts), np.array(times)
    velocities = np.tile(np.array([[0.002, 0.0, 0.0], [0.002, 0.001, 0.0]]), (len(begin), 1, 1))
    return Windows(
        molecule=DIMER,
        positions=place(begin),
        velocities=velocities,
        times_fs=after,
        targets=place(begin[:, None] + after),
        segments=np.array(segments),
        start_frames=np.arange(len(begin)),
        start_times_fs=begin,
    )


def test_flights_join_windows_of_one_segment() -> None:
    """Start 0 sees start 1 at 7 fs and its target at 17; start 1 sees start 0, 7 fs before; segment 1 is alone."""
    windows = _clock_windows([0.0, 7.0, 3.0], [[100.0], [10.0], [200.0]], [0, 0, 1])
    flights = flights_of(windows, 20.0)
    assert flights.n_frames == 4
    found = [row[known].tolist() for row, known in zip(flights.times_fs, flights.is_known, strict=True)]
    assert found == [[7.0, 17.0], [10.0], [7.0]]
    assert shortest_lag_fs(windows) == pytest.approx(7.0)


def test_flights_know_the_bond_and_forget_the_drift() -> None:
    windows = _clock_windows([0.0, 7.0], [[100.0], [10.0]], [0, 0])
    flights = flights_of(windows, 20.0)
    bonds = (flights.targets[:, :, 1] - flights.targets[:, :, 0]).norm(dim=-1)
    assert bonds[0].tolist() == pytest.approx([1.007, 1.017])
    assert bonds[2, 0].item() == pytest.approx(1.0)
    for part in (flights.positions, flights.velocities, flights.targets[flights.is_known]):
        assert part[..., 0].abs().max() < 1e-12
    assert flights.velocities[2, 1, 1].item() == pytest.approx(-0.0005)


def test_a_frame_that_two_windows_share_counts_once() -> None:
    windows = _clock_windows([0.0, 4.0], [[4.0], [6.0]], [0, 0])
    flights = flights_of(windows, 20.0)
    assert flights.times_fs[0][flights.is_known[0]].tolist() == [4.0, 10.0]


def test_a_start_that_is_another_window_s_target_is_near_what_follows_it() -> None:
    windows = _clock_windows([0.0, 100.0], [[100.0, 500.0], [10.0, 900.0]], [0, 0])
    assert shortest_lag_fs(windows) == pytest.approx(10.0)


def test_a_flight_holds_few_frames_even_where_there_are_many() -> None:
    windows = _clock_windows([0.0], [list(np.arange(1.0, 101.0))], [0])
    flights = flights_of(windows, 100.0)
    assert flights.n_frames == MAX_TIMES
    assert flights.times_fs[0, -1].item() == pytest.approx(100.0)


def test_no_short_pair_is_refused() -> None:
    windows = _clock_windows([0.0], [[100.0]], [0])
    with pytest.raises(ProtocolError, match=r"No two frames of the training windows lie within 50 fs"):
        flights_of(windows, 50.0)


def test_windows_that_are_too_sparse_are_refused(split: Split) -> None:
    training = split.training.without_frames()
    lonely = replace(training, windows=training.windows.take(slice(1)))
    forecaster = SpectralODE.create(training, SpectralODEConfig())
    with pytest.raises(ProtocolError, match="fs apart or more, too far to learn forces from"):
        forecaster.stages(lonely)


def test_early_errors_are_weighed_up() -> None:
    scales = error_scale(torch.tensor([1.0, 20.0, 1000.0]).double())
    assert float(scales[0]) == pytest.approx(5e-4)
    assert scales.diff().min() > 0
    assert float(scales[-1]) == pytest.approx(0.05, rel=0.01)


def test_the_temperature_is_that_of_the_velocities(split: Split) -> None:
    kelvin = thermal_energy(split.training.windows) / 1.987204e-3
    assert 350 < kelvin < 650


@pytest.mark.parametrize(("name", "kind"), [("soap", SOAP), ("adam", torch.optim.Adam)])
def test_flights_have_the_optimiser_that_is_asked_for(split: Split, name: str, kind: type) -> None:
    """Adam as it used to be, so that a run of it goes on exactly; SOAP with a warm-up."""
    training = split.training.without_frames()
    config = SpectralODEConfig(plan=PlanConfig(flight_optimiser=name))
    stages = SpectralODE.create(training, config).stages(training)
    flights = [stage for stage in stages if stage.name.startswith("flights-")]
    assert {type(stage.make_optimiser([torch.nn.Parameter(torch.zeros(2, 2))])) for stage in flights} == {kind}
    assert {stage.schedule(0.0) for stage in flights} == {0.0 if name == "soap" else 1.0}


def test_the_plan_follows_the_budget(split: Split) -> None:
    with_forces = SpectralODE.create(split.training, SpectralODEConfig()).stages(split.training)
    assert [stage.name for stage in with_forces] == ["force-matching", "fast-part", "refinement"]
    training = split.training.without_frames()
    without = SpectralODE.create(training, SpectralODEConfig()).stages(training)
    names = [stage.name for stage in without]
    assert names[0] == "score-matching"
    assert names[-1] == "fast-part"
    assert names[1].startswith("flights-")
    generator = torch.Generator().manual_seed(0)
    assert all(stage.batch_loss(generator).isfinite() for stage in without)
