"""A sweep written as TOML is the same sweep when it is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msmd.sweeps.spec_file import PROJECT, read_spec, shown_path
from msmd.sweeps.spec_text import spec_text

SHIPPED = sorted((PROJECT / "benchmarks").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_sweep_comes_back(path: Path, tmp_path: Path):
    spec = read_spec(path)
    copy = tmp_path / path.name
    copy.write_text(spec_text(spec), encoding="utf-8")
    assert read_spec(copy) == replace(spec, file=shown_path(copy))
