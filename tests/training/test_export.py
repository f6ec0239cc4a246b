"""An export copies a result to its place, and never replaces another checkpoint unasked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from msmd.checkpoint import WEIGHTS, Provenance, load_checkpoint, read_card, save_checkpoint
from msmd.data import load_dataset
from msmd.data.windows import Protocol, split_dataset
from msmd.errors import CheckpointError, MsmdError
from msmd.forecasting import CHECKPOINTS
from msmd.peers.egnn import EGNN
from msmd.training.export import export_run, export_target, what_is_in_the_way

SHIPPED = CHECKPOINTS / "gfn2" / "ethanol" / "spectral-ode"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run: the shipped model of ethanol."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "run"))


@pytest.fixture
def taken(run: Path, tmp_path: Path) -> Path:
    """A folder of checkpoints in which another model, made from other data, has the place of the run's."""
    target = export_run(run, tmp_path / "checkpoints")
    card = read_card(target) | {
        "weights_sha256": "0" * 64,
        "data_sha256": "1" * 64,
        "command": "msmd train --data x.xyz",
    }
    (target / "card.json").write_text(json.dumps(card))
    return tmp_path / "checkpoints"


def test_a_result_goes_to_its_place_and_again_without_a_word(run: Path, tmp_path: Path) -> None:
    target = export_run(run, tmp_path / "checkpoints")
    assert target == export_target(run, tmp_path / "checkpoints")
    assert target.relative_to(tmp_path) == Path("checkpoints/gfn2/ethanol/spectral-ode")
    assert what_is_in_the_way(run, tmp_path / "checkpoints") == ""
    assert export_run(run, tmp_path / "checkpoints") == target


def test_another_checkpoint_stays_unless_it_is_said_to_go(run: Path, taken: Path) -> None:
    with pytest.raises(MsmdError, match=r"made from other training data by `msmd train --data x.xyz`.*--replace"):
        export_run(run, taken)
    assert read_card(export_target(run, taken))["weights_sha256"] == "0" * 64
    export_run(run, taken, replace=True)
    assert read_card(export_target(run, taken)) == read_card(run)


def test_what_cannot_be_read_is_not_replaced_unasked(run: Path, taken: Path) -> None:
    (export_target(run, taken) / "card.json").write_text("{")
    with pytest.raises(MsmdError, match="cannot be read"):
        export_run(run, taken)


def test_a_run_without_a_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is no checkpoint"):
        export_run(tmp_path, tmp_path / "checkpoints")


def test_half_precision_halves_the_file_and_hardly_moves_the_forecast(tmp_path: Path) -> None:
    split = split_dataset(load_dataset("ethanol"), Protocol(n_train=10, n_validation=2, n_test=4))
    torch.manual_seed(0)
    egnn = EGNN.create(split.training, EGNN.Config(width=32, n_layers=2))
    provenance = Provenance(
        source="gfn2", data_sha256="0", protocol={}, budget="frames", seed=0, seconds=1.0, device="cpu", command="x"
    )
    save_checkpoint(egnn, tmp_path / "run", provenance)
    target = export_run(tmp_path / "run", tmp_path / "checkpoints", half=True)
    sizes = [(folder / WEIGHTS).stat().st_size for folder in (tmp_path / "run", target)]
    assert sizes[1] < 0.6 * sizes[0]
    assert read_card(target)["weights_precision"] == "half"
    rows = [torch.tensor(a) for a in (split.test.positions, split.test.velocities, split.test.times_fs)]
    whole, half = (load_checkpoint(folder).predict(*rows) for folder in (tmp_path / "run", target))
    moved = (whole - rows[0][:, None]).square().mean().sqrt()
    assert 0 < (whole - half).square().mean().sqrt() < 0.01 * moved
