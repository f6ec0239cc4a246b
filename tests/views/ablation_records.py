"""Records for tests of ablations: a model, its variants and baselines on ethanol."""

from __future__ import annotations

from typing import Any

from msmd.sweeps.record import FULL, WHOLE, Record
from msmd.views.ablation_scores import Model
from tests.sweeps.records import record as sound_record

MODEL = Model(forecaster="spectral-ode", budget="frames")

BANDS = {WHOLE: (0.0, 1500.0), "0-50": (0.0, 50.0), "50-150": (50.0, 150.0)}


def record(forecaster: str = "spectral-ode", variant: str = FULL, error: float = 0.01, **changes: Any) -> Record:
    """A record of ethanol over the whole horizon; ``error`` is the heavy atoms' mean square, Å²."""
    band = changes.pop("band", WHOLE)
    entries: dict[str, Any] = {
        "sweep": "ablations",
        "forecaster": forecaster,
        "variant": variant,
        "seed": 0,
        "budget": "frames" if forecaster == "spectral-ode" else "none",
        "n_train_windows": None,
        "sampling": "irregular",
        "from_fs": BANDS[band][0],
        "to_fs": BANDS[band][1],
        "band": band,
        "heavy_mse": error,
        "all_mse": 3 * error,
        "hardware": "this machine",
    }
    return sound_record(**(entries | changes))


def seeds(*errors: float, **changes: Any) -> list[Record]:
    """One record per seed."""
    return [record(error=error, seed=seed, **changes) for seed, error in enumerate(errors)]
