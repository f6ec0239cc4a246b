"""DirectInTime starts at the start, turns with it, learns, and comes out of a SpectralODE's config and checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from msmd.checkpoint import Provenance, load_checkpoint, save_checkpoint
from msmd.data.windows import Split
from msmd.errors import DataError, ProtocolError
from msmd.models.direct_config import DirectConfig
from msmd.models.direct_in_time import DirectInTime
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.window_matching import pairs_of

DIRECT = SpectralODEConfig(evolution="direct", widths=(32, 32), direct=DirectConfig(n_sinusoids=16, steps=300))
TIMES = (80.0, 0.0, 7.3, 1500.0)
ORDER = [4, 0, 8, 2, 1, 7, 5, 3, 6]


def _train(forecaster: DirectInTime, split: Split) -> list[float]:
    (stage,) = forecaster.stages(split.training)
    optimiser, generator = torch.optim.Adam(forecaster.parameters(), lr=3e-3), torch.Generator().manual_seed(1)
    losses = []
    for _ in range(stage.n_steps):
        optimiser.zero_grad()
        loss = stage.batch_loss(generator)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@pytest.fixture(scope="module")
def direct(split: Split) -> DirectInTime:
    """After half a second of training."""
    forecaster = SpectralODE.create(split.training, DIRECT)
    assert isinstance(forecaster, DirectInTime)
    losses = _train(forecaster, split)
    assert np.mean(losses[-50:]) < 0.7 * np.mean(losses[:10])
    return forecaster.eval()


@pytest.fixture
def asked(start: tuple) -> tuple[torch.Tensor, ...]:
    """Starts and times, out of order and with the start among them."""
    positions, velocities = start
    return positions, velocities, torch.tensor([TIMES] * len(positions), dtype=torch.float64)


def test_at_the_start_is_the_start_and_just_after_it_too(direct: DirectInTime, asked: tuple) -> None:
    positions, velocities, times = asked
    assert torch.equal(direct.predict(*asked)[:, 1], positions)
    soon = direct.predict(positions, velocities, torch.full_like(times, 1e-4))
    assert (soon - positions[:, None]).abs().max() < 1e-4
    assert (direct.predict(*asked)[:, 0] - positions).abs().max() > 1e-2


def test_it_turns_moves_drifts_and_is_renumbered_with_the_start(direct: DirectInTime, asked: tuple) -> None:
    positions, velocities, times = asked
    turn = torch.from_numpy(Rotation.random(random_state=3).as_matrix())
    drift = torch.tensor([0.01, -0.02, 0.0], dtype=torch.float64)
    expected = direct.predict(*asked)
    found = direct.predict(positions @ turn.T + 4.0, velocities @ turn.T + drift, times)
    path = drift * times[..., None, None]
    torch.testing.assert_close(found, expected @ turn.T + 4.0 + path, atol=1e-4, rtol=0)
    other = direct.renumbered(ORDER).predict(positions[:, ORDER], velocities[:, ORDER], times)
    torch.testing.assert_close(other, expected[:, :, ORDER], atol=1e-4, rtol=0)


def test_modes_that_do_not_move_keep_their_place(split: Split, asked: tuple) -> None:
    forecaster = SpectralODE.create(split.training, replace(DIRECT, n_modes=2))
    change = forecaster._direct(*asked)[0] - forecaster._direct(*asked)[0][:, 1:2]
    modal = torch.einsum("ka,wtad->wtkd", forecaster.to_modal, change)
    n_moving = int((forecaster.to_nodal.abs().sum(1) > 0).sum())
    assert modal[:, :, n_moving:].abs().max() < 1e-9
    assert modal[:, :, :n_moving].abs().max() > 1e-3


def test_a_checkpoint_brings_it_back(direct: DirectInTime, asked: tuple, tmp_path: Path) -> None:
    entries = {"source": "gfn2", "data_sha256": "", "protocol": {}, "budget": "frames", "command": ""}
    save_checkpoint(direct, tmp_path, Provenance(**entries, seed=0, seconds=0.0, device="cpu"))
    loaded = load_checkpoint(tmp_path)
    assert isinstance(loaded, DirectInTime)
    assert loaded.config == direct.config
    assert torch.equal(loaded.predict(*asked), direct.predict(*asked))


def test_calibration_fades_what_is_worse_than_the_mean_structure(direct: DirectInTime, split: Split) -> None:
    forecaster = DirectInTime(direct.molecule, direct.config)
    forecaster.load_state_dict(direct.state_dict())
    forecaster.calibrate([split.validation])
    rows = [torch.tensor(a) for a in (split.validation.positions, split.validation.velocities)]
    at, targets = torch.tensor(split.validation.times_fs), torch.tensor(split.validation.targets)
    before, after = ((f.predict(*rows, at) - targets).square().mean() for f in (direct, forecaster))
    assert after < before


def test_it_learns_from_later_frames_within_the_horizon(split: Split) -> None:
    pairs = pairs_of(split.training)
    assert (pairs.last > pairs.first).all()
    for start in (0, len(pairs.first) - 1):
        later = pairs.times_fs[pairs.first[start] : pairs.last[start]] - pairs.start_times_fs[start]
        assert 0 < later.min() <= 4.0
        assert later.max() <= split.training.horizon_fs


def test_windows_alone_will_do(split: Split) -> None:
    few = split.training.without_frames()
    pairs = pairs_of(few)
    assert len(pairs.first) == few.windows.n_windows
    losses = _train(SpectralODE.create(few, DIRECT), replace(split, training=few))
    assert np.mean(losses[-50:]) < 0.7 * np.mean(losses[:10])


def test_it_has_as_many_weights_within_a_factor_of_two(split: Split) -> None:
    molecule = split.training.molecule
    direct = DirectInTime(molecule, SpectralODEConfig(evolution="direct"))
    n_direct, n_full = (
        sum(w.numel() for w in f.parameters()) for f in (direct, SpectralODE(molecule, SpectralODEConfig()))
    )
    assert 0.5 < n_direct / n_full < 2.0


def test_what_it_cannot_answer_is_refused(direct: DirectInTime, asked: tuple) -> None:
    positions, velocities, times = asked
    with pytest.raises(DataError, match="the positions hold 8"):
        direct.predict(positions[:, :8], velocities[:, :8], times)
    with pytest.raises(ProtocolError, match="expected times from 0 on"):
        direct.predict(positions, velocities, times - 1.0)


def test_data_without_later_frames_are_refused(split: Split) -> None:
    training = replace(split.training, horizon_fs=1.0)
    with pytest.raises(ProtocolError, match="has a later one within 1 fs"):
        pairs_of(training)
