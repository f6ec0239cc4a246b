"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner, for small networks that have to be fitted very closely."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class SOAP(Optimizer):
    """Adam with coordinates that turn along with the curvature of each weight matrix.

    For a matrix W with gradient G, running means L of G Gᵀ and R of Gᵀ G, and their eigenvectors U and V:

        G′ = Uᵀ G V,   m ← β₁ m + (1 − β₁) G′,   v ← β₂ v + (1 − β₂) G′²,   W ← W − η U [ m / (√v + ε) ] Vᵀ

    where both means are corrected for their start as in Adam, and m turns along with the basis.  Vectors, single
    columns and whatever has more than two axes take plain Adam steps.  The first gradient of a matrix only sets the
    basis.

    L and R follow every tenth gradient, U and V every fiftieth by one QR step of the power method: for matrices of 256
    by 256 the basis hardly turns in between, and the products would cost more than the step itself.

    Args:
        params: as for every optimiser of torch.
        lr: learning rate η.
        betas: decay of the means of the gradient and of its square; the latter is that of L and R too.
        eps: ε, keeps what has no gradient at rest.
        gather_every: steps between two gradients that L and R see.
        turn_every: steps between two turns of the basis.

    Reference: Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", arXiv:2409.11321.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 3e-3,
        *,
        betas: tuple[float, float] = (0.95, 0.95),
        eps: float = 1e-8,
        gather_every: int = 10,
        turn_every: int = 50,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        self.gather_every = gather_every
        self.turn_every = turn_every

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step; ``closure`` computes loss and gradients first, where it is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)
        return loss

    def _update(self, weight: Tensor, group: dict[str, Any]) -> None:
        gradient, state = weight.grad, self.state[weight]
        (first, second), is_matrix = group["betas"], weight.ndim == 2 and min(weight.shape) > 1
        if "momentum" not in state:  # new, or of a run from before the mean was turned along
            state.clear()
            if is_matrix and not torch.isfinite(gradient).all():
                return  # nothing to set a basis by; the loss, which is no number either, tells
            state["step"] = 0
            state["momentum"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
            if is_matrix:
                state["left"], state["right"] = gradient @ gradient.T, gradient.T @ gradient
                state["left_basis"], state["right_basis"] = (
                    torch.linalg.eigh(state[side]).eigenvectors for side in ("left", "right")
                )
                return
        state["step"] += 1
        turned = state["left_basis"].T @ gradient @ state["right_basis"] if is_matrix else gradient
        state["momentum"].lerp_(turned, 1.0 - first)
        state["square"].lerp_(turned.square(), 1.0 - second)
        correction = math.sqrt(1.0 - second ** state["step"]) / (1.0 - first ** state["step"])
        change = state["momentum"] / (state["square"].sqrt() + group["eps"])
        if is_matrix:
            change = state["left_basis"] @ change @ state["right_basis"].T
        weight.add_(change, alpha=-group["lr"] * correction)
        if is_matrix:
            self._follow_curvature(gradient, state, second)

    def _follow_curvature(self, gradient: Tensor, state: dict[str, Any], decay: float) -> None:
        if state["step"] % self.gather_every == 0:
            state["left"].lerp_(gradient @ gradient.T, 1.0 - decay)
            state["right"].lerp_(gradient.T @ gradient, 1.0 - decay)
        if state["step"] % self.turn_every == 0:
            momentum = state["left_basis"] @ state["momentum"] @ state["right_basis"].T
            for axis, side in enumerate(("left", "right")):
                order, basis = _next_basis(state[side], state[f"{side}_basis"])
                state["square"] = state["square"].index_select(axis, order)
                state[f"{side}_basis"] = basis
            state["momentum"] = state["left_basis"].T @ momentum @ state["right_basis"]


def _next_basis(curvature: Tensor, basis: Tensor) -> tuple[Tensor, Tensor]:
    """The order of the old eigenvectors by what they gather now, and the new ones: one QR step of the power method."""
    gathered = (basis * (curvature @ basis)).sum(0)
    order = gathered.argsort(descending=True)
    return order, torch.linalg.qr(curvature @ basis[:, order]).Q
