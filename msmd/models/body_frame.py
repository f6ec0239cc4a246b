"""The Eckart frame of many configurations at once, with what gradients need of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class BodyFrames:
    """The frames that turn with each configuration: x = c + R y, Σ m y = 0 and Σ m r × y = 0.

    Attributes:
        rotations: R, from the body to the laboratory.
        body: y, Å.
        inverse_tensors: J⁻¹ of J Ω = Σ m r × Rᵀ ẋ, the frame's angular velocity, with J = Σ m((r·y) 1 − y rᵀ).
        reference: r, Å.
        masses: u.

    Reference: Eckart, Phys. Rev. 47, 552 (1935).
    """

    rotations: Float[Tensor, "columns 3 3"]
    body: Float[Tensor, "atoms 3 columns"]
    inverse_tensors: Float[Tensor, "columns 3 3"]
    reference: Float[Tensor, "atoms 3"]
    masses: Float[Tensor, " atoms"]

    def to_laboratory(self, vectors: Float[Tensor, "atoms 3 columns"]) -> Float[Tensor, "atoms 3 columns"]:
        """R of vectors in the body."""
        return torch.einsum("cde,aec->adc", self.rotations, vectors)

    def gradient(self, body_gradient: Float[Tensor, "atoms 3 columns"]) -> Float[Tensor, "atoms 3 columns"]:
        """∂E/∂x in the laboratory, from g = ∂E/∂y in the body, the turning of the frame with x included.

        ∂E/∂x_a = R (g_a − m_a Σg/M − m_a w × r_a),   w = J⁻ᵀ Σ y × g: no net force and no torque.
        """
        torque = _cross(self.body, body_gradient).sum(0)
        turning = torch.einsum("ced,ec->dc", self.inverse_tensors, torque)
        turned = _cross(turning, self.reference[..., None])
        pull = body_gradient.sum(0) / self.masses.sum() + turned
        return self.to_laboratory(body_gradient - self.masses[:, None, None] * pull)


def body_frames(
    nodal: Float[Tensor, "atoms 3 columns"], reference: Float[Tensor, "atoms 3"], masses: Float[Tensor, " atoms"]
) -> BodyFrames:
    """The Eckart frame of every column, differentiable in the positions.

    The rotation is found without gradient; one step of Newton's from there, which changes no value, carries it: the
    derivative of a singular value decomposition would blow up where two singular values meet.

    Args:
        nodal: positions, Å.
        reference: r, not on a line, centred.
        masses: u.
    """
    reference = reference - masses / masses.sum() @ reference  # again, for what storing it has rounded off
    arms = nodal - torch.einsum("a,adc->dc", masses / masses.sum(), nodal)
    rotations = _nearest_rotations(torch.einsum("a,adc,ae->cde", masses, arms, reference).detach())
    body = torch.einsum("adc,cde->aec", arms, rotations)
    outer = torch.einsum("a,adc,ae->cde", masses, body, reference)
    trace = outer.diagonal(dim1=-2, dim2=-1).sum(-1)
    tensors = trace[:, None, None] * torch.eye(3, dtype=nodal.dtype, device=nodal.device) - outer
    inverse, _ = torch.linalg.inv_ex(tensors)
    if nodal.requires_grad:
        twist = torch.einsum("a,adc->cd", masses, _cross(reference[..., None], body))
        step = torch.einsum("cde,ce->dc", inverse, twist)
        body = body - _cross(step, body)
        rotations = rotations + torch.linalg.cross(rotations, step.T[:, None].expand_as(rotations), dim=2)
    return BodyFrames(rotations=rotations, body=body, inverse_tensors=inverse, reference=reference, masses=masses)


def _nearest_rotations(correlations: Float[Tensor, "columns 3 3"]) -> Float[Tensor, "columns 3 3"]:
    """The proper rotations R with the greatest trace of Rᵀ C, found in double precision (Kabsch).

    Where a member of an ensemble has run away to infinity, NaN: the guard sees to it.
    """
    is_lost = ~torch.isfinite(correlations).all(-1).all(-1)[:, None, None]
    left, _, right = torch.linalg.svd(correlations.double().masked_fill(is_lost, 0.0))
    left = torch.cat([left[..., :2], left[..., 2:] * torch.linalg.det(left @ right)[:, None, None]], -1)
    return (left @ right).to(correlations.dtype).masked_fill(is_lost, torch.nan)


def _cross(first: Tensor, second: Tensor) -> Float[Tensor, "atoms 3 columns"]:
    """The cross product of (atoms, 3, columns), either of which may be one for all atoms or columns."""
    return torch.linalg.cross(*torch.broadcast_tensors(first, second), dim=1)
