"""msmd: an explorer of multiscale molecular dynamics.

>>> import msmd
>>> trajectory = msmd.load_trajectory("ethanol", source="gfn2")
>>> forecaster = msmd.load_forecaster("persistence")
>>> forecast = msmd.forecast(forecaster, trajectory, start=1000, times_fs=[5.0, 10.5, 250.0])
>>> forecast.predicted.shape
(3, 9, 3)
"""

from __future__ import annotations

import os
from importlib import import_module

__version__ = "0.1.0"

# Threads of torch's and of numpy's linear algebra spin while they wait for one another.  Where another process has a
# core, each wait lasts until the scheduler comes round: the thousand small steps of a forecast take a hundred times
# longer, a fit in closed form ten times.  So torch's sleep, and numpy's are one, which is as fast for matrices as small
# as these on an idle machine too.  Read once, when torch and numpy are imported; one's own settings stay.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_PUBLIC = {
    "load_trajectory": "msmd.data",
    "load_dataset": "msmd.data",
    "load_forecaster": "msmd.forecasting",
    "forecast": "msmd.forecasting",
}
"""Name to module; imported at first use, so that ``import msmd`` needs neither torch nor scipy."""

__all__ = ["__version__", "forecast", "load_dataset", "load_forecaster", "load_trajectory"]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'msmd' has no attribute {name!r}")
