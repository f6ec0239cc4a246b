"""What SpectralODE promises: symmetry, x(0) and v(0), conservation, any times, a guard, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from msmd.baselines.kernel_response import KernelResponse
from msmd.checkpoint import Provenance, load_checkpoint, save_checkpoint
from msmd.data.windows import Split
from msmd.errors import DataError, ProtocolError
from msmd.models.dense_output import rollout
from msmd.models.ensemble import perturbed_momenta
from msmd.models.motion import THERMOSTAT_WAVENUMBER
from msmd.models.solvers import MultipleTimeSteps, VelocityVerlet
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.molecule import Molecule
from msmd.units import KCAL_PER_MOL_PER_ANGSTROM_PER_U, KCAL_PER_MOL_PER_EV
from tests.models.conftest import SMALL

SHIPPED = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"

PROVENANCE = Provenance(
    source="gfn2", data_sha256="", protocol={}, budget="windows", seed=0, seconds=0.0, device="cpu", command="",
)  # fmt: skip

TIMES = torch.tensor([[60.0, 0.0, 13.7, 100.0]], dtype=torch.float64)
"""Not in order, with the start, inside steps; short enough that chaos has not amplified float32's rounding."""


def _times(positions: torch.Tensor) -> torch.Tensor:
    return TIMES.expand(len(positions), -1).contiguous()


def _with(forecaster: SpectralODE, **changes: object) -> SpectralODE:
    """The same weights under another config."""
    other = SpectralODE(forecaster.molecule, replace(forecaster.config, **changes))
    other.load_state_dict(forecaster.state_dict())
    return other.eval()


def test_translation_and_rotation_move_the_forecast(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = start
    turn = torch.from_numpy(Rotation.random(random_state=3).as_matrix())
    shift = torch.tensor([3.0, -2.0, 5.0], dtype=torch.float64)
    expected = trained.predict(positions, velocities, _times(positions)) @ turn.T + shift
    found = trained.predict(positions @ turn.T + shift, velocities @ turn.T, _times(positions))
    assert (found - expected).abs().max() < 1e-4


def test_renumbering_moves_the_forecast(trained: SpectralODE, start: tuple, split: Split) -> None:
    positions, velocities = start
    order = torch.tensor([4, 0, 8, 2, 1, 7, 5, 3, 6])
    forecaster = trained.renumbered(order.tolist())
    assert forecaster.molecule.symbols == tuple(trained.molecule.symbols[i] for i in order)
    expected = trained.predict(positions, velocities, _times(positions))[:, :, order]
    found = forecaster.predict(positions[:, order], velocities[:, order], _times(positions))
    assert (found - expected).abs().max() < 1e-4


def test_it_starts_at_the_start_with_the_given_velocities(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = start
    step = 1e-3
    found = _with(trained, n_members=1).predict(positions, velocities, torch.tensor([[0.0, step]] * len(positions)))
    assert torch.equal(found[:, 0], positions)
    torch.testing.assert_close((found[:, 1] - positions) / step, velocities, atol=1e-4, rtol=1e-3)


def test_drift_is_carried_and_angular_momentum_kept(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = start
    drift = torch.tensor([0.02, -0.01, 0.03], dtype=torch.float64)
    spin = torch.tensor([1e-3, 2e-3, -1e-3], dtype=torch.float64)
    velocities = velocities + drift + torch.cross(spin.expand_as(positions), positions, dim=-1)
    masses = torch.from_numpy(trained.molecule.masses)[:, None]
    near = torch.tensor([[100.0 - 1e-2, 100.0 + 1e-2]] * len(positions), dtype=torch.float64)
    pair = _with(trained, n_members=1).predict(positions, velocities, near)
    middle, speed = pair.mean(1), (pair[:, 1] - pair[:, 0]) / 2e-2

    def momenta(x: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        centre = (masses * x).sum(1, keepdim=True) / masses.sum()
        return (masses * v).sum(1), torch.cross(x - centre, masses * v, dim=-1).sum(1)

    for before, after in zip(momenta(positions, velocities), momenta(middle, speed), strict=True):
        torch.testing.assert_close(after, before, atol=2e-4, rtol=2e-3)


def test_a_thermostat_slows_the_drift_as_it_slows_the_atoms(start: tuple, split: Split) -> None:
    """Without forces, at twice the temperature: every velocity shrinks by the same factor, the centre's too."""
    config = SpectralODEConfig(widths=(4,), n_members=1, temperature_kelvin=250.0)
    forecaster = SpectralODE(split.training.molecule, config)
    positions, velocities = start
    velocities = velocities + torch.tensor([0.004, 0.0, 0.0], dtype=torch.float64)
    times = torch.full((len(positions), 1), 3.0, dtype=torch.float64)
    moved = forecaster.samples(positions, velocities, times)[0, :, 0] - positions
    shares = torch.from_numpy(forecaster.molecule.masses / forecaster.molecule.masses.sum())
    of_centre = torch.einsum("a,wad,wad->w", shares, moved, velocities.mean(1, keepdim=True).expand_as(moved))
    straight = torch.einsum("a,wad,wad->w", shares, velocities, velocities.mean(1, keepdim=True).expand_as(moved))
    factor = (moved * velocities).sum((1, 2)) / velocities.square().sum((1, 2))
    assert torch.allclose(of_centre / straight, factor, rtol=1e-6)
    assert factor.mean() < 2.9
    assert factor.min() > 1.0


@pytest.mark.parametrize("truth", [400.0, 2435.0])
def test_the_thermostat_is_as_fast_as_that_of_the_data(trained: SpectralODE, split: Split, truth: float) -> None:
    """Targets are paths of the model itself under this thermostat."""
    windows = split.training.windows.take(slice(6))
    rows = torch.from_numpy(windows.positions), torch.from_numpy(windows.velocities)
    times = torch.tensor([[10.0, 40.0, 60.0]]).double().expand(len(rows[0]), -1)
    thermostatted = _with(trained, n_members=1, temperature_kelvin=350.0)
    assert thermostatted.thermostat().wavenumber == THERMOSTAT_WAVENUMBER
    targets = _with(thermostatted, thermostat_wavenumber=truth).predict(*rows, times)
    seen = replace(windows, times_fs=times.numpy(), targets=targets.numpy())
    thermostatted.calibrate([seen])
    assert thermostatted.config.thermostat_wavenumber == truth
    fixed = _with(thermostatted, thermostat_wavenumber=800.0)
    fixed.calibrate([seen])
    assert fixed.config.thermostat_wavenumber == 800.0


def test_a_slow_thermostat_parts_the_members_less(trained: SpectralODE, start: tuple) -> None:
    """ξ(0) is as wide as ω: six times slower, the first femtoseconds differ a sixth as much."""
    times = torch.full((len(start[0]), 1), 0.2).double()

    def width(wavenumber: float) -> float:
        config = {"temperature_kelvin": 350.0, "thermostat_wavenumber": wavenumber}
        forecaster = _with(trained, n_members=9, **config)
        forecaster.momentum_spread.fill_(0.0)
        return float(forecaster.samples(*start, times).std(0).mean())

    assert width(400.0) / width(2400.0) == pytest.approx(1 / 6, rel=0.05)


def test_a_batch_is_its_windows_one_by_one(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = (part[:3] for part in start)
    together = trained.predict(positions, velocities, _times(positions))
    alone = [trained.predict(positions[w : w + 1], velocities[w : w + 1], TIMES) for w in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_each_window_has_its_own_times_in_any_order(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = (part[:2] for part in start)
    times = torch.tensor([[30.0, 10.0], [10.0, 30.0]], dtype=torch.float64)
    found = trained.predict(positions, velocities, times)
    sorted_times = torch.tensor([[10.0, 30.0]] * 2, dtype=torch.float64)
    expected = trained.predict(positions, velocities, sorted_times)
    torch.testing.assert_close(found[0], expected[0].flip(0))
    torch.testing.assert_close(found[1], expected[1])


@torch.no_grad()
@pytest.mark.parametrize("change", [{}, {"solver": "verlet", "step_fs": 0.5}])
def test_energy_does_not_drift(start: tuple, change: dict) -> None:
    """Below 1 meV/atom/ps over 1 ps of the shipped forecaster; a symplectic step's energy wiggles but has no trend."""
    forecaster = _with(load_checkpoint(SHIPPED), n_members=1, **change)
    centred, drift, _ = forecaster._centred(*start, _times(start[0]))
    state = forecaster._start(forecaster.geometry.modal(centred), forecaster.geometry.modal(drift), 1)
    solver = forecaster.solver()
    energies = []
    for motion in solver.states(state, round(1000.0 / solver.step_fs)):
        potential = forecaster.field(motion.coordinates)[0].double()
        energies.append(potential + 0.5 * motion.momenta.square().sum((0, 1)) / KCAL_PER_MOL_PER_ANGSTROM_PER_U)
    path = torch.stack(energies).numpy() / KCAL_PER_MOL_PER_EV * 1000.0 / forecaster.molecule.n_atoms
    slopes = np.polyfit(np.linspace(0.0, 1.0, len(path)), path, 1)[0]
    assert path.std(0).min() > 1e-4
    assert abs(slopes.mean()) < 1.0
    assert np.abs(slopes).max() < 3.0


@pytest.mark.parametrize("basis", ["fourier", "nodal"])
def test_the_whole_basis_is_only_a_change_of_variables(trained: SpectralODE, start: tuple, basis: str) -> None:
    expected = trained.predict(*start, _times(start[0]))
    found = _with(trained, basis=basis).predict(*start, _times(start[0]))
    assert (found - expected).abs().max() < 1e-4


@torch.no_grad()
def test_dropped_modes_stay_where_they_are(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = start
    forecaster = _with(trained, n_modes=4, n_members=1)
    times = torch.full((len(positions), 1), 20.0, dtype=torch.float64)
    centred, drift, _ = forecaster._centred(positions, velocities, times)
    state = forecaster._start(forecaster.geometry.modal(centred), forecaster.geometry.modal(drift), 1)
    modal, _ = rollout(forecaster.solver(), state, times, forecaster.guard)
    kept = int(forecaster.geometry.moving.sum())
    change = modal[:, 0].permute(1, 2, 0) - state.coordinates
    assert kept >= 4
    assert change[kept:].abs().max() < 1e-12
    assert change[:kept].abs().max() > 1e-3


def test_solvers_agree_over_a_short_time(trained: SpectralODE, start: tuple) -> None:
    times = torch.full((len(start[0]), 1), 20.0, dtype=torch.float64)
    expected = _with(trained, solver="verlet", step_fs=0.25).predict(*start, times)
    for change, tolerance in (
        ({"solver": "rk4", "step_fs": 0.5}, 1e-2),
        ({"solver": "dopri5", "step_fs": 2.0}, 1e-2),
        ({"solver": "multiple-time-steps", "step_fs": 1.0}, 5e-2),
    ):
        found = _with(trained, **change).predict(*start, times)
        assert (found - expected).abs().max() < tolerance, change


def test_an_untrained_fast_part_is_not_used(trained: SpectralODE) -> None:
    assert isinstance(trained.solver(), MultipleTimeSteps)
    other = SpectralODE(trained.molecule, trained.config)
    solver = other.solver()
    assert isinstance(solver, VelocityVerlet)
    assert solver.step_fs == trained.config.step_fs / trained.config.n_inner


def test_members_differ_and_average_to_the_forecast(trained: SpectralODE, start: tuple) -> None:
    members = trained.samples(*start, _times(start[0]))
    first = trained.samples(*start, _times(start[0]), n_samples=1)[0]
    torch.testing.assert_close(first, members[0], atol=1e-5, rtol=0)
    forecast = trained.predict(*start, _times(start[0]))
    assert members.shape == (2, *forecast.shape)
    assert (members[0] - members[1])[:, 3].abs().max() > 1e-4
    torch.testing.assert_close(members.mean(0), forecast, atol=1e-5, rtol=0)


def test_modal_trajectory_holds_the_forecast(trained: SpectralODE, start: tuple) -> None:
    modal = trained.modal_trajectory(*start, _times(start[0]))
    back = trained.geometry.nodal(modal.flatten(0, 1).permute(1, 2, 0)).reshape(len(modal), 4, 9, 3)
    torch.testing.assert_close(back, trained.predict(*start, _times(start[0])), atol=1e-8, rtol=0)


def test_a_torn_molecule_falls_back_to_the_mean_structure(trained: SpectralODE, start: tuple) -> None:
    positions, velocities = (part[:1].clone() for part in start)
    positions[0, 8] += 3.0
    found = trained.predict(positions, velocities, TIMES)
    assert found.isfinite().all()
    assert torch.equal(found[0, 1], positions[0])
    bonds = trained.molecule.bond_array
    lengths = (found[0, 0, bonds[:, 0]] - found[0, 0, bonds[:, 1]]).norm(dim=-1)
    assert lengths.max() < 1.7


def test_calibration_helps_on_what_it_saw(trained: SpectralODE, split: Split) -> None:
    test = split.test
    rows = [torch.from_numpy(a) for a in (test.positions, test.velocities, test.times_fs)]
    forecaster = _with(trained, n_members=1)

    def error() -> float:
        return float((forecaster.predict(*rows) - torch.from_numpy(test.targets)).square().mean())

    before = error()
    forecaster.calibrate([test])
    assert error() < before


@pytest.mark.parametrize("truth", [0.03, 0.12])
def test_the_spread_chosen_is_that_of_the_truth(trained: SpectralODE, split: Split, truth: float) -> None:
    """Targets are paths of the model itself, from starts that lie this far from the given ones."""
    windows, geometry = split.training.windows, trained.geometry
    positions, velocities = torch.from_numpy(windows.positions), torch.from_numpy(windows.velocities)
    times = torch.tensor([[20.0, 40.0, 60.0]]).double().expand(len(positions), -1)
    strengths = torch.randn(geometry.n_pairs, len(positions), generator=torch.Generator().manual_seed(5)).double()
    coordinates, momenta = geometry.modal(positions), geometry.modal(velocities)
    moved = perturbed_momenta(geometry, coordinates, momenta, strengths, torch.tensor(truth).double())
    targets = _with(trained, n_members=1).predict(positions, geometry.nodal(moved), times)
    seen = replace(windows, times_fs=times.numpy(), targets=targets.numpy())
    forecaster = _with(trained, n_members=9)
    forecaster.calibrate([seen])
    assert float(forecaster.momentum_spread) == pytest.approx(truth)


def test_the_first_member_is_believed_where_it_is_better(trained: SpectralODE, split: Split) -> None:
    """Targets from the given starts: whatever the spread, the first member has them."""
    windows = split.training.windows
    rows = [torch.from_numpy(a) for a in (windows.positions, windows.velocities)]
    times = torch.full((len(rows[0]), 1), 50.0).double()
    targets = _with(trained, n_members=1).predict(*rows, times)
    forecaster = _with(trained, n_members=5, momentum_spread=0.2)
    forecaster.momentum_spread.fill_(0.2)
    assert (forecaster.predict(*rows, times) - targets).abs().max() > 1e-2
    forecaster.calibrate([replace(windows, times_fs=times.numpy(), targets=targets.numpy())])
    assert (forecaster.predict(*rows, times) - targets).abs().max() < 1e-4


def test_without_forces_it_remembers_its_windows(split: Split, start: tuple, tmp_path: Path) -> None:
    """Memory is one more thing to fall back on; it turns, is renumbered and is stored with the rest."""
    training = split.training.without_frames()
    assert SpectralODE.create(split.training, SMALL).memory is None
    forecaster = SpectralODE.create(training, SMALL).eval()
    assert forecaster.config.n_remembered == training.windows.n_windows == len(forecaster.memory.starts)
    assert SpectralODE.create(training, replace(SMALL, n_remembered=7)).config.n_remembered == 7
    assert SpectralODE.create(training, replace(SMALL, n_remembered=0)).memory is None
    forecaster.fallback.weights.fill_(0.2)
    late = torch.tensor([[400.0, 1500.0]]).double().expand(len(start[0]), -1)
    assert forecaster.fallback.weights_at(late).shape[-1] == 5
    known = KernelResponse.fit(training)
    torch.testing.assert_close(forecaster.memory(*start, late), known.predict(*start, late), rtol=1e-6, atol=1e-6)

    expected = forecaster.predict(*start, late)
    turn = torch.from_numpy(Rotation.random(random_state=3).as_matrix())
    found = forecaster.predict(start[0] @ turn.T + 3.0, start[1] @ turn.T, late)
    assert (found - (expected @ turn.T + 3.0)).abs().max() < 1e-3
    order = torch.tensor([4, 0, 8, 2, 1, 7, 5, 3, 6])
    found = forecaster.renumbered(order.tolist()).predict(start[0][:, order], start[1][:, order], late)
    assert (found - expected[:, :, order]).abs().max() < 1e-3

    save_checkpoint(forecaster, tmp_path, PROVENANCE)
    torch.testing.assert_close(load_checkpoint(tmp_path).predict(*start, late), expected)


def test_what_it_remembers_does_not_weigh_its_memory(split: Split) -> None:
    """Of training windows memory knows the outcome: there the mean structure stands in for it."""
    training = split.training.without_frames()
    forecaster = SpectralODE.create(training, SMALL).eval()
    for windows, is_known in ((training.windows, True), (split.validation, False)):
        rows = torch.from_numpy(windows.positions), torch.from_numpy(windows.velocities)
        assert (forecaster.memory.knows(*rows) == is_known).all()
        with torch.no_grad():
            errors = forecaster._source_errors(windows)
        assert np.array_equal(errors[4], errors[2]) == is_known


def test_parameters_are_few(trained: SpectralODE) -> None:
    assert sum(p.numel() for p in SpectralODE(trained.molecule, SpectralODEConfig()).parameters()) < 100_000


def test_wrong_molecule_is_refused(trained: SpectralODE) -> None:
    with pytest.raises(DataError, match="made for the 9 atoms of 'ethanol'; the positions hold 3"):
        trained.predict(torch.zeros(1, 3, 3), torch.zeros(1, 3, 3), torch.ones(1, 1))


def test_times_before_the_start_are_refused(trained: SpectralODE, start: tuple) -> None:
    with pytest.raises(ProtocolError, match="starts at -1 fs"):
        trained.predict(start[0], start[1], -torch.ones(len(start[0]), 1))


@pytest.mark.parametrize("n_samples", [0, 65])
def test_too_many_samples_are_refused(trained: SpectralODE, start: tuple, n_samples: int) -> None:
    with pytest.raises(ProtocolError, match=f"{n_samples} members were asked for; expected 1 to 64"):
        trained.samples(*start, _times(start[0]), n_samples=n_samples)


def test_nonsense_settings_are_refused() -> None:
    with pytest.raises(ProtocolError, match="n_members is 0"):
        SpectralODEConfig(n_members=0)


def test_data_without_forces_are_refused_with_a_sentence(split: Split) -> None:
    training = split.training.without_frames()
    forecaster = SpectralODE.create(training, SpectralODEConfig())
    assert isinstance(forecaster.molecule, Molecule)
