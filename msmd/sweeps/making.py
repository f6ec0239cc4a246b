"""Making the forecaster of a task: fit, train, load, or take over learned weights; all that was made stays in its
folder, so that a task that was stopped goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from torch import nn

from msmd.checkpoint import CARD, Provenance, load_checkpoint, read_card, save_checkpoint
from msmd.data.windows import split_dataset
from msmd.errors import CheckpointError, ProtocolError
from msmd.forecasting import Forecaster, check_molecule, fit_forecaster, forecaster_card
from msmd.loading import SEEN_BY
from msmd.sweeps.completeness import Length, length_of
from msmd.sweeps.spec_file import PROJECT, shown_path
from msmd.sweeps.task import Task
from msmd.sweeps.tuning import train_tuned
from msmd.training.options import config_with
from msmd.training.preparation import calibration_windows
from msmd.training.run import CALIBRATION_WINDOWS
from msmd.trajectory import Dataset

HASH_DIGITS = 12
"""Of a hash of weights, in a table: enough to tell them apart."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A forecaster that is ready to be tested, and how it came about.

    Attributes:
        forecaster: itself.
        budget, n_train_windows, train_sampling: what it saw.
        train_seconds: of training or fitting.
        device: of the training.
        length: how long it was trained.
        settings: entries of its config, ``name=value``.
        checkpoint: its folder, empty without one.
        weights: the first digits of the hash of its weights, empty without a checkpoint.
    """

    forecaster: Forecaster
    budget: str
    n_train_windows: int | None
    train_sampling: str
    train_seconds: float | None
    device: str
    length: Length
    settings: tuple[str, ...] = ()
    checkpoint: str = ""
    weights: str = ""

    @property
    def n_parameters(self) -> int:
        """Trained numbers, 0 for what has none."""
        weights = self.forecaster.parameters() if isinstance(self.forecaster, nn.Module) else ()
        return sum(weight.numel() for weight in weights)


def make(task: Task, folder: Path, dataset: Dataset, sampling: str) -> Made:
    """The forecaster of a task.  What is in the folder already is not made again.

    Args:
        task: what to make.
        folder: of the task; those of other tasks lie beside it.
        dataset: what it is made from.
        sampling: of the test that it is made for: closed-form forecasters are fitted at such times.

    Raises:
        MsmdError: when it cannot be made.
    """
    return MAKERS[task.needs](task, folder, dataset, sampling)


def weights_hash(task: Task, folder: Path) -> str:
    """The hash of the checkpoint that a task starts from, empty for one that starts from data.

    Raises:
        CheckpointError: when it is not there.
    """
    return read_card(_source(task, folder))["weights_sha256"] if task.base or task.checkpoint else ""


def _source(task: Task, folder: Path) -> Path:
    """The folder of the checkpoint that a task starts from."""
    if task.base:
        return folder.parent / task.base
    path = Path(task.checkpoint)
    source = path if path.is_absolute() else PROJECT / path
    if not (source / CARD).exists():
        raise CheckpointError(
            f"There is no checkpoint {task.checkpoint}; train it with 'msmd train' and 'msmd export', or leave "
            "'checkpoint' out of the sweep, which trains it then."
        )
    return source


def _closed_form(task: Task, folder: Path, dataset: Dataset, sampling: str) -> Made:
    """At the times of the test: a fit at even times says less about others."""
    trained_at = "even" if sampling == "long" else sampling
    split = split_dataset(dataset, replace(task.training_protocol(trained_at), n_validation=1, n_test=1))
    training = split.training if task.windows is None else split.training.without_frames()
    began = time.perf_counter()
    forecaster = fit_forecaster(forecaster_card(task.forecaster), training)
    return Made(
        forecaster=forecaster,
        budget=task.budget,
        n_train_windows=task.windows if task.budget == "windows" else None,
        train_sampling=trained_at,
        train_seconds=time.perf_counter() - began,
        device="cpu",
        length=Length(steps_factor=None, max_minutes=None, is_complete=True),
    )


def _trained(task: Task, folder: Path, dataset: Dataset, sampling: str) -> Made:
    run, options = train_tuned(task, folder)
    return _from_folder(task, run, dataset, options)


def _checkpoint(task: Task, folder: Path, dataset: Dataset, sampling: str) -> Made:
    source = _source(task, folder)
    _check_protocol(task, source)
    return _from_folder(task, source, dataset, ())


def _taken_over(task: Task, folder: Path, dataset: Dataset, sampling: str) -> Made:
    """The learned potential of another forecaster under a changed config, kept as a checkpoint."""
    source = _source(task, folder)
    _check_protocol(task, source)
    original = load_checkpoint(source)
    if not (folder / CARD).exists():
        changed = _with_weights_of(original, task.options)
        if task.calibrate:
            windows = calibration_windows(dataset, task.training_protocol())
            changed.calibrate([part.take(slice(CALIBRATION_WINDOWS)) for part in windows])
        card = read_card(source)
        kept = {entry.name: card[entry.name] for entry in fields(Provenance) if entry.name in card}
        save_checkpoint(changed, folder, Provenance(**(kept | {"command": task.command, "metrics": {}})))
    made = _from_folder(task, source, dataset, task.options)
    weights = read_card(folder)["weights_sha256"][:HASH_DIGITS]
    return replace(made, forecaster=load_checkpoint(folder), checkpoint=shown_path(folder), weights=weights)


def _with_weights_of(original: Any, options: tuple[str, ...]) -> Any:
    """The potential of the original under a changed config; its members start as far apart, unless that is changed."""
    from msmd.models.variants import variant

    wanted = config_with(replace(original.config, momentum_spread=float(original.momentum_spread)), options)
    names = (entry.name for entry in fields(wanted))
    changes = {name: getattr(wanted, name) for name in names if getattr(wanted, name) != getattr(original.config, name)}
    return variant(original, **changes)


def _from_folder(task: Task, folder: Path, dataset: Dataset, options: tuple[str, ...]) -> Made:
    """What a checkpoint or run folder says of itself."""
    forecaster, card = cast(Forecaster, load_checkpoint(folder)), read_card(folder)
    if forecaster.name != task.forecaster:
        raise CheckpointError(f"{folder} holds {forecaster.name!r}; the sweep names {task.forecaster!r} there.")
    check_molecule(forecaster, dataset.molecule)
    protocol, is_whole = card.get("protocol", {}), card.get("budget") == "frames"
    return Made(
        forecaster=forecaster,
        budget=card.get("budget", "frames"),
        n_train_windows=None if is_whole else protocol.get("n_train"),
        train_sampling=protocol.get("sampling", "even"),
        train_seconds=card.get("seconds"),
        device=card.get("device", "cpu"),
        length=length_of(folder, forecaster, card, dataset),
        settings=options,
        checkpoint=shown_path(folder),
        weights=card["weights_sha256"][:HASH_DIGITS],
    )


def _check_protocol(task: Task, source: Path) -> None:
    """Refuses to test a checkpoint on windows that it may have been trained on.

    Raises:
        ProtocolError: when it was trained on another split, or on other random starts.
        CheckpointError: when it was trained on other data.
    """
    card = read_card(source)
    protocol = card.get("protocol", {})
    if card.get("source", task.source) != task.source:
        raise CheckpointError(f"{source} was trained on data from {card['source']!r}; the sweep tests {task.source!r}.")
    wanted = vars(task.training_protocol())
    for name in SEEN_BY[task.split]:
        if protocol.get(name) != wanted[name]:
            raise ProtocolError(
                f"{source} was trained with {name} {protocol.get(name)!r}; the sweep tests it with {wanted[name]!r}, "
                "where windows that it was trained on would be tested. Train it for this split."
            )


MAKERS: dict[str, Callable[[Task, Path, Dataset, str], Made]] = {
    "nothing": _closed_form,
    "fit": _closed_form,
    "training": _trained,
    "checkpoint": _checkpoint,
    "weights": _taken_over,
}
"""How a forecaster is made, by what its task needs."""
