"""SOAP: plain Adam on vectors, turns with the problem on matrices, goes on exactly, and fits what Adam leaves."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from msmd.soap import SOAP


def _descend(weight: nn.Parameter, gradient: object, optimiser: torch.optim.Optimizer, n_steps: int) -> Tensor:
    for _ in range(n_steps):
        weight.grad = gradient(weight.detach())
        optimiser.step()
    return weight.detach().clone()


def _ill_conditioned(seed: int = 0, *, spread: float = 300.0) -> tuple[Tensor, Tensor]:
    """A of the loss ½ tr Wᵀ A W, with eigenvalues from 1 to ``spread`` along directions that no axis follows."""
    generator = torch.Generator().manual_seed(seed)
    directions = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64)).Q
    values = torch.logspace(0, torch.log10(torch.tensor(spread)).item(), 8, dtype=torch.float64)
    return directions @ torch.diag(values) @ directions.T, torch.randn(8, 8, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("shape", [(6,), (6, 1), ()])
def test_vectors_and_columns_take_adams_steps(shape: tuple[int, ...]) -> None:
    begin = torch.linspace(-1.0, 2.0, 6)[: (6 if shape else 1)].reshape(shape)
    found, wanted = nn.Parameter(begin.clone()), nn.Parameter(begin.clone())
    _descend(found, lambda w: 3.0 * w, SOAP([found], lr=0.05), 40)
    _descend(wanted, lambda w: 3.0 * w, torch.optim.Adam([wanted], lr=0.05, betas=(0.95, 0.95)), 40)
    torch.testing.assert_close(found, wanted)


def test_a_turned_problem_takes_turned_steps() -> None:
    """With W → Q W the loss is that of Qᵀ A Q; Adam's steps would depend on the axes."""
    matrix, begin = _ill_conditioned(spread=10.0)  # so that the first basis is known to many digits
    turn = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(5), dtype=torch.float64)).Q
    plain, turned = nn.Parameter(begin.clone()), nn.Parameter(turn @ begin)
    there = _descend(plain, lambda w: matrix @ w, SOAP([plain], lr=0.02), 30)
    here = _descend(turned, lambda w: turn @ matrix @ turn.T @ w, SOAP([turned], lr=0.02), 30)
    torch.testing.assert_close(here, turn @ there, atol=1e-6, rtol=0.0)


def test_the_first_gradient_only_sets_the_basis() -> None:
    weight = nn.Parameter(torch.ones(3, 2))
    _descend(weight, lambda _: torch.ones(3, 2), SOAP([weight], lr=0.1), 1)
    assert torch.equal(weight.detach(), torch.ones(3, 2))


def test_a_first_gradient_that_is_no_number_sets_nothing() -> None:
    """And raises nothing: that training has gone wrong is for the loop to say."""
    weight = nn.Parameter(torch.ones(3, 2))
    optimiser = SOAP([weight], lr=0.1)
    _descend(weight, lambda _: torch.full((3, 2), torch.nan), optimiser, 1)
    _descend(weight, lambda _: torch.ones(3, 2), optimiser, 1)
    assert torch.equal(weight.detach(), torch.ones(3, 2))


def test_it_fits_what_adam_leaves() -> None:
    """A narrow valley that runs along no axis: the same steps and rate, falling to zero."""
    matrix, begin = _ill_conditioned(spread=1e5)

    def loss_after(kind: type[torch.optim.Optimizer]) -> float:
        weight = nn.Parameter(begin.clone())
        optimiser = kind([weight], lr=0.03, betas=(0.95, 0.95))
        for k in range(400):
            optimiser.param_groups[0]["lr"] = 0.03 * (1 - k / 400)
            _descend(weight, lambda w: matrix @ w, optimiser, 1)
        return float((weight.T @ matrix @ weight).trace().detach())

    assert loss_after(SOAP) < 0.1 * loss_after(torch.optim.Adam)


def test_a_stopped_optimiser_goes_on_exactly() -> None:
    matrix, begin = _ill_conditioned()
    whole, halves = nn.Parameter(begin.clone()), nn.Parameter(begin.clone())
    _descend(whole, lambda w: matrix @ w, SOAP([whole], lr=0.02), 120)
    first = SOAP([halves], lr=0.02)
    _descend(halves, lambda w: matrix @ w, first, 57)
    second = SOAP([halves], lr=0.02)
    second.load_state_dict(deepcopy(first.state_dict()))
    _descend(halves, lambda w: matrix @ w, second, 63)
    assert torch.equal(whole, halves)


def test_a_state_whose_mean_was_not_turned_begins_anew() -> None:
    matrix, begin = _ill_conditioned()
    old, new = nn.Parameter(begin.clone()), nn.Parameter(begin.clone())
    optimiser = SOAP([old], lr=0.02)
    optimiser.state[old] = {"step": 70, "mean": torch.full_like(begin, 1e6), "square": torch.zeros_like(begin)}
    _descend(old, lambda w: matrix @ w, optimiser, 20)
    _descend(new, lambda w: matrix @ w, SOAP([new], lr=0.02), 20)
    assert torch.equal(old, new)


def test_the_closure_gives_loss_and_gradient() -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    optimiser = SOAP([weight], lr=0.1)

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    assert float(optimiser.step(closure).detach()) == 4.0
    assert float(weight.detach()) == pytest.approx(1.9)
