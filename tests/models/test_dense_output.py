"""Output between steps is exact for polynomials of degree five, at any times, and costs no further step."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from msmd.models.dense_output import rollout
from msmd.models.motion import Motion


class Polynomial:
    """A motion known at every time: Y = t⁵ − 2t³ + t for the first column, twice that for the second."""

    step_fs = 0.5

    def __init__(self) -> None:
        self.n_asked = 0

    def at(self, time: float) -> Motion:
        """The motion at one time."""
        scale = torch.tensor([1.0, 2.0], dtype=torch.float64).expand(1, 3, 2)
        return Motion(
            coordinates=scale * (time**5 - 2 * time**3 + time),
            momenta=scale * (5 * time**4 - 6 * time**2 + 1),
            acceleration=scale * (20 * time**3 - 12 * time),
            friction=torch.zeros(2, dtype=torch.float64),
            inverse_distances=torch.full((1, 2), float(time)),
        )

    def states(self, start: Motion, n_steps: int) -> Iterator[Motion]:
        """Counts the steps it is asked for."""
        for step in range(1, n_steps + 1):
            self.n_asked = step
            yield self.at(step * self.step_fs)


TIMES = torch.tensor([[0.0, 0.5, 1.7, 0.3], [1.7, 0.1, 2.0, 2.0]], dtype=torch.float64)


def test_polynomials_of_degree_five_are_exact_at_any_times() -> None:
    solver = Polynomial()
    found, sound = rollout(solver, solver.at(0.0), TIMES, lambda inverse: torch.ones(2, dtype=torch.bool))
    expected = (TIMES**5 - 2 * TIMES**3 + TIMES) * torch.tensor([[1.0], [2.0]])
    torch.testing.assert_close(found[..., 0, 0], expected, atol=1e-12, rtol=1e-12)
    assert sound.all()


def test_the_march_ends_with_the_step_of_the_latest_time() -> None:
    solver = Polynomial()
    rollout(solver, solver.at(0.0), TIMES, lambda inverse: torch.ones(2, dtype=torch.bool))
    assert solver.n_asked == 4


def test_a_column_stays_unsound() -> None:
    solver = Polynomial()
    bad = torch.tensor([False, True])
    _, sound = rollout(solver, solver.at(0.0), TIMES, lambda inverse: ~(bad & (inverse[0] == 1.0)))
    assert sound[0].all()
    assert sound[1].tolist() == [False, True, False, False]
