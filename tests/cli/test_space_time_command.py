"""``msmd space-time`` as a user types it."""

from __future__ import annotations

import json

import pytest


def test_the_table_and_the_json_set_both_sides_side_by_side(msmd, tmp_path):
    table = tmp_path / "space-time.csv"
    code, out, _ = msmd("space-time", "ethanol", "--stretch-ps", 0.4, "--out", table)
    words = " ".join(out.split())
    assert code == 0
    assert "ethanol from gfn2" in words
    assert "distinct eigenvalues: median" in words
    assert len(table.read_text(encoding="utf-8").splitlines()) == 1 + 9
    record = json.loads(msmd("space-time", "ethanol", "--forecaster", "persistence", "--stretch-ps", 0.2, "--json")[1])
    assert len(record) == 9
    assert all(row["forecaster"] == "persistence" and row["ratio"] is None for row in record)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["space-time", "etanol"], "did you mean 'ethanol'?"),
        (["space-time", "ethanol", "--checkpoint", "none/here"], "There is no folder none/here"),
        (["space-time", "ethanol", "--stretch-ps", 50], "need evenly spaced frames with velocities over 50000 fs"),
    ],
)
def test_bad_input_ends_with_one_sentence(msmd, words, sentence):
    code, out, err = msmd(*words)
    assert (code, out) == (2, "")
    assert sentence in err
