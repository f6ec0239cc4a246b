"""``msmd floor`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SHORT = ("--windows", 2, "--horizon-fs", 40)


@pytest.fixture(autouse=True)
def _simulation() -> None:
    pytest.importorskip("tblite", reason="GFN2-xTB needs tblite")


def test_the_table_sets_the_forecast_beside_the_simulation(msmd):
    code, out, _ = msmd("floor", "--forecaster", "spectral-ode", "ethanol", *SHORT)
    words = " ".join(out.split())
    assert code == 0
    assert "spectral-ode beside the simulation of ethanol: 2 windows" in words
    for row in ("forecast", "one member", "GFN2 from the stored start", "GFN2 0.001 Å beside it"):
        assert f"│ {row} " in out
    assert "50–150 fs" not in words  # beyond the horizon
    assert max(map(len, out.splitlines())) <= 80


def test_the_simulation_is_nearer_than_its_neighbour_and_a_baseline_far_off(msmd):
    """The order that has to be: rounding, a hair, no motion at all."""
    record = json.loads(msmd("floor", "--forecaster", "persistence", "ethanol", *SHORT, "--json")[1])
    first = {name: record[name]["50"] for name in ("forecast", "stored", "nudged")}
    assert record["member"] is None
    assert first["stored"] < 1e-6
    assert first["stored"] < first["nudged"] < 1e-4 < first["forecast"]
    without = json.loads(msmd("floor", "--forecaster", "persistence", "ethanol", *SHORT, "--hair", 0, "--json")[1])
    assert without["nudged"] == without["stored"]


def test_bad_input_ends_with_one_sentence(msmd):
    code, out, err = msmd("floor", "--forecaster", "persistence", "etanol")
    assert (code, out) == (2, "")
    assert "did you mean 'ethanol'?" in err


def test_another_molecule_with_as_many_atoms_is_refused(msmd):
    shipped = Path(__file__).parents[2] / "checkpoints/gfn2/ethanol/spectral-ode"
    code, out, err = msmd("floor", shipped, "malonaldehyde", *SHORT)
    assert (code, out) == (2, "")
    assert "was made for 'ethanol'" in err
