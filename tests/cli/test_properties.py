"""``msmd properties`` as a user types it."""

from __future__ import annotations

import json

SHORT = ("--windows", 2, "--horizon-fs", 100, "--energy-ps", 0.05)


def test_the_tables_say_what_holds_and_how_the_energy_drifts(msmd):
    code, out, _ = msmd("properties", "--forecaster", "spectral-ode", "ethanol", *SHORT)
    words = " ".join(out.split())
    assert code == 0
    assert "spectral-ode on ethanol from gfn2: 2 starts" in words
    assert "50–150 fs" in words
    assert "150–400 fs" not in words  # beyond the horizon
    assert "Energy over 50 fs without thermostat, one member: drift" in words
    assert max(map(len, out.splitlines())) <= 80


def test_json_says_the_same(msmd):
    record = json.loads(msmd("properties", "--forecaster", "spectral-ode", "ethanol", *SHORT, "--json")[1])
    assert [entry["symmetry"] for entry in record["symmetries"]] == ["translation", "rotation", "renumbering"]
    assert all(entry["holds_until_fs"]["worst"] == 100 and entry["is_claimed"] for entry in record["symmetries"])
    assert record["energy"]["n_paths"] == 2


def test_a_peer_shows_what_it_breaks_and_has_no_energy(msmd):
    code, out, _ = msmd("properties", "--forecaster", "ndcn", "toluene", *SHORT)
    assert code == 0
    assert "Energy drift: – (this forecaster has no potential)" in out
    claims = next(line for line in out.splitlines() if "claimed" in line)
    assert claims.replace("│", " ").split()[-3:] == ["yes", "no", "yes"]


def test_bad_input_ends_with_one_sentence(msmd):
    code, out, err = msmd("properties", "--forecaster", "persistence", "etanol")
    assert (code, out) == (2, "")
    assert "did you mean 'ethanol'?" in err
