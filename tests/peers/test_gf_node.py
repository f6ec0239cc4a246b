"""GF-NODE as published, and each of its ablations."""

from __future__ import annotations

from itertools import chain

import pytest
import torch

from msmd.data.registry import molecule_card
from msmd.data.windows import TrainingData
from msmd.errors import MsmdError, UnknownNameError
from msmd.peers.evolution import EVOLUTIONS
from msmd.peers.gf_node import GFNODE, LAYERS, GFNODEConfig
from msmd.peers.modal_bases import BASES
from msmd.peers.mode_velocity import MODE_INTERACTIONS, TIME_FEATURES, AttendingModes, ConcatenatedModes, ModeVelocity

SWITCHES = {
    "basis": BASES,
    "evolution": EVOLUTIONS,
    "interaction": MODE_INTERACTIONS,
    "time": TIME_FEATURES,
    "layers": LAYERS,
    "propagate_positions": (True, False),
    "propagate_features": (True, False),
    "n_modes": (1, 3),
}
EVERY_SWITCH = [*chain.from_iterable([(name, value) for value in values] for name, values in SWITCHES.items())]
Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def small(**changes: object) -> GFNODEConfig:
    """A config that runs in milliseconds."""
    return GFNODEConfig(**{"width": 8, "n_layers": 1, "time_width": 8} | changes)


def test_it_has_the_published_number_of_parameters() -> None:
    model = GFNODE.from_parts(molecule_card("aspirin").molecule, GFNODEConfig())
    n_parameters = sum(parameter.numel() for parameter in model.parameters())
    rigid_flag = 5 * (64 + 6) + 5 * (96 + 6)  # one more edge feature into ten layers
    assert n_parameters + rigid_flag == 531_986  # 532 k


@pytest.mark.parametrize(("switch", "value"), EVERY_SWITCH)
def test_every_switch_runs_and_learns(switch: str, value: object, training: TrainingData, inputs: Inputs) -> None:
    model = GFNODE.create(training, small(**{switch: value}))
    (stage,) = model.stages(training)
    stage.batch_loss(torch.Generator().manual_seed(0)).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert model.predict(*inputs).isfinite().all()


@pytest.mark.parametrize("switch", ["basis", "evolution", "interaction", "time", "layers"])
def test_every_choice_of_a_switch_is_another_model(switch: str, training: TrainingData, inputs: Inputs) -> None:
    forecasts = []
    for value in SWITCHES[switch]:
        forecasts.append(GFNODE.create(training, small(**{switch: value})).predict(*inputs))
    for i, one in enumerate(forecasts):
        assert all((one - other).abs().max() > 1e-6 for other in forecasts[:i])


@pytest.mark.parametrize("part", ["motion_evolution", "feature_evolution"])
def test_what_does_not_propagate_is_not_used(part: str, training: TrainingData) -> None:
    off = {"motion_evolution": "propagate_positions", "feature_evolution": "propagate_features"}[part]
    model = GFNODE.create(training, small(**{off: False}))
    (stage,) = model.stages(training)
    stage.batch_loss(torch.Generator().manual_seed(0)).backward()
    assert all(parameter.grad is None for parameter in getattr(model, part).parameters())


def test_without_an_ode_and_time_all_times_are_one_but_for_the_decoder(training: TrainingData, inputs: Inputs) -> None:
    model = GFNODE.create(training, small(evolution="none"))
    with torch.no_grad():
        nodal = torch.randn(2, 3, 3, 2)
        evolved = model.motion_evolution(nodal, torch.tensor([[0.1, 0.9], [0.2, 0.3]]))
    torch.testing.assert_close(evolved[:, 0], evolved[:, 1])  # a batched product may sum in another order


@pytest.mark.parametrize(("layers", "is_equivariant"), [("graphsage", False), ("gcn", False), ("egnn", True)])
def test_translation_is_kept_by_egnn_layers_alone(
    layers: str, is_equivariant: bool, training: TrainingData, inputs: Inputs
) -> None:
    model = GFNODE.create(training, small(layers=layers))
    positions, velocities, times = inputs
    change = model.predict(positions + 1.0, velocities, times) - 1.0 - model.predict(*inputs)
    assert (change.abs().max() < 1e-4) == is_equivariant


@pytest.mark.parametrize("layers", LAYERS)
def test_no_layers_make_it_rotation_equivariant(layers: str, training: TrainingData, inputs: Inputs) -> None:
    model = GFNODE.create(training, small(layers=layers))
    positions, velocities, times = inputs
    turn = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    change = model.predict(positions @ turn, velocities @ turn, times) - model.predict(*inputs) @ turn
    assert change.abs().max() > 0.05


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("heavy_only", [True, False])
def test_renumbered_atoms_take_their_rows_of_the_modes_along(
    basis: str, heavy_only: bool, training: TrainingData, inputs: Inputs
) -> None:
    model = GFNODE.create(training, small(basis=basis, heavy_only=heavy_only)).eval()
    positions, velocities, times = inputs
    order = [4, 8, 0, 2, 6, 1, 7, 3, 5]
    predicted = model.renumbered(order).predict(positions[:, order], velocities[:, order], times)
    torch.testing.assert_close(predicted, model.predict(*inputs)[:, :, order], atol=1e-5, rtol=0)


def test_it_depends_on_the_signs_of_its_modes(training: TrainingData, inputs: Inputs) -> None:
    model = GFNODE.create(training, small())
    before = model.predict(*inputs)
    model.motion_evolution.basis[:, 1] *= -1  # the same eigenspaces; a numbering of the atoms could have led here
    assert (model.predict(*inputs) - before).abs().max() > 1e-4


@pytest.mark.parametrize("switch", ["basis", "evolution", "interaction", "time", "layers"])
def test_unknown_choices_are_refused(switch: str) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown {switch} of gf-node 'atention'"):
        GFNODEConfig(**{switch: "atention"})


def test_more_modes_than_atoms_are_refused(training: TrainingData) -> None:
    with pytest.raises(MsmdError, match="n_modes is 4; 'ethanol' has 3 modelled atoms and as many modes"):
        GFNODE.create(training, small(n_modes=4))


def test_attention_is_blind_to_the_order_of_the_modes_and_concatenation_is_not() -> None:
    modal = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    order = torch.tensor([2, 0, 3, 1])
    for kind, is_blind in ((AttendingModes, True), (ConcatenatedModes, False)):
        torch.manual_seed(0)
        interaction = kind(4, 5)
        reordered = interaction(modal[..., order, :])
        assert torch.allclose(reordered, interaction(modal)[..., order, :], atol=1e-6) == is_blind


def test_separate_modes_stay_separate() -> None:
    torch.manual_seed(0)
    field = ModeVelocity(3, 4, interaction="none", time="none", time_width=8)
    modal = torch.randn(1, 1, 3, 4)
    changed = modal.clone()
    changed[..., 0, :] += 1.0
    difference = (field(torch.tensor(0.0), changed) - field(torch.tensor(0.0), modal)).abs().amax(dim=(0, 1, 3))
    assert difference[0] > 0
    assert torch.equal(difference[1:], torch.zeros(2))


@pytest.mark.parametrize(
    ("time", "is_autonomous"), [("none", True), ("concat", False), ("mlp", False), ("posenc", False)]
)
def test_the_field_sees_time_as_it_should(time: str, is_autonomous: bool) -> None:
    torch.manual_seed(0)
    field = ModeVelocity(3, 4, interaction="none", time=time, time_width=8)
    modal = torch.randn(1, 1, 3, 4)
    assert torch.equal(field(torch.tensor(0.1), modal), field(torch.tensor(0.7), modal)) == is_autonomous
