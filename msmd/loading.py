"""Where forecasters come from: by name, fitted in closed form, or out of a checkpoint.

Nothing here imports torch until a forecaster is made.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msmd.data.registry import SOURCES
from msmd.data.windows import Protocol, TrainingData, split_dataset
from msmd.errors import CheckpointError, ProtocolError
from msmd.forecasters import Forecaster, ForecasterCard, forecaster_card
from msmd.shapes import Float
from msmd.trajectory import Dataset

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class UnfittedForecaster:
    """A forecaster that has seen no data yet: ``forecast`` fits it on the data that the trajectory comes from."""

    card: ForecasterCard

    @property
    def molecule(self) -> None:
        """It serves every molecule, as long as it has seen none."""

    @property
    def name(self) -> str:
        """The name of the forecaster it will become."""
        return self.card.name

    def fit(self, training: TrainingData) -> Forecaster:
        """The forecaster for this training data."""
        return self.card.load_class().fit(training)

    def predict(
        self,
        positions: Float[Tensor, "windows atoms 3"],
        velocities: Float[Tensor, "windows atoms 3"],
        times_fs: Float[Tensor, "windows times"],
    ) -> Float[Tensor, "windows times atoms 3"]:
        """Refuses: there is nothing to predict from.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError(
            f"Forecaster {self.name!r} has to be fitted before it can predict: use load_forecaster({self.name!r}, "
            "dataset), or forecast(), which fits it on the data of the trajectory."
        )


CHECKPOINTS = Path(__file__).parent.parent / "checkpoints"
"""Shipped checkpoints: source, molecule, forecaster."""

SAME_MOTION = {"md17": ("md17", "rmd17"), "rmd17": ("rmd17", "md17")}
"""rMD17's frames are frames of MD17's trajectories, so that what learned the one serves the other."""


def load_forecaster(name_or_path: str | Path, dataset: Dataset | None = None) -> Forecaster:
    """A forecaster by name, or out of a checkpoint or run folder.

    Args:
        name_or_path: a name in ``FORECASTERS``, or a folder.
        dataset: where a closed-form baseline is fitted (on its training split), and whose shipped checkpoint is meant
            when a trained forecaster is named.

    Raises:
        UnknownNameError: for a name that is not registered.
        CheckpointError: when there is no such folder, when it holds no sound checkpoint, or none is shipped for these
            data.
        ProtocolError: when the dataset is too short to fit a baseline on.
        MissingPackageError: for the simulation, where its library is not installed.

    >>> load_forecaster("persistence").name
    'persistence'
    """
    if Path(name_or_path).is_dir():
        from msmd.checkpoint import load_checkpoint

        return cast(Forecaster, load_checkpoint(Path(name_or_path)))
    if os.sep in str(name_or_path):
        raise CheckpointError(
            f"There is no folder {name_or_path}; expected a checkpoint, a run, or a forecaster's name."
        )
    card = forecaster_card(str(name_or_path))
    if card.needs == "training":
        return _shipped(card, dataset)
    if card.needs == "fit" and dataset is None:
        return UnfittedForecaster(card=card)
    return fit_forecaster(card, split_dataset(dataset, Protocol()).training if card.needs == "fit" else None)


def shipped_checkpoint(name: str, molecule: str, source: str) -> Path | None:
    """The folder of the shipped checkpoint that learned the motion which data of this source show, None without one."""
    folders = (CHECKPOINTS / learned / molecule / name for learned in SAME_MOTION.get(source, (source,)))
    return next((folder for folder in folders if (folder / "card.json").is_file()), None)


SEEN_BY = {"blocked": ("split",), "paper": ("split", "seed", "n_train", "sampling", "horizon_fs")}
"""Entries of a protocol that decide which windows training saw."""


def caveat(
    folder: Path, dataset: Dataset, protocol: Protocol | None = None, *, called: str | None = None
) -> str | None:
    """One sentence on why a checkpoint's numbers on these data are not what they seem; None where they are.

    Args:
        folder: of the checkpoint or run.
        dataset: what it is asked about.
        protocol: how test windows are cut; None for a single forecast.
        called: what the sentence calls it, such as "This run"; its folder by default.
    """
    from msmd.checkpoint import read_card

    called = called or str(folder)

    card = read_card(folder if (folder / "card.json").is_file() else folder / "last")
    learned, source = card.get("source", dataset.source), dataset.source
    if learned not in SAME_MOTION.get(source, (source,)):
        return (
            f"{called} learned the motion of {learned!r} data; these are {source!r} data, which may follow another "
            "potential: the forecast drifts away even where the model is good."
        )
    trained = card.get("protocol", {})
    if protocol is None or not trained:
        return None
    if learned != source:
        return (
            f"{called} was trained on {learned!r} data, which are frames of the same trajectory as these {source!r} "
            "data: test windows may lie where it was trained, and errors be too small."
        )
    other = [name for name in SEEN_BY[protocol.split] if trained.get(name) != getattr(protocol, name)]
    if not other:
        return None
    name = other[0]
    return (
        f"{called} was trained with {name} {trained.get(name)!r} and is tested with {getattr(protocol, name)!r}: test "
        "windows may be windows that it was trained on, and errors too small."
    )


def _shipped(card: ForecasterCard, dataset: Dataset | None) -> Forecaster:
    if dataset is None:
        raise CheckpointError(
            f"Forecaster {card.name!r} is trained for one molecule: say whose, as in load_forecaster({card.name!r}, "
            "load_dataset('ethanol')), or give the folder of a checkpoint or run."
        )
    folder = shipped_checkpoint(card.name, dataset.molecule.name, dataset.source)
    if folder is not None:
        return load_forecaster(folder)
    in_registry = dataset.source in SOURCES
    named = f"{dataset.molecule.name} --source {dataset.source}" if in_registry else f"--data {dataset.source}"
    place = f" for {dataset.molecule.name!r} from {dataset.source!r}"
    raise CheckpointError(
        f"Forecaster {card.name!r} needs training and no checkpoint is shipped{place}: make one with 'msmd train "
        f"{named} --forecaster {card.name} --run runs/{card.name}' and give that folder."
    )


def fit_forecaster(card: ForecasterCard, training: TrainingData | None) -> Forecaster:
    """The forecaster that needs no more than a closed-form fit, made for this training data.

    Args:
        training: may be None for a forecaster that needs nothing.

    Raises:
        ProtocolError: when it needs training.
    """
    if card.needs == "nothing":
        return card.load_class()()
    if card.needs == "fit" and training is not None:
        return card.load_class().fit(training)
    raise ProtocolError(
        f"Forecaster {card.name!r} cannot be had in closed form: make a checkpoint with 'msmd train MOLECULE "
        f"--forecaster {card.name} --run runs/{card.name}' and give that folder."
    )
