"""The free rigid body: drift and spin carried on without forces."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from msmd.frame import centre_of_mass, inertia, inverse_inertia, is_nearly_linear

STEP_RADIANS = 0.05
"""Largest turn in one Runge–Kutta step: a local error of 0.05⁵/120, 3e-9 rad."""


def free_rotations(
    moments: Float[np.ndarray, "*batch 3 3"],
    momentum: Float[np.ndarray, "*batch 3"],
    times_fs: Float[np.ndarray, "*batch times"],
) -> Float[np.ndarray, "*batch times 3 3"]:
    """How a rigid body with no torque on it is turned after each time, R(0) = 1.

    The angular momentum L stays, the angular velocity does not (unless it lies along a principal axis):
    dR/dt = [ω]× R with ω = R I⁻¹ Rᵀ L, integrated with the fourth-order Runge–Kutta method on unit quaternions in steps
    of at most 0.05 rad.  A linear molecule, however it is bent just now, does not turn about its axis.

    Args:
        moments: inertia tensor at t = 0, u·Å².
        momentum: angular momentum, u·Å²/fs.
        times_fs: fs after the start, in any order, negative ones too.
    """
    inverse = _inverse(moments)
    twice_energy = np.maximum(np.einsum("...d,...de,...e->...", momentum, inverse, momentum), 0.0)
    fastest = np.sqrt(twice_energy * np.linalg.norm(inverse, ord=2, axis=(-2, -1)))  # |ω|² ≤ 2T / (least moment)
    order = np.argsort(times_fs, axis=-1)
    ascending = np.take_along_axis(times_fs, order, axis=-1)
    intervals = np.diff(ascending, prepend=0.0, axis=-1)
    quaternion = np.broadcast_to([1.0, 0.0, 0.0, 0.0], (*momentum.shape[:-1], 4))
    turned = np.empty((*times_fs.shape, 3, 3))
    for index in range(times_fs.shape[-1]):
        interval = intervals[..., index]
        n_steps = int(np.ceil(np.max(np.abs(interval) * fastest, initial=0.0) / STEP_RADIANS))
        for _ in range(n_steps):
            quaternion = _rotor_step(quaternion, inverse, momentum, interval[..., None] / n_steps)
        np.put_along_axis(turned, order[..., index, None, None, None], _matrix(quaternion)[..., None, :, :], axis=-3)
    return turned


def carry_rigidly(
    structure: Float[np.ndarray, "*batch atoms 3"],
    drift: Float[np.ndarray, "*batch 3"],
    momentum: Float[np.ndarray, "*batch 3"],
    masses: Float[np.ndarray, " atoms"],
    times_fs: Float[np.ndarray, "*batch times"],
) -> Float[np.ndarray, "*batch times atoms 3"]:
    """A structure carried as a rigid body with constant drift (Å/fs) and angular momentum (u·Å²/fs).

    x(t) = c + v_c t + R(t) (x(0) − c), exact for a rigid body free of forces.
    """
    centre = centre_of_mass(structure, masses)
    turned = free_rotations(inertia(structure, masses), momentum, times_fs)
    arms = np.einsum("...tde,...ae->...tad", turned, structure - centre[..., None, :])
    path = centre[..., None, :] + drift[..., None, :] * times_fs[..., None]
    return path[..., None, :] + arms


def _inverse(moments: Float[np.ndarray, "*batch 3 3"]) -> Float[np.ndarray, "*batch 3 3"]:
    """I⁻¹, without the axis of a linear molecule."""
    values, axes = np.linalg.eigh(moments)
    axis = np.where(is_nearly_linear(moments)[..., None], axes[..., 0], 0.0)
    return inverse_inertia(moments - values[..., :1, None] * axis[..., :, None] * axis[..., None, :])


def _matrix(quaternion: Float[np.ndarray, "*batch 4"]) -> Float[np.ndarray, "*batch 3 3"]:
    """The rotation matrix of a unit quaternion (scalar first)."""
    scalar, vector = quaternion[..., 0, None, None], quaternion[..., 1:]
    outer = vector[..., :, None] * vector[..., None, :]
    square = np.sum(vector * vector, axis=-1)[..., None, None]
    crossed = np.cross(np.eye(3), vector[..., None, :])
    return (scalar**2 - square) * np.eye(3) + 2 * outer + 2 * scalar * crossed


def _rotor_step(
    quaternion: np.ndarray, inverse: np.ndarray, momentum: np.ndarray, step_fs: np.ndarray
) -> Float[np.ndarray, "*batch 4"]:
    """One Runge–Kutta step of dq/dt = ½ (0, ω) q, scaled back to unit length."""

    def slope(q: np.ndarray) -> np.ndarray:
        rotation = _matrix(q / np.linalg.norm(q, axis=-1, keepdims=True))
        body_momentum = momentum[..., None, :] @ rotation
        rate = (body_momentum @ inverse @ np.swapaxes(rotation, -1, -2))[..., 0, :]
        scalar = -np.sum(rate * q[..., 1:], axis=-1, keepdims=True)
        return 0.5 * np.concatenate([scalar, q[..., :1] * rate + np.cross(rate, q[..., 1:])], axis=-1)

    first = slope(quaternion)
    second = slope(quaternion + 0.5 * step_fs * first)
    third = slope(quaternion + 0.5 * step_fs * second)
    fourth = slope(quaternion + step_fs * third)
    moved = quaternion + step_fs / 6 * (first + 2 * second + 2 * third + fourth)
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True)
