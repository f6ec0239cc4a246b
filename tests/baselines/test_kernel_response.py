"""Kernel response: recalls what it has seen, forgets far from it, and chooses what nearness means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from msmd.baselines.kernel_response import KernelResponse
from msmd.baselines.template import Template
from msmd.frame import centre_of_mass
from tests.baselines.test_regressions import EVEN, N_WINDOWS, laboratory, placed, pure_vibrations

NEARLY_EVEN = EVEN + np.random.default_rng(3).uniform(-8.0, 8.0, size=(N_WINDOWS, 4))


def curved_futures(bent, shape, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Starts, velocities, and a smooth but not linear law: the deformation decides by its sign where things go."""
    random = np.random.default_rng(1)
    shift = pure_vibrations(shape, bent.masses, 0.05, random)
    shift = np.concatenate([shift[::2], -shift[::2]])
    turns, centres = laboratory(random)
    kink = np.abs(shift[:, :1, :1]) * np.ones_like(shift)
    kink -= centre_of_mass(kink, bent.masses)[:, None]
    growth = 0.3 * np.sin(times / 200.0)[..., None, None]
    body = shape + shift[:, None] * (1.0 - growth) + 2.0 * growth * kink[:, None]
    drift = np.broadcast_to(np.array([0.003, 0.0, -0.002]), shift.shape)
    targets = placed(body, turns, centres) + drift[:, None] * times[..., None, None]
    return placed(shape + shift, turns, centres), drift, targets


@pytest.mark.parametrize("times", [np.tile(EVEN, (N_WINDOWS, 1)), NEARLY_EVEN], ids=["even", "nearly-even"])
def test_it_recalls_what_it_has_seen(make_training, predict, bent, shape, times: np.ndarray) -> None:
    starts, drift, targets = curved_futures(bent, shape, times)
    training = make_training(bent, starts, drift, times, targets)
    fitted = KernelResponse.fit(training)
    assert len(fitted.knots.knots_fs) == 5
    moved = np.sqrt(np.square(targets - starts[:, None] - drift[:, None] * times[..., None, None]).mean())
    found = predict(fitted, starts, drift, times) - targets
    assert np.sqrt(np.square(found).mean()) < 0.25 * moved


def test_it_tells_windows_left_out_better_than_their_mean(make_training, predict, bent, shape) -> None:
    times = np.tile(EVEN, (N_WINDOWS, 1))
    starts, drift, targets = curved_futures(bent, shape, times)
    kept, left = slice(0, None, 2), slice(1, None, 2)
    training = make_training(bent, starts[kept], drift[kept], times[kept], targets[kept])
    errors = [
        np.square(predict(kind.fit(training), starts[left], drift[left], times[left]) - targets[left]).mean()
        for kind in (KernelResponse, Template)
    ]
    assert errors[0] < 0.8 * errors[1]


def test_far_from_everything_it_says_the_mean(make_training, predict, bent, shape) -> None:
    times = np.tile(EVEN, (N_WINDOWS, 1))
    starts, drift, targets = curved_futures(bent, shape, times)
    fitted = KernelResponse.fit(make_training(bent, starts, drift, times, targets))
    far = replace(fitted, starts=fitted.starts + 1e3)
    forgetful = replace(fitted, coefficients=np.zeros_like(fitted.coefficients))
    found, mean, near = (predict(known, starts, drift, times) for known in (far, forgetful, fitted))
    np.testing.assert_allclose(found, mean, atol=1e-5)
    assert np.abs(near - mean).max() > 1e-2


def test_velocities_count_where_they_decide(make_training, predict, bent, shape) -> None:
    """Every start is the same place; only the speed tells where it goes."""
    random = np.random.default_rng(4)
    starts = np.broadcast_to(shape, (N_WINDOWS, 4, 3)).copy()
    speed = pure_vibrations(shape, bent.masses, 0.005, random)
    times = np.tile(EVEN, (N_WINDOWS, 1))
    targets = shape + 60.0 * speed[:, None] * np.sin(times / 100.0)[..., None, None]
    fitted = KernelResponse.fit(make_training(bent, starts, speed, times, targets))
    assert fitted.kernel.inverse_rate_fs > 0.0
    found = predict(fitted, starts, speed, times)
    assert np.square(found - targets).mean() < 0.1 * np.square(targets - shape).mean()


def test_scattered_times_are_gathered_at_knots(make_training, predict, bent, shape) -> None:
    times = np.sort(np.random.default_rng(8).uniform(0.0, 400.0, size=(N_WINDOWS, 4)), axis=1)
    starts, drift, targets = curved_futures(bent, shape, times)
    fitted = KernelResponse.fit(make_training(bent, starts, drift, times, targets))
    moved = np.square(targets - starts[:, None] - drift[:, None] * times[..., None, None]).mean()
    assert np.square(predict(fitted, starts, drift, times) - targets).mean() < 0.3 * moved
