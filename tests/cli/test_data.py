"""``msmd molecules``, ``fetch``, ``generate``, ``info`` as a user types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def msmd(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "msmd", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        timeout=120,
    )


def refused(*arguments: object, **environment: str) -> str:
    """The one sentence on standard error of a command that ends with status 2."""
    done = msmd(*arguments, **environment)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("msmd: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_molecules():
    rows = json.loads(msmd("molecules", "--json").stdout)
    assert len(rows) == 10
    ethanol = next(row for row in rows if row["name"] == "ethanol")
    assert (ethanol["formula"], ethanol["atoms"]) == ("C2H6O", 9)
    assert "gfn2" in ethanol["sources"]
    table = msmd("molecules").stdout
    assert all(row["name"] in table for row in rows)


def test_info_of_shipped_data():
    facts = json.loads(msmd("info", "ethanol", "--json").stdout)
    assert (facts["molecule"], facts["atoms"], facts["frames"], facts["segments"]) == ("ethanol", 9, 25_000, 10)
    assert (facts["dt_fs"], facts["frame_spacing_fs"]) == (0.5, 4.0)
    assert facts["dt_fs_from_forces"] == pytest.approx(0.5, rel=0.01)
    assert facts["internal_temperature_kelvin"] == pytest.approx(500, rel=0.15)
    assert facts["temperature_kelvin"] == pytest.approx(facts["internal_temperature_kelvin"] * 7 / 9)
    assert (facts["forces"], facts["velocities"], facts["warnings"]) == (5000, 25_000, [])
    text = msmd("info", "ethanol").stdout
    assert "C2H6O" in text
    assert "Grimme" in text


@pytest.mark.real_data
def test_info_of_a_real_file(real_data):
    facts = json.loads(msmd("info", "--data", real_data / "md17_ethanol.npz", "--json").stdout)
    assert (facts["molecule"], facts["source"], facts["frames"], facts["dt_fs"]) == ("ethanol", "md17", 2000, 0.5)
    assert facts["dt_fs_from_forces"] == pytest.approx(0.5, abs=1e-4)
    assert 497 < facts["temperature_kelvin"] < 511
    sparse = json.loads(msmd("info", "--data", real_data / "rmd17_benzene.npz", "--json").stdout)
    assert sparse["dt_fs_from_forces"] == pytest.approx(0.2, rel=0.02)
    assert sparse["frame_spacing_fs"] is None


@pytest.mark.real_data
def test_info_warns_of_a_wrong_time_step(real_data):
    path = real_data / "md17_ethanol.npz"
    facts = json.loads(msmd("info", "--data", path, "--dt-fs", "1.0", "--json").stdout)
    assert len(facts["warnings"]) == 1
    assert "but the forces say 0.5 fs" in facts["warnings"][0]
    told = msmd("info", "--data", path, "--dt-fs", "1.0")
    assert told.returncode == 0
    assert "but the forces say 0.5 fs" in told.stderr


def test_info_refuses(tmp_path):
    assert "did you mean 'ethanol'" in refused("info", "etanol")
    assert "Give either the name of a molecule or --data FILE" in refused("info")
    assert "Give either" in refused("info", "ethanol", "--data", "a.npz")
    assert "There is no file" in refused("info", "--data", tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"PK but no zip")
    assert "is no npz file" in refused("info", "--data", tmp_path / "b.npz")
    assert "run `msmd fetch" in refused(
        "info", "uracil", "--source", "rmd17", MSMD_CACHE=str(tmp_path), MSMD_REAL_DATA=""
    )


def test_fetch_refuses(tmp_path):
    assert "Choices: md17, rmd17" in refused("fetch", "ethanol", "--source", "gfn2", MSMD_CACHE=str(tmp_path))
    assert "Unknown molecule" in refused("fetch", "water", MSMD_CACHE=str(tmp_path))


def test_generate_and_open(tmp_path):
    out = tmp_path / "tiny.npz"
    done = msmd(
        "generate",
        "ethanol",
        "--frames",
        4,
        "--segments",
        1,
        "--stride",
        1,
        "--seed",
        3,
        "--out",
        out,
        "--processes",
        1,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out)
    facts = json.loads(msmd("info", "--data", out, "--json").stdout)
    assert (facts["frames"], facts["segments"], facts["molecule"]) == (4, 1, "ethanol")
    assert (tmp_path / "tiny.npz.run" / "segment_000.npz").exists()
    with np.load(out) as archive:
        assert json.loads(str(archive["header"]))["recipe"]["settings"]["seed"] == 3


def test_generate_refuses(tmp_path):
    out = tmp_path / "a.npz"
    assert "10 frames cannot be shared out among 3 segments" in refused(
        "generate", "ethanol", "--frames", 10, "--segments", 3, "--out", out
    )
    assert "msmd writes" in refused("generate", "ethanol", "--out", tmp_path / "a.pdb")
    assert "MD17's format holds one segment" in refused("generate", "ethanol", "--out", tmp_path / "a.md17.npz")
    assert "--processes is 0" in refused("generate", "ethanol", "--processes", 0, "--out", out)
    assert "did you mean 'ethanol'" in refused("generate", "etanol", "--out", out)
    assert list(tmp_path.iterdir()) == []
