"""Records for the tests of tables and of what reads them."""

from __future__ import annotations

from typing import Any

from msmd.sweeps.record import Record


def record(**changes: Any) -> Record:
    """A sound record, with these fields changed."""
    entries: dict[str, Any] = {
        "sweep": "peers", "molecule": "ethanol", "source": "gfn2", "forecaster": "egnn", "seed": 1,
        "budget": "windows", "n_train_windows": 500, "split": "blocked", "sampling": "even", "is_rotated": False,
        "n_windows": 300, "from_fs": 0.0, "to_fs": 1500.0, "band": "all", "heavy_mse": 0.0123456789,
        "all_mse": 0.03, "spread": 0.001, "f_mse_heavy": 0.05, "n_parameters": 1234, "train_seconds": 60.0,
        "seconds_per_window": 1e-4, "device": "cpu", "hardware": "a processor, 2 cores", "steps_factor": 1.0,
        "max_minutes": None, "is_complete": True, "settings": "learning_rate=0.001", "command": "msmd sweep a.toml",
        "version": "0.1.0", "date": "2026-11-23",
    }  # fmt: skip
    return Record(**(entries | changes))
