"""Checkpoints come back as they were, and refuse damage, other molecules and foreign classes with a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from msmd.checkpoint import (
    Provenance,
    config_from_json,
    data_hash,
    load_checkpoint,
    read_card,
    save_checkpoint,
)
from msmd.data import load_dataset
from msmd.data.registry import molecule_card
from msmd.data.windows import Protocol, split_dataset
from msmd.errors import CheckpointError
from msmd.models.spectral_ode import SpectralODE, SpectralODEConfig
from msmd.models.training_plan import PlanConfig

SHIPPED = Path(__file__).parents[1] / "checkpoints" / "gfn2" / "ethanol" / "egnn"
ETHANOL = molecule_card("ethanol").molecule
CONFIG = SpectralODEConfig(widths=(8, 6), fast_widths=(4,), n_members=2, plan=PlanConfig(force_steps=7))
PROVENANCE = Provenance(
    source="gfn2",
    data_sha256="0" * 64,
    protocol={"split": "blocked"},
    budget="frames",
    seed=0,
    seconds=1.0,
    device="cpu",
    command="msmd train ethanol",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint of an untrained forecaster."""
    torch.manual_seed(0)
    forecaster = SpectralODE(ETHANOL, CONFIG)
    with torch.no_grad():
        for parameter in forecaster.parameters():
            parameter.copy_(torch.randn_like(parameter))
    save_checkpoint(forecaster, tmp_path, PROVENANCE)
    return tmp_path


def _edit(folder: Path, change: Callable[[dict], None]) -> None:
    card = json.loads((folder / "card.json").read_text())
    change(card)
    (folder / "card.json").write_text(json.dumps(card))


def test_round_trip(folder: Path, tmp_path: Path) -> None:
    forecaster = load_checkpoint(folder, molecule=ETHANOL)
    assert forecaster.config == CONFIG
    assert forecaster.molecule == ETHANOL
    save_checkpoint(forecaster, tmp_path / "again", PROVENANCE)
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()


def test_the_card_says_where_it_comes_from(folder: Path) -> None:
    card = read_card(folder)
    assert card["forecaster"] == "spectral-ode"
    assert card["molecule"]["numbers"] == list(ETHANOL.numbers)
    assert card["versions"]["torch"] == torch.__version__
    assert card["config"]["basis"] == "graph"
    assert len(card["weights_sha256"]) == 64


def test_an_unfinished_run_is_its_last_state(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    save_checkpoint(load_checkpoint(folder), run / "last", PROVENANCE)
    assert load_checkpoint(run).config == CONFIG


def test_another_molecule_is_refused(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"trained on 'ethanol' \(C2H6O.*'toluene' \(C7H8.*another molecule"):
        load_checkpoint(folder, molecule=molecule_card("toluene").molecule)


def test_damaged_weights_are_refused(folder: Path) -> None:
    blob = bytearray((folder / "model.safetensors").read_bytes())
    blob[-1] ^= 1
    (folder / "model.safetensors").write_bytes(blob)
    with pytest.raises(CheckpointError, match=r"has the hash .* its card expects"):
        load_checkpoint(folder)


def test_missing_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"a card but no model\.safetensors"):
        load_checkpoint(folder)


def test_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"holds no card\.json"):
        load_checkpoint(tmp_path)


def test_a_broken_card_is_refused(folder: Path) -> None:
    (folder / "card.json").write_text("{")
    with pytest.raises(CheckpointError, match="cannot be read as JSON"):
        load_checkpoint(folder)


@pytest.mark.parametrize("entry", ["config", "weights_sha256", "location"])
def test_a_card_with_a_missing_entry_is_refused(folder: Path, entry: str) -> None:
    _edit(folder, lambda card: card.pop(entry))
    with pytest.raises(CheckpointError, match=f"lacks {entry}"):
        load_checkpoint(folder)


@pytest.mark.parametrize("location", ["os:system", "msmd.data.npz:read_npz", "subprocess:Popen"])
def test_foreign_classes_are_not_imported(folder: Path, location: str) -> None:
    _edit(folder, lambda card: card.update(location=location))
    with pytest.raises(CheckpointError, match=r"only classes of msmd\.models and msmd\.peers"):
        load_checkpoint(folder)


def test_a_class_that_does_not_exist_is_refused(folder: Path) -> None:
    _edit(folder, lambda card: card.update(location="msmd.models.spectral_ode:Nothing"))
    with pytest.raises(CheckpointError, match="does not have"):
        load_checkpoint(folder)


def test_an_unknown_config_entry_is_refused(folder: Path) -> None:
    _edit(folder, lambda card: card["config"].update(colour="red"))
    with pytest.raises(CheckpointError, match=r"entries \['colour'\], which SpectralODEConfig"):
        load_checkpoint(folder)


def test_other_shapes_are_refused(folder: Path) -> None:
    _edit(folder, lambda card: card["config"].update(widths=[8, 7]))
    with pytest.raises(CheckpointError, match=r"has shape .* expected"):
        load_checkpoint(folder)


def test_missing_tensors_are_refused(folder: Path) -> None:
    _edit(folder, lambda card: card["config"].update(widths=[8, 6, 5]))
    with pytest.raises(CheckpointError, match=r"does not fit 'spectral-ode': missing \["):
        load_checkpoint(folder)


def test_configs_come_back_from_json_as_they_were() -> None:
    from dataclasses import asdict

    assert config_from_json(SpectralODEConfig, json.loads(json.dumps(asdict(CONFIG)))) == CONFIG


def test_the_data_hash_sees_every_number() -> None:
    dataset = load_dataset("ethanol")
    few, again, other = (
        split_dataset(dataset, Protocol(n_train=n, n_validation=1, n_test=1)).training for n in (3, 3, 4)
    )
    assert data_hash(few) == data_hash(again)
    assert data_hash(few) != data_hash(other)
    assert data_hash(few) != data_hash(few.without_frames())


@pytest.mark.parametrize(
    ("name", "value"),
    [("molecule", {}), ("config", []), ("config", {"n_members": "two"}), ("weights_sha256", None), ("location", 5)],
)
def test_a_card_that_says_nonsense_is_refused(tmp_path: Path, name: str, value: object) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "copy")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps({**card, name: value}), encoding="utf-8")
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)


def test_weights_cut_short_are_refused_even_with_their_hash(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "copy")
    blob = (folder / "model.safetensors").read_bytes()[:100]
    (folder / "model.safetensors").write_bytes(blob)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    card["weights_sha256"] = hashlib.sha256(blob).hexdigest()
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(CheckpointError, match="copy it again"):
        load_checkpoint(folder)
