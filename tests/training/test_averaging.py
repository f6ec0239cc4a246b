"""Averages move towards the weights, and the module has its own weights back afterwards."""

from __future__ import annotations

import torch
from torch import nn

from msmd.training.averaging import averaged_weights, blend_into


def test_blending() -> None:
    averages, weights = {"a": torch.tensor([0.0])}, {"a": torch.tensor([1.0]), "b": torch.tensor([5.0])}
    blend_into(averages, weights, 0.9)
    torch.testing.assert_close(averages["a"], torch.tensor([0.1]))
    blend_into(averages, weights, 0.0)
    torch.testing.assert_close(averages["a"], torch.tensor([1.0]))


def test_the_module_gets_its_weights_back_even_after_an_error() -> None:
    module = nn.Linear(2, 1)
    own = {n: p.detach().clone() for n, p in module.named_parameters()}
    averages = {n: torch.zeros_like(p) for n, p in own.items()}
    try:
        with averaged_weights(module, averages):
            assert module.weight.abs().max() == 0.0
            raise RuntimeError
    except RuntimeError:
        pass
    assert torch.equal(module.weight, own["weight"])
