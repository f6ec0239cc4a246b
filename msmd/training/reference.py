"""Baselines on a run's own validation windows: the lines that its curves have to fall below."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from msmd.errors import MsmdError
from msmd.forecasters import forecaster_card
from msmd.whole_file import write_json

if TYPE_CHECKING:
    from msmd.data.windows import Split

BASELINES = "baselines.json"
NAMES = ("persistence", "mean-structure", "normal-modes")
"""Nothing moves, nothing but the shape is known, and springs."""


def write_baselines(folder: Path, split: Split, n_validation: int) -> None:
    """Writes the errors of the baselines on the windows that training watches, unless they are there.

    A baseline that these data do not allow is left out.
    """
    from msmd.training.validation import a_mse_by_band

    if (folder / BASELINES).exists():
        return
    windows, found = split.validation.take(slice(n_validation)), {}
    for name in NAMES:
        card = forecaster_card(name)
        try:
            baseline = card.load_class().fit(split.training) if card.needs == "fit" else card.load_class()()
        except MsmdError:
            continue
        found[name] = a_mse_by_band(baseline, windows)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / BASELINES, found)


def read_baselines(folder: Path) -> dict[str, dict[str, float]]:
    """Errors by baseline, in Å², each with ``a_mse`` and an entry per horizon band; empty before they are made."""
    path = folder / BASELINES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
