"""``msmd spectrum`` as a user types it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from msmd.cli import app
from msmd.data.load import source_path
from msmd.data.registry import molecule_card
from msmd.errors import DataError, MsmdError, ProtocolError
from msmd.spectrum import graph_spectrum


def run(*arguments: str):
    """Errors of ours come through as they are raised; ``msmd.cli.main`` turns them into a sentence."""
    return CliRunner().invoke(app, ["spectrum", *arguments], catch_exceptions=True)


def test_json_holds_the_eigenvalues_ascending():
    result = run("benzene", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert (facts["molecule"], facts["laplacian"]) == ("benzene", "combinatorial")
    np.testing.assert_allclose(facts["eigenvalues"], graph_spectrum(molecule_card("benzene").molecule).eigenvalues)
    assert facts["degeneracies"].count(2) == 8


def test_the_normalized_laplacian_and_the_first_modes():
    facts = json.loads(run("ethanol", "--laplacian", "normalized", "--modes", "4", "--json").stdout)
    assert facts["laplacian"] == "normalized"
    assert len(facts["eigenvalues"]) == 4
    assert facts["eigenvalues"] == sorted(facts["eigenvalues"])
    assert max(facts["eigenvalues"]) < 2


def test_the_first_modes_are_as_many_as_asked_for_even_inside_an_eigenspace():
    """Ethanol's modes 3 to 5 share the eigenvalue 1."""
    facts = json.loads(run("ethanol", "--modes", "4", "--json").stdout)
    assert len(facts["eigenvalues"]) == 4
    assert facts["degeneracies"] == [1, 1, 1, 3]


def test_the_table_names_the_molecule_and_every_mode():
    result = run("ethanol")
    assert result.exit_code == 0
    assert "ethanol, combinatorial Laplacian" in result.stdout
    assert "5.679251" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("etanol",), "did you mean 'ethanol'"),
        (("ethanol", "--laplacian", "normalised"), "did you mean 'normalized'"),
        (("ethanol", "--modes", "10"), "10 modes were asked for; 'ethanol' has 1 to 9"),
        (("ethanol", "--modes", "0"), "0 modes were asked for"),
        ((), "Give either the name of a molecule or --data FILE"),
        (("ethanol", "--data", "x.npz"), "Give either the name of a molecule or --data FILE"),
    ],
)
def test_bad_input_ends_in_one_sentence(arguments: tuple[str, ...], sentence: str):
    result = run(*arguments)
    assert result.exit_code != 0
    assert isinstance(result.exception, MsmdError)
    assert sentence in str(result.exception)


def test_time_scales_of_the_shipped_ethanol():
    facts = json.loads(run("ethanol", "--time-scales", "--json").stdout)
    assert facts["is_resolved"] == [True] * 9
    # the modes of eigenvalue 1 are differences between hydrogens of CH2 and CH3: the methyl rotor, by far the slowest
    assert np.argmax(facts["correlation_times_fs"]) == 3
    assert facts["correlation_times_fs"][3] > 1000
    assert facts["spearman"]["n_points"] == 6
    assert -1 <= facts["spearman"]["low"] <= facts["spearman"]["value"] <= facts["spearman"]["high"] <= 1


def test_time_scales_in_a_table():
    result = run("ethanol", "--time-scales", "--plain")
    assert result.exit_code == 0
    assert "Spearman ρ" in result.stdout


@pytest.mark.real_data
def test_a_file_gives_the_spectrum_of_its_molecule(real_data: Path):
    facts = json.loads(run("--data", str(real_data / "rmd17_toluene.npz"), "--json").stdout)
    np.testing.assert_allclose(facts["eigenvalues"], graph_spectrum(molecule_card("toluene").molecule).eigenvalues)


@pytest.mark.real_data
def test_random_frames_cannot_give_time_scales(real_data: Path):
    result = run("--data", str(real_data / "rmd17_toluene.npz"), "--time-scales", "--json")
    assert isinstance(result.exception, ProtocolError)
    assert "need evenly spaced frames. rMD17 holds frames drawn at random" in str(result.exception)


@pytest.mark.real_data
def test_consecutive_real_frames_give_time_scales(real_data: Path):
    facts = json.loads(run("--data", str(real_data / "md17_ethanol.npz"), "--time-scales", "--json").stdout)
    # 1 ps at 0.5 fs: O–H and C–H make the roughest mode the fastest
    assert facts["correlation_times_fs"][8] == min(facts["correlation_times_fs"])
    assert 5 < facts["correlation_times_fs"][8] < 20


def test_a_damaged_file_is_told_as_such_and_not_for_its_time_step(tmp_path: Path):
    damaged = tmp_path / "damaged.npz"
    content = bytearray(source_path("ethanol", "gfn2").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 50] = bytes(50)
    damaged.write_bytes(content)
    found = run("--data", str(damaged)).exception
    assert isinstance(found, DataError)
    assert "time step" not in str(found)


def test_eigenvalues_need_no_times_and_time_scales_do(tmp_path: Path):
    water = tmp_path / "water.xyz"
    water.write_text("".join(f"3\n\nO 0 0 0\nH 0.9{k} 0 0\nH -0.24 0.93 0\n" for k in range(4)))
    np.testing.assert_allclose(
        json.loads(run("--data", str(water), "--json").stdout)["eigenvalues"], [0, 1, 3], atol=1e-9
    )
    assert "--dt-fs" in str(run("--data", str(water), "--time-scales").exception)


def test_what_a_file_is_warned_of_is_one_sentence(msmd, tmp_path):
    """Not the line of source that warns."""
    times = np.arange(40.0)
    with open(tmp_path / "slow.xyz", "w", encoding="utf-8") as file:
        for time in times:
            file.write(f"2\n\nH 0 0 0\nH 0 0 {0.74 + 0.01 * np.sin(time)}\n")
    code, _, err = msmd("spectrum", "--data", tmp_path / "slow.xyz", "--dt-fs", 10)
    assert code == 0
    assert "msmd: slow.xyz: its frames lie 10 fs apart and hold no velocities" in err
    assert "warn" not in err


def test_a_mode_that_is_still_is_null_in_json(msmd, tmp_path):
    """JSON knows no NaN."""
    frames = [f"2\ntime_fs={0.5 * k}\nN 0 0 0\nN 0 0 {1.1 + 0.05 * math.cos(0.2 * k):.9f}\n" for k in range(400)]
    (tmp_path / "n2.extxyz").write_text("".join(frames))
    code, out, _ = msmd("spectrum", "--data", tmp_path / "n2.extxyz", "--time-scales", "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    assert (code, found["correlation_times_fs"][0], found["centroids_wavenumber"][0]) == (0, None, None)
    assert found["centroids_wavenumber"][1] > 1000.0
    assert "still" in msmd("spectrum", "--data", tmp_path / "n2.extxyz", "--time-scales")[1]
