"""Fixtures that tests of every part share."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

collect_ignore_glob = ["conftest.py", "*/conftest.py"]
"""No doctests there, and pytest cannot import eight files of one name as test modules."""

settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
"""A time limit per example measures the machine's load, not the code."""

REAL_MOLECULES = ("aspirin", "benzene", "ethanol", "malonaldehyde", "naphthalene", "salicylic", "toluene", "uracil")
"""Those of which real frames may be at hand."""

BESIDE_THE_REPOSITORY = Path(__file__).parents[2] / "shared" / "md17"


def real_data_dir() -> Path | None:
    """The folder of real MD17 frames: MSMD_REAL_DATA, else ../shared/md17 beside the repository, else None."""
    named = os.environ.get("MSMD_REAL_DATA")
    folder = Path(named) if named else BESIDE_THE_REPOSITORY
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real MD17 frames; skips the test, saying why, where there is none."""
    folder = real_data_dir()
    if folder is None:
        pytest.skip(
            f"no real MD17 frames: MSMD_REAL_DATA is {os.environ.get('MSMD_REAL_DATA', 'not set')}, "
            f"and {BESIDE_THE_REPOSITORY} is no folder"
        )
    return folder


@pytest.fixture
def random() -> np.random.Generator:
    """A generator with a fixed seed, new for every test."""
    return np.random.default_rng(20170505)
