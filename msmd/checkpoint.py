"""Checkpoints: the only place that reads or writes weights.

A checkpoint is a folder with ``model.safetensors`` and ``card.json``.  Loading never unpickles anything.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from msmd import __version__
from msmd.data.windows import TrainingData
from msmd.errors import CheckpointError, MsmdError
from msmd.molecule import Molecule
from msmd.whole_file import write_json, written_whole

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "model.safetensors"
CARD = "card.json"
TRUSTED_PACKAGES = ("msmd.models.", "msmd.peers.")
"""A card names the class that it belongs to; only these packages are ever imported for it."""

PACKAGES = ("torch", "numpy", "safetensors")
"""Programs whose versions a card records."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a checkpoint comes from.

    Attributes:
        source: of the data.
        data_sha256: of the training data, from ``data_hash``.
        protocol: the split and its settings.
        budget: ``"frames"`` or ``"windows"``.
        seed: of the training.
        seconds: of training, wall time.
        device: it was trained on.
        command: that made it.
        metrics: on validation windows, Å².
        versions: of the programs.
    """

    source: str
    data_sha256: str
    protocol: dict[str, Any]
    budget: str
    seed: int
    seconds: float
    device: str
    command: str
    metrics: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=lambda: installed_versions())


def save_checkpoint(forecaster: nn.Module, folder: Path, provenance: Provenance) -> None:
    """Writes weights and card, each whole or not at all.

    Args:
        forecaster: with ``name``, ``molecule`` and ``config``.
        folder: made where it does not exist.
        provenance: where it comes from.
    """
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in forecaster.state_dict().items()}
    blob = save(state)
    kind = type(forecaster)
    card = {
        "forecaster": forecaster.name,
        "location": f"{kind.__module__}:{kind.__name__}",
        "molecule": asdict(forecaster.molecule),
        "config": asdict(forecaster.config),
        "weights_sha256": hashlib.sha256(blob).hexdigest(),
        "n_parameters": sum(parameter.numel() for parameter in forecaster.parameters()),
        **asdict(provenance),
    }
    _write(folder, blob, card)


def _write(folder: Path, weights: bytes, card: dict[str, Any]) -> None:
    with written_whole(folder / WEIGHTS) as partial:
        partial.write_bytes(weights)
    write_json(folder / CARD, card)


def halve_precision(folder: Path) -> None:
    """Stores a checkpoint's single-precision weights in half precision: half the size, four digits instead of seven.

    They are computed with in single precision all the same.  A forecaster that integrates for thousands of steps should
    not be treated so; a network that is called once hardly notices.

    Raises:
        CheckpointError: when the checkpoint is damaged.
    """
    import torch
    from safetensors.torch import load, save

    load_checkpoint(folder)
    state = load((folder / WEIGHTS).read_bytes())
    blob = save({name: part.half() if part.dtype == torch.float32 else part for name, part in state.items()})
    card = read_card(folder) | {"weights_sha256": hashlib.sha256(blob).hexdigest(), "weights_precision": "half"}
    _write(folder, blob, card)


def load_checkpoint(folder: Path, *, molecule: Molecule | None = None) -> nn.Module:
    """The forecaster in a checkpoint, or in a run folder (its result, or else its latest state), ready to predict.

    Args:
        folder: holds ``model.safetensors`` and ``card.json``, or a run.
        molecule: the molecule it is wanted for; None for any.

    Raises:
        CheckpointError: when something is missing, damaged, or meant for other data.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    folder = _checkpoint_folder(Path(folder))
    card = read_card(folder)
    blob = (folder / WEIGHTS).read_bytes()
    found = hashlib.sha256(blob).hexdigest()
    if found != card["weights_sha256"]:
        raise CheckpointError(
            f"{folder / WEIGHTS} has the hash {found[:12]}…; its card expects {str(card['weights_sha256'])[:12]}…. "
            "The file is damaged or belongs to another card: copy both again."
        )
    try:
        own, kind = card_molecule(card), _load_class(card, folder)
        forecaster = kind.from_parts(own, config_from_json(kind.Config, card["config"]))
        state = load(blob)
    except MsmdError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"The checkpoint in {folder} cannot be read ({error!r}); copy it again.") from error
    difference = None if molecule is None else own.difference_to(molecule)
    if difference:
        raise CheckpointError(f"The checkpoint {folder} was trained on {difference}.")
    _fill(forecaster, state, folder)
    return forecaster.eval()


def card_molecule(card: dict[str, Any]) -> Molecule:
    """The molecule that a checkpoint's card says it is for."""
    entry = card["molecule"]
    return Molecule(name=entry["name"], numbers=tuple(entry["numbers"]), bonds=tuple((i, j) for i, j in entry["bonds"]))


def read_card(folder: Path) -> dict[str, Any]:
    """What ``card.json`` says of a checkpoint.

    Raises:
        CheckpointError: when it is missing, is not JSON, or lacks an entry.
    """
    path = Path(folder) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        run = path.parent.parent if path.parent.name == "last" else path.parent
        if (run / "run.json").exists():
            raise CheckpointError(
                f"The run {run} has no weights yet: the first are kept at its first validation; 'msmd train --run "
                f"{run}' goes on with it."
            ) from error
        raise CheckpointError(f"{folder} is no checkpoint: it holds no {CARD}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}.") from error
    needed = {"forecaster", "location", "molecule", "config", "weights_sha256"}
    missing = sorted(needed - set(card)) if isinstance(card, dict) else sorted(needed)
    if missing:
        raise CheckpointError(f"{path} lacks {', '.join(missing)}; it was not written by msmd, or was cut short.")
    return card


def config_from_json(kind: type, values: dict[str, Any]) -> Any:
    """A config dataclass from what JSON keeps of it; nested configs and tuples are restored.

    Raises:
        CheckpointError: for entries that the config does not know.
    """
    if not isinstance(values, dict):
        raise CheckpointError(f"The config is {values!r}; expected the entries of {kind.__name__}.")
    known = {entry.name for entry in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise CheckpointError(
            f"The checkpoint's config has the entries {unknown}, which {kind.__name__} of msmd {__version__} does "
            "not know."
        )
    hints = get_type_hints(kind)
    restored = {name: _restore(hints[name], value) for name, value in values.items()}
    for name, value in restored.items():
        check_entry(name, value, hints[name])
    return kind(**restored)


def check_entry(name: str, value: Any, hint: Any) -> None:
    """Refuses a config entry of another type than its annotation.

    Raises:
        CheckpointError: with both.
    """
    if not _fits(value, hint):
        wanted = getattr(hint, "__name__", None) if isinstance(hint, type) else str(hint)
        raise CheckpointError(f"The config entry {name} is {value!r}; expected {wanted}.")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of an annotated type, as far as configs use types."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        inner = arguments[:1] * len(value) if isinstance(value, tuple) and Ellipsis in arguments else arguments
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(_fits, value, inner))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else True


def data_hash(training: TrainingData) -> str:
    """SHA-256 over everything that training may see."""
    digest = hashlib.sha256()
    windows = training.windows
    for array in (windows.positions, windows.velocities, windows.times_fs, windows.targets):
        digest.update(np.ascontiguousarray(array))
    for segment in training.segments:
        for array in (segment.times_fs, segment.positions, segment.velocities, segment.forces):
            if array is not None:
                digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def installed_versions() -> dict[str, str]:
    """Versions of Python, msmd and the packages that weights depend on."""
    found = {"python": sys.version.split()[0], "msmd": __version__}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _checkpoint_folder(folder: Path) -> Path:
    """The folder itself, or the latest state inside a run that is not finished."""
    if not (folder / CARD).exists() and (folder / "last" / CARD).exists():
        folder = folder / "last"
    if (folder / CARD).exists() and not (folder / WEIGHTS).exists():
        raise CheckpointError(f"{folder} holds a card but no {WEIGHTS}; copy both.")
    return folder


def _load_class(card: dict[str, Any], folder: Path) -> type:
    module, _, attribute = card["location"].partition(":")
    if not module.startswith(TRUSTED_PACKAGES):
        raise CheckpointError(
            f"The card in {folder} names the class {card['location']!r}; only classes of msmd.models and msmd.peers "
            "are loaded."
        )
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"The card in {folder} names the class {card['location']!r}, which msmd {__version__} does not have."
        ) from error


def _fill(forecaster: nn.Module, state: dict[str, Any], folder: Path) -> None:
    """Loads the weights; every key and every shape has to fit."""
    wanted = forecaster.state_dict()
    missing, surplus = sorted(set(wanted) - set(state)), sorted(set(state) - set(wanted))
    if missing or surplus:
        raise CheckpointError(
            f"{folder / WEIGHTS} does not fit {forecaster.name!r}: missing {missing or 'nothing'}, "
            f"unexpected {surplus or 'nothing'}."
        )
    wrong = [name for name in wanted if wanted[name].shape != state[name].shape]
    if wrong:
        name = wrong[0]
        raise CheckpointError(
            f"{folder / WEIGHTS}: {name} has shape {tuple(state[name].shape)}; expected {tuple(wanted[name].shape)}."
        )
    forecaster.load_state_dict(state)


def _restore(hint: Any, value: Any) -> Any:
    """Lists back to tuples and dictionaries back to configs, as the annotation says."""
    if isinstance(value, dict) and is_dataclass(hint):
        return config_from_json(hint, value)
    if isinstance(value, list):
        inner = [a for a in get_args(hint) if a is not Ellipsis] if get_origin(hint) is tuple else []
        return tuple(_restore(inner[0] if inner else Any, entry) for entry in value)
    return value
