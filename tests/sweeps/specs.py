"""Small sweeps for tests, as files."""

from __future__ import annotations

from pathlib import Path

HEAD = """
molecules = ["ethanol"]
[training]
windows = [20]
device = "cpu"
[evaluation]
windows = 6
"""

UNTRAINED = """
[[forecasters]]
names = ["persistence", "mean-structure"]
"""

OSCILLATOR = """
[[forecasters]]
names = ["spectral-oscillator"]
set = ["n_steps=4", "batch=10"]
"""


def write_spec(folder: Path, *parts: str, name: str = "tiny") -> Path:
    """A sweep file of these parts, the head and the untrained forecasters unless given."""
    path = folder / f"{name}.toml"
    path.write_text("".join(parts or (HEAD, UNTRAINED)), encoding="utf-8")
    return path
