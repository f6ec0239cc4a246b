"""Names, sources and files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import msmd
from msmd.data.load import BUNDLED, available_sources, cache_folder, load_dataset, load_trajectory, source_path
from msmd.errors import DataError, UnknownNameError


@pytest.fixture
def no_real_data(monkeypatch, tmp_path):
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    monkeypatch.delenv("MSMD_REAL_DATA", raising=False)


def test_the_public_names():
    trajectory = msmd.load_trajectory("ethanol", source="gfn2", segment=9)
    assert (trajectory.n_frames, trajectory.dt_fs, trajectory.source) == (2500, 4.0, "gfn2")
    assert msmd.load_dataset("ethanol").segments[9] is trajectory


def test_loading_twice_reads_once():
    assert load_dataset("ethanol") is load_dataset("ethanol")


def test_a_changed_file_is_read_again(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, R=np.zeros((2, 1, 3)), z=[6], dt_fs=1.0)
    first = load_dataset(path)
    assert load_dataset(str(path)) is first
    np.savez(path, R=np.ones((3, 1, 3)), z=[6], dt_fs=1.0)
    assert load_dataset(path).n_frames == 3


def test_arrays_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        load_trajectory("ethanol").positions[0] = 0


def test_a_file_of_ours_by_path(tmp_path):
    shutil.copy(BUNDLED / "ethanol.npz", tmp_path / "mine.npz")
    assert load_trajectory(tmp_path / "mine.npz", segment=2).n_frames == 2500


def test_unknown_names():
    with pytest.raises(UnknownNameError, match="Unknown molecule 'etanol'; did you mean 'ethanol'"):
        load_dataset("etanol")
    with pytest.raises(UnknownNameError, match="Unknown source 'gfn1'; did you mean 'gfn2'"):
        load_dataset("ethanol", source="gfn1")
    with pytest.raises(UnknownNameError, match="Unknown molecule"):
        available_sources("water")


def test_missing_files():
    with pytest.raises(DataError, match=r"There is no file none.npz; names of molecules are: aspirin"):
        load_dataset("none.npz")
    with pytest.raises(DataError, match="There is no file"):
        load_dataset(Path("ethanol"))


def test_missing_segments():
    for segment in (-1, 10):
        with pytest.raises(DataError, match=f"no segment {segment}; ethanol has segments 0 to 9"):
            load_trajectory("ethanol", segment=segment)


@pytest.mark.usefixtures("no_real_data")
def test_what_has_not_been_fetched():
    with pytest.raises(DataError, match=r"uracil from rmd17 is not at hand; run `msmd fetch uracil --source rmd17`"):
        load_dataset("uracil", source="rmd17")
    assert available_sources("ethanol") == ("gfn2",)


@pytest.mark.usefixtures("no_real_data")
def test_what_has_not_been_generated(monkeypatch, tmp_path):
    monkeypatch.setattr("msmd.data.load.BUNDLED", tmp_path)
    with pytest.raises(DataError, match=r"no GFN2 trajectory of ethanol .* `msmd generate ethanol --out ethanol.npz`"):
        source_path("ethanol", "gfn2")


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("MSMD_CACHE")
    assert cache_folder().name == "msmd"


@pytest.mark.real_data
def test_real_data_by_name(real_data, monkeypatch, tmp_path):
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    monkeypatch.setenv("MSMD_REAL_DATA", str(real_data))
    assert available_sources("ethanol") == ("gfn2", "md17", "rmd17")
    assert load_dataset("aspirin", source="rmd17").n_frames == 9633
