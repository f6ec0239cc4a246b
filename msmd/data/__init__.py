"""Where trajectories come from: the registry, readers of every format, downloads, the generator, and the splits."""

from __future__ import annotations

from msmd.data.load import available_sources, load_dataset, load_trajectory

__all__ = ["available_sources", "load_dataset", "load_trajectory"]
