"""``msmd calibration`` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "checkpoints" / "gfn2" / "ethanol" / "spectral-ode"


def test_the_shipped_ensemble_is_measured_and_stays_warm(msmd):
    words = ["calibration", SHIPPED, "ethanol", "--members", 3, "--windows", 2, "--horizon-fs", 120]
    code, out, err = msmd(*words, "--json")
    assert code == 0, err
    record = json.loads(out)
    assert (record["forecaster"], record["n_members"], record["n_windows"]) == ("spectral-ode", 3, 2)
    last = record["bands"][1]
    assert last["members"]["temperature_kelvin"] == pytest.approx(last["temperature_kelvin"], rel=0.15)
    assert 0 < last["all"]["crps"] < last["all"]["structure_error"]
    assert len(last["heavy"]["ranks"]) == 4


def test_tables_have_a_row_per_band(msmd):
    code, out, _ = msmd("calibration", SHIPPED, "ethanol", "--members", 2, "--windows", 1, "--horizon-fs", 30)
    assert code == 0
    assert "spectral-ode on ethanol from gfn2, heavy atoms: 2 members, 1 test" in " ".join(out.split())
    assert out.count("800–1500") == 3
    assert "Do they move like the molecule?" in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--forecaster", "persistence", "ethanol"], "'persistence' makes one forecast per start and has no members"),
        ([SHIPPED, "toluene"], "made for 'ethanol' (C2H6O, atoms"),
        ([SHIPPED, "ethanol", "--sampling", "odd"], "Unknown sampling 'odd'"),
        ([SHIPPED, "ethanol", "--split", "odd"], "Unknown split 'odd'"),
        ([SHIPPED, "ethanol", "--members", "100", "--windows", "1"], "100 members were asked for; expected 1 to 64"),
        ([SHIPPED], "Found 1 name(s)"),
    ],
)
def test_bad_input_ends_with_one_sentence(msmd, words, sentence):
    code, out, err = msmd("calibration", *words)
    assert code == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""
