"""A forecast as a file comes back as the forecast."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from msmd.errors import DataError
from msmd.forecasting import Forecast
from msmd.molecule import Molecule
from msmd.views.forecast_files import WRITERS, write_forecast, writer_of

WATER = Molecule(name="water", numbers=(8, 1, 1), bonds=((0, 1), (0, 2)))


@pytest.fixture
def forecast(random) -> Forecast:
    rest = np.array([[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])
    return Forecast(
        forecaster="blend",
        molecule=WATER,
        start=7,
        start_time_fs=28.0,
        times_fs=np.array([0.0, 5.0, 10.5]),
        predicted=rest + 0.1 * random.normal(size=(3, 3, 3)),
        reference=rest + 0.1 * random.normal(size=(3, 3, 3)),
    )


def with_members(forecast: Forecast) -> Forecast:
    return replace(forecast, samples=forecast.predicted + np.array([0.0, 0.1, 0.3])[:, None, None, None])


def test_xyz_has_a_file_per_member_beside_it(forecast, tmp_path):
    path = tmp_path / "window.xyz"
    written = write_forecast(with_members(forecast), path)
    assert [file.name for file in written] == [
        "window.xyz", "window.member-1.xyz", "window.member-2.xyz", "window.member-3.xyz",
    ]  # fmt: skip
    frames = read(written[3], index=":", format="extxyz")
    assert np.allclose([frame.positions for frame in frames], forecast.predicted + 0.3, atol=1e-7)
    assert write_forecast(forecast, path) == (path,)


def test_npz_holds_the_members_and_html_plays_them(forecast, tmp_path):
    full = with_members(forecast)
    (arrays,) = write_forecast(full, tmp_path / "window.npz")
    with np.load(arrays) as stored:
        assert np.array_equal(stored["samples"], full.samples)
    (page,) = write_forecast(full, tmp_path / "window.html")
    (bare,) = write_forecast(forecast, tmp_path / "bare.html")
    assert page.stat().st_size > bare.stat().st_size + 3 * forecast.predicted.size * 2


@pytest.mark.parametrize("suffix", [".xyz", ".extxyz"])
def test_xyz_holds_the_predicted_frames(forecast, tmp_path, suffix):
    path = tmp_path / f"forecast{suffix}"
    write_forecast(forecast, path)
    frames = read(path, index=":", format="extxyz")
    assert np.allclose([frame.positions for frame in frames], forecast.predicted, atol=1e-7)
    assert [frame.info["time_fs"] for frame in frames] == [0.0, 5.0, 10.5]
    assert frames[0].numbers.tolist() == [8, 1, 1]


def test_npz_holds_every_array(forecast, tmp_path):
    path = tmp_path / "forecast.npz"
    write_forecast(forecast, path)
    with np.load(path) as arrays:
        assert np.array_equal(arrays["predicted"], forecast.predicted)
        assert np.array_equal(arrays["reference"], forecast.reference)
        assert arrays["times_fs"].tolist() == [0.0, 5.0, 10.5]
        assert (int(arrays["start"]), str(arrays["forecaster"])) == (7, "blend")


def test_html_plays_both(forecast, tmp_path):
    path = tmp_path / "forecast.html"
    write_forecast(forecast, path)
    page = path.read_text(encoding="utf-8")
    assert "water: blend from frame 7" in page
    assert page.count("<script") >= 2


def test_another_suffix_is_refused_with_the_legal_ones():
    with pytest.raises(DataError, match=r"'\.pdb'.*\.xyz, \.extxyz, \.npz, \.html"):
        writer_of(Path("forecast.pdb"))
    assert set(WRITERS) == {".xyz", ".extxyz", ".npz", ".html"}
