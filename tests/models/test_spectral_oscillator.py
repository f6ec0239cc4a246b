"""The oscillator solves springs exactly, learns what was detuned, and keeps the symmetries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from msmd.data.windows import Split
from msmd.errors import DataError, ProtocolError
from msmd.models.spectral_oscillator import SpectralOscillator, SpectralOscillatorConfig

CONFIG = SpectralOscillatorConfig(n_steps=150, batch=20, learning_rate=0.3)


@pytest.fixture(scope="module")
def made(split: Split) -> SpectralOscillator:
    """Untrained, on ethanol."""
    return SpectralOscillator.create(split.training, CONFIG).eval()


def _rows(split: Split) -> tuple[torch.Tensor, ...]:
    test = split.test
    return tuple(torch.tensor(a) for a in (test.positions, test.velocities, test.times_fs))


def test_modes_are_orthonormal_and_frequencies_positive(made: SpectralOscillator) -> None:
    torch.testing.assert_close(made.modes.T @ made.modes, torch.eye(21).double())
    assert made.frequencies.min() > 0.0
    wavenumbers = made.frequencies.detach() / (2 * np.pi) * 33356.4
    assert 2500 < wavenumbers.max() < 4500


def test_without_damping_it_is_the_harmonic_motion(made: SpectralOscillator, split: Split) -> None:
    positions, velocities, _ = _rows(split)
    springs = SpectralOscillator(made.molecule, CONFIG)
    springs.load_state_dict(made.state_dict() | {"log_damping": torch.full((21,), -60.0).double()})
    times = torch.linspace(0.0, 40.0, 5).double().expand(len(positions), -1)
    motion = springs.rigid_motion(positions, velocities, times)
    found = springs.vibration(motion, times)
    phase = springs.frequencies * times[..., None]
    sine = motion.speed / springs.frequencies
    expected = motion.shift[:, None] * torch.cos(phase) + sine[:, None] * torch.sin(phase)
    torch.testing.assert_close(found, expected)


def test_training_finds_detuned_frequencies(made: SpectralOscillator, split: Split) -> None:
    """Targets made by an oscillator whose frequencies are off by a known phase are learned back."""
    truth = SpectralOscillator(made.molecule, CONFIG)
    detuning = 2.0 * torch.sin(torch.arange(21).double())
    truth.load_state_dict(made.state_dict() | {"detuning": detuning, "log_damping": torch.full((21,), -9.0).double()})
    windows = split.training.windows
    rows = (torch.tensor(a) for a in (windows.positions, windows.velocities, windows.times_fs))
    training = replace(split.training, windows=replace(windows, targets=truth.predict(*rows).numpy()))
    learner = SpectralOscillator(made.molecule, replace(CONFIG, shifts=False))
    learner.load_state_dict(made.state_dict() | {"log_damping": torch.full((21,), -9.0).double()})
    (stage,) = learner.stages(training)
    optimiser = torch.optim.Adam([p for p in learner.parameters() if p.requires_grad], lr=0.1)
    generator = torch.Generator().manual_seed(0)
    first = float(stage.batch_loss(generator).detach())
    for _ in range(150):
        optimiser.zero_grad()
        loss = stage.batch_loss(generator)
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.05 * first


def test_translation_rotation_and_x0(made: SpectralOscillator, split: Split) -> None:
    positions, velocities, times = _rows(split)
    times = torch.cat([torch.zeros_like(times[:, :1]), times], dim=1)
    turn = torch.from_numpy(Rotation.random(random_state=3).as_matrix())
    expected = made.predict(positions, velocities, times)
    found = made.predict(positions @ turn.T + 2.0, velocities @ turn.T, times)
    torch.testing.assert_close(found, expected @ turn.T + 2.0, atol=1e-8, rtol=0)
    assert torch.equal(expected[:, 0], positions)


def test_wrong_molecule_is_refused(made: SpectralOscillator) -> None:
    with pytest.raises(DataError, match="made for the 9 atoms of 'ethanol'; the positions hold 3"):
        made.predict(torch.zeros(1, 3, 3), torch.zeros(1, 3, 3), torch.ones(1, 1))


def test_nonsense_settings_are_refused() -> None:
    with pytest.raises(ProtocolError, match="n_steps is 0"):
        SpectralOscillatorConfig(n_steps=0)


def test_it_starts_with_the_velocity_of_the_start(made: SpectralOscillator, split: Split) -> None:
    positions, velocities, _ = _rows(split)
    step = torch.full((len(positions), 1), 1e-4).double()
    slope = (made.predict(positions, velocities, step)[:, 0] - positions) / 1e-4
    torch.testing.assert_close(slope, velocities, atol=1e-6, rtol=1e-3)


def test_what_it_starts_with_fades(made: SpectralOscillator, split: Split) -> None:
    positions, velocities, times = _rows(split)
    late = times + 150.0
    motion = made.rigid_motion(positions, velocities, late)
    body = made.structure + made._nodal(made.vibration(motion, late))
    expected = motion.path[:, :, None] + body @ motion.turned.transpose(-1, -2)
    torch.testing.assert_close(made.predict(positions, velocities, late), expected, atol=1e-8, rtol=0.0)
