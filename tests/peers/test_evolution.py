"""Solutions at any times agree with closed forms, whichever way they are reached."""

from __future__ import annotations

import pytest
import torch

from msmd.errors import MsmdError
from msmd.peers.evolution import NODES_PER_HORIZON, SHORTEST_STEP, DormandPrince, apply_once, solve_at_times

TIGHT = DormandPrince(relative_tolerance=1e-7, absolute_tolerance=1e-7)
ROTATION = torch.tensor([[0.0, 5.0], [-5.0, 0.0]])


def spin(time: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """dy/dt of a rotation by 5 radians per horizon."""
    return state @ ROTATION


def angles(times: torch.Tensor) -> torch.Tensor:
    """Its solution from (1, 0)."""
    return torch.stack([(5 * times).cos(), (5 * times).sin()], dim=-1)


@pytest.mark.parametrize("n_windows", [1, 2, 40])  # up to 32 different times are solved for, more are interpolated
def test_each_window_is_solved_at_its_own_times(n_windows: int) -> None:
    times = torch.rand(n_windows, 3, generator=torch.Generator().manual_seed(0))
    starts = torch.tensor([1.0, 0.0]).expand(n_windows, 2)
    torch.testing.assert_close(solve_at_times(spin, starts, times, TIGHT), angles(times), atol=3e-5, rtol=0)


def test_interpolation_error_is_the_declared_one() -> None:
    times = torch.linspace(0.3, 0.5, 7 * NODES_PER_HORIZON, dtype=torch.float64)[None]
    start = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    error = (solve_at_times(lambda t, y: y @ ROTATION.double(), start, times, TIGHT) - angles(times)).abs().max().item()
    declared = 0.0235 * (5 / NODES_PER_HORIZON) ** 4
    assert 0.5 * declared < error < 1.5 * declared  # dopri5 interpolates between its own steps too


@pytest.mark.parametrize("n_times", [1, NODES_PER_HORIZON, 3 * NODES_PER_HORIZON])
def test_the_start_is_the_state_at_zero(n_times: int) -> None:
    times = torch.linspace(0, 2, n_times)[None]
    state = torch.tensor([[0.3, -0.7]])
    torch.testing.assert_close(solve_at_times(spin, state, times, TIGHT)[:, 0], state, atol=1e-6, rtol=0)


def test_a_short_span_still_has_the_four_nodes_of_a_cubic() -> None:
    times = torch.linspace(1e-4, 2e-3, 2 * NODES_PER_HORIZON)[None]
    torch.testing.assert_close(
        solve_at_times(spin, torch.tensor([[1.0, 0.0]]), times, TIGHT), angles(times), atol=3e-5, rtol=0
    )


def test_a_stiff_field_costs_a_bounded_number_of_calls() -> None:
    calls = []

    def stiff(time: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        calls.append(time)
        return -1e3 * (state - (5 * time).sin())

    solved = solve_at_times(stiff, torch.ones(1, 1), torch.tensor([[1.0]]), TIGHT)
    torch.testing.assert_close(solved[0, 0, 0], torch.tensor(5.0).sin(), atol=1e-2, rtol=0)
    assert len(calls) < 7 / SHORTEST_STEP


@pytest.mark.parametrize(("rate", "start"), [(1e4, 1.0), (1.0, float("nan"))])
def test_a_state_beyond_all_numbers_is_refused_in_a_sentence(rate: float, start: float) -> None:
    with pytest.raises(MsmdError, match=r"left the range of its numbers before 2 horizons.*smaller learning rate"):
        solve_at_times(lambda _, y: -rate * y, torch.full((1, 1), start), torch.tensor([[2.0]]), TIGHT)


def test_without_an_ode_every_time_is_alike() -> None:
    state = torch.tensor([[1.0, 0.0]])
    served = apply_once(spin, state, torch.tensor([[0.1, 0.9]]), TIGHT)
    torch.testing.assert_close(served, (state @ ROTATION)[:, None].expand(1, 2, 2))
