"""Template, blend and linear response on windows whose law is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from msmd.baselines.blend import Blend
from msmd.baselines.linear_response import LinearResponse, _normal_equations
from msmd.baselines.template import Template
from msmd.baselines.time_knots import TimeKnots
from msmd.frame import centre_of_mass
from msmd.vibrations import to_modal, to_nodal, vibrational_basis

N_WINDOWS = 60
EVEN = 100.0 * np.arange(1, 5)


def laboratory(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A place and an orientation per window."""
    return Rotation.random(N_WINDOWS, rng=random).as_matrix(), 5.0 * random.normal(size=(N_WINDOWS, 3))


def placed(body: np.ndarray, turns: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Body coordinates (windows, ..., atoms, 3) in the laboratory."""
    extra = (slice(None), *[None] * (body.ndim - 2))
    return np.einsum("w...ae,wde->w...ad", body, turns) + centres[extra]


@pytest.fixture(params=["even", "irregular"])
def times(request) -> np.ndarray:
    if request.param == "even":
        return np.tile(EVEN, (N_WINDOWS, 1))
    return np.sort(np.random.default_rng(8).uniform(0.0, 400.0, size=(N_WINDOWS, 4)), axis=1)


def pure_vibrations(shape: np.ndarray, masses: np.ndarray, size: float, random: np.random.Generator) -> np.ndarray:
    """Deformations without rigid motion, so that the Eckart frame of shape + deformation is known."""
    basis = vibrational_basis(shape, masses)
    return to_nodal(size * random.normal(size=(N_WINDOWS, basis.shape[1])), basis, masses)


def test_template_recovers_the_motion_that_all_windows_share(make_training, predict, bent, shape, times):
    """A frame that turns at 1 rad/ps and swells, linearly between knots of 50 fs: outside the start's control."""
    random = np.random.default_rng(0)
    growth = 0.2 * random.normal(size=shape.shape)
    turns, centres = laboratory(random)
    body = shape + times[..., None, None] / 400.0 * growth
    starts = placed(np.broadcast_to(shape, (N_WINDOWS, 4, 3)), turns, centres)
    training = make_training(bent, starts, np.zeros_like(starts), times, placed(body, turns, centres))
    # The frame is that of the mean structure of all frames; every start lies in it the same way.
    predicted = predict(Template.fit(training), starts, np.zeros_like(starts), times)
    np.testing.assert_allclose(predicted, training.windows.targets, atol=1e-5)


def test_template_has_the_mean_structure_where_no_window_looked(make_training, predict, bent, shape):
    late = np.full((N_WINDOWS, 1), 400.0)
    starts = np.broadcast_to(shape, (N_WINDOWS, 4, 3)).copy()
    training = make_training(bent, starts, np.zeros_like(starts), late, starts[:, None])
    between = predict(Template.fit(training), starts[:1], np.zeros((1, 4, 3)), np.array([[200.0]]))
    np.testing.assert_allclose(between[0, 0], shape, atol=1e-6)


def test_template_averages_over_starts(make_training, predict, bent, shape):
    random = np.random.default_rng(1)
    shift = pure_vibrations(shape, bent.masses, 0.05, random)
    shift -= shift.mean(axis=0)
    times = np.tile(EVEN, (N_WINDOWS, 1))
    targets = np.repeat((shape + shift)[:, None], 4, axis=1)
    training = make_training(bent, shape + shift, np.zeros_like(shift), times, targets)
    predicted = predict(Template.fit(training), (shape + shift)[:1], np.zeros((1, 4, 3)), times[:1])
    np.testing.assert_allclose(predicted[0], np.broadcast_to(shape, (4, 4, 3)), atol=1e-3)


def test_blend_recovers_its_coefficients(make_training, predict, bent, shape, times):
    random = np.random.default_rng(2)
    turns, centres = laboratory(random)
    shift = pure_vibrations(shape, bent.masses, 0.05, random)
    shift = np.concatenate([shift[::2], -shift[::2]])  # so that the mean structure is the shape
    kept = np.interp(times, [0.0, 400.0], [1.0, -0.2])
    body = shape + kept[..., None, None] * shift[:, None]
    starts = placed(shape + shift, turns, centres)
    training = make_training(bent, starts, np.zeros_like(starts), times, placed(body, turns, centres))
    fitted = Blend.fit(training)
    np.testing.assert_allclose(fitted.kept, np.interp(fitted.knots.knots_fs, [0.0, 400.0], [1.0, -0.2]), atol=5e-3)
    predicted = predict(fitted, starts, np.zeros_like(starts), times)
    np.testing.assert_allclose(predicted, training.windows.targets, atol=5e-3)


@pytest.mark.parametrize("kind", [Blend, LinearResponse])
def test_what_remembers_the_start_is_continuous_there(kind, make_training, predict, bent, shape):
    random = np.random.default_rng(3)
    starts = shape + pure_vibrations(shape, bent.masses, 0.05, random)
    times = np.tile(EVEN, (N_WINDOWS, 1))
    training = make_training(bent, starts, np.zeros_like(starts), times, np.repeat(starts[:, None], 4, axis=1))
    predicted = predict(kind.fit(training), starts, np.zeros_like(starts), np.full((N_WINDOWS, 1), 1e-9))
    np.testing.assert_allclose(predicted[:, 0], starts, atol=1e-9)


def test_normal_equations_are_those_of_the_design_matrix():
    random = np.random.default_rng(7)
    knots = TimeKnots(knots_fs=np.array([0.0, 50.0, 200.0, 400.0]))
    weights = knots.weights(random.uniform(0, 400, size=(5, 3)))[..., 1:]
    features, displacements = random.normal(size=(5, 4)), random.normal(size=(5, 3, 6))
    design = np.einsum("wtk,wf->wtkf", weights, features).reshape(15, 12)
    targets = displacements.reshape(15, 6)
    gram, right, square = _normal_equations(weights, features, displacements)
    np.testing.assert_allclose(gram, design.T @ design, atol=1e-12)
    np.testing.assert_allclose(right, design.T @ targets, atol=1e-12)
    np.testing.assert_allclose(square, (targets**2).sum(axis=0), atol=1e-12)


def test_linear_response_recovers_a_linear_map(make_training, predict, bent, shape, times):
    """y(t) = r + (1 − t/H) d + (t/H) (A d + B v): linear in time, so that any knots can hold it."""
    random = np.random.default_rng(4)
    turns, centres = laboratory(random)
    basis = vibrational_basis(shape, bent.masses)
    shift = pure_vibrations(shape, bent.masses, 0.05, random)
    shift = np.concatenate([shift[::2], -shift[::2]])
    speed = pure_vibrations(shape, bent.masses, 0.005, random)
    from_shift, from_speed = 0.4 * random.normal(size=(2, 6, 6)) * [[[1.0]], [[10.0]]]
    late = to_modal(shift, basis, bent.masses) @ from_shift + to_modal(speed, basis, bent.masses) @ from_speed
    share = times[..., None, None] / 400.0
    body = shape + (1 - share) * shift[:, None] + share * to_nodal(late, basis, bent.masses)[:, None]
    drift = 0.01 * random.normal(size=(N_WINDOWS, 1, 3))
    starts, velocities = placed(shape + shift, turns, centres), placed(speed, turns, 0 * centres) + drift
    targets = placed(body, turns, centres) + drift[:, None] * times[..., None, None]
    training = make_training(bent, starts, velocities, times, targets)
    predicted = predict(LinearResponse.fit(training), starts, velocities, times)
    error = np.sqrt(np.square(predicted - targets).mean())
    size = np.sqrt(np.square(targets - starts[:, None] - drift[:, None] * times[..., None, None]).mean())
    assert error < 0.03 * size


def test_linear_response_of_noise_is_the_mean(make_training, predict, bent, shape):
    """Futures that have nothing to do with the start: cross-validation must choose to ignore it."""
    random = np.random.default_rng(5)
    starts = shape + pure_vibrations(shape, bent.masses, 0.05, random)
    speed = pure_vibrations(shape, bent.masses, 0.005, random)
    times = np.tile(EVEN, (N_WINDOWS, 1))
    targets = shape + np.stack([pure_vibrations(shape, bent.masses, 0.05, random) for _ in range(4)], axis=1)
    fitted = LinearResponse.fit(make_training(bent, starts, speed, times, targets))
    predicted = predict(fitted, starts, speed, times)
    assert np.square(predicted - targets.mean(axis=0)).mean() < 0.2 * np.square(targets - targets.mean(axis=0)).mean()
    assert (fitted.penalties >= 1.0).all()


def test_linear_response_carries_the_drift_beyond_its_knots(make_training, predict, bent, shape):
    random = np.random.default_rng(6)
    starts = shape + pure_vibrations(shape, bent.masses, 0.05, random)
    drift = np.broadcast_to(np.array([0.01, 0.0, 0.02]), starts.shape)
    times = np.tile(EVEN, (N_WINDOWS, 1))
    targets = starts[:, None] + drift[:, None] * times[..., None, None]
    fitted = LinearResponse.fit(make_training(bent, starts, drift, times, targets))
    centres = [
        centre_of_mass(predict(fitted, starts, drift, np.full((N_WINDOWS, 1), t)), bent.masses) for t in (400.0, 4e3)
    ]
    np.testing.assert_allclose(
        centres[1] - centres[0], np.broadcast_to(3600.0 * drift[:, :1], (N_WINDOWS, 1, 3)), atol=1e-9
    )
