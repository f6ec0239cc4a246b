"""What holds for every peer: shapes, sizes, learning, symmetry as claimed, saving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from msmd.data.registry import molecule_card
from msmd.data.windows import TrainingData
from msmd.errors import DataError, MsmdError, ProtocolError
from msmd.metrics.renumbering import renumbered_forecaster
from msmd.peers.egnn import EGNN
from msmd.peers.egno import EGNO
from msmd.peers.gf_node import GFNODE
from msmd.peers.latent_ode import LatentODE
from msmd.peers.ndcn import NDCN
from msmd.peers.peer import Peer

PEERS = (GFNODE, EGNN, EGNO, LatentODE, NDCN)
Trained = Callable[[type[Peer]], tuple[Peer, list[float]]]
Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

ROUNDING = 1e-4
"""Å: what float32 may cost on a molecule of a few Å."""

BATCH_TOLERANCE = {GFNODE: 1e-3, EGNN: 1e-5, EGNO: 1e-5, LatentODE: 1e-3, NDCN: 1e-3}
"""Å: windows share the steps of the adaptive solver, and are equal within its tolerance, not to rounding."""

every_peer = pytest.mark.parametrize("kind", PEERS, ids=lambda kind: kind.name)


def rotation() -> torch.Tensor:
    """A proper rotation by about 1.3 rad about no special axis."""
    generator = torch.Generator().manual_seed(3)
    turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))
    return turned * torch.linalg.det(turned)


@pytest.mark.parametrize(
    ("kind", "n_parameters"),
    [(GFNODE, 531_126), (EGNN, 169_930), (EGNO, 251_930), (LatentODE, 96_547), (NDCN, 9_027)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_sizes_of_the_defaults(kind: type[Peer], n_parameters: int) -> None:
    peer = kind.from_parts(molecule_card("aspirin").molecule, kind.Config())
    assert sum(parameter.numel() for parameter in peer.parameters()) == n_parameters


@every_peer
def test_four_windows_can_be_learned_by_heart(kind: type[Peer], trained: Trained, training: TrainingData) -> None:
    windows, heavy = training.windows, training.molecule.is_heavy
    persistence = np.mean((windows.targets - windows.positions[:, None])[:, :, heavy] ** 2)
    _, losses = trained(kind)
    reached = min(losses)  # at this learning rate the last step may be a spike
    assert reached < persistence / 5
    assert reached < losses[0] / 5


@every_peer
def test_predicts_all_atoms_in_the_dtype_it_is_given(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    for dtype in (torch.float32, torch.float64):
        predicted = peer.predict(*(x.to(dtype) for x in inputs))
        assert predicted.shape == (4, 8, 9, 3)
        assert predicted.dtype == dtype
        assert not predicted.requires_grad
        assert predicted.isfinite().all()


@every_peer
def test_prediction_is_what_the_loss_scored(
    kind: type[Peer], trained: Trained, training: TrainingData, inputs: Inputs
) -> None:
    peer, _ = trained(kind)
    (stage,) = peer.stages(training)
    errors = (peer.predict(*inputs) - torch.tensor(training.windows.targets))[:, :, training.molecule.is_heavy]
    loss = stage.batch_loss(torch.Generator().manual_seed(0)).item()
    # The latent ODE's loss is noisy and holds its divergence; it must still be about the error of its mean.
    tolerance = 0.5 if kind is LatentODE else 1e-3
    assert loss == pytest.approx(errors.square().mean().item(), rel=tolerance)


@every_peer
def test_prediction_is_deterministic(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    assert torch.equal(peer.predict(*inputs), peer.predict(*inputs))


@every_peer
def test_a_batch_is_its_windows(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer = _solved_closely(trained(kind)[0])
    alone = torch.cat([peer.predict(*(x[i : i + 1] for x in inputs)) for i in range(4)])
    torch.testing.assert_close(peer.predict(*inputs), alone, atol=BATCH_TOLERANCE[kind], rtol=0)


def _solved_closely(peer: Peer) -> Peer:
    """A hundred times more closely than by default, where there is a solver: what it leaves varies by machine."""
    if not hasattr(peer.config, "relative_tolerance"):
        return peer
    config = replace(peer.config, relative_tolerance=1e-5, absolute_tolerance=1e-6)
    closer = type(peer).from_parts(peer.molecule, config)
    closer.load_state_dict(peer.state_dict())
    return closer


@every_peer
def test_more_windows_than_a_batch_are_served(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer = _solved_closely(trained(kind)[0])
    peer_by_twos = kind.from_parts(peer.molecule, replace(peer.config, batch_size=2))
    peer_by_twos.load_state_dict(peer.state_dict())
    torch.testing.assert_close(peer_by_twos.predict(*inputs), peer.predict(*inputs), atol=BATCH_TOLERANCE[kind], rtol=0)


@every_peer
def test_the_order_of_the_times_does_not_matter(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    order = torch.randperm(times.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = peer.predict(positions, velocities, times[:, order])
    torch.testing.assert_close(shuffled, peer.predict(*inputs)[:, order], atol=1e-6, rtol=0)


@every_peer
def test_zero_many_and_equal_times_are_served(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    for asked in (torch.zeros(4, 1), torch.zeros(4, 8), torch.linspace(0, 3000, 61).expand(4, -1), times[:, :3]):
        predicted = peer.predict(positions, velocities, asked.to(times))
        assert predicted.shape == (4, asked.shape[1], 9, 3)
        assert predicted.isfinite().all()


@every_peer
def test_translation_as_claimed(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    shift = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    change = (peer.predict(positions + shift, velocities, times) - shift - peer.predict(*inputs)).abs().mean()
    if kind is GFNODE:
        assert change > 0.1
    else:
        assert change < ROUNDING


@every_peer
def test_rotation_as_claimed(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    turn = rotation()
    change = (peer.predict(positions @ turn, velocities @ turn, times) - peer.predict(*inputs) @ turn).abs().mean()
    if kind in (EGNN, EGNO):
        assert change < ROUNDING
    else:
        assert change > 0.1


@pytest.mark.parametrize("kind", [EGNN, EGNO], ids=lambda kind: kind.name)
def test_equivariant_peers_follow_a_mirror(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0], dtype=torch.float64))
    mirrored = peer.predict(positions @ mirror, velocities @ mirror, times)
    torch.testing.assert_close(mirrored, peer.predict(*inputs) @ mirror, atol=ROUNDING, rtol=0)


@every_peer
def test_renumbering_moves_the_forecast_with_it(
    kind: type[Peer], trained: Trained, inputs: Inputs, training: TrainingData
) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    order = np.random.default_rng(5).permutation(9)
    other = renumbered_forecaster(peer, training, order.tolist())
    predicted = other.predict(positions[:, order], velocities[:, order], times)
    torch.testing.assert_close(predicted, peer.predict(*inputs)[:, :, order], atol=ROUNDING, rtol=0)


@every_peer
def test_times_before_the_start_are_refused(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    positions, velocities, times = inputs
    with pytest.raises(ProtocolError, match="expected times from 0 on"):
        trained(kind)[0].predict(positions, velocities, times - times.max())


@every_peer
def test_the_start_is_not_returned_and_hydrogens_keep_their_bonds(
    kind: type[Peer], trained: Trained, inputs: Inputs
) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    at_once = peer.predict(positions, velocities, torch.zeros_like(times[:, :1]))[:, 0]
    assert (at_once - positions).abs().max() > 1e-3  # no peer is built to return x(0) at t = 0
    predicted = peer.predict(*inputs)
    for i, j in peer.molecule.bonds:
        if 1 in (peer.molecule.numbers[i], peer.molecule.numbers[j]):
            length = (positions[:, i] - positions[:, j]).norm(dim=-1)
            carried = (predicted[:, :, i] - predicted[:, :, j]).norm(dim=-1)
            torch.testing.assert_close(carried, length[:, None].expand_as(carried), atol=ROUNDING, rtol=0)


@every_peer
def test_state_dict_holds_everything_that_was_fitted(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    empty = kind.from_parts(peer.molecule, peer.config)
    for value in empty.state_dict().values():
        value.fill_(0.0)
    empty.load_state_dict(peer.state_dict())
    assert torch.equal(empty.predict(*inputs), peer.predict(*inputs))


@every_peer
def test_all_atoms_can_be_modelled(kind: type[Peer], training: TrainingData, inputs: Inputs) -> None:
    peer = kind.create(training, kind.Config(heavy_only=False))
    assert peer.predict(*inputs).shape == (4, 8, 9, 3)
    (stage,) = peer.stages(training)
    assert stage.batch_loss(torch.Generator().manual_seed(0)).isfinite()


@every_peer
def test_the_loss_draws_from_its_generator_alone(kind: type[Peer], training: TrainingData, trained: Trained) -> None:
    peer = _solved_closely(trained(kind)[0])
    peer_by_twos = kind.from_parts(peer.molecule, replace(peer.config, batch_size=2))
    peer_by_twos.load_state_dict(peer.state_dict())
    (stage,) = peer_by_twos.stages(training)
    first, again, other = (stage.batch_loss(torch.Generator().manual_seed(seed)).item() for seed in (0, 0, 4))
    assert first == again
    assert first != other


@every_peer
def test_initial_weights_follow_the_seed_and_nothing_else(kind: type[Peer], training: TrainingData) -> None:
    def weights(seed: int) -> torch.Tensor:
        return torch.cat([p.flatten() for p in kind.create(training, kind.Config(seed=seed)).parameters()])

    before = torch.get_rng_state()
    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))
    assert torch.equal(torch.get_rng_state(), before)


@every_peer
def test_statistics_are_those_of_the_modelled_atoms(kind: type[Peer], training: TrainingData) -> None:
    peer, windows, heavy = kind.create(training, kind.Config()), training.windows, training.molecule.is_heavy
    assert peer.horizon_fs.item() == training.horizon_fs
    assert peer.velocity_rms.item() == pytest.approx(np.sqrt(np.mean(windows.velocities[:, heavy] ** 2)), rel=1e-5)
    moved = (windows.targets - windows.positions[:, None])[:, :, heavy]
    assert peer.displacement_rms.item() == pytest.approx(np.sqrt(np.mean(moved**2)), rel=1e-5)


@every_peer
def test_stages_follow_the_config(kind: type[Peer], training: TrainingData) -> None:
    config = kind.Config(n_steps=7, learning_rate=0.25)
    (stage,) = kind.create(training, config).stages(training)
    assert (stage.n_steps, stage.learning_rate) == (7, 0.25)


@every_peer
def test_another_molecule_is_refused(kind: type[Peer], trained: Trained, inputs: Inputs) -> None:
    peer, _ = trained(kind)
    positions, velocities, times = inputs
    with pytest.raises(DataError, match="made for the 9 atoms of 'ethanol'; the positions hold 8"):
        peer.predict(positions[:, :8], velocities[:, :8], times)


@every_peer
@pytest.mark.parametrize(("name", "value"), [("n_steps", 0), ("learning_rate", 0.0), ("batch_size", -1)])
def test_settings_that_cannot_be_are_refused(kind: type[Peer], name: str, value: float) -> None:
    with pytest.raises(MsmdError, match=f"{name} is {value}; expected a positive number"):
        kind.Config(**{name: value})


@pytest.mark.parametrize(
    ("kind", "setting", "value", "message"),
    [
        (EGNN, "width", 0, "width is 0; expected at least 1"),
        (EGNN, "time_width", 7, "time_width is 7; expected an even number from 4 on"),
        (EGNO, "n_time_modes", 0, "n_time_modes is 0; expected at least 1"),
        (NDCN, "width", 0, "width is 0; expected at least 1"),
        (LatentODE, "latent_width", 0, "latent_width is 0; expected a positive number"),
        (LatentODE, "augmented_width", -1, "augmented_width is -1; expected 0 or more"),
        (GFNODE, "n_modes", 0, "n_modes is 0; expected at least 1"),
        (GFNODE, "time_width", 7, "time_width is 7; expected an even number from 4 on"),
    ],
)
def test_sizes_that_cannot_be_are_refused(kind: type[Peer], setting: str, value: int, message: str) -> None:
    with pytest.raises(MsmdError, match=message):
        kind.Config(**{setting: value})
