"""From the plan of a run to what its training needs: the forecaster's class and config, and the data it may see."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msmd.checkpoint import config_from_json
from msmd.data import load_dataset
from msmd.data.windows import Protocol, Split, Windows, split_dataset
from msmd.errors import ProtocolError
from msmd.forecasters import forecaster_card
from msmd.training.folder import RUN, RunPlan, data_of
from msmd.training.options import config_with
from msmd.trajectory import Dataset

N_CALIBRATION, N_LONG = 100, 30
"""Windows of each kind, and over four horizons: enough for two weights per knot, minutes of rollouts for aspirin."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run needs, read and cut.

    Attributes:
        kind: the forecaster's class.
        config: of the forecaster.
        split: the data, cut down to the budget.
        calibration: windows for forecasters that want to be calibrated at the end.
        source: of the data.
    """

    kind: type
    config: Any
    split: Split
    calibration: tuple[Windows, ...]
    source: str


def prepare(folder: Path, plan: RunPlan, options: Iterable[str] | None) -> Prepared:
    """Loads the data, cuts them down to the budget, and reads the forecaster's config.

    Args:
        folder: of the run.
        plan: what is trained, on what.
        options: entries of the config, each ``name=value``; None takes the config of the run in the folder.

    Raises:
        MsmdError: for a forecaster without training, unknown names, or data that cannot serve the plan.
    """
    card = forecaster_card(plan.forecaster)
    if card.needs != "training":
        raise ProtocolError(f"{plan.forecaster!r} needs no training: name it where it is used.")
    kind = card.load_class()
    if options is None:
        entries = json.loads((folder / RUN).read_text(encoding="utf-8"))["config"]
        if "force_steps" in entries.get("plan", {}):
            for name in ("force_optimiser", "flight_optimiser"):  # older runs do not name them; it was always Adam
                entries["plan"].setdefault(name, "adam")
        config = config_from_json(kind.Config, entries)
    else:
        config = config_with(kind.Config(seed=plan.fit.seed), options)
    dataset = load_dataset(data_of(folder, plan.data), source=plan.source, dt_fs=plan.dt_fs)
    split = split_dataset(dataset, plan.protocol)
    if plan.budget == "windows":
        split = replace(split, training=split.training.without_frames())
    return Prepared(
        kind=kind,
        config=config,
        split=split,
        calibration=calibration_windows(dataset, plan.protocol),
        source=dataset.source,
    )


def calibration_windows(dataset: Dataset, protocol: Protocol) -> tuple[Windows, ...]:
    """Windows of training and validation data at random times within the horizon, and, where the data are long
    enough, of validation data over four horizons.

    Random starts are dealt out in turn, and which of them count depends on the times: asked for otherwise, windows for
    validation would be those of training or of the test.  There it is the protocol's own for validation, twice as many.
    """
    if protocol.split == "paper":
        few = replace(protocol, n_validation=min(2 * N_CALIBRATION, protocol.n_validation), n_test=1)
        own = split_dataset(dataset, few).validation
        return (own.take(slice(0, None, 2)), own.take(slice(1, None, 2)))
    few = replace(protocol, sampling="irregular", n_train=N_CALIBRATION, n_validation=N_CALIBRATION, n_test=1)
    near = split_dataset(dataset, few)
    try:
        far = (split_dataset(dataset, replace(few, sampling="long", n_validation=N_LONG)).validation,)
    except ProtocolError:
        far = ()
    return (near.training.windows, near.validation, *far)
